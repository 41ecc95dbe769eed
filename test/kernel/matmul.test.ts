// Every form, variant and epilogue of the matrix product against plain f64 loops; of the tiled candidates a sample (all:
// test/variants/matmul.test.ts).
import { test } from 'uvu';
import type { Kernel } from '../../src/kernels/kernel.js';
import { defaultVariant, parseVariant, variantText } from '../../src/kernels/matmul/candidates.js';
import {
  type EpilogueName,
  type MatmulShape,
  type MatmulVariant,
  matmul,
  matmulFor,
} from '../../src/kernels/matmul/matmul.js';
import type { RowsVariant } from '../../src/kernels/matmul/matmul-variants.js';
import { ACTIVATIONS, type Activation } from '../../src/model/spec.js';
import { device, usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import {
  checkPlain,
  checkRepeats,
  checkStoredOnce,
  checkWeightGradient,
  type Form,
  formName,
  NN,
  NT,
  problem,
  type Size,
  shapeOf,
  TN,
} from '../support/kernels/matmul.js';
import { gradientLimit, keptOf, LIMITS } from '../support/limits/activations.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import { ULP } from '../support/limits/tolerance.js';
import { activate, slope } from '../support/oracle/interpret.js';

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

function plain(title: string, kernel: Kernel<MatmulShape>, size: Size, form: Form): void {
  test(`${title} ${formName(form)} ${size.join('x')}`, () => checkPlain(kernel, size, form));
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
  test(`${title} TN ${size.join('x')} with bias gradient`, () => checkWeightGradient(kernel, size));
}

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
}

/** The sizes of the seed's first layer. */
function real(title: string, kernels: Kernels): void {
  biasActivation(title, kernels, REAL, 'relu', 'bias_activation');
  activationGradient(title, kernels('activation_gradient'), [128, 512, 784], 'relu');
  weightGradient(title, kernels('weight_gradient'), [512, 128, 784]);
}

const { adapter, features } = device;
const { software, subgroupSizes } = adapter;

/** Not square, so that rows and columns cannot stand in for each other; software adapters compile larger ones for seconds. */
const SMALL_TILES = ['tiled 16x32x8 4x4', 'tiled 16x32x8 4x8 split 2 vec4'].map(parseVariant);

/** Whole in quads, with edges of every tile. */
const QUADS: Size = [36, 44, 20];

// A record by name, so that the compiler asks for the tests of a variant that is new.
const VARIANTS: Record<MatmulVariant['name'], () => void> = {
  tiled() {
    SMALL_TILES.forEach((variant, index) => {
      const title = `matmul ${variantText(variant)}`;
      const kernels: Kernels = (epilogue) => matmul(variant, epilogue);
      few(variant);
      if (index > 0) return;
      biasActivation(title, kernels, ODD, 'relu', 'bias_activation');
      activationGradient(title, kernels('activation_gradient'), ODD, 'relu');
    });
    if (!software) real('matmul tiled', (epilogue) => matmul({ name: 'tiled' }, epilogue));
  },
  matrix() {}, // nothing runs it: matrix.test.ts
  rows() {
    for (const columns of [1, 4]) for (const vec4 of [false, true]) narrow({ name: 'rows', lanes: 4, columns, vec4 });
  },
  // lavapipe takes a second to compile each; as kernels of their own it has them all (elementwise.test.ts).
  registers: () =>
    withLanes([8, 4], (lanes) => ({ name: 'registers', lanes }), adapter.kind === 'lavapipe' ? FEW : ACTIVATIONS),
  subgroups() {
    const lanes = [16, 8, 4].filter((count) => features.has('subgroups') && count <= (subgroupSizes?.min ?? 0));
    withLanes(lanes, (count) => ({ name: 'subgroups', lanes: count }));
    for (const columns of [4, 8]) if (lanes[0]) few({ name: 'subgroups', lanes: lanes[0], columns, vec4: true });
  },
};

/** Every form with a weight gradient, and the store of each element, at sizes that a variant fits. */
function few(variant: MatmulVariant): void {
  const title = `matmul ${variantText(variant)}`;
  const size = 'vec4' in variant && variant.vec4 ? QUADS : ODD;
  const kernels: Kernels = (epilogue) => matmulFor(shapeOf(size, NT), variant, epilogue);
  plain(title, kernels('plain'), size, NT);
  plain(title, kernels('plain'), size, NN);
  weightGradient(title, kernels('weight_gradient'), size);
  if (size === QUADS)
    for (const activation of FEW) {
      biasActivation(title, kernels, size, activation, 'bias_activation_keep');
      activationGradient(title, kernels('activation_gradient'), size, activation);
    }
  test(`${title} stores each element once`, () => checkStoredOnce(variant, size, NT));
  test(`${title} gives the same bits again`, () => checkRepeats(variant, size, NT));
}

/** As `few`, of few columns, with edges of a workgroup's rows. */
function narrow(variant: RowsVariant): void {
  const title = `matmul ${variantText(variant)}`;
  const n = variant.columns === 1 ? 1 : variant.vec4 ? 8 : 7;
  const form = variant.vec4 ? NT : NN;
  for (const m of [variant.vec4 ? 4 : 1, 36]) {
    const size: Size = [m, variant.vec4 ? 20 : 15, n];
    plain(title, matmulFor(shapeOf(size, form), variant, 'plain'), size, form);
    if (!variant.vec4 || n > 1) weightGradient(title, matmulFor(shapeOf(size, TN), variant, 'weight_gradient'), size);
  }
  const size: Size = [36, variant.vec4 ? 20 : 15, n];
  biasActivation(title, (epilogue) => matmulFor(shapeOf(size, NT), variant, epilogue), size, 'relu', 'bias_activation');
  test(`${title} stores each element once`, () => checkStoredOnce(variant, size, form));
}

/** Everything with the first number of lanes; with the others what depends on it most. */
function withLanes(choices: number[], variant: (lanes: number) => MatmulVariant, activations = FEW): void {
  choices.forEach((lanes, index) => {
    const kernels: Kernels = (epilogue) => matmul(variant(lanes), epilogue);
    const title = `matmul ${variantText(variant(lanes))}`;
    if (index === 0) everything(title, kernels, activations);
    else for (const size of edges(kernels('weight_gradient'))) weightGradient(title, kernels('weight_gradient'), size);
  });
}

for (const tests of Object.values(VARIANTS)) tests();

/** The default of this adapter for the seed's first layer. */
real('matmul default', (epilogue) => {
  const shape = shapeOf(REAL, NT);
  return matmulFor(shape, defaultVariant(adapter, { subgroups: features.has('subgroups') }, shape), epilogue);
});

usesDevice(test);
test.run();
