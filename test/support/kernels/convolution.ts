// Checks of one product of a convolution against f64 loops, by a matmul or by itself.
import { convolutionProduct, productsOf } from '../../../src/kernels/matmul/convolution.js';
import type { ConvolutionResult } from '../../../src/kernels/matmul/convolution-view.js';
import { type MatmulShape, matmulFor } from '../../../src/kernels/matmul/matmul.js';
import type { MatmulVariant } from '../../../src/kernels/matmul/matmul-variants.js';
import { type Convolution, sizeOfMap } from '../../../src/model/convolution.js';
import { close } from '../limits/close.js';
import { uniforms } from '../limits/numbers.js';
import { productsLimit } from '../limits/tolerance.js';
import { provideAllLayers } from '../models/layers.js';
import { eachTap } from '../oracle/interpret.js';
import { type Results, runKernel } from './kernel-runner.js';

provideAllLayers();

export const RESULTS: readonly ConvolutionResult[] = ['y', 'x', 'weight'];

export const examplesOfTest = 3;

/** Values of the three, and of each result what it must be, with limits. */
function problem(convolution: Convolution) {
  const { x, y, kernel, groups } = convolution;
  const counts = {
    x: examplesOfTest * sizeOfMap(x),
    y: examplesOfTest * sizeOfMap(y),
    weight: (y.channels * kernel[0] * kernel[1] * x.channels) / groups,
  };
  const given = { x: uniforms(1, counts.x), y: uniforms(2, counts.y), weight: uniforms(3, counts.weight) };
  const want = {
    x: new Float64Array(counts.x),
    y: new Float64Array(counts.y),
    weight: new Float64Array(counts.weight),
  };
  const absolute = structuredClone(want);
  const terms = structuredClone(want);
  const add = (result: ConvolutionResult, at: number, product: number) => {
    want[result][at] = (want[result][at] ?? 0) + product;
    absolute[result][at] = (absolute[result][at] ?? 0) + Math.abs(product);
    terms[result][at] = (terms[result][at] ?? 0) + 1;
  };
  eachTap(convolution, counts.y, (toY, toX, toWeight) => {
    const [one, other, third] = [given.y[toY] ?? 0, given.x[toX] ?? 0, given.weight[toWeight] ?? 0];
    add('y', toY, other * third);
    add('x', toX, one * third);
    add('weight', toWeight, one * other);
  });
  const limit = (result: ConvolutionResult) => (i: number) =>
    productsLimit(terms[result][i] ?? 0, absolute[result][i] ?? 0);
  return { given, want, limit };
}

export const productShape = (result: ConvolutionResult, convolution: Convolution): MatmulShape => ({
  ...convolutionProduct(result, convolution, examplesOfTest),
  activation: 'identity',
});

/** A and B of the product. */
const OPERANDS = { y: ['x', 'weight'], x: ['y', 'weight'], weight: ['y', 'x'] } as const;

const checkResult = (
  { want, limit }: ReturnType<typeof problem>,
  result: ConvolutionResult,
  results: Results,
  name: string,
): void => close(results.f32(name), want[result], limit(result), (i) => `${result}[${i}]`);

/** One product by a matmul. */
export async function checkProduct(
  result: ConvolutionResult,
  convolution: Convolution,
  variant: MatmulVariant,
): Promise<void> {
  const all = problem(convolution);
  const shape = productShape(result, convolution);
  const [a, b] = OPERANDS[result];
  const bound = { a: all.given[a], b: all.given[b], c: all.want[result].length };
  const results = await runKernel(matmulFor(shape, variant, 'plain'), shape, bound);
  checkResult(all, result, results, 'c');
}

/** The weight's gradient with the bias's, which is the sum of y over all places. */
export async function checkGradients(convolution: Convolution, variant: MatmulVariant): Promise<void> {
  const all = problem(convolution);
  const shape = productShape('weight', convolution);
  const { channels } = convolution.y;
  const bound = { a: all.given.y, b: all.given.x, dw: all.want.weight.length, dbias: channels };
  const results = await runKernel(matmulFor(shape, variant, 'weight_gradient'), shape, bound);
  checkResult(all, 'weight', results, 'dw');
  const [sums, absolute] = [new Float64Array(channels), new Float64Array(channels)];
  all.given.y.forEach((value, i) => {
    sums[i % channels] = (sums[i % channels] ?? 0) + value;
    absolute[i % channels] = (absolute[i % channels] ?? 0) + Math.abs(value);
  });
  const limit = (i: number) => productsLimit(shape.k, absolute[i] ?? 0);
  close(results.f32('dbias'), sums, limit, (i) => `dbias[${i}]`);
}

/** Each element of the result is stored once, by whichever of the products. */
export async function checkStored(
  result: ConvolutionResult,
  convolution: Convolution,
  variant: MatmulVariant,
): Promise<void> {
  const shape = productShape(result, convolution);
  const kernel = matmulFor(shape, variant, 'plain');
  const sources = kernel.sources.map((source) => ({
    ...source,
    code: source.code.replace('= value;', '+= Number(1.0);'),
    file: `counting ${source.file}`,
  }));
  const all = problem(convolution);
  const [a, b] = OPERANDS[result];
  const count = all.want[result].length;
  const counting = { ...kernel, sources, bindings: { a: 'read', b: 'read', c: 'read_write' } as const };
  const bound = { a: all.given[a], b: all.given[b], c: new Float32Array(count) };
  const results = await runKernel(counting, shape, bound);
  close(
    results.f32('c'),
    new Float64Array(count).fill(1),
    () => 0,
    (i) => `times that ${result}[${i}] is stored`,
  );
}

/** How many products the dispatch has, for names of tests. */
export const productCount = (result: ConvolutionResult, convolution: Convolution): number =>
  productsOf({ result, convolution });

/** One product by the kernel that does nothing else. */
export async function checkSingle(
  result: ConvolutionResult,
  convolution: Convolution,
  kernel: Parameters<typeof runKernel<{ convolution: Convolution; images: number }>>[0],
): Promise<void> {
  const all = problem(convolution);
  const [a, b] = OPERANDS[result];
  const bound = { [a]: all.given[a], [b]: all.given[b], [result]: all.want[result].length };
  const results = await runKernel(kernel, { convolution, images: examplesOfTest }, bound);
  checkResult(all, result, results, result);
}
