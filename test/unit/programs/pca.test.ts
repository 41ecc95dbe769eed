// harness/lib/generate/pca.ts: tables whose principal axes are known, the definition for one whose are not, and degenerate ones.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { columnMoments, leadingAxes, moments, principalAxes, project } from '../../../harness/lib/generate/pca.js';
import { uniforms } from '../../support/limits/numbers.js';

/** What Jacobi's method on a matrix of this size and norm may be off by: some roundings for each number of the matrix. */
const rounding = (size: number, norm: number) => 10 * size ** 2 * Number.EPSILON * norm;

function close(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number, what: string) {
  assert.is(got.length, want.length, what);
  Array.from(want).forEach((value, at) => {
    const off = Math.abs((got[at] ?? Number.NaN) - value);
    assert.ok(off <= tolerance, `${what}[${at}]: ${got[at]} is not ${value} (${off} > ${tolerance})`);
  });
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, x, at) => sum + x * (b[at] ?? Number.NaN), 0);

function orthonormal(axes: readonly Float64Array[], size: number) {
  assert.is(axes.length, size);
  for (const [i, a] of axes.entries())
    for (const [j, b] of axes.entries())
      assert.ok(Math.abs(dot(a, b) - Number(i === j)) <= rounding(size, 1), `axes ${i} and ${j}: ${dot(a, b)}`);
}

/** Three orthogonal directions of length 7 and how far the rows go along each, to both sides of the mean. */
const DIRECTIONS = [
  [3, -6, 2],
  [6, 2, -3],
  [2, 3, 6],
] as const;
const REACH = [1, 2, 3] as const;
const MEAN = [10, -20, 30] as const;
const crossed = Float32Array.from(
  DIRECTIONS.flatMap((direction, which) =>
    [-1, 1].flatMap((side) => direction.map((x, at) => (MEAN[at] ?? 0) + side * (REACH[which] ?? 0) * x)),
  ),
);
/** Two of six rows lie 7 x reach to the sides. */
const VARIANCES = [3, 2, 1].map((reach) => (2 * (7 * reach) ** 2) / 6);
const CLOSEST = (VARIANCES[1] ?? 0) - (VARIANCES[2] ?? 0);

test('known axes: found largest variance first, with their variances, unit length, the largest entry positive', () => {
  const { mean, variances, axes } = principalAxes(crossed, 3);
  const off = rounding(3, VARIANCES[0] ?? 0);
  close(mean, MEAN, 30 * 8 * Number.EPSILON, 'mean');
  close(variances, VARIANCES, off, 'variances');
  // A matrix that is off by so much has vectors that are off by that over the distance of the eigenvalues.
  const turned = off / CLOSEST;
  close(axes[0] ?? [], [2 / 7, 3 / 7, 6 / 7], turned, 'first axis');
  close(axes[1] ?? [], [6 / 7, 2 / 7, -3 / 7], turned, 'second axis');
  close(axes[2] ?? [], [-3 / 7, 6 / 7, -2 / 7], turned, 'third axis');
});

test('columns in any order or mirrored: the axes follow and the sign rule stays', () => {
  for (const order of [
    [0, 1, 2],
    [2, 0, 1],
    [1, 2, 0],
    [2, 1, 0],
  ])
    for (const mirror of [1, -1]) {
      const rows = Float32Array.from(crossed, (_, at) => {
        const row = Math.floor(at / 3);
        return mirror * (crossed[3 * row + (order[at % 3] ?? 0)] ?? 0);
      });
      const { axes } = principalAxes(rows, 3);
      for (const [which, direction] of ([2, 1, 0] as const).map((at) => DIRECTIONS[at]).entries()) {
        const sign = Math.max(...direction) === 6 ? 1 : -1;
        const want = order.map((column) => (sign * (direction[column] ?? 0)) / 7);
        close(axes[which] ?? [], want, rounding(3, VARIANCES[0] ?? 0) / CLOSEST, `axis ${which} of columns ${order}`);
      }
    }
});

