// f16 in memory, f32 in arithmetic: every matmul variant on operands of either type, what kernels that can write f16 write,
// and what becomes of numbers that f16 cannot hold. Operands are f16 numbers to the bit, so products have the limits of f32
// ones; what is written has one more rounding.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addBias, sumRows, toHalf } from '../../src/kernels/elementwise.js';
import type { Kernel } from '../../src/kernels/kernel.js';
import { dropout } from '../../src/kernels/layers/dropout.js';
import { batchNormGradient, groupNormGradient, normalize } from '../../src/kernels/layers/normalize.js';
import {
  avgPool2d,
  avgPool2dGradient,
  maxPool2d,
  maxPool2dGradient,
  upsample,
  upsampleGradient,
} from '../../src/kernels/layers/pooling.js';
import { fitsShape, parseVariant, variantText } from '../../src/kernels/matmul/matmul-variants.js';
import { formOf, optimizer } from '../../src/kernels/optimizer.js';
import { storageParts } from '../../src/kernels/stored.js';
import { resolveOptimizer } from '../../src/model/optimizer.js';
import { device, usesDevice } from '../support/device.js';
import { runEpilogue, VARIANT } from '../support/kernels/epilogue-runner.js';
import { type Content, runKernel } from '../support/kernels/kernel-runner.js';
import {
  checkHalfProduct,
  type Form,
  NN,
  NT,
  type OperandTypes,
  type Size,
  shapeOf,
  TN,
} from '../support/kernels/matmul.js';
import { progressOf, settingsOf } from '../support/kernels/step.js';
import { close } from '../support/limits/close.js';
import { fromHalf, toHalf as halfOf, halves, uniforms } from '../support/limits/numbers.js';
import { ULP } from '../support/limits/tolerance.js';

/** Half an ulp to nearest; WGSL leaves the direction open. Below 2^-14 an absolute error, and a device may flush. */
const halfLimit = (value: number): number => Math.max(2 ** -10 * Math.abs(value), 2 ** -14);

/** Not a number: what a kernel has left out is seen. */
const NOTHING = 0x7e00;

const hasHalf = device.features.has('shader-f16');

test('bits and numbers of f16, both ways', () => {
  for (const [bits, value] of [
    [0, 0],
    [1, 2 ** -24],
    [0x3ff, 1023 * 2 ** -24],
    [0x400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Number.POSITIVE_INFINITY],
  ] as const) {
    assert.is(fromHalf(bits), value);
    assert.is(halfOf(value), bits);
  }
  assert.is(halfOf(1 + 2 ** -11), 0x3c00, 'a tie to even');
  assert.is(halfOf(1 + 3 * 2 ** -11), 0x3c02);
  assert.is(halfOf(65519), 0x7bff);
  assert.is(halfOf(65520), 0x7c00);
});

test('a kernel without f16 tensors asks for no extension', () => {
  const { enables, aliases } = storageParts({ loads: { a: 4 }, stores: { binding: 'y', width: 1 } }, () => 'f32');
  assert.equal(enables, []);
  assert.equal(aliases, { StoredA: 'vec4f' });
});

test('what a kernel takes as f32 is not bound as f16', async () => {
  const half = new Uint16Array(4);
  let said = '';
  await runKernel(addBias, { rows: 2, columns: 2 }, { x: half, bias: new Float32Array(2), y: 4 }).catch((error) => {
    said = String(error);
  });
  assert.match(said, /kernel add_bias for "test" takes "x" as f32; tensor "x" is f16/);
});

if (!hasHalf)
  test('without the feature a kernel of f16 is refused with the line that asks for it', async () => {
    let said = '';
    const bound = { x: Float32Array.of(1), y: new Uint16Array(1) };
    await runKernel(toHalf, { count: 1 }, bound).catch((error) => {
      said = String(error);
    });
    assert.match(said, /ShaderError.*f16/s);
  });

const SIZES: Size[] = [
  [17, 9, 31],
  [36, 12, 20],
];

const MIXES: [Form, OperandTypes][] = [
  [NT, ['f16', 'f16']],
  [NN, ['f16', 'f16']],
  [TN, ['f16', 'f16']],
  [NT, ['f16', 'f32']],
  [TN, ['f32', 'f16']],
];

