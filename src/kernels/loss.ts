// Kernels of the reconstruction loss: binary cross entropy from logits, its gradient, and both in one pass.
import bceSource from '../../shaders/bce.wgsl';
import bceWithLogitsSource from '../../shaders/bce_with_logits.wgsl';
import bceWithLogitsGradientSource from '../../shaders/bce_with_logits_gradient.wgsl';
import rowWeightSource from '../../shaders/row_weight.wgsl';
import type { LossTerm } from '../graph/ops.js';
import { checkGrid, type Kernel, linearGrid, WORKGROUP } from './kernel.js';

/** The numbers by which shaders/lib/row_weight.wgsl knows the terms, and their order in the metrics. */
export const LOSS_TERMS: readonly LossTerm[] = ['reconstruction', 'kl'];

/** Logits and targets are [rows, pixels]. */
export interface LossShape {
  rows: number;
  pixels: number;
}

const rowGrid = ({ rows }: LossShape) => checkGrid([rows, 1, 1], `${rows} rows`);
const perElement = (flops: number) => (shape: LossShape) => flops * shape.rows * shape.pixels;

export const bce: Kernel<LossShape> = {
  name: 'bce',
  sources: [bceSource],
  bindings: { logits: 'read', targets: 'read', settings: 'uniform', progress: 'read', bce: 'write', dlogits: 'write' },
  constants: ({ pixels }) => ({ WORKGROUP, PIXELS: pixels }),
  grid: rowGrid,
  flops: perElement(12),
};

export const bceWithLogits: Kernel<LossShape> = {
  name: 'bce_with_logits',
  sources: [bceWithLogitsSource],
  bindings: { logits: 'read', targets: 'read', bce: 'write' },
  constants: ({ pixels }) => ({ WORKGROUP, PIXELS: pixels }),
  grid: rowGrid,
  flops: perElement(7),
};

export const bceWithLogitsGradient: Kernel<LossShape> = {
  name: 'bce_with_logits_gradient',
  sources: [bceWithLogitsGradientSource],
  bindings: { weight: 'read', logits: 'read', targets: 'read', dlogits: 'write' },
  constants: ({ rows, pixels }) => ({ WORKGROUP, COUNT: rows * pixels, PIXELS: pixels }),
  grid: ({ rows, pixels }) => linearGrid(rows * pixels),
  flops: perElement(5),
};

export const rowWeight: Kernel<{ rows: number; term: LossTerm }> = {
  name: 'row_weight',
  sources: [rowWeightSource],
  bindings: { settings: 'uniform', progress: 'read', weight: 'write' },
  constants: ({ rows, term }) => ({ WORKGROUP, COUNT: rows, TERM: LOSS_TERMS.indexOf(term) }),
  grid: ({ rows }) => linearGrid(rows),
  flops: () => 0,
};