test('projected rows are their distances from the mean along the axes', () => {
  const found = principalAxes(crossed, 3);
  const plane = project(crossed, found, 2);
  // First direction (reach 1, the third axis), then the second (14 along the second axis), then the third.
  close(plane, [0, 0, 0, 0, 0, -14, 0, 14, -21, 0, 21, 0], 60 * (rounding(3, VARIANCES[0] ?? 0) / CLOSEST), 'plane');
  assert.is(project(crossed, found, 3).length, 18);
  close(project(Float32Array.from(MEAN), found, 1), [0], 60 * 8 * Number.EPSILON, 'the mean');
});

/** Rows without a pattern; the columns' sizes differ. */
const scattered = (count: number, columns: number): Float32Array =>
  uniforms(1, count * columns).map((value, at) => value * (1 + (at % columns)));

test('64 columns: covariance x axis = variance x axis, and the projections vary by just that', () => {
  const [columns, count] = [64, 300];
  const rows = scattered(count, columns);
  const { covariance } = moments(rows, columns);
  const { variances, axes, ...rest } = principalAxes(rows, columns);
  const [largest = 0] = variances;
  const off = rounding(columns, largest);
  orthonormal(axes, columns);
  assert.equal(
    variances,
    [...variances].sort((a, b) => b - a),
  );
  for (const [which, axis] of axes.entries()) {
    const image = Array.from({ length: columns }, (_, i) =>
      dot(covariance.subarray(i * columns, (i + 1) * columns), axis),
    );
    close(
      image,
      axis.map((x) => x * (variances[which] ?? 0)),
      off,
      `axis ${which}`,
    );
    assert.ok(Math.max(...axis) >= Math.max(...axis.map((x) => -x)), `the largest entry of axis ${which} is positive`);
  }
  const trace = Array.from({ length: columns }, (_, i) => covariance[i * (columns + 1)] ?? 0);
  close(
    [
      dot(
        variances,
        variances.map(() => 1),
      ),
    ],
    [
      dot(
        trace,
        trace.map(() => 1),
      ),
    ],
    columns * off,
    'sum of variances',
  );
  const projected = project(rows, { variances, axes, ...rest }, 2);
  for (const axis of [0, 1]) {
    const squares = Array.from({ length: count }, (_, row) => (projected[2 * row + axis] ?? 0) ** 2);
    close(
      [
        dot(
          squares,
          squares.map(() => 1 / count),
        ),
      ],
      [variances[axis] ?? 0],
      off,
      'variance of a projection',
    );
  }
});

test('leading axes: those of the whole analysis, their variances, and the variance of all columns', () => {
  const [count, columns] = [60, 24];
  const rows = uniforms(9, count * columns).map((value, at) => value * 0.8 ** (at % columns) + 3);
  const [all, found] = [principalAxes(rows, columns), leadingAxes(rows, columns, 2)];
  assert.equal([found.axes.length, found.variances.length], [2, 2]);
  close(found.mean, all.mean, rounding(1, 3), 'mean');
  close([found.total], [all.total], rounding(columns, all.total), 'total');
  // The iteration ends where variances change by a billionth of the total; directions are off by the root of such a share.
  close(found.variances, all.variances.slice(0, 2), 1e-7 * all.total, 'variances');
  for (const axis of [0, 1]) close(found.axes[axis] ?? [], all.axes[axis] ?? [], 1e-3, `axis ${axis}`);
});

test('leading axes of 3,000 columns need no covariance', () => {
  const [count, columns] = [40, 3000];
  const uniform = uniforms(10, 2 * count);
  const [along, beside] = [0, 1].map((from) =>
    Float64Array.from({ length: columns }, (_, j) => Number(j % 2 === from) * Math.sqrt(2 / columns)),
  );
  const rows = new Float32Array(count * columns);
  for (let row = 0; row < count; row++) {
    const [u, v] = [3 * (uniform[2 * row] ?? 0), uniform[2 * row + 1] ?? 0];
    for (let j = 0; j < columns; j++) rows[row * columns + j] = u * (along?.[j] ?? 0) + v * (beside?.[j] ?? 0);
  }
  const { axes, variances, total } = leadingAxes(rows, columns, 2);
  close([(variances[0] ?? 0) + (variances[1] ?? 0)], [total], 1e-6 * total, 'variances of a plane');
  for (const axis of axes)
    close([dot(axis, along ?? []) ** 2 + dot(axis, beside ?? []) ** 2], [1], 1e-6, 'share of an axis in the plane');
});

