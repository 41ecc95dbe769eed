// Which variant each matmul of a plan is computed by, as plain data that files keep: texts of shapes to texts of variants.
import { convolutionProducts } from './convolution-view.js';
import type { MatmulShape } from './matmul.js';
import type { OperandTypes } from './matmul-variants.js';

/** By `shapeText`, what `variantText` gives. A shape that is missing has the default. */
export type MatmulVariants = Readonly<Record<string, string>>;

/**
 * "NT 128x512x784": how A and B are stored (N as the product reads them, T transposed), then m x n x k; and, unless both are
 * f32, what they are in memory: "NT 128x256x512 f16" both, "NT 128x512x784 f32 f16" A and B. An activation does not tell two
 * shapes apart: it is a fraction of the arithmetic. Of a convolution also what it gives and of which:
 * "NT 25088x32x16 y of 28x28x1 to 14x14x32 by 4x4 / 2 + 1".
 */
export function shapeText({ m, n, k, transposeA, transposeB, types, view }: Omit<MatmulShape, 'activation'>): string {
  const of = view ? ` ${view.result} of ${convolutionProducts.get().text(view.convolution)}` : '';
  return `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'} ${m}x${n}x${k}${of}${typesText(types)}`;
}

function typesText([a, b]: OperandTypes = ['f32', 'f32']): string {
  if (a !== b) return ` ${a} ${b}`;
  return a === 'f32' ? '' : ` ${a}`;
}
