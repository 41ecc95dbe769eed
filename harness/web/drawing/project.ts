// Codes of any number of dimensions on a plane: which two directions, and the way there and back. Arithmetic only.

/** Two orthonormal directions through a centre, all [latent]. */
export interface Plane {
  centre: Float64Array;
  x: Float64Array;
  y: Float64Array;
}

/** Multiplications that this thread may do at each refresh, of a covariance and of a power iteration. */
const COVARIANCE_WORK = 2.6e7;
const ITERATION_WORK = 4e6;
/** Of power iteration: enough for 99% of the variance that can be had, however near the next component is. */
const MOST_ROUNDS = 1000;
/** A direction that turns by less than the root of this is found. */
const STILL = 1e-12;

export type Projection = 'pca' | 'variance';

/**
 * The plane of the first two principal components, or of the two dimensions of largest variance. Codes of two dimensions
 * are their own map, and those of one lie on the x axis.
 * @param codes  [n, latent]
 * @param before the last plane, so that signs and order do not flip from one refresh to the next
 */
export function planeOf(codes: Float32Array, latent: number, kind: Projection, before?: Plane): Plane {
  if (latent <= 2) return { centre: new Float64Array(latent), x: unit(latent, 0), y: unit(latent, 1) };
  const { mean, variance } = moments(codes, latent);
  if (kind === 'variance') {
    const [x = 0, y = 1] = byVariance(variance);
    return { centre: mean, x: unit(latent, Math.min(x, y)), y: unit(latent, Math.max(x, y)) };
  }
  const matrix = covariance(codes, latent, mean);
  const known = before?.x.length === latent ? before : undefined;
  const [first = 0, second = 1] = byVariance(variance);
  const x = leading(matrix, latent, known?.x ?? unit(latent, first));
  const y = leading(matrix, latent, known?.y ?? unit(latent, second), x);
  return { centre: mean, x, y };
}

/** Dimensions, that of the largest variance first. */
export const byVariance = (variance: Float64Array): number[] =>
  Array.from(variance, (_, d) => d).sort((a, b) => (variance[b] ?? 0) - (variance[a] ?? 0));

/** Means and variances of each dimension. */
export function moments(codes: Float32Array, latent: number): { mean: Float64Array; variance: Float64Array } {
  const [mean, variance] = [new Float64Array(latent), new Float64Array(latent)];
  const count = Math.max(1, codes.length / latent);
  codes.forEach((z, i) => {
    mean[i % latent] = (mean[i % latent] ?? 0) + z / count;
  });
  codes.forEach((z, i) => {
    variance[i % latent] = (variance[i % latent] ?? 0) + (z - (mean[i % latent] ?? 0)) ** 2 / count;
  });
  return { mean, variance };
}

/** Where a code lies on the plane. */
export function project({ centre, x, y }: Plane, code: ArrayLike<number>, offset = 0): [number, number] {
  let [u, v] = [0, 0];
  for (let d = 0; d < centre.length; d++) {
    const from = (code[offset + d] ?? 0) - (centre[d] ?? 0);
    u += from * (x[d] ?? 0);
    v += from * (y[d] ?? 0);
  }
  return [u, v];
}

/** The code at a place on the plane; what the plane does not say is as it is in the centre. */
export function unproject({ centre, x, y }: Plane, [u, v]: readonly [number, number]): Float32Array<ArrayBuffer> {
  return Float32Array.from(centre, (c, d) => c + u * (x[d] ?? 0) + v * (y[d] ?? 0));
}

const unit = (length: number, at: number): Float64Array => Float64Array.from({ length }, (_, d) => (d === at ? 1 : 0));

/** [latent, latent]; of large codes, some of them are enough to steer a picture. */
function covariance(codes: Float32Array, latent: number, mean: Float64Array): Float64Array {
  const matrix = new Float64Array(latent * latent);
  const count = codes.length / latent;
  const every = Math.max(1, Math.ceil((count * latent * latent) / COVARIANCE_WORK));
  for (let row = 0; row < count; row += every)
    for (let a = 0; a < latent; a++) {
      const from = (codes[row * latent + a] ?? 0) - (mean[a] ?? 0);
      for (let b = 0; b < latent; b++)
        matrix[a * latent + b] =
          (matrix[a * latent + b] ?? 0) + from * ((codes[row * latent + b] ?? 0) - (mean[b] ?? 0));
    }
  return matrix;
}

/** The direction of largest variance, or of the largest that is orthogonal to `not`. */
function leading(matrix: Float64Array, latent: number, start: Float64Array, not?: Float64Array): Float64Array {
  let v = start;
  const rounds = Math.min(MOST_ROUNDS, Math.ceil(ITERATION_WORK / (latent * latent)));
  for (let round = 0; round < rounds; round++) {
    const next = new Float64Array(latent);
    for (let a = 0; a < latent; a++)
      for (let b = 0; b < latent; b++) next[a] = (next[a] ?? 0) + (matrix[a * latent + b] ?? 0) * (v[b] ?? 0);
    if (not) {
      const along = dot(next, not);
      for (let d = 0; d < latent; d++) next[d] = (next[d] ?? 0) - along * (not[d] ?? 0);
    }
    const length = Math.sqrt(dot(next, next));
    if (!(length > 0)) return v;
    const before = v;
    v = next.map((value) => value / length);
    if (1 - dot(before, v) ** 2 < STILL) break;
  }
  return v;
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, d) => sum + value * (b[d] ?? 0), 0);
