// Principal component analysis of a table of numbers, in f64. Of some hundred columns, such as most codes have: all axes, the
// covariance's eigenvectors by Jacobi rotations, a sweep of which costs the cube of the columns. Of more: the leading axes
// alone, by subspace iteration on the rows; no covariance is made. Computes only; codes.ts draws.
import { ArgumentError } from 'latentgpu/node';

export interface PrincipalAxes {
  /** [columns] */
  mean: Float64Array;
  /** Of all columns together: what the variances along all axes sum to. */
  total: number;
  /** Variances along the axes, largest first (dividing by n). */
  variances: number[];
  /** Unit vectors, [columns] each, in the same order; the largest entry of each is positive. */
  axes: Float64Array[];
}

/** Jacobi's method converges quadratically: a dozen sweeps are more than any matrix here took. */
const MOST_SWEEPS = 50;

/** More columns than this take Jacobi's method minutes. */
export const MOST_JACOBI_COLUMNS = 300;

/** Directions that are iterated beside those that are wanted: the further ones make these converge sooner. */
const SPARE_AXES = 6;
/** The variances along the axes grow to their limits; steps that change them by a smaller share end the iteration. */
const STEADY = 1e-9;
const MOST_ROUNDS = 300;

/**
 * All axes.
 * @param rows [n, columns]
 * @throws ArgumentError unless there are whole rows
 */
export function principalAxes(rows: Float32Array, columns: number): PrincipalAxes {
  const { mean, covariance } = moments(rows, columns);
  const { values, vectors } = symmetricEigen(covariance, columns);
  const order = largestFirst(values);
  return {
    mean,
    total: values.reduce((sum, value) => sum + value, 0),
    variances: order.map((at) => Math.max(0, values[at] ?? 0)), // rounding may leave -1e-20
    axes: order.map((at) => withSign(vectors.subarray(at * columns, (at + 1) * columns))),
  };
}

/**
 * The first `count` axes, for any number of columns: each round costs 4 n columns (count + SPARE_AXES) operations.
 * Source: Halko, Martinsson & Tropp 2011, "Finding Structure with Randomness", algorithm 4.4, with a Rayleigh-Ritz step a round.
 * @param rows [n, columns]
 * @throws ArgumentError unless there are whole rows
 */
export function leadingAxes(rows: Float32Array, columns: number, count: number): PrincipalAxes {
  const { mean, variances } = columnMoments(rows, columns);
  const total = variances.reduce((sum, variance) => sum + variance, 0);
  const wide = Math.min(columns, count + SPARE_AXES);
  let { vectors, values } = ritz(rows, mean, orthonormal(seededRows(wide, columns), wide));
  for (let round = 1; round < MOST_ROUNDS; round++) {
    const next = ritz(rows, mean, orthonormal(vectors, wide));
    const moved = next.values.slice(0, count).some((value, at) => value - (values[at] ?? 0) > STEADY * total);
    ({ vectors, values } = next);
    if (!moved) break;
  }
  const axes = orthonormal(vectors, wide);
  return {
    mean,
    total,
    variances: values.slice(0, count).map((value) => Math.max(0, value)),
    axes: values.slice(0, count).map((_, at) => withSign(axes.subarray(at * columns, (at + 1) * columns))),
  };
}

/**
 * The best axes within a subspace, each multiplied by the rows' covariance C.
 * @param basis orthonormal, [count, columns]
 * @returns `values`, the variances along the axes, largest first; `vectors` [count, columns], C times each axis
 */
function ritz(
  rows: Float32Array,
  mean: Float64Array,
  basis: Float64Array,
): { values: number[]; vectors: Float64Array } {
  const columns = mean.length;
  const count = basis.length / columns;
  const n = rows.length / columns;
  const times = new Float64Array(basis.length); // C times each of the basis
  const centred = new Float64Array(columns);
  for (let row = 0; row < n; row++) {
    for (let j = 0; j < columns; j++) centred[j] = (rows[row * columns + j] ?? 0) - (mean[j] ?? 0);
    for (let from = 0; from < basis.length; from += columns) {
      let along = 0;
      for (let j = 0; j < columns; j++) along += (centred[j] ?? 0) * (basis[from + j] ?? 0);
      along /= n;
      for (let j = 0; j < columns; j++) times[from + j] = (times[from + j] ?? 0) + along * (centred[j] ?? 0);
    }
  }
  const within = new Float64Array(count * count);
  for (let a = 0; a < count; a++)
    for (let b = 0; b < count; b++)
      for (let j = 0; j < columns; j++)
        within[a * count + b] =
          (within[a * count + b] ?? 0) + (basis[a * columns + j] ?? 0) * (times[b * columns + j] ?? 0);
  const { values, vectors: turns } = symmetricEigen(within, count);
  const order = largestFirst(values);
  const vectors = new Float64Array(basis.length);
  order.forEach((from, to) => {
    for (let b = 0; b < count; b++)
      for (let j = 0; j < columns; j++)
        vectors[to * columns + j] =
          (vectors[to * columns + j] ?? 0) + (turns[from * count + b] ?? 0) * (times[b * columns + j] ?? 0);
  });
  return { values: order.map((at) => values[at] ?? 0), vectors };
}

/** Gram and Schmidt, twice over each vector, as rounding needs; one that is spanned by those before it becomes 0. */
function orthonormal(vectors: Float64Array, count: number): Float64Array {
  const columns = vectors.length / count;
  const out = vectors.slice();
  const row = (at: number) => out.subarray(at * columns, (at + 1) * columns);
  for (let at = 0; at < count; at++) {
    const own = row(at);
    const before = Math.sqrt(dot(own, own));
    for (const _ of [1, 2])
      for (let other = 0; other < at; other++) {
        const along = dot(own, row(other));
        row(other).forEach((value, j) => {
          own[j] = (own[j] ?? 0) - along * value;
        });
      }
    const length = Math.sqrt(dot(own, own));
    const by = length > before * 1e-12 ? 1 / length : 0;
    own.forEach((value, j) => {
      own[j] = value * by;
    });
  }
  return out;
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += (a[j] ?? 0) * (b[j] ?? 0);
  return sum;
};

