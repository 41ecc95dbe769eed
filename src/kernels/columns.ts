// Matrices side by side, and parts of one: how a conditional model's labels join its images and its code.
import concatSource from '../../shaders/concat.wgsl';
import sliceColumnsSource from '../../shaders/slice_columns.wgsl';
import { F32_BYTES, type Kernel, linearGrid, WORKGROUP } from './kernel.js';

export const concat: Kernel<{ rows: number; aColumns: number; bColumns: number }> = {
  name: 'concat',
  sources: [concatSource],
  bindings: { a: 'read', b: 'read', y: 'write' },
  constants: ({ rows, aColumns, bColumns }) => ({
    WORKGROUP,
    COUNT: rows * (aColumns + bColumns),
    A_COLUMNS: aColumns,
    B_COLUMNS: bColumns,
  }),
  grid: ({ rows, aColumns, bColumns }) => linearGrid(rows * (aColumns + bColumns)),
  flops: () => 0,
};

export interface SliceShape {
  rows: number;
  /** First column. */
  from: number;
  columns: number;
  /** Columns of the whole. */
  xColumns: number;
}

export const sliceColumns: Kernel<SliceShape> = {
  name: 'slice_columns',
  sources: [sliceColumnsSource],
  bindings: { x: 'read', y: 'write' },
  constants: ({ rows, from, columns, xColumns }) => ({
    WORKGROUP,
    COUNT: rows * columns,
    FROM: from,
    COLUMNS: columns,
    X_COLUMNS: xColumns,
  }),
  grid: ({ rows, columns }) => linearGrid(rows * columns),
  flops: () => 0,
  bytes: ({ rows, columns }) => 2 * rows * columns * F32_BYTES,
};
