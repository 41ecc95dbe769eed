// Which variant each matmul of a plan is computed by, as plain data that files keep: texts of shapes to texts of variants.
import type { MatmulShape } from './matmul.js';

/** By `shapeText`, what `variantText` gives. A shape that is missing has the default. */
export type MatmulVariants = Readonly<Record<string, string>>;

/**
 * "NT 128x512x784": how A and B are stored (N as the product reads them, T transposed), then m x n x k. An activation does
 * not tell two shapes apart: it is a fraction of the arithmetic.
 */
export function shapeText({ m, n, k, transposeA, transposeB }: Omit<MatmulShape, 'activation'>): string {
  return `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'} ${m}x${n}x${k}`;
}
