// Kernels of the reconstruction losses, binary cross entropy from logits and squared error, and of their gradients. Fused
// plans have both in a matmul's epilogue (epilogues.ts).
import bceWithLogitsSource from '../../shaders/bce_with_logits.wgsl';
import bceWithLogitsGradientSource from '../../shaders/bce_with_logits_gradient.wgsl';
import rowWeightSource from '../../shaders/row_weight.wgsl';
import squaredErrorSource from '../../shaders/squared_error.wgsl';
import squaredErrorGradientSource from '../../shaders/squared_error_gradient.wgsl';
import type { LossTerm } from '../model/spec.js';
import { checkGrid, type Kernel, linearGrid, WORKGROUP } from './kernel.js';

/** The number by which shaders/lib/row_weight.wgsl knows a term. */
const TERM_CODES: Record<LossTerm, number> = { bce: 0, mse: 0, kl: 1, l1: 2, sparsity: 3 };

/** Logits, outputs and targets are [rows, pixels]. */
export interface LossShape {
  rows: number;
  pixels: number;
}

const rowGrid = ({ rows }: LossShape) => checkGrid([rows, 1, 1], `${rows} rows`);
const perElement = (flops: number) => (shape: LossShape) => flops * shape.rows * shape.pixels;

export const bceWithLogits: Kernel<LossShape> = {
  name: 'bce_with_logits',
  sources: [bceWithLogitsSource],
  bindings: { logits: 'read', targets: 'read', bce: 'write' },
  constants: () => ({ WORKGROUP }),
  sizes: ({ pixels }) => ({ pixels }),
  grid: rowGrid,
  flops: perElement(7),
};

export const bceWithLogitsGradient: Kernel<LossShape> = {
  name: 'bce_with_logits_gradient',
  sources: [bceWithLogitsGradientSource],
  bindings: { weight: 'read', logits: 'read', targets: 'read', dlogits: 'write' },
  stores: { binding: 'dlogits', width: 1 },
  constants: () => ({ WORKGROUP }),
  sizes: ({ rows, pixels }) => ({ count: rows * pixels, pixels }),
  grid: ({ rows, pixels }) => linearGrid(rows * pixels),
  flops: perElement(5),
};

export const squaredError: Kernel<LossShape> = {
  name: 'squared_error',
  sources: [squaredErrorSource],
  bindings: { y: 'read', targets: 'read', loss: 'write' },
  constants: () => ({ WORKGROUP }),
  sizes: ({ pixels }) => ({ pixels }),
  grid: rowGrid,
  flops: perElement(3),
};

export const squaredErrorGradient: Kernel<LossShape> = {
  name: 'squared_error_gradient',
  sources: [squaredErrorGradientSource],
  bindings: { weight: 'read', y: 'read', targets: 'read', dy: 'write' },
  stores: { binding: 'dy', width: 1 },
  constants: () => ({ WORKGROUP }),
  sizes: ({ rows, pixels }) => ({ count: rows * pixels, pixels }),
  grid: ({ rows, pixels }) => linearGrid(rows * pixels),
  flops: perElement(3),
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
