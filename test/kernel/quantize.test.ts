// Kernels of a quantised code against f64: the nearest vector, also of equally near ones, at sizes that fill no lane and no share of
// the codebook; counts beyond a workgroup's block; running counts, sums and vectors, with dead vectors among them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  codebookSizes,
  codebookVectors,
  codeCounts,
  codeWidthOf,
  nearestCode,
  perplexity,
  takeCode,
} from '../../src/kernels/layers/quantize.js';
import { pickAt, STREAM } from '../../src/random.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { progressOf, SEED, settingsOf } from '../support/kernels/step.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import { DIVISION, expUlps, logLimit, reductionLimit, ULP } from '../support/limits/tolerance.js';
import { meaningOf } from '../support/oracle/interpret-op.js';
import { countsAfter, distancesOf } from '../support/oracle/interpret-quantize.js';

/** A workgroup has 32 rows, a lane four of them; 8 vectors at a time, and 64 shared out. */
const SHAPES = [
  { rows: 1, columns: 1, codes: 1 },
  { rows: 3, columns: 5, codes: 7 },
  { rows: 31, columns: 4, codes: 8 },
  { rows: 32, columns: 3, codes: 9 },
  { rows: 33, columns: 16, codes: 63 },
  { rows: 37, columns: 64, codes: 65 },
  { rows: 100, columns: 7, codes: 130 },
  { rows: 200, columns: 64, codes: 512 },
];

const at = (values: ArrayLike<number>, index: number) => values[index] ?? Number.NaN;
const fill = (count: number, value: (i: number) => number) => Float64Array.from({ length: count }, (_, i) => value(i));
/** `count` whole numbers below `most`. */
const whole = (seed: number, count: number, most: number) => uniforms(seed, count, 0, most).map(Math.floor);

for (const shape of SHAPES) {
  const { rows, columns, codes } = shape;
  const size = `${rows}x${columns}, ${codes} codes`;

  for (const width of new Set([1, codeWidthOf(shape)] as const)) {
    test(`${nearestCode(width).name} ${size}: none is nearer by more than roundings`, async () => {
      const [z, codebook] = [uniforms(1, rows * columns), uniforms(2, codes * columns)];
      const got = (await runKernel(nearestCode(width), shape, { z, codebook, nearest: rows })).f32('nearest');
      // A difference, once more in its square, the square, and a sum of all columns.
      const limit = (distance: number) => (columns + 3) * ULP * distance;
      got.forEach((code, row) => {
        const distances = distancesOf(z.subarray(row * columns, (row + 1) * columns), codebook);
        assert.ok(Number.isInteger(code) && code >= 0 && code < codes, `row ${row}: ${code}`);
        const [own, least] = [at(distances, code), Math.min(...distances)];
        assert.ok(
          own <= least + limit(own) + limit(least),
          `row ${row}: code ${code} at ${own}, the nearest at ${least}`,
        );
      });
    });

    test(`${nearestCode(width).name} ${size}: of equally near ones the first`, async () => {
      // Whole numbers: distances are exact, and many are the same.
      const z = whole(3, rows * columns, 2);
      const codebook = whole(4, codes * columns, 2);
      const got = (await runKernel(nearestCode(width), shape, { z, codebook, nearest: rows })).f32('nearest');
      const want = meaningOf({ op: 'nearest_code' }, [
        { shape: [rows, columns], values: z },
        { shape: [codes, columns], values: codebook },
      ]);
      close(got, want, () => 0);
    });
  }

  test(`take_code ${size}`, async () => {
    const [codebook, nearest] = [uniforms(1, codes * columns), whole(2, rows, codes)];
    const got = (await runKernel(takeCode, shape, { codebook, nearest, y: rows * columns })).f32('y');
    const want = fill(rows * columns, (i) =>
      at(codebook, at(nearest, Math.floor(i / columns)) * columns + (i % columns)),
    );
    close(got, want, () => 0);
  });
}

for (const { examples, live, area, codes } of [
  { examples: 1, live: 1, area: 1, codes: 1 },
  { examples: 7, live: 5, area: 9, codes: 3 },
  { examples: 300, live: 257, area: 1, codes: 1023 },
  { examples: 20, live: 19, area: 49, codes: 1024 },
  { examples: 20, live: 20, area: 49, codes: 1025 },
  { examples: 9, live: 8, area: 300, codes: 2500 },
])
  test(`code_counts of ${live} of ${examples} examples of ${area}, ${codes} codes`, async () => {
    const nearest = whole(1, examples * area, codes);
    const shape = { rows: nearest.length, area, codes };
    const bound = { nearest, progress: progressOf({ rows: live }), counts: codes };
    const got = (await runKernel(codeCounts, shape, bound)).f32('counts');
    const want = new Float64Array(codes);
    for (const code of nearest.subarray(0, live * area)) want[code] = at(want, code) + 1;
    close(got, want, () => 0);
  });

/** How often each of `codes` vectors is the nearest: some never, one often. */
const countsOf = (codes: number) => whole(5, codes, 9).map((count, i) => (i === 2 ? 500 : Math.max(0, count - 3)));

