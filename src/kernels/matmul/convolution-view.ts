// What a matmul knows of a convolution: that its operands are views of one, and whom to ask about them (convolution.ts, which is
// loaded when a model has convolutions).
import { OnDemand } from '../../graph/on-demand.js';
import type { Convolution } from '../../model/convolution.js';
import type { Constants } from '../kernel.js';
import type { ShaderSource } from '../shader.js';
import type { Width } from '../stored.js';

/** What a product computes of y = conv2d(x, weight): y; x, which is its gradient and a transposed convolution; or the weight's gradient. */
export type ConvolutionResult = 'y' | 'x' | 'weight';

export interface ConvolutionView {
  result: ConvolutionResult;
  convolution: Convolution;
}

/** Sizes of one of the products, which are all alike. */
export interface ConvolutionProduct {
  m: number;
  n: number;
  k: number;
  transposeA: boolean;
  transposeB: boolean;
  view: ConvolutionView;
}

/** Numbers of A, B and C in memory, and of sums of A's rows. */
export interface ProductNumbers {
  a: number;
  b: number;
  c: number;
  rows: number;
}

/** How an operand is read, one number or four a load. */
export type Reader = Record<Width, ShaderSource>;

export interface ConvolutionProducts {
  /** @param images examples of the batch */
  product(result: ConvolutionResult, convolution: Convolution, images: number): ConvolutionProduct;
  /** Products that a dispatch computes side by side. */
  count(view: ConvolutionView): number;
  /** Numbers of what a dispatch reads and writes, all products together. */
  numbers(product: ConvolutionProduct): ProductNumbers;
  /** `override`s of a product. */
  constants(view: ConvolutionView): Constants;
  /** "28x28x1 to 14x14x32 by 4x4 / 2 + 1": of a variant's name, so all that tells two apart. */
  text(convolution: Convolution): string;
  /** What the operand files need first, they themselves unless they are a matrix's, and where the result goes. */
  sources(result: ConvolutionResult): { indices: ShaderSource; a?: Reader; b?: Reader; result: ShaderSource };
}

export const convolutionProducts = new OnDemand<ConvolutionProducts>();
