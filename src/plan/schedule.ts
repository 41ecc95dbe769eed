// The order of the dispatches: whoever writes a tensor comes before those who read it, and whoever updates one in place
// comes after all who read the old value. Among those that are ready, the graph's order decides.
import { GraphError } from '../errors.js';
import type { Binding, Dispatch, Tensor } from './plan.js';

/** Whether two tensors share a byte. */
export function overlap(a: Tensor, b: Tensor): boolean {
  if (a.place.kind === 'scratch' || b.place.kind === 'scratch')
    return a.place.kind === 'scratch' && b.place.kind === 'scratch' && a.place.slot === b.place.slot;
  if (a.place.resource !== b.place.resource) return false;
  return a.place.offset < b.place.offset + b.bytes && b.place.offset < a.place.offset + a.bytes;
}

const reads = ({ access }: Binding) => access === 'read' || access === 'uniform';

/** Whether `first` must run before `second` because of these two bindings. */
function precedes(first: Binding, second: Binding): boolean {
  if (!overlap(first.tensor, second.tensor)) return false;
  return (first.access === 'write' && second.access !== 'write') || (reads(first) && second.access === 'read_write');
}

/** @throws GraphError if two dispatches write or update one tensor, or if they wait for each other */
export function schedule(dispatches: Dispatch[]): Dispatch[] {
  for (const a of dispatches)
    for (const b of dispatches)
      if (a !== b && !together(a, b) && a.bindings.some((x) => b.bindings.some((y) => bothWrite(x, y))))
        throw new GraphError(`"${a.label}" (${a.kernel}) and "${b.label}" (${b.kernel}) write the same memory`);

  const before = new Map(
    dispatches.map((d) => [
      d,
      new Set(dispatches.filter((o) => o !== d && o.bindings.some((x) => d.bindings.some((y) => precedes(x, y))))),
    ]),
  );
  const order: Dispatch[] = [];
  const left = [...dispatches];
  while (left.length > 0) {
    const next = left.findIndex((d) => [...(before.get(d) ?? [])].every((o) => order.includes(o)));
    const ready = next < 0 ? undefined : left.splice(next, 1)[0];
    if (!ready)
      throw new GraphError(`dispatches wait for each other: ${left.map((d) => `${d.label} (${d.kernel})`).join(', ')}`);
    order.push(ready);
  }
  return order;
}

const together = (a: Dispatch, b: Dispatch) => a.together !== undefined && a.together === b.together;

/** Two writers, or two updates in place: which comes last would be left to chance. */
function bothWrite(a: Binding, b: Binding): boolean {
  return !reads(a) && a.access === b.access && overlap(a.tensor, b.tensor);
}