/** [rows, columns] of numbers of about 1, bias, and what a layer of ReLU makes of them. */
function layer(rows: number, columns: number) {
  const values = uniforms(3, rows * columns, -2, 2);
  const bias = uniforms(4, columns);
  const y = Float64Array.from(values, (value, i) => Math.max(0, value + (bias[i % columns] ?? 0)));
  return { values, bias, y };
}

const numbersOf = (bits: Uint16Array, count: number) => Float64Array.from(bits.subarray(0, count), fromHalf);

if (hasHalf) {
  for (const variant of [VARIANT, ...['tiled 16x32x8 4x4', 'tiled 16x32x8 4x8 split 2 vec4'].map(parseVariant)])
    test(`${variantText(variant)}: operands of f16 and f32`, async () => {
      for (const [form, types] of MIXES) {
        const fitting = SIZES.filter((size) => fitsShape(variant, shapeOf(size, form)));
        assert.ok(fitting.length > 0);
        // Each size compiles a kernel anew, and one of tiles takes seconds on a software adapter.
        const chosen = variant.name === 'tiled' ? fitting.slice(0, 1) : fitting;
        for (const size of chosen) await checkHalfProduct(variant, size, form, types);
      }
    });

  for (const columns of [31, 32])
    test(`a layer of ${columns} writes f16, as its activation's gradient does, and reads it`, async () => {
      const rows = 12;
      const count = rows * columns;
      const { values, bias, y } = layer(rows, columns);
      const product = { rows, columns, values, activation: 'relu' as const };
      const forward = await runEpilogue('bias_activation', product, { bias, y: new Uint16Array(count) });
      const stored = forward.f16('y');
      close(
        numbersOf(stored, count),
        y,
        (i) => halfLimit(y[i] ?? 0) + 4 * ULP,
        (i) => `y[${i}]`,
      );
      const kept = stored.slice(0, count);
      const back = await runEpilogue('activation_gradient', product, { kept, dx: new Uint16Array(count) });
      const dx = Float64Array.from(values, (value, i) => (fromHalf(kept[i] ?? 0) > 0 ? value : 0));
      close(
        numbersOf(back.f16('dx'), count),
        dx,
        (i) => halfLimit(dx[i] ?? 0),
        (i) => `dx[${i}]`,
      );
    });

  test('the sum of rows of f16', async () => {
    const x = halves(uniforms(5, 7 * 3));
    const results = await runKernel(sumRows, { rows: 7, columns: 3 }, { x: x.bits, sum: 3 });
    const want = [0, 1, 2].map((column) => x.values.reduce((sum, v, i) => sum + (i % 3 === column ? v : 0), 0));
    close(
      results.f32('sum'),
      want,
      () => 7 * ULP * 7,
      (i) => `sum[${i}]`,
    );
  });

  test('an optimizer writes what it updates as f16, too; after an overflow it leaves the copy as it was', async () => {
    const kernel = optimizer({ ...formOf(resolveOptimizer('sgd'), false), scaled: true, copies: true });
    assert.is(kernel.name, 'sgd+unscale+to_half');
    const count = 1028;
    const w = uniforms(1, count, -2, 2);
    w[5] = 1e6;
    const before = Uint16Array.from({ length: count }, (_, i) => i);
    const bound = { gradient: uniforms(2, count), settings: settingsOf(), progress: progressOf({}), w };
    for (const overflow of [0, 1]) {
      const scaling = Uint32Array.of(0x3f800000, overflow);
      const results = await runKernel(kernel, { count }, { ...bound, scaling, half: before });
      const updated = results.f32('w');
      const half = results.f16('half');
      if (overflow === 1) assert.equal(half, before);
      else
        updated.forEach((value, i) => {
          const got = fromHalf(half[i] ?? 0);
          if (i === 5) assert.is(got, Number.POSITIVE_INFINITY);
          else assert.ok(Math.abs(got - value) <= halfLimit(value), `half[${i}]: ${got}, ${value}`);
        });
    }
  });

  test('what f16 cannot hold is stored as infinity, one number at a time and four', async () => {
    const beyond = [65505, -65519, 65520, -1e6, 3e38, -3e38];
    const within = [0, -0, 1, 65504, -65504, 1 / 3, 2 ** -14];
    const x = Float32Array.of(...beyond, ...within);
    const check = (stored: Uint16Array) =>
      x.forEach((value, i) => {
        const got = fromHalf(stored[i] ?? 0);
        if (i < beyond.length) assert.is(got, Math.sign(value) * Number.POSITIVE_INFINITY, `${value}`);
        else assert.ok(Math.abs(got - value) <= halfLimit(value), `${value}: ${got}`);
      });
    check((await runKernel(toHalf, { count: x.length }, { x, y: new Uint16Array(x.length).fill(NOTHING) })).f16('y'));
    const row = new Float32Array(16);
    row.set(x);
    const kept = new Uint16Array(16).fill(halfOf(1));
    const product = { rows: 1, columns: 16, values: row, activation: 'relu' as const };
    check(
      (await runEpilogue('activation_gradient', product, { kept, dx: new Uint16Array(16).fill(NOTHING) })).f16('dx'),
    );
  });
}

