// Kernels of the reconstruction losses (binary cross entropy from logits, squared error, Gaussian with a learned variance,
// Poisson) and of their gradients. Fused plans have both in a matmul's epilogue (matmul/epilogues.ts).
import bceWithLogitsSource from '../../../shaders/losses/bce_with_logits.wgsl';
import bceWithLogitsGradientSource from '../../../shaders/losses/bce_with_logits_gradient.wgsl';
import gaussianNllSource from '../../../shaders/losses/gaussian_nll.wgsl';
import gaussianNllGradientSource from '../../../shaders/losses/gaussian_nll_gradient.wgsl';
import logSigmaGradientSource from '../../../shaders/losses/log_sigma_gradient.wgsl';
import poissonNllSource from '../../../shaders/losses/poisson_nll.wgsl';
import poissonNllGradientSource from '../../../shaders/losses/poisson_nll_gradient.wgsl';
import rowWeightSource from '../../../shaders/losses/row_weight.wgsl';
import squaredErrorSource from '../../../shaders/losses/squared_error.wgsl';
import squaredErrorGradientSource from '../../../shaders/losses/squared_error_gradient.wgsl';
import sumPartsSource from '../../../shaders/sum_parts.wgsl';
import type { LossTerm } from '../../model/spec.js';
import { ceilDiv, checkGrid, type Kernel, linearGrid, WORKGROUP } from '../kernel.js';

/** The number by which shaders/lib/losses/row_weight.wgsl knows a term. */
const TERM_CODES: Record<LossTerm, number> = {
  bce: 0,
  mse: 0,
  gaussian: 0,
  poisson: 0,
  kl: 1,
  // Has no gradient (graph/operations/importance.ts): nobody asks for its rows' weights.
  importance: 0,
  l1: 2,
  sparsity: 3,
  // No model has both a penalty and a codebook: the weights of one kind of code stand where those of another do.
  commitment: 2,
  perplexity: 3,
};

/** Logits, outputs and targets are [rows, pixels]. */
export interface LossShape {
  rows: number;
  pixels: number;
}

const rowGrid = ({ rows }: LossShape) => checkGrid([rows, 1, 1], `${rows} rows`);
const perElement = (flops: number) => (shape: LossShape) => flops * shape.rows * shape.pixels;

/** Floating point operations an element of what is compared, and of its gradient; counted on the formulas. */
export const LOSS_COSTS = {
  bce: { loss: 7, gradient: 5 },
  squared_error: { loss: 3, gradient: 3 },
  // - * * * + +;  its own slope and that of log sigma, without what the loss has: * * and - * * +
  gaussian_nll: { loss: 6, gradient: 6 },
  // min, log, -, exp(t) - 1 - t: 3, *, log x!: 12, past the bound: exp - - * +;  - *
  poisson_nll: { loss: 24, gradient: 2 },
} as const;

export const bceWithLogits: Kernel<LossShape> = {
  name: 'bce_with_logits',
  sources: [bceWithLogitsSource],
  bindings: { logits: 'read', targets: 'read', bce: 'write' },
  constants: () => ({ WORKGROUP }),
  sizes: ({ pixels }) => ({ pixels }),
  grid: rowGrid,
  flops: perElement(LOSS_COSTS.bce.loss),
};

export const bceWithLogitsGradient: Kernel<LossShape> = {
  name: 'bce_with_logits_gradient',
  sources: [bceWithLogitsGradientSource],
  bindings: { weight: 'read', logits: 'read', targets: 'read', dlogits: 'write' },
  stores: { binding: 'dlogits', width: 1 },
  constants: () => ({ WORKGROUP }),
  sizes: ({ rows, pixels }) => ({ count: rows * pixels, pixels }),
  grid: ({ rows, pixels }) => linearGrid(rows * pixels),
  flops: perElement(LOSS_COSTS.bce.gradient),
};

export const squaredError: Kernel<LossShape> = {
  name: 'squared_error',
  sources: [squaredErrorSource],
  bindings: { y: 'read', targets: 'read', loss: 'write' },
  constants: () => ({ WORKGROUP }),
  sizes: ({ pixels }) => ({ pixels }),
  grid: rowGrid,
  flops: perElement(LOSS_COSTS.squared_error.loss),
};

