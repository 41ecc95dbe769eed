// Normalisation over a batch against f64: statistics in one stage and in parts, in short batches, where the mean is a thousand
// times the spread; the forward kernel and both of the gradients, with an activation in them and without.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KEPT_FOR_GRADIENT } from '../../src/graph/activation.js';
import { rowParts } from '../../src/kernels/column-blocks.js';
import {
  batchMoments,
  batchNormGradient,
  batchStatistics,
  combineMoments,
  normalize,
  normalizeSums,
} from '../../src/kernels/layers/normalize.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { progressOf } from '../support/kernels/step.js';
import { close } from '../support/limits/close.js';
import { activatedLimit, backLimit, INVERSE, NORMAL, scaledLimit } from '../support/limits/normal-limits.js';
import { uniforms } from '../support/limits/numbers.js';
import { DIVISION, reductionLimit, TINY, ULP } from '../support/limits/tolerance.js';
import { activate, slope } from '../support/oracle/interpret.js';
import { runningAfter } from '../support/oracle/interpret-norm.js';
import { meaningOf } from '../support/oracle/interpret-op.js';

/** Rows of a column that a workgroup takes at a time, at the least. */
const LANES = 16;

/** `live` of `examples` examples are there. */
const SHAPES = [
  { examples: 2, live: 2, area: 1, columns: 1 },
  { examples: 3, live: 2, area: 1, columns: 15 },
  { examples: 15, live: 15, area: 1, columns: 16 },
  { examples: 16, live: 16, area: 1, columns: 17 },
  { examples: 7, live: 4, area: 9, columns: 5 },
  { examples: 33, live: 17, area: 1, columns: 31 },
  { examples: 128, live: 100, area: 1, columns: 256 },
  { examples: 2, live: 1, area: 512, columns: 2 },
  { examples: 5, live: 3, area: 784, columns: 3 }, // four parts, of which one has no live row and one some
  { examples: 4, live: 4, area: 257, columns: 17 }, // two parts, the second of four rows
];
const ACTIVATIONS = ['identity', 'relu', 'tanh', 'gelu', 'exp'] as const;
/** They differ in nothing but the formula; these shapes are enough for them. */
const FEW = SHAPES.slice(4, 6);

const at = (values: ArrayLike<number>, index: number) => values[index] ?? Number.NaN;

/** Sums of a column's live rows. */
function columnOf(x: ArrayLike<number>, columns: number, column: number, live: number) {
  const values = Array.from({ length: live }, (_, row) => at(x, row * columns + column));
  const mean = values.reduce((sum, value) => sum + value, 0) / live;
  return {
    mean,
    absolute: values.reduce((sum, value) => sum + Math.abs(value), 0),
    squares: values.reduce((sum, value) => sum + (value - mean) ** 2, 0),
  };
}

/**
 * How far mean and sum of squares of `rows` rows may be off. The mean's own error is in the squares once more, times itself: the
 * terms of first order cancel. A square is that of a difference, and a product.
 */
function momentLimits(rows: number, { mean, absolute, squares }: ReturnType<typeof columnOf>) {
  const meanLimit = reductionLimit(rows, LANES, absolute) / rows + DIVISION * ULP * Math.abs(mean);
  const squaresLimit = 3 * ULP * squares + reductionLimit(rows, LANES, squares) + rows * meanLimit ** 2;
  return { meanLimit, squaresLimit };
}

