// Every form, variant and epilogue of the matrix product against plain f64 loops.
import { test } from 'uvu';
import type { Kernel } from '../../src/kernels/kernel.js';
import { type EpilogueName, type MatmulShape, type MatmulVariant, matmul } from '../../src/kernels/matmul.js';
import { ACTIVATIONS, type Activation } from '../../src/model/spec.js';
import { gradientLimit, keptOf, LIMITS } from '../support/activations.js';
import { close } from '../support/close.js';
import { device, usesDevice } from '../support/device.js';
import { activate, slope } from '../support/interpret.js';
import { runKernel } from '../support/kernel-runner.js';
import { uniforms } from '../support/numbers.js';
import { productsLimit, ULP } from '../support/tolerance.js';

type Size = [m: number, k: number, n: number];
interface Form {
  transposeA: boolean;
  transposeB: boolean;
}

/** As the engine uses them: forward, input gradient, weight gradient. */
const NT: Form = { transposeA: false, transposeB: true };
const NN: Form = { transposeA: false, transposeB: false };
const TN: Form = { transposeA: true, transposeB: false };
const ODD: Size = [17, 31, 15];
const REAL: Size = [128, 784, 512];

/** Compilers unroll a shorter loop over k, and then take longer than all the rest of the test. */
const STEPS_OF_K = 9;

/** Rows and columns of C that one workgroup computes, told from the grid; and a k of whole steps, four where none is said. */
function tileOf(kernel: Kernel<MatmulShape>): { m: number; n: number; k: number } {
  const groups = (m: number, n: number) => kernel.grid({ m, n, k: 1, ...NN, activation: 'identity' });
  let [m, n] = [1, 1];
  while (groups(m + 1, 1)[1] === 1) m++;
  while (groups(1, n + 1)[0] === 1) n++;
  return { m, n, k: STEPS_OF_K * (kernel.header?.TILE_K ?? 4) };
}

/** One element, one tile, and both sides of each of its edges, mixed so that few sizes (pipelines) do. */
function edges(kernel: Kernel<MatmulShape>): Size[] {
  const { m, n, k } = tileOf(kernel);
  return [
    [1, 1, 1],
    [m, k, n],
    [m - 1, k + 1, n + 1],
    [m + 1, k - 1, n - 1],
  ];
}

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
function problem(size: Size, form: Form) {
  const [m, k, n] = size;
  const a = uniforms(1, m * k);
  const b = uniforms(2, k * n);
  const at = (name: string) => (i: number) => `${name}[${Math.floor(i / n)}, ${i % n}]`;
  return { a, b, ...reference(size, form, a, b), at };
}

const shapeOf = ([m, k, n]: Size, form: Form, activation: Activation = 'identity'): MatmulShape => ({
  m,
  k,
  n,
  ...form,
  activation,
});

function plain(title: string, kernel: Kernel<MatmulShape>, size: Size, form: Form): void {
  test(`${title} ${formName(form)} ${size.join('x')}`, async () => {
    const { a, b, c, limit, at } = problem(size, form);
    const results = await runKernel(kernel, shapeOf(size, form), { a, b, c: c.length });
    close(results.f32('c'), c, (i) => limit[i] ?? 0, at('c'));
  });
}

/** What of a bias_activation epilogue is wanted: y alone, or what went into the activation too. */
type Forward = 'bias_activation' | 'bias_activation_keep';

function biasActivation(title: string, kernels: Kernels, size: Size, activation: Activation, end: Forward): void {
  test(`${title} NT ${size.join('x')} + bias, ${activation}${end === 'bias_activation' ? '' : ', x kept'}`, async () => {
    const { a, b, c, limit, at } = problem(size, NT);
    // Some far out on both sides, where activations saturate or overflow.
    const bias = uniforms(3, size[2]).map((value, i) => [100, -100, 1e30, -1e30][i] ?? value);
    const outputs: Record<string, number> = { ...(end === 'bias_activation_keep' && { x: c.length }), y: c.length };
    const results = await runKernel(kernels(end), shapeOf(size, NT, activation), { a, b, bias, ...outputs });
    const x = c.map((value, i) => value + (bias[i % size[2]] ?? 0));
    // Adding the bias is one more rounding; then the activation.
    const xLimit = x.map((value, i) => (limit[i] ?? 0) + ULP * Math.abs(value));
    const { steepest, forward } = LIMITS[activation];
    const yLimit = (i: number) => steepest * (xLimit[i] ?? 0) + forward(x[i] ?? 0);
    close(results.f32('y'), x.map(activate[activation]), yLimit, at('y'));
    if (end === 'bias_activation_keep') close(results.f32('x'), x, (i) => xLimit[i] ?? 0, at('x'));
  });
}