/** Kernels of feature maps that can write f16: their shape, what they take, and what they write. */
const MAP = { examples: 3, channels: 5, window: { height: 4, width: 4, kernel: 2, stride: 2, padding: 0 } };
const SCALE = { examples: 1, channels: 5, scale: { mode: 'bilinear', height: 3, width: 4, factor: 2 } as const };
const NORM = { rows: 12, columns: 5, area: 4, activation: 'relu' } as const;
const [SMALL, LARGE] = [3 * 2 * 2 * 5, 3 * 4 * 4 * 5];
const ofNorm = (statistics: number) => ({
  dy: uniforms(6, 60),
  x: uniforms(7, 60),
  statistics: uniforms(8, statistics, 0.2, 1),
  affine: uniforms(9, 10),
});

interface Writing<S> {
  kernel: Kernel<S>;
  shape: S;
  inputs: Record<string, Content>;
  written: string;
  count: number;
}
const writing = <S>(
  kernel: Kernel<S>,
  shape: S,
  inputs: Record<string, Content>,
  written: string,
  count: number,
): Writing<unknown> => ({ kernel, shape, inputs, written, count }) as unknown as Writing<unknown>;

function mapKernels(): Writing<unknown>[] {
  const pooled = { ...MAP, out: { height: 2, width: 2 } };
  const [x, dy] = [uniforms(4, LARGE), uniforms(5, SMALL)];
  const progress = progressOf({ rows: 3, step: 2 });
  const { dy: ofY, ...given } = ofNorm(10);
  const batch = { dy: ofY, ...given, sums: uniforms(3, 10), progress };
  return [
    writing(maxPool2d, pooled, { x }, 'y', SMALL),
    writing(maxPool2dGradient, pooled, { dy, x }, 'dx', LARGE),
    writing(avgPool2d, pooled, { x }, 'y', SMALL),
    writing(avgPool2dGradient, pooled, { dy }, 'dx', LARGE),
    writing(upsample, SCALE, { x: uniforms(4, 60) }, 'y', 240),
    writing(upsampleGradient, SCALE, { dy: uniforms(4, 240) }, 'dx', 60),
    writing(
      dropout,
      { count: 61, probability: 0.3, layer: 1 },
      { x: uniforms(4, 61), settings: settingsOf(), progress },
      'y',
      61,
    ),
    writing(normalize, { ...NORM, groups: 'batch' }, given, 'y', 60),
    writing(batchNormGradient, { ...NORM, groups: 'batch' }, batch, 'dx', 60),
    writing(groupNormGradient, { ...NORM, groups: 1 }, ofNorm(6), 'dx', 60),
  ];
}

if (hasHalf)
  for (const { kernel, shape, inputs, written, count } of mapKernels())
    test(`${kernel.name}: what it writes as f16 is what it writes as f32`, async () => {
      const bits = new Uint16Array(count).fill(NOTHING);
      const half = (await runKernel(kernel, shape, { ...inputs, [written]: bits })).f16(written);
      const whole = (await runKernel(kernel, shape, { ...inputs, [written]: count })).f32(written);
      close(numbersOf(half, count), Float64Array.from(whole), (i) => halfLimit(whole[i] ?? 0));
    });

usesDevice(test);
test.run();
