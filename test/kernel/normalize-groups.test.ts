// Normalisation of an example's groups of columns, and of whole examples, against f64: statistics, the gradient, and what the
// kernels of normalize.test.ts make of groups.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KEPT_FOR_GRADIENT } from '../../src/graph/activation.js';
import { groupNormGradient, groupStatistics, normalize, normalizeSums } from '../../src/kernels/layers/normalize.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { progressOf } from '../support/kernels/step.js';
import { close } from '../support/limits/close.js';
import { activatedLimit, backLimit, INVERSE, NORMAL, scaledLimit } from '../support/limits/normal-limits.js';
import { uniforms } from '../support/limits/numbers.js';
import { DIVISION, reductionLimit, TINY, ULP } from '../support/limits/tolerance.js';
import { activate, slope } from '../support/oracle/interpret.js';
import { meaningOf } from '../support/oracle/interpret-op.js';

const LANES = 256;

const SHAPES = [
  { examples: 1, area: 1, columns: 1, groups: 1 },
  { examples: 3, area: 1, columns: 255, groups: 1 },
  { examples: 2, area: 1, columns: 257, groups: 1 },
  { examples: 3, area: 4, columns: 6, groups: 2 },
  { examples: 5, area: 9, columns: 5, groups: 5 },
  { examples: 2, area: 49, columns: 12, groups: 3 },
  { examples: 9, area: 1, columns: 1568, groups: 1 },
];
const ACTIVATIONS = ['identity', 'relu', 'tanh', 'gelu', 'exp'] as const;
/** They differ in nothing but the formula; these shapes are enough for them. */
const FEW = SHAPES.slice(3, 5);

const at = (values: ArrayLike<number>, index: number) => values[index] ?? Number.NaN;

