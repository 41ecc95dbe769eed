// Damaged images for a denoising autoencoder.
import source from '../../../shaders/layers/corrupt.wgsl';
import type { CorruptionStream } from '../../graph/operations/ops.js';
import { CORRUPTIONS, type CorruptionSpec, type PixelRange } from '../../model/spec.js';
import { STREAM } from '../../random.js';
import { rangeConstants } from '../gather.js';
import { type Kernel, linearGrid, WORKGROUP } from '../kernel.js';

export interface CorruptShape {
  count: number;
  corruption: CorruptionSpec;
  range: PixelRange;
  stream: CorruptionStream;
}

export const corrupt: Kernel<CorruptShape> = {
  name: 'corrupt',
  sources: [source],
  bindings: { x: 'read', settings: 'uniform', progress: 'uniform', y: 'write' },
  sizes: ({ count, stream }) => ({ count, stream: STREAM[stream] }),
  constants: ({ corruption: { kind, amount }, range }) => ({
    WORKGROUP,
    KIND: CORRUPTIONS.indexOf(kind),
    AMOUNT: amount,
    ...rangeConstants(range),
  }),
  grid: ({ count }) => linearGrid(Math.ceil(count / 4)),
  flops: ({ count, corruption }) => (corruption.kind === 'gaussian' ? 2 * count : 0),
};
