// Kernels that treat one element at a time, the unfused plan's way to do what matmul epilogues do in passing, and the sum of
// columns.

import activationSource from '../../shaders/activation.wgsl';
import activationGradientSource from '../../shaders/activation_gradient.wgsl';
import addSource from '../../shaders/add.wgsl';
import addBiasSource from '../../shaders/add_bias.wgsl';
import toHalfSource from '../../shaders/step/to_half.wgsl';
import sumRowsSource from '../../shaders/sum_rows.wgsl';
import type { Activation } from '../model/spec.js';
import { ACTIVATION_COSTS, activationCode } from './activation.js';
import { columnConstants, columnGrid } from './column-blocks.js';
import { ceilDiv, type Kernel, linearGrid, WORKGROUP } from './kernel.js';

export const addBias: Kernel<{ rows: number; columns: number }> = {
  name: 'add_bias',
  sources: [addBiasSource],
  bindings: { x: 'read', bias: 'read', y: 'write' },
  stores: { binding: 'y', width: 1 },
  constants: () => ({ WORKGROUP }),
  sizes: ({ rows, columns }) => ({ count: rows * columns, columns }),
  grid: ({ rows, columns }) => linearGrid(rows * columns),
  flops: ({ rows, columns }) => rows * columns,
};

export const add: Kernel<{ count: number }> = {
  name: 'add',
  sources: [addSource],
  bindings: { a: 'read', b: 'read', y: 'write' },
  stores: { binding: 'y', width: 1 },
  constants: () => ({ WORKGROUP }),
  sizes: ({ count }) => ({ count }),
  grid: ({ count }) => linearGrid(count),
  flops: ({ count }) => count,
};

export const activation: Kernel<{ count: number; activation: Activation }> = {
  name: 'activation',
  sources: [activationSource],
  bindings: { x: 'read', y: 'write' },
  stores: { binding: 'y', width: 1 },
  constants: ({ activation }) => ({ WORKGROUP, ACTIVATION: activationCode(activation) }),
  sizes: ({ count }) => ({ count }),
  grid: ({ count }) => linearGrid(count),
  flops: ({ count, activation }) => count * ACTIVATION_COSTS[activation].forward,
};

export const activationGradient: Kernel<{ count: number; activation: Activation }> = {
  name: 'activation_gradient',
  sources: [activationGradientSource],
  bindings: { dy: 'read', kept: 'read', dx: 'write' },
  loads: { dy: 1, kept: 1 },
  stores: { binding: 'dx', width: 1 },
  constants: ({ activation }) => ({ WORKGROUP, ACTIVATION: activationCode(activation) }),
  sizes: ({ count }) => ({ count }),
  grid: ({ count }) => linearGrid(count),
  flops: ({ count, activation }) => count * ACTIVATION_COSTS[activation].gradient,
};

/** Of `part` rows at a time, all of them if absent: sum [parts, columns]. */
export const sumRows: Kernel<{ rows: number; columns: number; part?: number }> = {
  name: 'sum_rows',
  sources: [sumRowsSource],
  bindings: { x: 'read', sum: 'write' },
  loads: { x: 1 },
  constants: ({ columns }) => columnConstants(columns),
  sizes: ({ rows, columns, part = rows }) => ({ rows, columns, part }),
  grid: ({ rows, columns, part = rows }) => columnGrid(columns, ceilDiv(rows, part)),
  flops: ({ rows, columns }) => rows * columns,
};

/** A weight as f16, for the matmuls. */
export const toHalf: Kernel<{ count: number }> = {
  name: 'to_half',
  sources: [toHalfSource],
  bindings: { x: 'read', y: 'write' },
  stores: { binding: 'y', width: 1 },
  constants: () => ({ WORKGROUP }),
  sizes: ({ count }) => ({ count }),
  grid: ({ count }) => linearGrid(count),
  flops: () => 0,
};