for (const { examples, area, columns, groups } of SHAPES) {
  const [rows, count] = [examples * area, examples * groups];
  const items = (rows * columns) / count;
  /** Which group x[i] is in. */
  const groupOf = (i: number) =>
    Math.floor(i / (area * columns)) * groups + Math.floor((i % columns) / (columns / groups));
  const shape = { rows, columns, area, groups };
  const size = `${examples} x ${area}x${columns}, ${groups} groups`;

  for (const offset of [0, 1000])
    test(`group_statistics ${size}, around ${offset}`, async () => {
      const x = uniforms(1, rows * columns, offset - 1, offset + 1);
      const got = (await runKernel(groupStatistics, shape, { x, statistics: 2 * count })).f32('statistics');
      const want = meaningOf({ op: 'group_statistics', area, groups }, [{ shape: [rows, columns], values: x }]);
      const absolute = new Float64Array(count);
      x.forEach((value, i) => {
        absolute[groupOf(i)] = at(absolute, groupOf(i)) + Math.abs(value);
      });
      close(got, want, (i) => {
        const mean = at(want, i % count);
        const meanLimit =
          reductionLimit(items, LANES, at(absolute, i % count)) / items + DIVISION * ULP * Math.abs(mean);
        // A difference's square; the mean's error counts once more, times itself.
        const variance = at(want, count + (i % count));
        const squares = 3 * ULP * variance + reductionLimit(items, LANES, variance);
        return i < count ? meanLimit : squares + meanLimit ** 2 + DIVISION * ULP * variance + TINY;
      });
    });

  for (const activation of FEW.some((few) => few.columns === columns) ? ACTIVATIONS : (['identity'] as const)) {
    const name = `${size}, ${activation}`;
    const matrix = { shape: [rows, columns] };
    const x = uniforms(1, rows * columns);
    const dy = uniforms(2, rows * columns);
    const statistics = uniforms(3, 2 * count, 0.1, 0.5);
    const affine = uniforms(4, 2 * columns, -2, 2);
    const given = [
      { ...matrix, values: x },
      { shape: [2 * count], values: statistics },
      { shape: [2 * columns], values: affine },
    ];
    const before = meaningOf({ op: 'group_norm', area, groups }, given);
    const after = before.map(activate[activation]);
    const inverse = (i: number) => 1 / Math.sqrt(at(statistics, count + groupOf(i)) + 1e-5);
    const normal = (i: number) => (at(x, i) - at(statistics, groupOf(i))) * inverse(i);
    const weight = (i: number) => at(affine, i % columns);
    const inputLimit = (i: number) => scaledLimit(weight(i), normal(i), at(before, i));
    const kept = (i: number) => (KEPT_FOR_GRADIENT[activation] === 'input' ? at(before, i) : at(after, i));
    const smooth = activation !== 'relu' || before.every((value, i) => Math.abs(value) > inputLimit(i));
    const d = Float64Array.from(dy, (value, i) => value * slope[activation](kept(i)));
    const dLimit = (i: number) => backLimit(activation, at(dy, i), at(before, i), at(after, i), inputLimit(i));

    test(`normalize ${name}`, async () => {
      const bound = { x, statistics, affine, y: x.length };
      const got = (await runKernel(normalize, { ...shape, activation }, bound)).f32('y');
      close(got, after, (i) => activatedLimit(activation, at(before, i), inputLimit(i)));
    });

    test(`normalize_sums ${name}`, async () => {
      assert.ok(smooth, 'no input lies so near to the kink that its side is left to rounding; choose another seed');
      const bound = { dy, x, statistics, affine, progress: progressOf({ rows: examples }), sums: 2 * columns };
      const got = (await runKernel(normalizeSums, { ...shape, activation, part: rows }, bound)).f32('sums');
      const want = meaningOf({ op: 'group_norm_sums', area, groups }, [{ ...matrix, values: d }, ...given], {
        rows: examples,
      });
      const limits = new Float64Array(2 * columns);
      const sums = rows / 16 + 4 + 1; // the lanes of a column, its tree, and the product
      d.forEach((value, i) => {
        const [scale, shift] = [i % columns, columns + (i % columns)];
        const own = dLimit(i) * Math.abs(normal(i)) + (NORMAL + 1 + sums) * ULP * Math.abs(value * normal(i));
        limits[scale] = at(limits, scale) + own;
        limits[shift] = at(limits, shift) + dLimit(i) + sums * ULP * Math.abs(value);
      });
      close(got, want, (i) => at(limits, i) + TINY);
    });

    test(`group_norm_gradient ${name}`, async () => {
      assert.ok(smooth, 'no input lies so near to the kink that its side is left to rounding; choose another seed');
      const bound = { dy, x, statistics, affine, dx: x.length };
      const got = (await runKernel(groupNormGradient, { ...shape, activation }, bound)).f32('dx');
      const want = meaningOf({ op: 'group_norm_gradient', area, groups }, [{ ...matrix, values: d }, ...given]);
      // Of each group the sums of w d and of w d normal, how far each may be off, and how large all terms are.
      const sums = Array.from({ length: count }, () => ({ limit: [0, 0], all: [0, 0] }));
      const adds = Math.ceil(items / LANES) + Math.log2(LANES);
      d.forEach((value, i) => {
        const found = sums[groupOf(i)];
        if (!found) return;
        const term = Math.abs(weight(i) * value);
        const off = Math.abs(weight(i)) * dLimit(i) + ULP * term;
        const scaled = term * Math.abs(normal(i));
        found.limit[0] = (found.limit[0] ?? 0) + off + adds * ULP * term;
        found.limit[1] = (found.limit[1] ?? 0) + off * Math.abs(normal(i)) + (NORMAL + 1 + adds) * ULP * scaled;
        found.all[0] = (found.all[0] ?? 0) + term;
        found.all[1] = (found.all[1] ?? 0) + scaled;
      });
      close(got, want, (i) => {
        const { limit, all } = sums[groupOf(i)] ?? { limit: [], all: [] };
        const size = Math.abs(normal(i));
        const whole = (at(all, 0) + size * at(all, 1)) / items;
        const mean =
          (at(limit, 0) + size * at(limit, 1)) / items +
          ULP * ((NORMAL + 1) * ((size * at(all, 1)) / items) + (1 + DIVISION) * whole);
        const term = Math.abs(weight(i) * at(d, i));
        const own = Math.abs(weight(i)) * dLimit(i) + ULP * term;
        const difference = own + mean + ULP * (term + whole);
        return inverse(i) * difference + (INVERSE + 1) * ULP * Math.abs(at(want, i)) + TINY;
      });
    });
  }
}

usesDevice(test);
test.run();
