// What is made of a Gaussian code, number by number in f64 with the host's twin of the noise, and how far a kernel may be from it:
// for the tests of kernels of the code.
import type { LatentShape } from '../../../src/kernels/losses/latent.js';
import { STREAM } from '../../../src/random.js';
import { uniforms } from '../limits/numbers.js';
import { expUlps, normalAndLimit, reductionLimit, ULP } from '../limits/tolerance.js';
import { SEED } from './step.js';

export const LANES = 64;
/** Steps done before. */
export const STEP = 123_456;
/** On both sides of both bounds of the default, at them, and far out. */
const BEYOND = [-30.25, -30, -29.75, 19.75, 20, 20.25, -100, 60];

/** One number of the code. */
export interface Element {
  row: number;
  mu: number;
  /** Within the bounds. */
  logVar: number;
  /** Whether what the encoder gave lies outside, where its gradient is 0. */
  outside: boolean;
  eps: number;
  /** How far the shader's eps may be from the host's. */
  epsLimit: number;
}

/** heads [rows, 2 latent] with the extremes in front, and what each element of the code is made from. */
export function problemOf(
  { rows, latent: width, logVarRange: [low, high] }: LatentShape,
  stream: 'noise' | 'evaluation',
  heads = uniforms(1, rows * 2 * width, -3, 3),
) {
  if (width > 4) {
    heads.set([0, 30, -30, 1e-3], 0); // mu
    heads.set([0, -20, 10, 1e-3, ...BEYOND], width); // log_var
  }
  const elements = Array.from({ length: rows * width }, (_, at): Element => {
    const row = Math.floor(at / width);
    const muAt = row * 2 * width + (at % width);
    const { eps, limit } = normalAndLimit(SEED, STREAM[stream], STEP, at);
    const given = heads[muAt + width] ?? 0;
    const logVar = Math.min(Math.max(given, low), high);
    return { row, mu: heads[muAt] ?? 0, logVar, outside: logVar !== given, eps, epsLimit: limit };
  });
  return { heads, elements };
}

/** Gradients (d mu, d log_var) of each element laid out as the heads are. */
export function headsOf(
  { rows, latent: width }: LatentShape,
  pairs: readonly (readonly [number, number])[],
): Float64Array {
  const heads = new Float64Array(rows * 2 * width);
  pairs.forEach(([first, second], at) => {
    const muAt = Math.floor(at / width) * 2 * width + (at % width);
    heads[muAt] = first;
    heads[muAt + width] = second;
  });
  return heads;
}

/** z = mu + eps sigma and its limit: the noise, exp(log_var / 2), a product, a sum. */
export function sample({ mu, logVar, eps, epsLimit }: Element): { want: number; limit: number } {
  const sigma = Math.exp(logVar / 2);
  const want = mu + eps * sigma;
  return {
    want,
    limit: sigma * epsLimit + (expUlps(logVar / 2) + 1) * ULP * Math.abs(eps) * sigma + ULP * Math.abs(want),
  };
}

/** dz dz/d(mu, log_var) = dz (1, eps sigma / 2): the noise, the exp and three products; the first is exact. */
export function throughSample(
  { logVar, outside, eps, epsLimit }: Element,
  dz: number,
): { want: [number, number]; limit: [number, number] } {
  if (outside) return { want: [dz, 0], limit: [0, 0] };
  const half = Math.exp(logVar / 2) / 2;
  const want = dz * eps * half;
  return {
    want: [dz, want],
    limit: [0, Math.abs(dz) * half * epsLimit + (expUlps(logVar / 2) + 3) * ULP * Math.abs(want)],
  };
}

/** 0.5 sum(log_var + eps^2 - z^2) of each row: the noise and the sample squared, two sums an element. */
export function ratios({ rows, latent: width }: LatentShape, elements: Element[]) {
  const [want, limit, parts] = [new Float64Array(rows), new Float64Array(rows), new Float64Array(rows)];
  for (const element of elements) {
    const { row, logVar, eps, epsLimit } = element;
    const z = sample(element);
    const size = Math.abs(logVar) + eps * eps + z.want * z.want;
    want[row] = (want[row] ?? 0) + 0.5 * (logVar + eps * eps - z.want * z.want);
    const squares = 2 * Math.abs(eps) * epsLimit + epsLimit ** 2 + 2 * Math.abs(z.want) * z.limit + z.limit ** 2;
    limit[row] = (limit[row] ?? 0) + 0.5 * (squares + 3 * ULP * size);
    parts[row] = (parts[row] ?? 0) + 0.5 * size;
  }
  return { want, limit: limit.map((value, row) => value + reductionLimit(width, LANES, parts[row] ?? 0)) };
}
