// Runs a matmul's epilogue on a product that is known to the bit: the identity times the wanted values.
import { EPILOGUES, type Epilogue, type EpilogueName } from '../../../src/kernels/matmul/epilogues.js';
import { type MatmulVariant, matmulFor, matmulVariantFor } from '../../../src/kernels/matmul/matmul.js';
import type { Activation } from '../../../src/model/spec.js';
import { device } from '../device.js';
import { close } from '../limits/close.js';
import { reductionLimit, ULP } from '../limits/tolerance.js';
import { type Content, type Results, runKernel } from './kernel-runner.js';

/** The one that plans for this device have. */
export const VARIANT: MatmulVariant = matmulVariantFor(device.adapter, device.features.has('subgroups'));

/** On a software adapter compiled in a tenth of the time that VARIANT takes; it hands an epilogue one number at a time, never four. */
export const LIGHT: MatmulVariant = device.adapter.software ? { name: 'registers', lanes: 4 } : VARIANT;

/** [n, n] */
const identity = (n: number) => Float32Array.from({ length: n * n }, (_, at) => Number(at % (n + 1) === 0));

interface Product {
  rows: number;
  columns: number;
  /** [rows, columns] */
  values: Float32Array;
  activation?: Activation;
  variant?: MatmulVariant;
}

/** Workgroups of the product, and the most of its elements that one lane adds up. */
export function workOf(epilogue: Epilogue, { rows, columns, activation = 'identity', variant = VARIANT }: Product) {
  const shape = { m: rows, n: columns, k: rows, transposeA: false, transposeB: true, activation };
  const kernel = matmulFor(shape, variant, epilogue);
  const [x, y] = kernel.grid(shape);
  return { groups: x * y, lanes: kernel.workgroup ?? 1, elements: Math.ceil((rows * columns) / (x * y)) + columns };
}

/** @param contents what the epilogue binds, beside a and b; a number asks for so many elements */
export function runEpilogue(
  epilogue: Epilogue | EpilogueName,
  { rows, columns, values, activation = 'identity', variant = VARIANT }: Product,
  contents: Record<string, Content>,
): Promise<Results> {
  const own: Epilogue = typeof epilogue === 'string' ? EPILOGUES[epilogue] : epilogue;
  // As B's rows are stored: only so may its columns come in pairs.
  const b = Float32Array.from(values, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)] ?? Number.NaN);
  const shape = { m: rows, n: columns, k: rows, transposeA: false, transposeB: true, activation };
  const all: Record<string, Content> = { a: identity(rows), b, ...contents };
  const ordered = Object.fromEntries(['a', 'b', ...Object.keys(own.bindings)].map((name) => [name, all[name] ?? 0]));
  return runKernel(matmulFor(shape, variant, own), shape, ordered);
}

/** Parts add up to the losses of the live rows, none of which is negative. @param sums of each row, with its limit */
export function checkParts(
  parts: Float32Array,
  sums: ArrayLike<number>,
  limits: ArrayLike<number>,
  live: number,
  { lanes, elements }: ReturnType<typeof workOf>,
): void {
  const total = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0);
  const want = total(Array.from(sums).slice(0, live));
  const limit =
    total(Array.from(limits).slice(0, live)) + reductionLimit(elements, lanes, want) + elements * ULP * want;
  close(
    [total(parts)],
    [want],
    () => limit,
    () => `the sum of ${parts.length} parts`,
  );
}
