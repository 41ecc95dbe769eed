// The end of a step: sums of the loss's terms for the host to read late, and the counters for the next step.
import source from '../../shaders/finish_step.wgsl';
import { F32_BYTES, type Kernel } from './kernel.js';

const FINISH_WORKGROUP = 128;

/**
 * `losses` is [terms, rowStride], of which `rows` are in use; `metrics` is a ring of `capacity` entries of [terms + 1], the
 * last of which counts the losses that are not finite.
 */
export interface FinishShape {
  terms: number;
  rows: number;
  rowStride: number;
  capacity: number;
}

export const finishStep: Kernel<FinishShape> = {
  name: 'finish_step',
  sources: [source],
  bindings: { losses: 'read', settings: 'uniform', progress: 'read_write', metrics: 'write' },
  constants: ({ terms, rowStride, capacity }) => ({
    WORKGROUP: FINISH_WORKGROUP,
    TERMS: terms,
    ROW_STRIDE: rowStride,
    CAPACITY: capacity,
  }),
  grid: () => [1, 1, 1],
  flops: ({ terms, rows }) => terms * rows,
  bytes: ({ terms, rows }) => (terms * (rows + 1) + 1) * F32_BYTES,
};
