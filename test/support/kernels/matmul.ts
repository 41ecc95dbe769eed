// Products for the tests of the matmul: operands of a size and form, C in f64 with derived limits, and checks of one kernel.
import * as assert from 'uvu/assert';
import type { Kernel } from '../../../src/kernels/kernel.js';
import { type MatmulShape, matmulFor } from '../../../src/kernels/matmul/matmul.js';
import type { MatmulVariant } from '../../../src/kernels/matmul/matmul-variants.js';
import type { NumberType } from '../../../src/kernels/stored.js';
import type { Activation } from '../../../src/model/spec.js';
import { close } from '../limits/close.js';
import { halves, uniforms } from '../limits/numbers.js';
import { productsLimit } from '../limits/tolerance.js';
import { runKernel } from './kernel-runner.js';

export type Size = [m: number, k: number, n: number];
export interface Form {
  transposeA: boolean;
  transposeB: boolean;
}

/** As the engine uses them: forward, input gradient, weight gradient. */
export const NT: Form = { transposeA: false, transposeB: true };
export const NN: Form = { transposeA: false, transposeB: false };
export const TN: Form = { transposeA: true, transposeB: false };
/** C and, of each element, the sum of |a b| over k; A and B as stored. */
function reference([m, k, n]: Size, { transposeA, transposeB }: Form, a: Float32Array, b: Float32Array) {
  const [aRow, aStep] = transposeA ? [1, m] : [k, 1];
  const [bColumn, bStep] = transposeB ? [k, 1] : [1, n];
  const c = new Float64Array(m * n);
  const absolute = new Float64Array(m * n);
  for (let row = 0; row < m; row++)
    for (let column = 0; column < n; column++) {
      let sum = 0;
      let size = 0;
      for (let i = 0; i < k; i++) {
        const product = (a[row * aRow + i * aStep] ?? Number.NaN) * (b[column * bColumn + i * bStep] ?? Number.NaN);
        sum += product;
        size += Math.abs(product);
      }
      c[row * n + column] = sum;
      absolute[row * n + column] = size;
    }
  return { c, limit: absolute.map((size) => productsLimit(k, size)) };
}

/** Operands of the size, C in f64 with its limits, and a name for an element of C. */
export function problem(size: Size, form: Form) {
  const [m, k, n] = size;
  const a = uniforms(1, m * k);
  const b = uniforms(2, k * n);
  const at = (name: string) => (i: number) => `${name}[${Math.floor(i / n)}, ${i % n}]`;
  return { a, b, ...reference(size, form, a, b), at };
}

export const shapeOf = ([m, k, n]: Size, form: Form, activation: Activation = 'identity'): MatmulShape => ({
  m,
  k,
  n,
  ...form,
  activation,
});

export const formName = ({ transposeA, transposeB }: Form): string =>
  (transposeA ? 'T' : 'N') + (transposeB ? 'T' : 'N');

export async function checkPlain(kernel: Kernel<MatmulShape>, size: Size, form: Form): Promise<void> {
  const { a, b, c, limit, at } = problem(size, form);
  const results = await runKernel(kernel, shapeOf(size, form), { a, b, c: c.length });
  close(results.f32('c'), c, (i) => limit[i] ?? 0, at('c'));
}

/** What A and B are stored as. */
export type OperandTypes = readonly [a: NumberType, b: NumberType];

/** A plain product of operands that are f16 numbers to the bit. */
export async function checkHalfProduct(
  variant: MatmulVariant,
  size: Size,
  form: Form,
  types: OperandTypes,
): Promise<void> {
  const [m, k, n] = size;
  const [a, b] = [halves(uniforms(1, m * k)), halves(uniforms(2, k * n))];
  const { c, limit } = reference(size, form, a.values, b.values);
  const bound = (operand: typeof a, type: NumberType) => (type === 'f16' ? operand.bits : operand.values);
  const shape = shapeOf(size, form);
  const given = { a: bound(a, types[0]), b: bound(b, types[1]), c: m * n };
  const results = await runKernel(matmulFor(shape, variant, 'plain'), shape, given);
  const at = (i: number) => `${formName(form)} ${types} c[${Math.floor(i / n)}, ${i % n}]`;
  close(results.f32('c'), c, (i) => limit[i] ?? 0, at);
}

/** dw [m, n] and dbias [m], the sum over k of A. */
export async function checkWeightGradient(kernel: Kernel<MatmulShape>, size: Size): Promise<void> {
  const [m, k] = size;
  const { a, b, c, limit, at } = problem(size, TN);
  const results = await runKernel(kernel, shapeOf(size, TN), { a, b, dw: c.length, dbias: m });
  close(results.f32('dw'), c, (i) => limit[i] ?? 0, at('dw'));
  const dbias = new Float64Array(m);
  const absolute = new Float64Array(m);
  a.forEach((value, i) => {
    dbias[i % m] = (dbias[i % m] ?? 0) + value; // a is stored [k, m]
    absolute[i % m] = (absolute[i % m] ?? 0) + Math.abs(value);
  });
  const dbiasLimit = (i: number) => productsLimit(k, absolute[i] ?? 0);
  close(results.f32('dbias'), dbias, dbiasLimit, (i) => `dbias[${i}]`);
}

/** `plain`, but an element counts how often it is stored. */
function counting(variant: MatmulVariant, shape: MatmulShape): Kernel<MatmulShape> {
  const kernel = matmulFor(shape, variant, 'plain');
  const sources = kernel.sources.map((source) => ({
    ...source,
    code: source.code.replace('= value;', '+= Number(1.0);'),
  }));
  const named = sources.map((source) => ({ ...source, file: `counting ${source.file}` }));
  return { ...kernel, sources: named, bindings: { a: 'read', b: 'read', c: 'read_write' } };
}

/** Each element of C is stored once. */
export async function checkStoredOnce(variant: MatmulVariant, size: Size, form: Form): Promise<void> {
  const { a, b, c } = problem(size, form);
  const results = await runKernel(counting(variant, shapeOf(size, form)), shapeOf(size, form), {
    a,
    b,
    c: new Float32Array(c.length),
  });
  const wrong = results.f32('c').findIndex((count) => count !== 1);
  assert.is(wrong, -1, `element ${wrong} is stored ${results.f32('c')[wrong]} times`);
}

/** Two runs give the same bits. */
export async function checkRepeats(variant: MatmulVariant, size: Size, form: Form): Promise<void> {
  const { a, b, c } = problem(size, form);
  const kernel = matmulFor(shapeOf(size, form), variant, 'plain');
  const run = async () => (await runKernel(kernel, shapeOf(size, form), { a, b, c: c.length })).u32('c').slice();
  assert.equal(await run(), await run());
}