for (const { rows, codes } of [
  { rows: 1, codes: 1 },
  { rows: 3, codes: 255 },
  { rows: 256, codes: 256 },
  { rows: 300, codes: 1000 },
])
  test(`perplexity of ${codes} codes, for ${rows} rows`, async () => {
    const counts = countsOf(codes).map((count, i) => (i === 0 ? 4 : count));
    const got = (await runKernel(perplexity, { rows, codes }, { counts, perplexity: rows })).f32('perplexity');
    const want = meaningOf({ op: 'perplexity', rows }, [{ shape: [codes], values: counts }]);
    const total = counts.reduce((sum, count) => sum + count, 0); // exact
    const shares = [...counts].filter((count) => count > 0).map((count) => count / total);
    const entropy = Math.log(at(want, 0));
    // The share's own error counts in itself and through the logarithm; a product.
    const own = shares.reduce(
      (sum, p) => sum + p * (DIVISION * ULP * (1 - Math.log(p)) + logLimit(p) - ULP * Math.log(p)),
      0,
    );
    const limit = own + reductionLimit(codes, 256, entropy) + expUlps(entropy) * ULP;
    close(got, want, (row) => at(want, row) * limit * 1.001); // exp(x) - 1 for a small x
  });

test('the same count of all: the perplexity is how many there are', async () => {
  const counts = new Float32Array(64).fill(3);
  const got = await runKernel(perplexity, { rows: 2, codes: 64 }, { counts, perplexity: 2 });
  close(got.f32('perplexity'), [64, 64], () => 64 * 20 * ULP);
});

const DECAY = 0.97;
/** The constants, the products, the sum. */
const KEPT = 3;

for (const codes of [1, 9, 255, 256, 257, 700])
  test(`codebook_sizes of ${codes} codes: running counts, smoothed, dead ones with a minus`, async () => {
    const counts = countsOf(codes);
    // As a step before would have left them; every fifth is dying.
    const running = uniforms(6, codes, 1, 4).map((count, i) => (i % 5 === 3 ? count / 50 : count));
    const got = await runKernel(codebookSizes, { codes, decay: DECAY }, { counts, running, sizes_of: codes });
    const want = countsAfter(counts, running, DECAY);
    const sizes = meaningOf(
      { op: 'update_codebook', area: 1, decay: DECAY },
      [[1, 1], [1], [codes], [codes, 1], [codes], [codes, 1]].map((shape, i) => ({
        shape,
        values: i === 2 ? counts : i === 4 ? running : new Float32Array(shape[0] ?? 1),
      })),
    );
    if (codes > 9) assert.ok(want.dead.includes(true) && want.dead.includes(false), 'some are dead');
    const totalUlps = KEPT + reductionLimit(codes, 256, 1) / ULP;
    // The dead get a share of the total: the constant, a product, a division.
    close(
      got.f32('running'),
      want.counts,
      (i) => (want.dead[i] ? totalUlps + 2 + DIVISION : KEPT) * ULP * at(want.counts, i),
    );
    // The count and the total, each with what smooths it, a division, and the total once more.
    const sizeUlps = totalUlps + 2 + DIVISION + 2 + totalUlps + 3 + DIVISION + totalUlps + 1;
    close(got.f32('sizes_of'), sizes, (i) => sizeUlps * ULP * Math.abs(at(sizes, i)));
  });

for (const { examples, live, area, columns, codes } of [
  { examples: 1, live: 1, area: 1, columns: 1, codes: 1 },
  { examples: 5, live: 3, area: 7, columns: 63, codes: 6 },
  { examples: 12, live: 12, area: 9, columns: 64, codes: 9 },
  { examples: 44, live: 43, area: 49, columns: 65, codes: 10 }, // more than the 2048 rows that lanes look through together
  { examples: 130, live: 128, area: 16, columns: 130, codes: 3 },
])
  test(`codebook_vectors of ${codes} codes of ${columns}, ${live} of ${examples} examples of ${area}`, async () => {
    const rows = examples * area;
    const z = uniforms(1, rows * columns);
    const nearest = whole(2, rows, codes).map((code) => (codes > 5 && code === 5 ? 4 : code));
    const counts = new Float32Array(codes);
    for (const code of nearest.subarray(0, live * area)) counts[code] = at(counts, code) + 1;
    const codebook = uniforms(3, codes * columns);
    const sums = uniforms(4, codes * columns);
    // Every third is dead; and one is near to nothing, and alive.
    const sizes = uniforms(5, codes, 0.5, 2).map((size, code) => (code % 3 === 1 ? -size : size));
    const step = 11;
    const got = await runKernel(
      codebookVectors,
      { rows, columns, codes, area, decay: DECAY },
      {
        z,
        nearest,
        counts,
        sizes_of: sizes,
        settings: settingsOf(),
        progress: progressOf({ rows: live, step }),
        codebook,
        sums,
      },
    );
    const limits = new Float64Array(codes * columns);
    const wantSums = fill(codes * columns, (i) => {
      const [code, column] = [Math.floor(i / columns), i % columns];
      const size = at(sizes, code);
      if (size < 0) {
        limits[i] = ULP * Math.abs(size);
        return -size * at(z, pickAt(SEED, STREAM.codebook, step, code, live * area) * columns + column);
      }
      let [sum, absolute, count] = [0, 0, 0];
      for (let row = 0; row < live * area; row++)
        if (nearest[row] === code) {
          sum += at(z, row * columns + column);
          absolute += Math.abs(at(z, row * columns + column));
          count++;
        }
      limits[i] = KEPT * ULP * (Math.abs(at(sums, i)) + absolute) + count * ULP * absolute * (1 - DECAY);
      return DECAY * at(sums, i) + (1 - DECAY) * sum;
    });
    close(got.f32('sums'), wantSums, (i) => at(limits, i));
    const sizeAt = (i: number) => Math.abs(at(sizes, Math.floor(i / columns)));
    const wantVectors = wantSums.map((sum, i) => sum / sizeAt(i));
    close(
      got.f32('codebook'),
      wantVectors,
      (i) => at(limits, i) / sizeAt(i) + DIVISION * ULP * Math.abs(at(wantVectors, i)),
    );
  });

usesDevice(test);
test.run();
