// Which dispatches must wait for those before them: what a chain of small dispatches costs on a GPU.
import type { Access } from '../kernels/kernel.js';
import type { Dispatch, Tensor } from './plan.js';
import { overlap } from './schedule.js';

/** What a wait is told by: Dawn looks at whole buffers, the data themselves are ranges of them. */
export type Grain = 'buffers' | 'data';

const writes = (access: Access) => access === 'write' || access === 'read_write';

const sameBuffer = ({ place: a }: Tensor, { place: b }: Tensor): boolean =>
  a.kind === 'scratch'
    ? b.kind === 'scratch' && a.slot === b.slot
    : b.kind === 'resource' && a.resource === b.resource && a.segment === b.segment;

/** Whether the second touches what the first writes, or writes what the first touches. */
function conflict(first: Dispatch, second: Dispatch, grain: Grain): boolean {
  const meets = grain === 'buffers' ? sameBuffer : overlap;
  return first.bindings.some((a) =>
    second.bindings.some((b) => (writes(a.access) || writes(b.access)) && meets(a.tensor, b.tensor)),
  );
}

/**
 * Of a plan that runs over and over, whether each dispatch has to wait. One wait is for all that came before it, so a
 * dispatch waits only if it conflicts with one since the last wait.
 */
export function waits(dispatches: readonly Dispatch[], grain: Grain): boolean[] {
  let since: Dispatch[] = [];
  let waiting: boolean[] = [];
  // Twice: the first dispatch follows the last of the run before.
  for (let run = 0; run < 2; run++)
    waiting = dispatches.map((dispatch) => {
      const wait = since.some((earlier) => conflict(earlier, dispatch, grain));
      since = wait ? [dispatch] : [...since, dispatch];
      return wait;
    });
  return waiting;
}
