// What all gradients are multiplied by before the optimizer sees them: two stages of a sum of squares, and the factor that
// follows. Gradients of a scaled loss (precision f16) have stages of their own, which also find what overflowed.
import clipScaleSource from '../../shaders/step/clip_scale.wgsl';
import scaledSquareSumsSource from '../../shaders/step/scaled_square_sums.wgsl';
import squareSumsSource from '../../shaders/step/square_sums.wgsl';
import unscaleSource from '../../shaders/step/unscale.wgsl';
import { ceilDiv, type Kernel } from './kernel.js';
import { checkQuads, LANE_NUMBERS } from './optimizer.js';

const CLIP_WORKGROUP = 128;
/** Workgroups of the first stage at most: as many as the second has lanes. */
const MAX_PARTS = CLIP_WORKGROUP;

/** How many sums the first stage leaves for `count` numbers. */
export const clipParts = (count: number): number => Math.min(ceilDiv(count / LANE_NUMBERS, CLIP_WORKGROUP), MAX_PARTS);

/** `count` is a multiple of 4. */
export const squareSums: Kernel<{ count: number }> = {
  name: 'square_sums',
  sources: [squareSumsSource],
  bindings: { gradient: 'read', sums: 'write' },
  constants: () => ({ WORKGROUP: CLIP_WORKGROUP }),
  sizes: ({ count }) => ({ quads: checkQuads('square_sums', count) }),
  grid: ({ count }) => [clipParts(count), 1, 1],
  // Two sums of squares: cut off, *, +, and scaled, *, +.
  flops: ({ count }) => 6 * count,
};

export const clipScale: Kernel<{ parts: number }> = {
  name: 'clip_scale',
  sources: [clipScaleSource],
  bindings: { sums: 'read', settings: 'uniform', clip: 'write' },
  constants: () => ({ WORKGROUP: CLIP_WORKGROUP }),
  sizes: ({ parts }) => ({ parts }),
  grid: () => [1, 1, 1],
  flops: ({ parts }) => 2 * parts,
};

/** `count` is a multiple of 4. */
export const scaledSquareSums: Kernel<{ count: number }> = {
  ...squareSums,
  name: 'scaled_square_sums',
  sources: [scaledSquareSumsSource],
  bindings: { gradient: 'read', progress: 'uniform', sums: 'write' },
  // Also *.
  flops: ({ count }) => 7 * count,
};

export const unscale: Kernel<{ parts: number; clip: boolean }> = {
  ...clipScale,
  name: 'unscale',
  sources: [unscaleSource],
  bindings: { sums: 'read', settings: 'uniform', progress: 'uniform', scaling: 'write' },
  constants: ({ clip }) => ({ WORKGROUP: CLIP_WORKGROUP, CLIP: Number(clip) }),
  flops: ({ parts }) => 3 * parts,
};