export const squaredErrorGradient: Kernel<LossShape> = {
  name: 'squared_error_gradient',
  sources: [squaredErrorGradientSource],
  bindings: { weight: 'read', y: 'read', targets: 'read', dy: 'write' },
  stores: { binding: 'dy', width: 1 },
  constants: () => ({ WORKGROUP }),
  sizes: ({ rows, pixels }) => ({ count: rows * pixels, pixels }),
  grid: ({ rows, pixels }) => linearGrid(rows * pixels),
  flops: perElement(LOSS_COSTS.squared_error.gradient),
};

export const gaussianNll: Kernel<LossShape> = {
  name: 'gaussian_nll',
  sources: [gaussianNllSource],
  bindings: { y: 'read', targets: 'read', log_sigma: 'read', loss: 'write' },
  constants: () => ({ WORKGROUP }),
  sizes: ({ pixels }) => ({ pixels }),
  grid: rowGrid,
  flops: perElement(LOSS_COSTS.gaussian_nll.loss),
};

export const gaussianNllGradient: Kernel<LossShape> = {
  name: 'gaussian_nll_gradient',
  sources: [gaussianNllGradientSource],
  bindings: { weight: 'read', y: 'read', targets: 'read', log_sigma: 'read', dy: 'write' },
  stores: { binding: 'dy', width: 1 },
  constants: () => ({ WORKGROUP }),
  sizes: ({ rows, pixels }) => ({ count: rows * pixels, pixels }),
  grid: ({ rows, pixels }) => linearGrid(rows * pixels),
  flops: perElement(4),
};

/** Of `part` numbers at a time, all of them if absent: gradient [parts]. */
export const logSigmaGradient: Kernel<LossShape & { part?: number }> = {
  name: 'log_sigma_gradient',
  sources: [logSigmaGradientSource],
  bindings: { weight: 'read', y: 'read', targets: 'read', log_sigma: 'read', gradient: 'write' },
  constants: () => ({ WORKGROUP }),
  sizes: ({ rows, pixels, part = rows * pixels }) => ({ count: rows * pixels, pixels, part }),
  grid: ({ rows, pixels, part = rows * pixels }) => [ceilDiv(rows * pixels, part), 1, 1],
  flops: perElement(6),
};

export const poissonNll: Kernel<LossShape> = {
  name: 'poisson_nll',
  sources: [poissonNllSource],
  bindings: { log_rates: 'read', targets: 'read', loss: 'write' },
  constants: () => ({ WORKGROUP }),
  sizes: ({ pixels }) => ({ pixels }),
  grid: rowGrid,
  flops: perElement(LOSS_COSTS.poisson_nll.loss),
};

export const poissonNllGradient: Kernel<LossShape> = {
  name: 'poisson_nll_gradient',
  sources: [poissonNllGradientSource],
  bindings: { weight: 'read', log_rates: 'read', targets: 'read', dlog_rates: 'write' },
  stores: { binding: 'dlog_rates', width: 1 },
  constants: () => ({ WORKGROUP }),
  sizes: ({ rows, pixels }) => ({ count: rows * pixels, pixels }),
  grid: ({ rows, pixels }) => linearGrid(rows * pixels),
  flops: perElement(4),
};

/** The second stage of a sum: what workgroups have left. */
export const sumParts: Kernel<{ count: number }> = {
  name: 'sum_parts',
  sources: [sumPartsSource],
  bindings: { parts: 'read', sum: 'write' },
  constants: () => ({ WORKGROUP }),
  sizes: ({ count }) => ({ count }),
  grid: () => [1, 1, 1],
  flops: ({ count }) => count,
};

export const rowWeight: Kernel<{ rows: number; term: LossTerm }> = {
  name: 'row_weight',
  sources: [rowWeightSource],
  bindings: { settings: 'uniform', progress: 'uniform', weight: 'write' },
  constants: ({ term }) => ({ WORKGROUP, TERM: TERM_CODES[term] }),
  sizes: ({ rows }) => ({ count: rows }),
  grid: ({ rows }) => linearGrid(rows),
  flops: () => 0,
};
