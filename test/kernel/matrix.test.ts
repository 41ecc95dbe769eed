// matmul_matrix.wgsl, which no adapter here can run: its indices, with the extension's four functions emulated by plain WGSL. That it
// compiles, and what it is offered to: test/unit/plan/subgroup-matrices.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Kernel } from '../../src/kernels/kernel.js';
import { variantText } from '../../src/kernels/matmul/candidates.js';
import { EPILOGUES, type Epilogue } from '../../src/kernels/matmul/epilogues.js';
import { type MatmulShape, matmul } from '../../src/kernels/matmul/matmul.js';
import type { MatrixVariant } from '../../src/kernels/matmul/matmul-variants.js';
import type { ShaderSource } from '../../src/kernels/shader.js';
import { candidatesOn } from '../../src/train/variants.js';
import { device, usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { type Form, formName, NN, NT, problem, type Size, shapeOf, TN } from '../support/kernels/matmul.js';
import { close } from '../support/limits/close.js';
import { halves } from '../support/limits/numbers.js';
import { productsLimit } from '../support/limits/tolerance.js';

const HALF = ['f16', 'f16'] as const;

// --- indices -----------------------------------------------------------------------------------------------------------------

/** Every lane holds whole matrices, and all store the same. */
const EMULATED = `
// The same, but a compiler does not know: it would unroll loops for many seconds.
fn no_more_than(count: u32) -> u32 {
  return min(count, sizes.m * sizes.n);
}
fn emulated_left(at: u32, stride: u32, by_columns: bool) -> Left {
  var m: Left;
  for (var i = 0u; i < no_more_than(MATRIX_M * MATRIX_K); i++) {
    let place = vec2u(i / MATRIX_K, i % MATRIX_K);
    m[i] = f32(a[at + select(place.x * stride + place.y, place.y * stride + place.x, by_columns)]);
  }
  return m;
}
fn emulated_right(at: u32, stride: u32, by_columns: bool) -> Right {
  var m: Right;
  for (var i = 0u; i < no_more_than(MATRIX_K * MATRIX_N); i++) {
    let place = vec2u(i / MATRIX_N, i % MATRIX_N);
    m[i] = f32(b[at + select(place.x * stride + place.y, place.y * stride + place.x, by_columns)]);
  }
  return m;
}
fn emulated_product(left: Left, right: Right, sum: Sum) -> Sum {
  var m = sum;
  for (var i = 0u; i < no_more_than(MATRIX_M * MATRIX_N); i++) {
    for (var k = 0u; k < no_more_than(MATRIX_K); k++) {
      m[i] += left[i / MATRIX_N * MATRIX_K + k] * right[k * MATRIX_N + i % MATRIX_N];
    }
  }
  return m;
}
fn emulated_store(at: u32, sum: Sum, stride: u32) {
  for (var i = 0u; i < no_more_than(MATRIX_M * MATRIX_N); i++) {
    strip[at + i / MATRIX_N * stride + i % MATRIX_N] = sum[i];
  }
}`;

function emulated(source: ShaderSource): ShaderSource {
  if (!source.code.includes('subgroupMatrix')) return source;
  const code = source.code
    .replace(/alias Left = .*;/, 'alias Left = array<f32, MATRIX_M * MATRIX_K>;')
    .replace(/alias Right = .*;/, 'alias Right = array<f32, MATRIX_K * MATRIX_N>;')
    .replace(/alias Sum = .*;/, 'alias Sum = array<f32, MATRIX_M * MATRIX_N>;')
    .replaceAll(/subgroupMatrixLoad<Left, (\w+)_major>\(&a, (.*)\);/g, "emulated_left($2, '$1');")
    .replaceAll(/subgroupMatrixLoad<Right, (\w+)_major>\(&b, (.*)\);/g, "emulated_right($2, '$1');")
    .replaceAll("'col'", 'true')
    .replaceAll("'row'", 'false')
    .replace('subgroupMatrixMultiplyAccumulate(', 'emulated_product(')
    .replace(/subgroupMatrixStore<row_major>\(&strip, (.*), sum, (.*)\)/, 'emulated_store($1, sum, $2)');
  assert.not.match(code, /subgroup/i, 'all of it is emulated');
  return { ...source, file: `emulated ${source.file}`, code: code + EMULATED };
}

const variantOf = (m: number, n: number, k: number): MatrixVariant => ({ name: 'matrix', m, n, k, lanes: 8 });

/** Of C, a workgroup's share that a driver compiles in a second: 32, the engine's, takes twenty. */
const SIDE = 8;

function emulatedKernel(variant: MatrixVariant, epilogue: Epilogue): Kernel<MatmulShape> {
  const kernel = matmul(variant, epilogue);
  return {
    ...kernel,
    sources: kernel.sources.map(emulated),
    enables: [],
    header: { ...kernel.header, SIDE },
    grid: ({ m, n }) => [n / SIDE, m / SIDE, 1],
  };
}

/** Columns in pairs, each lane's in their order: the second of a pair is stored right after the first, in its place. */
const PAIRED: Epilogue = {
  ...EPILOGUES.plain,
  name: 'paired',
  paired: true,
  sources: EPILOGUES.plain.sources.map((source) => ({
    ...source,
    file: `paired ${source.file}`,
    code: source.code.replace('number_at(row, column)', 'number_at(row, stored_column(column))'),
  })),
};

function operandsOf(size: Size, form: Form) {
  const { a, b } = problem(size, form);
  return { a: halves(a), b: halves(b) };
}

async function check(variant: MatrixVariant, size: Size, form: Form, epilogue: Epilogue): Promise<void> {
  const [m, k, n] = size;
  const { a, b } = operandsOf(size, form);
  const shape = { ...shapeOf(size, form), types: HALF };
  const gradient = epilogue.biasGradient;
  const outputs: Record<string, number> = gradient ? { dw: m * n, dbias: m } : { c: m * n };
  const results = await runKernel(emulatedKernel(variant, epilogue), shape, { a: a.bits, b: b.bits, ...outputs });
  const at = (row: number, i: number) => (form.transposeA ? i * m + row : row * k + i);
  const columnAt = (i: number, column: number) => (form.transposeB ? column * k + i : i * n + column);
  const absolute = new Float64Array(m * n);
  const want = Float64Array.from({ length: m * n }, (_, place) => {
    let sum = 0;
    for (let i = 0; i < k; i++) {
      const product =
        (a.values[at(Math.floor(place / n), i)] ?? Number.NaN) * (b.values[columnAt(i, place % n)] ?? Number.NaN);
      sum += product;
      absolute[place] = (absolute[place] ?? 0) + Math.abs(product);
    }
    return sum;
  });
  const name = (place: number) => `${variantText(variant)} ${formName(form)} c[${Math.floor(place / n)}, ${place % n}]`;
  close(results.f32(gradient ? 'dw' : 'c'), want, (i) => productsLimit(k, absolute[i] ?? 0), name);
  if (!gradient) return;
  const rows = Float64Array.from({ length: m }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < k; i++) sum += a.values[at(row, i)] ?? Number.NaN;
    return sum;
  });
  close(
    results.f32('dbias'),
    rows,
    () => productsLimit(k, k),
    (row) => `dbias[${row}]`,
  );
}

test('an adapter that lists no subgroup matrices is not offered it', () => {
  const shape = { ...shapeOf([2048, 1024, 1024], NT), types: HALF };
  assert.equal(
    candidatesOn(device, shape).filter(({ name }) => name === 'matrix'),
    [],
  );
});

if (device.features.has('shader-f16'))
  for (const variant of [variantOf(4, 4, 4), variantOf(8, 4, 2)])
    test(`${variantText(variant)}, emulated: indices of every form, of pairs and of sums of rows`, async () => {
      const size: Size = [16, 24, 32];
      for (const form of [NT, NN]) await check(variant, size, form, EPILOGUES.plain);
      await check(variant, size, TN, EPILOGUES.weight_gradient);
      await check(variant, size, NT, PAIRED);
    });

usesDevice(test);
test.run();
