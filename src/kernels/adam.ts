// The optimizer: one pass over every parameter.
import source from '../../shaders/adam.wgsl';
import { type Kernel, linearGrid } from './kernel.js';

const ADAM_WORKGROUP = 256;

export const adam: Kernel<{ count: number }> = {
  name: 'adam',
  sources: [source],
  bindings: {
    gradient: 'read',
    settings: 'uniform',
    progress: 'read',
    w: 'read_write',
    m: 'read_write',
    v: 'read_write',
  },
  constants: ({ count }) => ({ WORKGROUP: ADAM_WORKGROUP, COUNT: count }),
  grid: ({ count }) => linearGrid(count, ADAM_WORKGROUP),
  flops: ({ count }) => 12 * count,
};
