// Matrices side by side, and parts of one: how a conditional model's labels join its images and its code.
import concatSource from '../../shaders/concat.wgsl';
import sliceColumnsSource from '../../shaders/slice_columns.wgsl';
import { F32_BYTES, type Kernel, linearGrid, WORKGROUP } from './kernel.js';

export const concat: Kernel<{ rows: number; aColumns: number; bColumns: number }> = {
  name: 'concat',
  sources: [concatSource],
  bindings: { a: 'read', b: 'read', y: 'write' },
  constants: () => ({ WORKGROUP }),
  sizes: ({ rows, aColumns, bColumns }) => ({
    count: rows * (aColumns + bColumns),
    a_columns: aColumns,
    b_columns: bColumns,
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
  constants: () => ({ WORKGROUP }),
  sizes: ({ rows, from, columns, xColumns }) => ({
    count: rows * columns,
    first_column: from,
    columns,
    x_columns: xColumns,
  }),
  grid: ({ rows, columns }) => linearGrid(rows * columns),
  flops: () => 0,
  bytes: ({ rows, columns }) => 2 * rows * columns * F32_BYTES,
};
