// The kernels that treat one element at a time, and the column sum, against f64. Sizes: one, a workgroup and both sides of
// its edge, odd, the seed's widest layer, and one that needs the grid's second axis.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { activation, activationGradient, add, addBias, sumRows } from '../../src/kernels/elementwise.js';
import { ACTIVATIONS } from '../../src/model/spec.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { gradientLimit, inputsOf, keptOf, LIMITS } from '../support/limits/activations.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import { ULP } from '../support/limits/tolerance.js';
import { activate, slope } from '../support/oracle/interpret.js';

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

/** Most differ in nothing but the formula; one a kind of grid is enough. */
const FORMULA_COUNTS = [1, 17 * 31];

for (const kind of ACTIVATIONS)
  for (const count of kind === 'relu' ? COUNTS : FORMULA_COUNTS) {
    test(`activation ${kind} ${count}`, async () => {
      const x = inputsOf(count);
      const results = await runKernel(activation, { count, activation: kind }, { x, y: count });
      const want = Float64Array.from(x, activate[kind]);
      const limit = (i: number) => LIMITS[kind].forward(x[i] ?? 0);
      close(results.f32('y'), want, limit, (i) => `${kind}(${x[i]})`);
    });

    test(`activation_gradient ${kind} ${count}`, async () => {
      const [kept, dy] = [keptOf(kind, count), uniforms(2, count)];
      const results = await runKernel(activationGradient, { count, activation: kind }, { dy, kept, dx: count });
      const want = Float64Array.from(kept, (value, i) => (dy[i] ?? 0) * slope[kind](value));
      const limit = (i: number) => gradientLimit(kind, kept[i] ?? 0, dy[i] ?? 0, want[i] ?? 0);
      close(results.f32('dx'), want, limit, (i) => `dy ${dy[i]} back through ${kind} at ${kept[i]}`);
    });
  }

usesDevice(test);
test.run();
