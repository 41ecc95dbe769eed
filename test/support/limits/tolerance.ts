// How far from the true result a correct f32 kernel may be: WGSL's accuracy table (https://www.w3.org/TR/WGSL/
// #floating-point-accuracy) carried through the formulas to first order. Nothing here is measured or fitted.
// `relative` bounds are in ulps of the result, absolute ones are numbers; tests multiply and add them.
import { normals, openUnit, philox, seedKey } from '../../../src/random.js';

/**
 * Relative size of one ulp of f32: two roundings of 2^-24, because WGSL promises no rounding mode: an addition,
 * subtraction or multiplication may be rounded either way. fma may be these two operations.
 */
export const ULP = 2 ** -23;
/** Results smaller than this may be flushed to zero. */
export const TINY = 2 ** -126;
/** x / y, in ulps. */
export const DIVISION = 2.5;
/** sqrt(x) is 1 / inverseSqrt(x), of 2 ulps and a division. */
export const SQRT = 2 + DIVISION;
/** exp(x), in ulps. */
export const expUlps = (x: number): number => 3 + 2 * Math.abs(x);

/** Absolute error of log(x). */
export const logLimit = (x: number): number => (x >= 0.5 && x <= 2 ? 2 ** -21 : 3 * ULP * Math.abs(Math.log(x)));

/** Absolute error of summing n products of f32 in any order: each meets one multiplication and at most n additions. */
export const productsLimit = (n: number, absoluteSum: number): number => (n + 1) * ULP * absoluteSum;

/**
 * Absolute error of summing n numbers in a workgroup: each meets the additions of its own lane and those of the tree.
 * lib/reduce.wgsl: `lanes` lanes stride over the numbers.
 */
export const reductionLimit = (n: number, lanes: number, absoluteSum: number): number =>
  (Math.ceil(n / lanes) + Math.log2(lanes)) * ULP * absoluteSum;

/**
 * Absolute error of lib/numbers/sigmoid.wgsl: e = exp(-|x|), then 1/(1+e) or e/(1+e). An error of e reaches the result times
 * e/(1+e) in the first form and 1/(1+e) in the second; then an addition and a division.
 */
export function sigmoidLimit(x: number): number {
  const e = Math.exp(-Math.abs(x));
  const result = (x >= 0 ? 1 : e) / (1 + e);
  const fromE = (x >= 0 ? e : 1) / (1 + e);
  return ULP * result * (fromE * expUlps(x) + 1 + DIVISION) + TINY;
}

/** s (1 - s) for s = sigmoid(x), without rounding. */
export function sigmoidSlope(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return e / (1 + e) ** 2;
}

/**
 * Absolute error of lib/numbers/sigmoid.wgsl's slope e / (1+e)^2, e = exp(-|x|): an error of e reaches it times (1-e)/(1+e) < 1; two
 * sums and their product; a division.
 */
export const sigmoidSlopeLimit = (x: number): number => ULP * sigmoidSlope(x) * (expUlps(x) + 3 + DIVISION) + TINY;

/**
 * lib/numbers/one_minus_exp.wgsl's series in ulps, for a up to 1/2: the bracket after a/2 is within 2.4 of 1 and not below 0.78 (each
 * earlier one is a division, a product and a difference, and counts a/k in the next), so 3; the last product; what the series
 * leaves out is below 0.2.
 */
const ONE_MINUS_EXP_SERIES = 3 + 1 + 0.2;

/** Absolute error of lib/numbers/one_minus_exp.wgsl for a >= 0 that is exact; beyond 1/2 exp and a difference. */
export function oneMinusExpLimit(a: number): number {
  const result = -Math.expm1(-a);
  if (a <= 0.5) return ONE_MINUS_EXP_SERIES * ULP * result + TINY;
  return ULP * (Math.exp(-a) * expUlps(a) + result) + TINY;
}

/**
 * lib/numbers/log_one_plus.wgsl in ulps: s = v/(2+v) has 1 + 2.5, s^2 twice that and 1; the polynomial minus 1 is at most
 * 0.04 and within 12 ulps, so the polynomial has 0.5 + 1; the product 1 more; what the series leaves out is below 0.1.
 */
export const LOG_ONE_PLUS = 3.5 + 1.5 + 1 + 0.1;

/** Absolute error of max(l,0) - l x + log(1 + exp(-|l|)); an error of exp reaches log(1 + exp) times at most 1. */
export function bceLimit(l: number, x: number): number {
  const e = Math.exp(-Math.abs(l));
  const linear = Math.abs(Math.max(l, 0) - l * x);
  const logarithm = Math.log1p(e);
  return ULP * (Math.abs(l * x) + linear + e * expUlps(l) + LOG_ONE_PLUS * logarithm + linear + logarithm) + TINY;
}

/** Absolute error of 0.5 (mu^2 + exp(v) - 1 - v): the square, the exp, and three additions of at most all of it. */
export function klLimit(mu: number, v: number): number {
  const e = Math.exp(v);
  return 0.5 * ULP * (mu * mu + expUlps(v) * e + 3 * (mu * mu + e + 1 + Math.abs(v)));
}

/**
 * A standard normal number of src/random.ts and how far lib/random/normal.wgsl may be from it. radius = sqrt(-2 log u): u and the
 * factor -2 are exact, the error of log goes through the root, which then has its own; the direction's series is within
 * 6 ulps of 1 (the angle 1.5, its square 4, each of the terms a division, a product and a difference that count less from
 * one term to the next); one product.
 */
export function normalAndLimit(
  seed: number,
  stream: number,
  step: number,
  index: number,
): { eps: number; limit: number } {
  const words = philox([Math.floor(index / 4), step, 0, stream], seedKey(seed));
  const which = (index % 4) as 0 | 1 | 2 | 3;
  const u = openUnit(words[which < 2 ? 0 : 2]);
  const square = -2 * Math.log(u);
  const radius = Math.sqrt(square);
  const throughRoot = radius - Math.sqrt(Math.max(square - 2 * logLimit(u), 0));
  return { eps: normals(words)[which], limit: throughRoot + (SQRT + 6 + 1) * ULP * radius };
}
