// The step's images, picked from the resident dataset by a permutation that the shader computes.
import source from '../../shaders/gather.wgsl';
import { checkGrid, F32_BYTES, type Kernel, WORKGROUP } from './kernel.js';

export const gather: Kernel<{ rows: number; pixels: number; shuffle: boolean }> = {
  name: 'gather',
  sources: [source],
  bindings: { images: 'read', settings: 'uniform', progress: 'read', x: 'write' },
  constants: ({ pixels, shuffle }) => ({ WORKGROUP, PIXELS: pixels, SHUFFLE: Number(shuffle) }),
  grid: ({ rows }) => checkGrid([rows, 1, 1], `${rows} rows`),
  flops: ({ rows, pixels }) => rows * pixels,
  bytes: ({ rows, pixels }) => rows * pixels * (1 + F32_BYTES),
};
