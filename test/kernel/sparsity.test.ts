// Penalties of a sparse code against f64, with rows that hold no image, and at mean activations of 0 and 1, where the
// textbook formula is infinite.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  batchMean,
  batchMeanGradient,
  bernoulliKl,
  bernoulliKlGradient,
  l1,
  l1Gradient,
} from '../../src/kernels/losses/sparsity.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { progressOf } from '../support/kernels/step.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import { DIVISION, logLimit, reductionLimit, ULP } from '../support/limits/tolerance.js';

const LANES = 64;
const SHAPES = [
  { rows: 1, columns: 1 },
  { rows: 3, columns: 63 },
  { rows: 3, columns: 64 },
  { rows: 3, columns: 65 },
  { rows: 17, columns: 31 },
  { rows: 128, columns: 64 },
];
/** Half of the batch holds an image. */
const liveOf = (rows: number) => Math.ceil(rows / 2);

for (const shape of SHAPES) {
  const { rows, columns } = shape;
  const size = `${rows}x${columns}`;
  const at = (row: number, column: number) => row * columns + column;

  test(`l1 ${size}`, async () => {
    const z = uniforms(1, rows * columns);
    const got = (await runKernel(l1, shape, { z, loss: rows })).f32('loss');
    const want = Float64Array.from({ length: rows }, (_, row) =>
      z.subarray(at(row, 0), at(row + 1, 0)).reduce((sum, value) => sum + Math.abs(value), 0),
    );
    close(got, want, (row) => reductionLimit(columns, LANES, want[row] ?? 0));
  });

  test(`l1_gradient ${size}: the sign, 0 at 0`, async () => {
    const z = uniforms(1, rows * columns).map((value, i) => (i % 3 === 0 ? 0 : value));
    const weight = uniforms(2, rows);
    const got = (await runKernel(l1Gradient, shape, { weight, z, dz: z.length })).f32('dz');
    const want = Float64Array.from(z, (value, i) => (weight[Math.floor(i / columns)] ?? 0) * Math.sign(value));
    close(got, want, () => 0);
  });

  test(`batch_mean ${size}: over the rows that hold an image`, async () => {
    const x = uniforms(1, rows * columns, 0, 1);
    const live = liveOf(rows);
    const got = (await runKernel(batchMean, shape, { x, progress: progressOf({ rows: live }), mean: columns })).f32(
      'mean',
    );
    const want = Float64Array.from({ length: columns }, (_, column) => {
      let sum = 0;
      for (let row = 0; row < live; row++) sum += x[at(row, column)] ?? Number.NaN;
      return sum / live;
    });
    close(got, want, (column) => (live + DIVISION) * ULP * (want[column] ?? 0)); // no term is negative
  });

  test(`batch_mean_gradient ${size}: rows without an image get none`, async () => {
    const dmean = uniforms(1, columns);
    const live = liveOf(rows);
    const bound = { dmean, progress: progressOf({ rows: live }), dx: rows * columns };
    const got = (await runKernel(batchMeanGradient, shape, bound)).f32('dx');
    const want = Float64Array.from({ length: rows * columns }, (_, i) =>
      Math.floor(i / columns) < live ? (dmean[i % columns] ?? 0) / live : 0,
    );
    close(got, want, (i) => DIVISION * ULP * Math.abs(want[i] ?? 0));
  });

  for (const target of [0.05, 0.5]) {
    // Exact zeros and ones among them: a unit that never or always fires.
    const rho = uniforms(3, columns, -0.2, 1.2).map((value) => Math.min(Math.max(value, 0), 1));

    test(`bernoulli_kl ${size}, target ${target}`, async () => {
      const got = (await runKernel(bernoulliKl, { ...shape, target }, { rho, loss: rows })).f32('loss');
      const terms = Array.from(rho, (value) => divergence(target, value));
      const want = terms.reduce((sum, { kl }) => sum + kl, 0);
      const limit =
        terms.reduce((sum, each) => sum + each.limit, 0) +
        reductionLimit(
          columns,
          LANES,
          terms.reduce((sum, { kl }) => sum + Math.abs(kl), 0),
        );
      close(got, new Float64Array(rows).fill(want), () => limit);
    });

    test(`bernoulli_kl_gradient ${size}, target ${target}`, async () => {
      const weight = uniforms(4, rows, 0, 1).map((value, row) => (row < liveOf(rows) ? value : 0));
      const bound = { weight, rho, drho: columns };
      const got = (await runKernel(bernoulliKlGradient, { ...shape, target }, bound)).f32('drho');
      const weights = weight.reduce((sum, value) => sum + value, 0);
      const parts = Array.from(rho, (value) => {
        const r = inside(value);
        return [(1 - target) / (1 - r), target / r] as const;
      });
      const want = Float64Array.from(parts, ([up, down]) => weights * (up - down));
      // rows - 1 additions; of each quotient its two operands' roundings (1 - r: relative to what is left) and a division.
      const limit = (i: number) => {
        const [up, down] = parts[i] ?? [0, 0];
        const r = inside(rho[i] ?? 0);
        const quotients = up * (2 + 1 / (1 - r) + DIVISION) + down * (2 + DIVISION);
        return ULP * (weights * quotients + (rows + 2) * Math.abs(want[i] ?? 0));
      };
      close(got, want, limit, (i) => `drho at rho ${rho[i]}`);
    });
  }
}

/** As the shader keeps mean activations off 0 and 1, with its margin as f32. */
function inside(rho: number): number {
  const margin = Math.fround(1e-6);
  return Math.min(Math.max(rho, margin), Math.fround(1 - margin));
}

/** KL(target || rho) and how far an f32 evaluation may be from it. */
function divergence(target: number, rho: number): { kl: number; limit: number } {
  const r = inside(rho);
  const part = (wanted: number, got: number, roundings: number) => {
    const quotient = wanted / got;
    const log = Math.log(quotient);
    // The quotient's relative error is the logarithm's absolute one.
    const error = (roundings + DIVISION) * ULP + logLimit(quotient);
    return { kl: wanted * log, limit: wanted * error + 2 * ULP * Math.abs(wanted * log) };
  };
  // `wanted` and r are f32 (half an ulp each); 1 - r is off by a rounding of 1.
  const on = part(target, r, 2);
  const off = part(1 - target, 1 - r, 2 + 1 / (1 - r));
  const kl = on.kl + off.kl;
  return { kl, limit: on.limit + off.limit + ULP * Math.abs(kl) };
}

test('a unit that never fires costs much, not infinitely much', async () => {
  const rho = Float32Array.of(0, 1);
  const got = (await runKernel(bernoulliKl, { rows: 1, columns: 2, target: 0.1 }, { rho, loss: 1 })).f32('loss');
  assert.ok(Number.isFinite(got[0]), `${got[0]}`);
});

usesDevice(test);
test.run();
