// The plan that counts a model's weights that are not finite: one dispatch over the flat parameters.

import { F32_BYTES } from '../kernels/kernel.js';
import { countNotFinite } from '../kernels/not-finite.js';
import { dispatchOf } from './call.js';
import type { Layout } from './layout.js';
import type { Plan, Tensor } from './plan.js';

/** parameters -> output [1]; gaps between the parameters are zero and count as finite. */
export function weightCheckPlan({ bytes }: Layout): Plan {
  const count = bytes / F32_BYTES;
  const flat = (name: 'parameters' | 'output', size: number): Tensor => ({
    name,
    shape: [size],
    bytes: size * F32_BYTES,
    place: { kind: 'resource', resource: name, offset: 0 },
  });
  const bound = { values: flat('parameters', count), count: flat('output', 1) };
  return {
    name: 'weight check',
    dispatches: [dispatchOf(countNotFinite, { count }, bound, 'all parameters')],
    losses: [],
    scratch: [],
  };
}
