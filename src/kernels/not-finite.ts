// Counts numbers that are infinite or not a number: the check of a model's weights, once an epoch.
import source from '../../shaders/step/count_not_finite.wgsl';
import type { Kernel } from './kernel.js';

const NOT_FINITE_WORKGROUP = 256;

export const countNotFinite: Kernel<{ count: number }> = {
  name: 'count_not_finite',
  sources: [source],
  bindings: { values: 'read', count: 'write' },
  constants: () => ({ WORKGROUP: NOT_FINITE_WORKGROUP }),
  sizes: ({ count }) => ({ count }),
  grid: () => [1, 1, 1],
  flops: ({ count }) => count,
};
