// The kernels that treat one element at a time, and the column sum, against f64. Sizes: one, a workgroup and both sides of
// its edge, odd, the seed's widest layer, and one that needs the grid's second axis.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { activation, activationGradient, add, addBias, sumRows } from '../../src/kernels/elementwise.js';
import { ACTIVATIONS } from '../../src/model/spec.js';
import { close } from '../support/close.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernel-runner.js';
import { uniforms } from '../support/numbers.js';
import { sigmoidLimit, ULP } from '../support/tolerance.js';

const COUNTS = [1, 63, 64, 65, 17 * 31, 128 * 784];
const MATRICES = [
  [1, 1],
  [2, 32],
  [7, 9],
  [5, 13],
  [17, 31],
  [128, 784],
] as const;

for (const count of COUNTS)
  test(`add ${count}`, async () => {
    const [a, b] = [uniforms(1, count), uniforms(2, count)];
    const results = await runKernel(add, { count }, { a, b, y: count });
    const want = Float64Array.from(a, (value, i) => value + (b[i] ?? 0));
    close(results.f32('y'), want, (i) => ULP * Math.abs(want[i] ?? 0)); // one addition
  });

test('add past 65,535 workgroups, where the grid turns to its second axis', async () => {
  const count = 65535 * 64 + 1;
  assert.equal(add.grid({ count }), [65535, 2, 1]);
  const a = Float32Array.from({ length: count }, (_, i) => i);
  const b = new Float32Array(count).fill(1);
  const y = (await runKernel(add, { count }, { a, b, y: count })).f32('y');
  assert.is(
    y.findIndex((value, i) => value !== i + 1), // whole numbers below 2^24 are exact
    -1,
  );
});

for (const [rows, columns] of MATRICES) {
  test(`add_bias ${rows}x${columns}`, async () => {
    const [x, bias] = [uniforms(1, rows * columns), uniforms(2, columns)];
    const results = await runKernel(addBias, { rows, columns }, { x, bias, y: x.length });
    const want = Float64Array.from(x, (value, i) => value + (bias[i % columns] ?? 0));
    close(results.f32('y'), want, (i) => ULP * Math.abs(want[i] ?? 0)); // one addition
  });

  test(`sum_rows ${rows}x${columns}`, async () => {
    const x = uniforms(1, rows * columns);
    const results = await runKernel(sumRows, { rows, columns }, { x, sum: columns });
    const want = new Float64Array(columns);
    const absolute = new Float64Array(columns);
    x.forEach((value, i) => {
      want[i % columns] = (want[i % columns] ?? 0) + value;
      absolute[i % columns] = (absolute[i % columns] ?? 0) + Math.abs(value);
    });
    close(results.f32('sum'), want, (i) => rows * ULP * (absolute[i] ?? 0)); // `rows` additions
  });
}

/** Ordinary numbers, and the ends of the scale in front. */
const xs = (count: number) => {
  const values = uniforms(1, count, -8, 8);
  values.set([0, -100, 100, -1e4, 1e4, 2 ** -126, -0.5].slice(0, count));
  return values;
};

for (const kind of ACTIVATIONS)
  for (const count of COUNTS) {
    test(`activation ${kind} ${count}`, async () => {
      const x = xs(count);
      const results = await runKernel(activation, { count, activation: kind }, { x, y: count });
      const forward = { identity: (v: number) => v, relu: (v: number) => Math.max(v, 0), sigmoid };
      // Identity and ReLU compute nothing.
      const limit = (i: number) => (kind === 'sigmoid' ? sigmoidLimit(x[i] ?? 0) : 0);
      close(results.f32('y'), Float64Array.from(x, forward[kind]), limit, (i) => `activation(${x[i]})`);
    });

    test(`activation_gradient ${kind} ${count}`, async () => {
      const y = kind === 'sigmoid' ? uniforms(1, count, 0, 1) : xs(count);
      const dy = uniforms(2, count);
      const results = await runKernel(activationGradient, { count, activation: kind }, { dy, y, dx: count });
      const slope = { identity: () => 1, relu: (v: number) => Number(v > 0), sigmoid: (v: number) => v * (1 - v) };
      const want = Float64Array.from(y, (value, i) => (dy[i] ?? 0) * slope[kind](value));
      // y (1 - y) is a difference and a product, times dy another product.
      const limit = (i: number) => (kind === 'sigmoid' ? 3 * ULP * Math.abs(want[i] ?? 0) : 0);
      close(results.f32('dx'), want, limit, (i) => `dy ${dy[i]} through y ${y[i]}`);
    });
  }

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

usesDevice(test);
test.run();
