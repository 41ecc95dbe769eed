// How far a correct f32 kernel may be from each activation and its slope: the formulas of shaders/lib/numbers/activation.wgsl with
// WGSL's accuracy table, as in tolerance.ts. And what tests feed them. What comes out is in oracle/interpret.ts.
import type { Activation } from '../../../src/model/spec.js';
import { activate } from '../oracle/interpret.js';
import { uniforms } from './numbers.js';
import {
  DIVISION,
  expUlps,
  LOG_ONE_PLUS,
  oneMinusExpLimit,
  sigmoidLimit,
  sigmoidSlope,
  sigmoidSlopeLimit,
  TINY,
  ULP,
} from './tolerance.js';

interface Limits {
  /** The largest |slope| anywhere: what an error of x becomes in y at most. */
  steepest: number;
  /** Absolute error of activate(x). */
  forward(x: number): number;
  /** Absolute error of activation_slope(kept). */
  slope(kept: number): number;
  /** Which x or y the slope is told from. */
  kept: 'input' | 'output';
}

/** 0.01 is no f32. */
const CONSTANT = 0.5;
const none = () => 0;

/** The chain of GELU: t = 2 u = x (c0 + c1 x x) and its derivative. Each bracket is a constant and two products, and a sum. */
function gelu(given: number) {
  const x = Math.max(-12, Math.min(12, given)); // beyond, the sigmoid of t is 0 or 1
  const scale = 2 * Math.sqrt(2 / Math.PI);
  const t = scale * (x + 0.044715 * x ** 3);
  const derivative = scale * (1 + 3 * 0.044715 * x ** 2);
  const BRACKET = 2 * CONSTANT + 2 + 1;
  const tLimit = (BRACKET + 1) * ULP * Math.abs(t);
  // What an error of t makes of sigmoid(t), and of its slope: the second derivative is never larger than the first.
  const throughT = sigmoidSlope(t) * tLimit;
  return { x, t, derivative, BRACKET, throughT };
}

/** Absolute error of the f64 value itself, where 1 + tanh(u) or 1 - tanh(u)^2 cancels, for |x| up to 12. */
const F64 = 2 ** -44;

export const LIMITS: Record<Activation, Limits> = {
  identity: { steepest: 1, forward: none, slope: none, kept: 'output' },
  relu: { steepest: 1, forward: none, slope: none, kept: 'output' },
  sigmoid: {
    steepest: 0.25,
    forward: sigmoidLimit,
    slope: (y) => 2 * ULP * Math.abs(y * (1 - y)), // a difference and a product
    kept: 'output',
  },
  'leaky-relu': {
    steepest: 1,
    forward: (x) => (x > 0 ? 0 : (1 + CONSTANT) * ULP * Math.abs(0.01 * x) + TINY),
    slope: (y) => (y > 0 ? 0 : CONSTANT * ULP * 0.01),
    kept: 'output',
  },
  elu: {
    steepest: 1,
    forward: (x) => (x > 0 ? 0 : oneMinusExpLimit(-x)),
    slope: (y) => (y > 0 ? 0 : ULP * (1 + y)), // a sum
    kept: 'output',
  },
  gelu: {
    steepest: 1.13, // at x = 1.4
    forward: (given) => {
      const { x, t, throughT } = gelu(given);
      const product = ULP * Math.abs(activate.gelu(given)) + TINY;
      return Math.abs(given) * (throughT + sigmoidLimit(t)) + product + F64 * Math.abs(x);
    },
    slope: (given) => {
      const { x, t, derivative, BRACKET, throughT } = gelu(given);
      const factor = Math.abs(x) * derivative;
      const second = factor * sigmoidSlope(t);
      const secondLimit = factor * (throughT + sigmoidSlopeLimit(t)) + (BRACKET + 2) * ULP * second;
      return throughT + sigmoidLimit(t) + secondLimit + ULP * (activate.sigmoid(t) + second) + F64;
    },
    kept: 'input',
  },
  silu: {
    steepest: 1.1, // at x = 2.4
    forward: (x) => Math.abs(x) * sigmoidLimit(x) + ULP * Math.abs(activate.silu(x)) + TINY,
    slope: (x) => {
      const second = Math.abs(x) * sigmoidSlope(x);
      const secondLimit = Math.abs(x) * sigmoidSlopeLimit(x) + ULP * second;
      return sigmoidLimit(x) + secondLimit + ULP * (activate.sigmoid(x) + second);
    },
    kept: 'input',
  },
  softplus: {
    steepest: 1,
    // An error of exp reaches log(1 + exp) times at most 1; then the sum.
    forward: (x) => {
      const e = Math.exp(-Math.abs(x));
      return ULP * (e * expUlps(x) + LOG_ONE_PLUS * Math.log1p(e) + activate.softplus(x)) + TINY;
    },
    slope: oneMinusExpLimit,
    kept: 'output',
  },
  tanh: {
    steepest: 1,
    // (1 - e) / (1 + e): e's error in the numerator, in the denominator, its sum, the division.
    forward: (x) => {
      const e = Math.exp(-2 * Math.abs(x));
      const denominator = (e * expUlps(2 * x)) / (1 + e) + 1;
      return (
        oneMinusExpLimit(2 * Math.abs(x)) / (1 + e) + ULP * Math.abs(Math.tanh(x)) * (denominator + DIVISION) + TINY
      );
    },
    slope: (y) => 3 * ULP * Math.abs(1 - y ** 2), // a difference, a sum and a product
    kept: 'output',
  },
  exp: {
    steepest: Math.exp(20), // at x = 20
    forward: rateLimit,
    slope: (x) => (x > 20 ? 0 : rateLimit(x)),
    kept: 'input',
  },
};

/** exp(min(x, 20)), of which the smallest may be flushed to zero. */
function rateLimit(x: number): number {
  const bounded = Math.min(x, 20);
  return ULP * expUlps(bounded) * Math.exp(bounded) + TINY;
}

/** Both ends of the scale, where formulas overflow, saturate or cancel, and zero. */
const EXTREMES = [0, 1e-6, -1e-6, -100, 100, -20, 20, -1e30, 1e30, -1e4, 1e4, 2 ** -126, -0.5, -12, 12, -88, 88];

/** `count` inputs of an activation: the extremes, then ordinary numbers. */
export function inputsOf(count: number): Float32Array {
  const values = uniforms(1, count, -8, 8);
  values.set(EXTREMES.slice(0, count));
  return values;
}

/** `count` tensors' worth of what the gradient is told from: those inputs, or the outputs that belong to them. */
export function keptOf(activation: Activation, count: number): Float32Array {
  const x = inputsOf(count);
  return LIMITS[activation].kept === 'input' ? x : x.map(activate[activation]);
}

/** Absolute error of dy times the slope: that of the slope, and the product; identity and ReLU compute nothing. */
export function gradientLimit(activation: Activation, kept: number, dy: number, want: number): number {
  const own = LIMITS[activation].slope(kept);
  const exact = activation === 'identity' || activation === 'relu';
  return Math.abs(dy) * own + (exact ? 0 : ULP * Math.abs(want) + TINY);
}
