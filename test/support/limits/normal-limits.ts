// How far kernels that normalise (shaders/lib/norm/normalize.wgsl) may be from f64, by WGSL's accuracy table as in tolerance.ts.
import type { Activation } from '../../../src/model/spec.js';
import { LIMITS } from './activations.js';
import { TINY, ULP } from './tolerance.js';

/** 1 / sqrt(variance + 1e-5), in ulps: half of what a sum and the constant are off by, and inverseSqrt's own 2. */
export const INVERSE = 0.75 + 2;
/** (x - mean) times it, in ulps: a difference, and the product. */
export const NORMAL = INVERSE + 2;

/** Absolute error of weight normal + bias: a product, and a sum. */
export const scaledLimit = (weight: number, normal: number, result: number): number =>
  ULP * ((NORMAL + 1) * Math.abs(weight * normal) + Math.abs(result)) + TINY;

/** And through the activation, of `input`, which is off by `limit`. */
export const activatedLimit = (activation: Activation, input: number, limit: number): number =>
  LIMITS[activation].forward(input) + LIMITS[activation].steepest * limit;

/**
 * Absolute error of dy slope(input), where the kernel computes the input again and is off by `limit`. No second derivative is
 * above 1, and a slope told from the output changes by at most twice as much as that (tanh's 1 - y^2).
 */
export function backLimit(activation: Activation, dy: number, input: number, output: number, limit: number): number {
  if (activation === 'identity') return 0;
  const own = LIMITS[activation];
  const kept = own.kept === 'input' ? input : output;
  const slope = own.slope(kept) + limit + (own.kept === 'input' ? 0 : 2 * own.forward(input));
  return Math.abs(dy) * (slope + ULP * own.steepest) + TINY;
}
