// What a matrix product must be, for kernels that are to be believed before they are timed: operands, the product in f64
// on the host, and how far from it an f32 kernel may be. Of large products a sample of rows and columns. Called by
// kernel.ts; it runs nothing on the GPU.
import type { NumberType } from '../kernels/stored.js';
import { philox, seedKey, unit } from '../random.js';

/** C [m, n] = A B over k. */
export interface MatmulSizes {
  /** Rows of C. */
  m: number;
  /** Columns of C. */
  n: number;
  /** What is summed over. */
  k: number;
}

/** How A and B are stored: N as the product reads them ([m, k], [k, n]), T transposed ([k, m], [n, k]). */
export const MATMUL_FORMS = ['NT', 'NN', 'TN'] as const;
/** How A and B are stored, as MATMUL_FORMS lists it. */
export type MatmulForm = (typeof MATMUL_FORMS)[number];

export const transposed = (form: MatmulForm): { transposeA: boolean; transposeB: boolean } => ({
  transposeA: form[0] === 'T',
  transposeB: form[1] === 'T',
});

/** A fraction of a second of a CPU's time. */
const MOST_PRODUCTS = 2 ** 26;
const MOST_ELEMENTS = 2 ** 20;

/** Not a stream of the engine (STREAM in random.ts). */
const CHECK_STREAM = 98;

/**
 * Numbers uniform in [-1, 1), multiples of 2^-23, or of 2^-11 where f16 is to hold them: a product of two is never so small
 * that it is flushed to zero.
 */
export function operand(seed: number, count: number, type: NumberType = 'f32'): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  const key = seedKey(seed);
  for (let at = 0; at < count; at += 4) {
    const words = philox([at / 4, 0, 0, CHECK_STREAM], key);
    for (let i = 0; i < 4 && at + i < count; i++) values[at + i] = 2 * unit(words[i] ?? 0) - 1;
  }
  return type === 'f16' ? values.map((value) => Math.floor(value * 2 ** 11) / 2 ** 11) : values;
}

/** Rows and columns of C that are checked. */
export interface Sample {
  rows: number[];
  columns: number[];
}

/** All of C, or rows and columns spread over it, the first and the last among them. */
export function sampleOf({ m, n, k }: MatmulSizes): Sample {
  const elements = Math.max(1, Math.min(MOST_ELEMENTS, Math.floor(MOST_PRODUCTS / k)));
  const side = Math.floor(Math.sqrt(elements));
  const columns = Math.min(n, Math.max(side, Math.floor(elements / m)));
  const rows = Math.min(m, Math.max(1, Math.floor(elements / columns)));
  return { rows: spread(rows, m), columns: spread(columns, n) };
}

/** One of each of `count` equal parts. At even steps all would be at the same few places of a kernel's tiles. */
function spread(count: number, size: number): number[] {
  return Array.from({ length: count }, (_, part) => {
    const from = Math.floor((part * size) / count);
    const to = Math.floor(((part + 1) * size) / count);
    if (part === 0 || part === count - 1) return part === 0 ? 0 : size - 1;
    const [word] = philox([part, 1, 0, CHECK_STREAM], seedKey(0));
    return from + Math.floor(unit(word) * (to - from));
  });
}

/** The sampled elements of C, row by row, and how far from each an f32 kernel may be. */
export interface Product extends Sample {
  n: number;
  values: Float64Array;
  limits: Float64Array;
}

/**
 * C = A B in f64; A and B as stored. An f32 kernel rounds each product once and adds it at most k - 1 times, in any order,
 * each time by at most 2 x 2^-24 of the result (WGSL promises no rounding mode): together 2 k 2^-24 sum|a b|.
 */
export function product(
  { m, n, k }: MatmulSizes,
  form: MatmulForm,
  sample: Sample,
  a: Float32Array,
  b: Float32Array,
): Product {
  const { transposeA, transposeB } = transposed(form);
  const { rows, columns } = sample;
  // Both with k innermost.
  const left = gather(a, rows, k, transposeA ? [1, m] : [k, 1]);
  const right = gather(b, columns, k, transposeB ? [k, 1] : [1, n]);
  const values = new Float64Array(rows.length * columns.length);
  const limits = new Float64Array(values.length);
  for (let row = 0; row < rows.length; row++)
    for (let column = 0; column < columns.length; column++) {
      let sum = 0;
      let absolute = 0;
      for (let i = 0; i < k; i++) {
        const term = (left[row * k + i] ?? Number.NaN) * (right[column * k + i] ?? Number.NaN);
        sum += term;
        absolute += Math.abs(term);
      }
      values[row * columns.length + column] = sum;
      limits[row * columns.length + column] = 2 * k * 2 ** -24 * absolute;
    }
  return { rows, columns, n, values, limits };
}

function gather(values: Float32Array, lines: number[], k: number, [line, step]: [number, number]): Float32Array {
  const gathered = new Float32Array(lines.length * k);
  for (const [index, at] of lines.entries())
    for (let i = 0; i < k; i++) gathered[index * k + i] = values[at * line + i * step] ?? Number.NaN;
  return gathered;
}

/** The element that is furthest off. */
export interface Worst {
  row: number;
  column: number;
  got: number;
  want: number;
  /** Error over limit: right up to 1. */
  ratio: number;
}

/** @param c all of C, row-major */
export function worstOf({ rows, columns, n, values, limits }: Product, c: Float32Array): Worst {
  let worst: Worst = { row: 0, column: 0, got: 0, want: 0, ratio: -1 };
  for (const [r, row] of rows.entries())
    for (const [s, column] of columns.entries()) {
      const got = c[row * n + column] ?? Number.NaN;
      const want = values[r * columns.length + s] ?? 0;
      const ratio = ratioOf(Math.abs(got - want), limits[r * columns.length + s] ?? 0);
      if (ratio > worst.ratio) worst = { row, column, got, want, ratio };
    }
  return worst;
}

/** Not a number is as wrong as can be. */
function ratioOf(error: number, limit: number): number {
  if (error === 0) return 0;
  const ratio = error / limit;
  return Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio;
}
