// Linear algebra for oracles, in f64: eigenvectors of symmetric matrices, and the angle between subspaces.
import { uniforms } from '../limits/numbers.js';

/** An eigenvector of length 1. */
export interface Eigenpair {
  value: number;
  vector: Float64Array;
}

/** A symmetric matrix, row by row. */
export interface Symmetric {
  size: number;
  values: Float64Array;
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

const norm = (a: ArrayLike<number>) => Math.sqrt(dot(a, a));

function multiply({ size, values }: Symmetric, vector: Float64Array): Float64Array {
  return Float64Array.from(vector, (_, row) => dot(values.subarray(row * size, (row + 1) * size), vector));
}

/** sum_i vectors[i] * weights[i] */
function combine(vectors: readonly Float64Array[], weights: Float64Array): Float64Array {
  const sum = new Float64Array((vectors[0] as Float64Array).length);
  vectors.forEach((vector, i) => {
    for (let at = 0; at < sum.length; at++)
      sum[at] = (sum[at] as number) + (vector[at] as number) * (weights[i] as number);
  });
  return sum;
}

/** An orthonormal basis of what the vectors span: Gram-Schmidt, each vector twice, which leaves no more than rounding. */
export function orthonormal(vectors: readonly ArrayLike<number>[]): Float64Array[] {
  const basis: Float64Array[] = [];
  for (const given of vectors) {
    let vector = Float64Array.from(given);
    for (let pass = 0; pass < 2; pass++)
      for (const unit of basis) {
        const along = dot(unit, vector);
        vector = vector.map((x, i) => x - along * (unit[i] as number));
      }
    const length = norm(vector);
    if (!(length > 1e-12 * norm(Float64Array.from(given)))) throw new Error('the vectors are linearly dependent');
    basis.push(vector.map((x) => x / length));
  }
  return basis;
}

/**
 * All eigenpairs of a small matrix, largest value first, by Jacobi's cyclic rotations.
 * Source: Golub & Van Loan, "Matrix Computations", 8.5.
 */
export function eigenpairs({ size, values }: Symmetric): Eigenpair[] {
  const a = Array.from({ length: size }, (_, row) => values.slice(row * size, (row + 1) * size));
  const vectors = Array.from({ length: size }, (_, i) =>
    Float64Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)),
  );
  const at = (i: number, j: number) => (a[i] as Float64Array)[j] as number;
  /** Turns rows i and j by the angle of cosine c, sine s. */
  const turn = (rows: Float64Array[], i: number, j: number, c: number, s: number) => {
    const [p, q] = [rows[i] as Float64Array, rows[j] as Float64Array];
    for (let k = 0; k < size; k++) {
      const [x, y] = [p[k] as number, q[k] as number];
      p[k] = c * x - s * y;
      q[k] = s * x + c * y;
    }
  };
  const transpose = () => {
    for (let i = 0; i < size; i++)
      for (let j = 0; j < i; j++) {
        const swapped = at(i, j);
        (a[i] as Float64Array)[j] = at(j, i);
        (a[j] as Float64Array)[i] = swapped;
      }
  };
  const scale = norm(values);
  const rest = () => Math.sqrt(a.reduce((sum, row, i) => sum + dot(row, row) - (row[i] as number) ** 2, 0));
  for (let sweep = 0; rest() > 1e-14 * scale; sweep++) {
    if (sweep === 50) throw new Error(`Jacobi's rotations have not converged after ${sweep} sweeps`);
    for (let i = 0; i < size; i++)
      for (let j = i + 1; j < size; j++) {
        if (at(i, j) === 0) continue;
        const tau = (at(j, j) - at(i, i)) / (2 * at(i, j));
        const t = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
        const c = 1 / Math.sqrt(1 + t * t);
        turn(a, i, j, c, t * c);
        transpose();
        turn(a, i, j, c, t * c);
        turn(vectors, i, j, c, t * c);
      }
  }
  return vectors.map((vector, i) => ({ value: at(i, i), vector })).sort((p, q) => q.value - p.value);
}

/**
 * The `count` eigenpairs of the largest values of a positive semidefinite matrix, by subspace iteration with a block that
 * is wider by `SPARE`. Each residual |A v - value v| is at most 1e-10 of the largest value, or it throws.
 * Source: Golub & Van Loan, "Matrix Computations", 8.2.
 */
export function largestEigenpairs(matrix: Symmetric, count: number): Eigenpair[] {
  const { size } = matrix;
  const width = Math.min(size, count + SPARE);
  const start = uniforms(1, size * width);
  let block: Float64Array[] = Array.from({ length: width }, (_, i) =>
    Float64Array.from(start.subarray(i * size, (i + 1) * size)),
  );
  for (let iteration = 0; iteration < 500; iteration++) {
    const basis = orthonormal(block);
    block = basis.map((vector) => multiply(matrix, vector));
    const small = { size: width, values: Float64Array.from(basis.flatMap((u) => block.map((v) => dot(u, v)))) };
    const pairs = eigenpairs(symmetrized(small)).slice(0, count);
    const top = (pairs[0] as Eigenpair).value;
    const converged = pairs.every(({ value, vector }) => {
      const image = combine(block, vector); // A times the next line's vector
      const own = combine(basis, vector);
      return norm(image.map((x, i) => x - value * (own[i] as number))) <= 1e-10 * top;
    });
    if (converged) return pairs.map(({ value, vector }) => ({ value, vector: combine(basis, vector) }));
  }
  throw new Error('subspace iteration has not converged');
}

/** Vectors beyond those wanted: the error falls by value[count + SPARE] / value[count] an iteration. */
const SPARE = 10;

const symmetrized = ({ size, values }: Symmetric): Symmetric => ({
  size,
  values: values.map((x, at) => (x + (values[(at % size) * size + Math.floor(at / size)] as number)) / 2),
});

/** The covariance of rows of `size` numbers; divided by their count, not by one less. */
export function covariance(rows: ArrayLike<number>, size: number): Symmetric {
  const count = rows.length / size;
  const mean = new Float64Array(size);
  for (let at = 0; at < rows.length; at++) mean[at % size] = (mean[at % size] as number) + (rows[at] as number) / count;
  const values = new Float64Array(size * size);
  const centred = new Float64Array(size);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < size; i++) centred[i] = (rows[row * size + i] as number) - (mean[i] as number);
    for (let i = 0; i < size; i++) {
      const x = (centred[i] as number) / count;
      for (let j = 0; j < size; j++)
        values[i * size + j] = (values[i * size + j] as number) + x * (centred[j] as number);
    }
  }
  return { size, values };
}

/**
 * Degrees; 0 if the subspaces, of one dimension and given by orthonormal bases, are the same. Its cosine is the smallest
 * singular value of Q1^T Q2.
 * Source: Bjorck & Golub 1973, "Numerical methods for computing angles between linear subspaces".
 */
export function largestPrincipalAngle(first: readonly Float64Array[], second: readonly Float64Array[]): number {
  const size = first.length;
  const cross = first.map((u) => second.map((v) => dot(u, v)));
  const squared = Float64Array.from(cross.flatMap((p) => cross.map((q) => dot(p, q))));
  const smallest = (eigenpairs({ size, values: squared }).at(-1) as Eigenpair).value;
  return (Math.acos(Math.min(1, Math.sqrt(Math.max(0, smallest)))) * 180) / Math.PI;
}
