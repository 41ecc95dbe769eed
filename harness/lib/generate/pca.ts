// Principal component analysis of a table of numbers, in f64: the covariance's eigenvectors by Jacobi rotations. Meant for
// codes, up to some hundred columns: a sweep costs the cube of their number. Computes only; codes.ts draws.
import { ArgumentError } from 'latentgpu/node';

export interface PrincipalAxes {
  /** [columns] */
  mean: Float64Array;
  /** Variances along the axes, largest first (dividing by n). */
  variances: number[];
  /** Unit vectors, [columns] each, in the same order; the largest entry of each is positive. */
  axes: Float64Array[];
}

/** Jacobi's method converges quadratically: a dozen sweeps are more than any matrix here took. */
const MOST_SWEEPS = 50;

/**
 * @param rows [n, columns]
 * @throws ArgumentError unless there are whole rows
 */
export function principalAxes(rows: Float32Array, columns: number): PrincipalAxes {
  const { mean, covariance } = moments(rows, columns);
  const { values, vectors } = symmetricEigen(covariance, columns);
  const order = [...values.keys()].sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
  return {
    mean,
    variances: order.map((at) => Math.max(0, values[at] ?? 0)), // rounding may leave -1e-20
    axes: order.map((at) => withSign(vectors.subarray(at * columns, (at + 1) * columns))),
  };
}

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

/** Mean [columns] and covariance [columns, columns] of the columns. */
export function moments(rows: Float32Array, columns: number): { mean: Float64Array; covariance: Float64Array } {
  const n = rows.length / columns;
  if (!Number.isInteger(n) || n < 1)
    throw new ArgumentError(`pca: ${rows.length} numbers are no rows of ${columns}; give a positive multiple`);
  const mean = new Float64Array(columns);
  rows.forEach((value, at) => {
    mean[at % columns] = (mean[at % columns] ?? 0) + value / n;
  });
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
