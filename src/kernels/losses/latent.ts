// Kernels of the Gaussian code: sampling, its KL divergence, and their gradients, a kernel each. Fused plans
// have them in matmuls' epilogues (matmul/epilogues.ts).

import logRatioSource from '../../../shaders/importance/log_ratio.wgsl';
import klNormalSource from '../../../shaders/latent/kl_normal.wgsl';
import klNormalGradientSource from '../../../shaders/latent/kl_normal_gradient.wgsl';
import reparameterizeSource from '../../../shaders/latent/reparameterize.wgsl';
import reparameterizeGradientSource from '../../../shaders/latent/reparameterize_gradient.wgsl';
import type { NoiseStream } from '../../graph/operations/ops.js';
import type { LogVarRange } from '../../model/spec.js';
import { STREAM } from '../../random.js';
import { type Constants, checkGrid, type Kernel, linearGrid, WORKGROUP } from '../kernel.js';

/** z is [rows, latent], heads are [rows, 2 latent]. */
export interface LatentShape {
  rows: number;
  latent: number;
  logVarRange: LogVarRange;
  /** What of a dimension's divergence costs nothing, in nats; nothing if absent. */
  freeBits?: number;
}

type NoisyShape = LatentShape & { stream: NoiseStream };

const rowGrid = ({ rows }: LatentShape) => checkGrid([rows, 1, 1], `${rows} rows`);
const elementGrid = ({ rows, latent }: LatentShape) => linearGrid(rows * latent);
const constants = ({ logVarRange: [low, high] }: LatentShape) => ({
  WORKGROUP,
  LOG_VAR_LOW: low,
  LOG_VAR_HIGH: high,
});
const klConstants = (shape: LatentShape) => ({ ...constants(shape), ...freeBitsConstant(shape) });

/** Only where it is asked for: the shader's default is none. */
export const freeBitsConstant = ({ freeBits }: Pick<LatentShape, 'freeBits'>): Constants =>
  freeBits === undefined ? {} : { FREE_BITS: freeBits };
const elementSizes = ({ rows, latent }: LatentShape) => ({ count: rows * latent, latent });
const noisySizes = (shape: NoisyShape) => ({ ...elementSizes(shape), stream: STREAM[shape.stream] });
const perElement = (flops: number) => (shape: LatentShape) => flops * shape.rows * shape.latent;

export const reparameterize: Kernel<NoisyShape> = {
  name: 'reparameterize',
  sources: [reparameterizeSource],
  bindings: { heads: 'read', settings: 'uniform', progress: 'uniform', z: 'write' },
  stores: { binding: 'z', width: 1 },
  constants,
  sizes: noisySizes,
  grid: elementGrid,
  flops: perElement(4),
};

export const reparameterizeGradient: Kernel<NoisyShape> = {
  name: 'reparameterize_gradient',
  sources: [reparameterizeGradientSource],
  bindings: { dz: 'read', heads: 'read', settings: 'uniform', progress: 'uniform', dheads: 'write' },
  constants,
  sizes: noisySizes,
  grid: elementGrid,
  flops: perElement(6),
};

export const klNormal: Kernel<LatentShape> = {
  name: 'kl_normal',
  sources: [klNormalSource],
  bindings: { heads: 'read', kl: 'write' },
  constants: klConstants,
  sizes: ({ latent }) => ({ latent }),
  grid: rowGrid,
  flops: perElement(6),
};

export const klNormalGradient: Kernel<LatentShape> = {
  name: 'kl_normal_gradient',
  sources: [klNormalGradientSource],
  bindings: { weight: 'read', heads: 'read', dheads: 'write' },
  constants: klConstants,
  sizes: elementSizes,
  grid: elementGrid,
  flops: perElement(6),
};

export const logRatio: Kernel<NoisyShape> = {
  name: 'log_ratio',
  sources: [logRatioSource],
  bindings: { heads: 'read', settings: 'uniform', progress: 'uniform', ratio: 'write' },
  constants,
  sizes: ({ latent, stream }) => ({ latent, stream: STREAM[stream] }),
  grid: rowGrid,
  flops: perElement(10),
};