for (const { examples, live: there, area, columns } of SHAPES)
  for (const offset of [0, 1000]) {
    const [rows, live] = [examples * area, there * area];
    const x = uniforms(1, rows * columns, offset - 1, offset + 1);
    const running = uniforms(2, 2 * columns, 0, 2);
    const shape = { rows, columns, area };
    const progress = progressOf({ rows: there });
    const { parts, part } = rowParts(rows);

    test(`batch_statistics ${rows}x${columns}, ${live} live, around ${offset}, in ${parts} parts`, async () => {
      const end = { progress, statistics: 2 * columns, running };
      const first = { x, progress, parts: 2 * parts * columns };
      const moments = parts > 1 ? await runKernel(batchMoments, { ...shape, part }, first) : undefined;
      const got = moments
        ? await runKernel(combineMoments, { ...shape, part }, { parts: moments.f32('parts'), ...end })
        : await runKernel(batchStatistics, shape, { x, ...end });
      const want = meaningOf(
        { op: 'batch_statistics', area },
        [
          { shape: [rows, columns], values: x },
          { shape: [2 * columns], values: running },
        ],
        { rows: there },
      );

      const limits = Array.from({ length: columns }, (_, column) => {
        const all = columnOf(x, columns, column, live);
        if (!moments) return momentLimits(live, all);
        let [weighed, squares, between, apart] = [0, 0, 0, 0];
        for (let first = 0; first < live; first += part) {
          const count = Math.min(part, live - first);
          const own = columnOf(x.subarray(first * columns), columns, column, count);
          const limit = momentLimits(count, own);
          weighed += count * limit.meanLimit;
          squares += limit.squaresLimit;
          between += count * (own.mean - all.mean) ** 2;
          apart += 2 * count * Math.abs(own.mean - all.mean) * limit.meanLimit + count * limit.meanLimit ** 2;
        }
        // Of the parts' means: a product each, their sum, a division. Of the squares: a difference, its square, a product, sums.
        const meanLimit =
          (weighed + ULP * all.absolute + reductionLimit(parts, LANES, all.absolute)) / live +
          DIVISION * ULP * Math.abs(all.mean);
        const sums = reductionLimit(2 * parts, LANES, all.squares);
        return { meanLimit, squaresLimit: squares + apart + 4 * ULP * between + sums + live * meanLimit ** 2 };
      });
      const limitOf = (i: number) => {
        const { meanLimit, squaresLimit } = limits[i % columns] ?? { meanLimit: 0, squaresLimit: 0 };
        return i < columns ? meanLimit : squaresLimit / live + DIVISION * ULP * at(want, i) + TINY;
      };
      close(got.f32('statistics'), want, limitOf);

      // 0.9 before + 0.1 now: the constants, the products, the sum.
      const after = runningAfter(running, want, live);
      close(got.f32('running'), after, (i) => {
        if (live === 1) return 0;
        const now = Math.abs(at(after, i) - 0.9 * at(running, i));
        const unbiased = i < columns ? 1 : live / (live - 1);
        return 0.1 * unbiased * limitOf(i) + ULP * (1.5 * (0.9 * at(running, i) + now) + DIVISION * now + at(after, i));
      });
    });
  }

test('a single value has no unbiased variance: the running statistics stay', async () => {
  const running = Float32Array.of(3, 4);
  const contents = { x: Float32Array.of(7, 8), progress: progressOf({ rows: 1 }), statistics: 2, running };
  const got = await runKernel(batchStatistics, { rows: 2, columns: 1, area: 1 }, contents);
  assert.equal([...got.f32('statistics')], [7, 0]);
  assert.equal([...got.f32('running')], [3, 4]);
});