function activationGradient(title: string, kernel: Kernel<MatmulShape>, size: Size, activation: Activation): void {
  test(`${title} NN ${size.join('x')}, back through ${activation}`, async () => {
    const { a, b, c, limit, at } = problem(size, NN);
    const kept = keptOf(activation, c.length);
    const results = await runKernel(kernel, shapeOf(size, NN, activation), { a, b, kept, dx: c.length });
    const slopes = Float64Array.from(kept, slope[activation]);
    const want = c.map((value, i) => value * (slopes[i] ?? 0));
    // The error of C times the slope, and the slope's and the product's own on a C that is off by so much.
    const dxLimit = (i: number) => {
      const [dy, off] = [Math.abs(c[i] ?? 0), limit[i] ?? 0];
      return off * Math.abs(slopes[i] ?? 0) + gradientLimit(activation, kept[i] ?? 0, dy + off, want[i] ?? 0);
    };
    close(results.f32('dx'), want, dxLimit, at('dx'));
  });
}

function weightGradient(title: string, kernel: Kernel<MatmulShape>, size: Size): void {
  test(`${title} TN ${size.join('x')} with bias gradient`, async () => {
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
  });
}

const formName = ({ transposeA, transposeB }: Form): string => (transposeA ? 'T' : 'N') + (transposeB ? 'T' : 'N');

type Kernels = (epilogue: EpilogueName) => Kernel<MatmulShape>;

/** The epilogues know nothing of the variants: one variant goes through all activations, the others through these. */
const FEW: readonly Activation[] = ['relu', 'gelu'];

/** Every form, epilogue and size. */
function everything(title: string, kernels: Kernels, activations = FEW): void {
  for (const size of [...edges(kernels('plain')), ODD]) {
    plain(title, kernels('plain'), size, NT);
    plain(title, kernels('plain'), size, NN);
    weightGradient(title, kernels('weight_gradient'), size);
  }
  plain(title, kernels('plain'), ODD, TN);
  for (const activation of activations) {
    biasActivation(title, kernels, ODD, activation, 'bias_activation');
    activationGradient(title, kernels('activation_gradient'), ODD, activation);
  }
  biasActivation(title, kernels, ODD, 'gelu', 'bias_activation_keep');
  real(title, kernels);
}

/** The sizes of the seed's first layer. */
function real(title: string, kernels: Kernels): void {
  biasActivation(title, kernels, REAL, 'relu', 'bias_activation');
  activationGradient(title, kernels('activation_gradient'), [128, 512, 784], 'relu');
  weightGradient(title, kernels('weight_gradient'), [512, 128, 784]);
}

/** matmul_tiled.wgsl with another tile; not square, so that rows and columns cannot stand in for each other. */
function smallTile(epilogue: EpilogueName): Kernel<MatmulShape> {
  const header = { TILE_M: 8, TILE_N: 16, TILE_K: 4, THREAD_M: 2, THREAD_N: 4 };
  const grid = ({ m, n }: MatmulShape) => [Math.ceil(n / 16), Math.ceil(m / 8), 1] as const;
  return { ...matmul({ name: 'tiled' }, epilogue), header, grid };
}

const { software, subgroupSizes } = device.adapter;

// A record by name, so that the compiler asks for the tests of a variant that is new.
const VARIANTS: Record<MatmulVariant['name'], (title: string) => void> = {
  tiled(title) {
    everything(`${title} (8x16)`, smallTile);
    const kernels: Kernels = (epilogue) => matmul({ name: 'tiled' }, epilogue);
    if (!software) return everything(title, kernels);
    // As it is for GPUs it takes software adapters seconds to compile for each size: one real size and one with edges.
    const { m, n, k } = tileOf(kernels('plain'));
    biasActivation(title, kernels, REAL, 'relu', 'bias_activation');
    weightGradient(title, kernels('weight_gradient'), [m - 1, k + 1, n + 1]);
  },
  registers: (title) => withLanes(title, [8, 4], (lanes) => ({ name: 'registers', lanes }), ACTIVATIONS),
  subgroups: (title) =>
    withLanes(
      title,
      [16, 8, 4].filter((lanes) => lanes <= (subgroupSizes?.min ?? 0)),
      (lanes) => ({ name: 'subgroups', lanes }),
    ),
};

/** Everything with the first number of lanes; with the others what depends on it most. */
function withLanes(
  title: string,
  choices: number[],
  variant: (lanes: number) => MatmulVariant,
  activations = FEW,
): void {
  choices.forEach((lanes, index) => {
    const kernels: Kernels = (epilogue) => matmul(variant(lanes), epilogue);
    if (index === 0) everything(`${title} (${lanes} lanes)`, kernels, activations);
    else
      for (const size of edges(kernels('weight_gradient')))
        weightGradient(`${title} (${lanes} lanes)`, kernels('weight_gradient'), size);
  });
}

for (const [name, tests] of Object.entries(VARIANTS)) tests(`matmul ${name}`);

usesDevice(test);
test.run();
