// Scratch memory: tensors that are never alive at the same time share a slot. Nor at the time after: a dispatch may then run
// beside the one before it, which reads what was there.
import type { Dispatch, Tensor } from './plan.js';

interface Lifetime {
  tensors: Tensor[];
  bytes: number;
  /** Indices of the dispatches that touch it first and last. */
  first: number;
  last: number;
}

/**
 * Gives every scratch tensor of `dispatches` (which are in their final order) its slot, in place.
 * @returns bytes of each slot
 */
export function assignScratch(dispatches: Dispatch[]): number[] {
  const lifetimes = [...lifetimesOf(dispatches).values()].sort((a, b) => a.first - b.first);
  const slots: { bytes: number; busyUntil: number }[] = [];
  for (const { tensors, bytes, first, last } of lifetimes) {
    // The free slot that wastes least: one that is large enough, else the largest, which then grows.
    const free = slots.filter((slot) => slot.busyUntil < first - 1).sort((a, b) => a.bytes - b.bytes);
    let slot = free.find((s) => s.bytes >= bytes) ?? free.at(-1);
    if (!slot) {
      slot = { bytes: 0, busyUntil: -1 };
      slots.push(slot);
    }
    slot.bytes = Math.max(slot.bytes, bytes);
    slot.busyUntil = last;
    for (const tensor of tensors) tensor.place = { kind: 'scratch', slot: slots.indexOf(slot) };
  }
  return slots.map((slot) => slot.bytes);
}

function lifetimesOf(dispatches: Dispatch[]): Map<number, Lifetime> {
  const lifetimes = new Map<number, Lifetime>();
  dispatches.forEach((dispatch, index) => {
    for (const { tensor } of dispatch.bindings) {
      if (tensor.place.kind !== 'scratch') continue;
      const known = lifetimes.get(tensor.place.slot);
      if (!known)
        lifetimes.set(tensor.place.slot, { tensors: [tensor], bytes: tensor.bytes, first: index, last: index });
      else {
        known.last = index;
        if (!known.tensors.includes(tensor)) known.tensors.push(tensor);
      }
    }
  });
  return lifetimes;
}
