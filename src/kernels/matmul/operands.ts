// How a matmul's operands are read and where its result goes, as parts of a kernel: shaders/operands/, shaders/results/.
import scalarA from '../../../shaders/operands/a/scalar.wgsl';
import vec4A from '../../../shaders/operands/a/vec4.wgsl';
import scalarB from '../../../shaders/operands/b/scalar.wgsl';
import vec4B from '../../../shaders/operands/b/vec4.wgsl';
import matrixOperands from '../../../shaders/operands/matrix.wgsl';
import matrixResult from '../../../shaders/results/matrix.wgsl';
import type { ShaderSource } from '../shader.js';
import type { Width } from '../stored.js';
import { type ConvolutionView, convolutionProducts, type Reader } from './convolution-view.js';

/** What of a product decides about how its operands can be read. */
export interface OperandShape {
  /** Rows of C. */
  m: number;
  /** Columns of C. */
  n: number;
  /** What is summed over. */
  k: number;
  /** Whether A is stored [k, m]. */
  transposeA: boolean;
  /** Whether B is stored [n, k]. */
  transposeB: boolean;
  /** For convolutions. @internal */
  view?: ConvolutionView;
}

/** Whether each operand can be read four numbers a load: they lie side by side, and there is no rest. */
export function wholeQuads({ m, n, k, transposeA, transposeB, view }: OperandShape): { a: boolean; b: boolean } {
  const matrixA = k % 4 === 0 && (!transposeA || m % 4 === 0);
  const matrixB = k % 4 === 0 && (transposeB || n % 4 === 0);
  if (!view) return { a: matrixA, b: matrixB };
  const { x, y, groups } = view.convolution;
  const [xWhole, yWhole] = [(x.channels / groups) % 4 === 0, (y.channels / groups) % 4 === 0];
  switch (view.result) {
    case 'y':
      return { a: xWhole, b: matrixB };
    case 'x':
      return { a: yWhole, b: xWhole };
    case 'weight':
      return { a: matrixA, b: xWhole };
  }
}

const MATRIX: { a: Reader; b: Reader } = { a: { 1: scalarA, 4: vec4A }, b: { 1: scalarB, 4: vec4B } };

/** The sources by which a product finds its operands and its result. */
export function operandSources(widths: { a: Width; b: Width }, view?: ConvolutionView): ShaderSource[] {
  if (!view) return [MATRIX.a[widths.a], MATRIX.b[widths.b], matrixResult];
  const { indices, a = MATRIX.a, b = MATRIX.b, result } = convolutionProducts.get().sources(view.result);
  return [indices, a[widths.a], b[widths.b], result];
}

/** The same for subgroup matrices. */
export const MATRIX_SOURCES: ShaderSource[] = [matrixOperands, matrixResult];
