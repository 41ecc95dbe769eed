// Penalties that keep a code sparse, and their gradients.
import batchMeanSource from '../../../shaders/latent/batch_mean.wgsl';
import batchMeanGradientSource from '../../../shaders/latent/batch_mean_gradient.wgsl';
import bernoulliKlSource from '../../../shaders/latent/bernoulli_kl.wgsl';
import bernoulliKlGradientSource from '../../../shaders/latent/bernoulli_kl_gradient.wgsl';
import l1Source from '../../../shaders/latent/l1.wgsl';
import l1GradientSource from '../../../shaders/latent/l1_gradient.wgsl';
import { checkGrid, type Kernel, linearGrid, WORKGROUP } from '../kernel.js';

/** The code is [rows, columns]. */
export interface CodeShape {
  rows: number;
  columns: number;
}

type WantedShape = CodeShape & { target: number };

const rowGrid = ({ rows }: CodeShape) => checkGrid([rows, 1, 1], `${rows} rows`);
const constants = () => ({ WORKGROUP });
const elementSizes = ({ rows, columns }: CodeShape) => ({ count: rows * columns, columns });
const elementGrid = ({ rows, columns }: CodeShape) => linearGrid(rows * columns);

export const l1: Kernel<CodeShape> = {
  name: 'l1',
  sources: [l1Source],
  bindings: { z: 'read', loss: 'write' },
  constants,
  sizes: ({ columns }) => ({ columns }),
  grid: rowGrid,
  flops: ({ rows, columns }) => 2 * rows * columns,
};

export const l1Gradient: Kernel<CodeShape> = {
  name: 'l1_gradient',
  sources: [l1GradientSource],
  bindings: { weight: 'read', z: 'read', dz: 'write' },
  constants,
  sizes: elementSizes,
  grid: elementGrid,
  flops: ({ rows, columns }) => 2 * rows * columns,
};

export const batchMean: Kernel<CodeShape> = {
  name: 'batch_mean',
  sources: [batchMeanSource],
  bindings: { x: 'read', progress: 'uniform', mean: 'write' },
  constants,
  sizes: ({ columns }) => ({ columns }),
  grid: ({ columns }) => linearGrid(columns),
  flops: ({ rows, columns }) => (rows + 1) * columns,
};

export const batchMeanGradient: Kernel<CodeShape> = {
  name: 'batch_mean_gradient',
  sources: [batchMeanGradientSource],
  bindings: { dmean: 'read', progress: 'uniform', dx: 'write' },
  constants,
  sizes: elementSizes,
  grid: elementGrid,
  flops: ({ rows, columns }) => rows * columns,
};

/** `columns` of rho; the loss has `rows`. */
export const bernoulliKl: Kernel<WantedShape> = {
  name: 'bernoulli_kl',
  sources: [bernoulliKlSource],
  bindings: { rho: 'read', loss: 'write' },
  constants: ({ target }) => ({ WORKGROUP, WANTED: target }),
  sizes: ({ columns }) => ({ columns }),
  grid: rowGrid,
  flops: ({ rows, columns }) => 10 * rows * columns,
};

export const bernoulliKlGradient: Kernel<WantedShape> = {
  name: 'bernoulli_kl_gradient',
  sources: [bernoulliKlGradientSource],
  bindings: { weight: 'read', rho: 'read', drho: 'write' },
  constants: ({ target }) => ({ WORKGROUP, WANTED: target }),
  sizes: ({ rows, columns }) => ({ rows, columns }),
  grid: ({ columns }) => linearGrid(columns),
  flops: ({ rows, columns }) => (rows + 6) * columns,
};
