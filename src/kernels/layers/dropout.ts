// Units that are left out at random.
import dropoutSource from '../../../shaders/layers/dropout.wgsl';
import { STREAM } from '../../random.js';
import { type Kernel, linearGrid, WORKGROUP } from '../kernel.js';

export const dropout: Kernel<{ count: number; probability: number; layer: number }> = {
  name: 'dropout',
  sources: [dropoutSource],
  bindings: { x: 'read', settings: 'uniform', progress: 'uniform', y: 'write' },
  stores: { binding: 'y', width: 1 },
  constants: ({ probability }) => ({ WORKGROUP, PROBABILITY: probability, SCALE: 1 / (1 - probability) }),
  sizes: ({ count, layer }) => ({ count, layer, stream: STREAM.dropout }),
  grid: ({ count }) => linearGrid(Math.ceil(count / 4)),
  flops: ({ count }) => count,
};