for (const activation of ACTIVATIONS)
  for (const { examples, live: there, area, columns } of activation === 'identity' ? SHAPES : FEW) {
    const [rows, live] = [examples * area, there * area];
    const matrix = { shape: [rows, columns] };
    const pairs = { shape: [2 * columns] };
    const x = uniforms(1, rows * columns);
    const dy = uniforms(2, rows * columns);
    const statistics = uniforms(3, 2 * columns, 0.1, 0.5);
    const affine = uniforms(4, 2 * columns, -2, 2);
    const shape = { rows, columns, area, groups: 'batch', activation } as const;
    const progress = progressOf({ rows: there });
    const name = `${rows}x${columns}, ${live} live, ${activation}`;

    const given = [
      { ...matrix, values: x },
      { ...pairs, values: statistics },
      { ...pairs, values: affine },
    ];
    const before = meaningOf({ op: 'batch_norm' }, given);
    const after = before.map(activate[activation]);
    const inverse = (i: number) => 1 / Math.sqrt(at(statistics, columns + (i % columns)) + 1e-5);
    const normal = (i: number) => (at(x, i) - at(statistics, i % columns)) * inverse(i);
    const weight = (i: number) => at(affine, i % columns);
    const inputLimit = (i: number) => scaledLimit(weight(i), normal(i), at(before, i));
    // Where the kernel may take the other side of the kink, the gradient is another: such an x is moved.
    const kept = (i: number) => (KEPT_FOR_GRADIENT[activation] === 'input' ? at(before, i) : at(after, i));
    const smooth = activation !== 'relu' || before.every((value, i) => Math.abs(value) > inputLimit(i));
    const d = Float64Array.from(dy, (value, i) => value * slope[activation](kept(i)));
    const dLimit = (i: number) => backLimit(activation, at(dy, i), at(before, i), at(after, i), inputLimit(i));

    test(`normalize ${name}`, async () => {
      const got = (await runKernel(normalize, shape, { x, statistics, affine, y: x.length })).f32('y');
      close(got, after, (i) => activatedLimit(activation, at(before, i), inputLimit(i)));
    });

    test(`normalize_sums ${name}`, async () => {
      assert.ok(smooth, 'no input lies so near to the kink that its side is left to rounding; choose another seed');
      const { parts, part } = rowParts(rows);
      const bound = { dy, x, statistics, affine, progress, sums: 2 * parts * columns };
      const got = (await runKernel(normalizeSums, { ...shape, part }, bound)).f32('sums');
      const want = new Float64Array(2 * parts * columns);
      const limits = new Float64Array(want.length);
      for (let i = 0; i < live * columns; i++) {
        const partNumber = Math.floor(Math.floor(i / columns) / part);
        const first = 2 * partNumber * columns + (i % columns);
        const sums = part / LANES + Math.log2(LANES) + 1;
        const value = normal(i);
        want[first] = at(want, first) + at(d, i) * value;
        limits[first] =
          at(limits, first) + dLimit(i) * Math.abs(value) + (NORMAL + 1 + sums) * ULP * Math.abs(at(d, i) * value);
        want[first + columns] = at(want, first + columns) + at(d, i);
        limits[first + columns] = at(limits, first + columns) + dLimit(i) + sums * ULP * Math.abs(at(d, i));
      }
      close(got, want, (i) => at(limits, i) + TINY);
    });

    test(`batch_norm_gradient ${name}`, async () => {
      assert.ok(smooth, 'no input lies so near to the kink that its side is left to rounding; choose another seed');
      const sums = uniforms(5, 2 * columns, -live, live);
      const bound = { dy, x, statistics, affine, sums, progress, dx: x.length };
      const got = (await runKernel(batchNormGradient, shape, bound)).f32('dx');
      const want = meaningOf(
        { op: 'batch_norm_gradient', area },
        [{ ...matrix, values: d }, ...given, { ...pairs, values: sums }],
        { rows: there },
      );
      close(got, want, (i) => {
        if (i >= live * columns) return 0;
        const [scale, shift] = [normal(i) * at(sums, i % columns), at(sums, columns + (i % columns))];
        const all = (Math.abs(scale) + Math.abs(shift)) / live;
        const mean = ULP * ((NORMAL + 1) * (Math.abs(scale) / live) + (1 + DIVISION) * all);
        const difference = dLimit(i) + mean + ULP * (Math.abs(at(d, i)) + all);
        return Math.abs(weight(i) * inverse(i)) * difference + (INVERSE + 2) * ULP * Math.abs(at(want, i)) + TINY;
      });
    });
  }

usesDevice(test);
test.run();
