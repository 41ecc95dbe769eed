// The plan that counts a model's weights that are not finite: one dispatch a layer.

import { F32_BYTES } from '../kernels/kernel.js';
import { countNotFinite } from '../kernels/not-finite.js';
import { ALIGNMENT, type Layout } from './layout.js';
import { dispatchOf } from './lowering/call.js';
import type { Plan, Tensor } from './plan.js';

/** Numbers from one layer's count to the next: bindings start on aligned bytes. */
export const COUNT_STRIDE = ALIGNMENT / F32_BYTES;

/** parameters -> output [layers, COUNT_STRIDE], of which the first column; gaps are zero and count as finite. */
export function weightCheckPlan({ segments }: Layout): Plan {
  const dispatches = segments.map(({ name, offset, bytes }, segment) => {
    const count = bytes / F32_BYTES;
    const values: Tensor = {
      name: 'parameters',
      shape: [count],
      bytes,
      place: { kind: 'resource', resource: 'parameters', offset, segment },
    };
    const counted: Tensor = {
      name: 'output',
      shape: [1],
      bytes: F32_BYTES,
      place: { kind: 'resource', resource: 'output', offset: segment * ALIGNMENT },
    };
    return dispatchOf(countNotFinite, { count }, { values, count: counted }, name);
  });
  return { name: 'weight check', dispatches, losses: [], lossBytes: 0, scratch: [] };
}
