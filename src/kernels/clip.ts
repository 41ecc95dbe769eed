// Clipping by the norm of all gradients together: two stages of a sum of squares, and the factor that follows.
import clipScaleSource from '../../shaders/clip_scale.wgsl';
import squareSumsSource from '../../shaders/square_sums.wgsl';
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
