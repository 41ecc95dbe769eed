// Kernels of several samples of the code an example, and of the importance-weighted bound that they make. A training step runs
// `sampledRows`, `importance` and `sampledGradient`, each of which does several of the others in one pass (plan/lowering/importance.ts).
import importanceSource from '../../../shaders/importance/importance.wgsl';
import importanceWeightsSource from '../../../shaders/importance/importance_weights.wgsl';
import logRatioGradientSource from '../../../shaders/importance/log_ratio_gradient.wgsl';
import repeatRowsSource from '../../../shaders/importance/repeat_rows.wgsl';
import sampleMeanSource from '../../../shaders/importance/sample_mean.wgsl';
import sampleMeanGradientSource from '../../../shaders/importance/sample_mean_gradient.wgsl';
import sampledGradientSource from '../../../shaders/importance/sampled_gradient.wgsl';
import sampledRowsSource from '../../../shaders/importance/sampled_rows.wgsl';
import sumRepeatsSource from '../../../shaders/importance/sum_repeats.wgsl';
import weightDivergenceSource from '../../../shaders/importance/weight_divergence.wgsl';
import type { NoiseStream } from '../../graph/operations/ops.js';
import type { LogVarRange } from '../../model/spec.js';
import { STREAM } from '../../random.js';
import { checkGrid, type Kernel, linearGrid, WORKGROUP } from '../kernel.js';

/** What is repeated, or summed: rows as they are once. */
export interface RepeatedShape {
  rows: number;
  columns: number;
  times: number;
}

/** `samples` an example of a batch of `rows`. */
export interface SamplesShape {
  rows: number;
  samples: number;
}

/** Heads are [rows, 2 latent]. */
export interface SampledShape extends SamplesShape {
  latent: number;
  stream: NoiseStream;
  logVarRange: LogVarRange;
}

type SignedShape = SamplesShape & { sign: 1 | -1 };

const examples = {
  sizes: ({ rows, samples }: SamplesShape) => ({ count: rows, samples }),
  grid: ({ rows }: SamplesShape) => linearGrid(rows),
};
const perSample = (flops: number) => (shape: SamplesShape) => flops * shape.rows * shape.samples;
const perElement =
  (flops: number) =>
  ({ rows, samples, latent }: SampledShape) =>
    flops * rows * samples * latent;
const codeConstants = ({ logVarRange: [low, high] }: Pick<SampledShape, 'logVarRange'>) => ({
  WORKGROUP,
  LOG_VAR_LOW: low,
  LOG_VAR_HIGH: high,
});

export const repeatRows: Kernel<RepeatedShape> = {
  name: 'repeat_rows',
  sources: [repeatRowsSource],
  bindings: { x: 'read', y: 'write' },
  constants: () => ({ WORKGROUP }),
  sizes: ({ rows, columns, times }) => ({ count: rows * times * columns, columns, times }),
  grid: ({ rows, columns, times }) => linearGrid(rows * times * columns),
  flops: () => 0,
};

export const sumRepeats: Kernel<RepeatedShape> = {
  name: 'sum_repeats',
  sources: [sumRepeatsSource],
  bindings: { x: 'read', sum: 'write' },
  stores: { binding: 'sum', width: 1 },
  constants: () => ({ WORKGROUP }),
  sizes: ({ rows, columns, times }) => ({ count: rows * columns, columns, times }),
  grid: ({ rows, columns }) => linearGrid(rows * columns),
  flops: ({ rows, columns, times }) => rows * columns * times,
};

/** A row a sample: `rows` of them. */
export const logRatioGradient: Kernel<Omit<SampledShape, 'samples'>> = {
  name: 'log_ratio_gradient',
  sources: [logRatioGradientSource],
  bindings: { dratio: 'read', heads: 'read', settings: 'uniform', progress: 'uniform', dheads: 'write' },
  constants: codeConstants,
  sizes: ({ rows, latent, stream }) => ({ count: rows * latent, latent, stream: STREAM[stream] }),
  grid: ({ rows, latent }) => linearGrid(rows * latent),
  flops: ({ rows, latent }) => 10 * rows * latent,
};

export const importanceWeights: Kernel<SamplesShape> = {
  name: 'importance_weights',
  sources: [importanceWeightsSource],
  bindings: { distance: 'read', ratio: 'read', settings: 'uniform', progress: 'uniform', weights: 'write' },
  constants: () => ({ WORKGROUP }),
  ...examples,
  flops: perSample(15),
};

export const sampleMean: Kernel<SignedShape> = {
  name: 'sample_mean',
  sources: [sampleMeanSource],
  bindings: { weights: 'read', x: 'read', mean: 'write' },
  constants: ({ sign }) => ({ WORKGROUP, SIGN: sign }),
  ...examples,
  flops: perSample(2),
};

export const sampleMeanGradient: Kernel<SignedShape> = {
  name: 'sample_mean_gradient',
  sources: [sampleMeanGradientSource],
  bindings: { dmean: 'read', weights: 'read', dx: 'write' },
  constants: ({ sign }) => ({ WORKGROUP, SIGN: sign }),
  sizes: ({ rows, samples }) => ({ count: rows * samples, samples }),
  grid: ({ rows, samples }) => linearGrid(rows * samples),
  flops: perSample(2),
};

export const weightDivergence: Kernel<SamplesShape> = {
  name: 'weight_divergence',
  sources: [weightDivergenceSource],
  bindings: { weights: 'read', divergence: 'write' },
  constants: () => ({ WORKGROUP }),
  ...examples,
  flops: perSample(4),
};

export const importance: Kernel<SamplesShape> = {
  name: 'importance',
  sources: [importanceSource],
  bindings: {
    distance: 'read',
    ratio: 'read',
    settings: 'uniform',
    progress: 'uniform',
    reconstruction: 'write',
    kl: 'write',
    importance: 'write',
    ddistance: 'write',
    dratio: 'write',
  },
  constants: () => ({ WORKGROUP }),
  ...examples,
  flops: perSample(25),
};

export const sampledRows: Kernel<SampledShape> = {
  name: 'sampled_rows',
  sources: [sampledRowsSource],
  bindings: { heads: 'read', settings: 'uniform', progress: 'uniform', z: 'write', ratio: 'write' },
  stores: { binding: 'z', width: 1 },
  constants: codeConstants,
  sizes: ({ latent, samples, stream }) => ({ latent, samples, stream: STREAM[stream] }),
  grid: ({ rows, samples }) => checkGrid([rows * samples, 1, 1], `${rows * samples} samples`),
  flops: perElement(11),
};

/** `dzColumns` of dz, the first of which are of z. */
export const sampledGradient: Kernel<SampledShape & { dzColumns: number }> = {
  name: 'sampled_gradient',
  sources: [sampledGradientSource],
  bindings: {
    dz: 'read',
    dratio: 'read',
    heads: 'read',
    settings: 'uniform',
    progress: 'uniform',
    dheads: 'write',
  },
  stores: { binding: 'dheads', width: 1 },
  constants: codeConstants,
  sizes: ({ rows, samples, latent, stream, dzColumns }) => ({
    count: rows * latent,
    latent,
    samples,
    dz_columns: dzColumns,
    stream: STREAM[stream],
  }),
  grid: ({ rows, latent }) => linearGrid(rows * latent),
  flops: perElement(18),
};
