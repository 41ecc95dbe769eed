// The optimizer: one pass over every parameter.
import source from '../../shaders/adam.wgsl';
import { ArgumentError } from '../errors.js';
import { type Kernel, linearGrid } from './kernel.js';

const ADAM_WORKGROUP = 256;
const LANE_NUMBERS = 4;

/** `count` is a multiple of 4: the flat buffers' alignment sees to that (plan/layout.ts). */
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
  constants: ({ count }) => {
    if (count % LANE_NUMBERS !== 0)
      throw new ArgumentError(
        `adam: ${count} numbers, must be a multiple of ${LANE_NUMBERS}; include the tensor's padding`,
      );
    return { WORKGROUP: ADAM_WORKGROUP, QUADS: count / LANE_NUMBERS };
  },
  grid: ({ count }) => linearGrid(count / LANE_NUMBERS, ADAM_WORKGROUP),
  flops: ({ count }) => 13 * count,
};