test('leading axes of degenerate data: one row, equal rows, fewer columns than directions', () => {
  for (const rows of [Float32Array.of(1, 2, 3), Float32Array.of(1, 2, 3, 1, 2, 3)]) {
    const { total, variances } = leadingAxes(rows, 3, 2);
    assert.equal([total, variances], [0, [0, 0]]);
  }
  close(leadingAxes(crossed, 3, 2).variances, VARIANCES.slice(0, 2), 1e-7 * (VARIANCES[0] ?? 0), 'variances');
});

test('column moments are those of the covariance', () => {
  const { mean, variances } = columnMoments(crossed, 3);
  const whole = moments(crossed, 3);
  assert.equal(mean, whole.mean);
  close(
    variances,
    [0, 4, 8].map((at) => whole.covariance[at] ?? 0),
    rounding(3, 1000),
    'variances',
  );
});

test('moments: divided by n, about the mean, symmetric', () => {
  const { mean, covariance } = moments(Float32Array.of(1, 0, 3, 4, 5, 2, 7, -6), 2);
  assert.equal([...mean], [4, 0]);
  assert.equal([...covariance], [5, -5, -5, 14]); // (9+1+1+9)/4, (0-4+2-18)/4, (0+16+4+36)/4
});

test('degenerate data: one row, equal rows, a constant column, equal variances, one column', () => {
  for (const rows of [Float32Array.of(1, 2, 3), Float32Array.of(1, 2, 3, 1, 2, 3)]) {
    const found = principalAxes(rows, 3);
    assert.equal(found.variances, [0, 0, 0]);
    orthonormal(found.axes, 3);
    assert.equal([...project(rows, found, 2)], Array((rows.length / 3) * 2).fill(0));
  }
  const flat = principalAxes(Float32Array.of(5, -1, 5, 1), 2);
  assert.equal(
    [flat.variances, flat.axes.map((axis) => [...axis])],
    [
      [1, 0],
      [
        [0, 1],
        [1, 0],
      ],
    ],
  );
  const round = principalAxes(Float32Array.of(1, 1, 1, -1, -1, 1, -1, -1), 2);
  assert.equal(round.variances, [1, 1]);
  orthonormal(round.axes, 2);
  // On lines: all variances but the first are 0 but for rounding, and never below.
  for (let seed = 0; seed < 20; seed++) {
    const [direction, along] = [uniforms(seed, 5), uniforms(seed + 100, 30)];
    const rows = Float32Array.from(
      { length: 150 },
      (_, at) => (direction[at % 5] ?? 0) * (along[Math.floor(at / 5)] ?? 0),
    );
    const { variances, axes } = principalAxes(rows, 5);
    assert.ok(
      variances.every((variance) => variance >= 0),
      `${variances}`,
    );
    assert.ok(
      (variances[1] ?? 1) <= (5 * 2 ** -24) ** 2 * (variances[0] ?? 0) + rounding(5, variances[0] ?? 0),
      `${variances}`,
    );
    orthonormal(axes, 5);
  }
  // Two columns of one variance that do not vary together; the third is their sum.
  const pair = principalAxes(Float32Array.of(1, 1, 2, 1, -1, 0, -1, 1, 0, -1, -1, -2), 3);
  orthonormal(pair.axes, 3);
  close(pair.variances, [3, 1, 0], rounding(3, 3), 'variances of a pair');
  const single = principalAxes(Float32Array.of(1, 3), 1);
  assert.equal([single.variances, single.axes.map((axis) => [...axis])], [[1], [[1]]]);
});

test('numbers that are no rows are refused', () => {
  for (const [count, columns] of [
    [5, 2],
    [0, 3],
  ] as const)
    assert.throws(
      () => principalAxes(new Float32Array(count), columns),
      (error: Error) =>
        error.name === 'ArgumentError' &&
        error.message === `pca: ${count} numbers are no rows of ${columns}; give a positive multiple`,
    );
});

test.run();