/** Directions to begin with, the same every time: the fractions of multiples of the golden ratio, about 0. */
const seededRows = (count: number, columns: number): Float64Array =>
  Float64Array.from({ length: count * columns }, (_, at) => (((at + 1) * GOLDEN * (1 + (at % 97))) % 1) - 0.5);

const GOLDEN = (Math.sqrt(5) - 1) / 2;

const largestFirst = (values: Float64Array): number[] =>
  [...values.keys()].sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));

/**
 * Coordinates of the rows along the first `count` axes.
 * @returns [n, count]
 */
export function project(rows: Float32Array, { mean, axes }: PrincipalAxes, count: number): Float64Array {
  const columns = mean.length;
  const n = rows.length / columns;
  const out = new Float64Array(n * count);
  for (let row = 0; row < n; row++)
    for (let axis = 0; axis < count; axis++) {
      let sum = 0;
      for (let j = 0; j < columns; j++)
        sum += ((rows[row * columns + j] ?? 0) - (mean[j] ?? 0)) * (axes[axis]?.[j] ?? 0);
      out[row * count + axis] = sum;
    }
  return out;
}

/** Mean and variance of each column, both [columns]. */
export function columnMoments(rows: Float32Array, columns: number): { mean: Float64Array; variances: Float64Array } {
  const { mean, n } = columnMeans(rows, columns);
  const variances = new Float64Array(columns);
  rows.forEach((value, at) => {
    variances[at % columns] = (variances[at % columns] ?? 0) + (value - (mean[at % columns] ?? 0)) ** 2 / n;
  });
  return { mean, variances };
}

function columnMeans(rows: Float32Array, columns: number): { mean: Float64Array; n: number } {
  const n = rows.length / columns;
  if (!Number.isInteger(n) || n < 1)
    throw new ArgumentError(`pca: ${rows.length} numbers are no rows of ${columns}; give a positive multiple`);
  const mean = new Float64Array(columns);
  rows.forEach((value, at) => {
    mean[at % columns] = (mean[at % columns] ?? 0) + value / n;
  });
  return { mean, n };
}

/** Mean [columns] and covariance [columns, columns] of the columns. */
export function moments(rows: Float32Array, columns: number): { mean: Float64Array; covariance: Float64Array } {
  const { mean, n } = columnMeans(rows, columns);
  const covariance = new Float64Array(columns * columns);
  for (let row = 0; row < n; row++) {
    const centred = Float64Array.from(mean, (m, j) => (rows[row * columns + j] ?? 0) - m);
    for (let i = 0; i < columns; i++) {
      const scaled = (centred[i] ?? 0) / n;
      for (let j = 0; j <= i; j++)
        covariance[i * columns + j] = (covariance[i * columns + j] ?? 0) + scaled * (centred[j] ?? 0);
    }
  }
  for (let i = 0; i < columns; i++)
    for (let j = 0; j < i; j++) covariance[j * columns + i] = covariance[i * columns + j] ?? 0;
  return { mean, covariance };
}

/**
 * Eigenvalues of a symmetric matrix, and its unit eigenvectors as rows.
 * Source: Golub & Van Loan, "Matrix Computations", section 8.5 (cyclic Jacobi).
 * @param matrix [size, size]; used up
 */
function symmetricEigen(matrix: Float64Array, size: number): { values: Float64Array; vectors: Float64Array } {
  const at = (i: number, j: number) => matrix[i * size + j] ?? 0;
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1;
  const squares = matrix.reduce((sum, x) => sum + x * x, 0);
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let off = 0;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) off += 2 * at(p, q) ** 2;
    if (off <= squares * Number.EPSILON ** 2) break;
    for (let p = 0; p < size; p++)
      for (let q = p + 1; q < size; q++) {
        if (at(p, q) === 0) continue;
        const slope = (at(q, q) - at(p, p)) / (2 * at(p, q));
        const tangent = (slope < 0 ? -1 : 1) / (Math.abs(slope) + Math.hypot(slope, 1));
        const cosine = 1 / Math.hypot(tangent, 1);
        const turn = { cosine, sine: tangent * cosine };
        rotate(matrix, { p, q, size, stride: 1, step: size }, turn); // columns
        rotate(matrix, { p, q, size, stride: size, step: 1 }, turn); // rows
        rotate(vectors, { p, q, size, stride: size, step: 1 }, turn);
      }
  }
  return { values: Float64Array.from({ length: size }, (_, i) => at(i, i)), vectors };
}

/** Turns two columns (stride 1, step size) or two rows (stride size, step 1) of a matrix in their plane. */
function rotate(
  matrix: Float64Array,
  { p, q, size, stride, step }: { p: number; q: number; size: number; stride: number; step: number },
  { cosine, sine }: { cosine: number; sine: number },
): void {
  for (let k = 0; k < size; k++) {
    const atP = p * stride + k * step;
    const atQ = q * stride + k * step;
    const [x, y] = [matrix[atP] ?? 0, matrix[atQ] ?? 0];
    matrix[atP] = cosine * x - sine * y;
    matrix[atQ] = sine * x + cosine * y;
  }
}

/** An eigenvector may point either way; the same data must give the same picture. */
function withSign(vector: Float64Array): Float64Array {
  const largest = vector.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
  return largest < 0 ? vector.map((x) => -x) : vector.slice();
}
