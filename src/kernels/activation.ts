// What kernels need to know of an activation: its number in the shaders, and what it costs.
import { ACTIVATIONS, type Activation } from '../model/spec.js';

/** The number by which shaders/lib/numbers/activation.wgsl knows an activation. */
export const activationCode = (activation: Activation): number => ACTIVATIONS.indexOf(activation);

/**
 * Floating point operations an element, counted on the formula; exp, log, a maximum and a choice are one each, signs and
 * absolute values none.
 */
export interface ActivationCost {
  /** x -> y */
  forward: number;
  /** (dy, kept) -> dx: the slope and its product with dy. */
  gradient: number;
}

export const ACTIVATION_COSTS: Record<Activation, ActivationCost> = {
  identity: { forward: 0, gradient: 0 },
  // max(x, 0);  y > 0 ? dy : 0
  relu: { forward: 1, gradient: 1 },
  // 1 / (1 + exp(-x)): exp + /;  dy y (1 - y): * * -
  sigmoid: { forward: 3, gradient: 3 },
  // x > 0 ? x : 0.01 x: choice *;  y > 0 ? dy : 0.01 dy: choice *
  'leaky-relu': { forward: 2, gradient: 2 },
  // x > 0 ? x : exp(x) - 1: choice exp -;  y > 0 ? dy : dy (y + 1): choice * +
  elu: { forward: 3, gradient: 3 },
  // x s, s = sigmoid(t), t = x (c0 + c1 x x): * * + * for t, 3 for s, *
  // dy (s + x t' s (1 - s)), t' = c0 + 3 c1 x x: 4 for t, 3 for s, * + for t' (x x is there), * * * - +, *
  gelu: { forward: 8, gradient: 15 },
  // x s, s = sigmoid(x): 3 for s, *;  dy (s + x s (1 - s)): 3 for s, * * - +, *
  silu: { forward: 4, gradient: 8 },
  // max(x, 0) + log1p(exp(-|x|)): max exp log1p +;  dy (1 - exp(-y)): exp - *
  softplus: { forward: 4, gradient: 3 },
  // (1 - e) / (1 + e), e = exp(-2 x): * exp - + /;  dy (1 - y) (1 + y): - + * *
  tanh: { forward: 5, gradient: 4 },
  // exp(min(x, 20)): min exp;  x > 20 ? 0 : dy exp(min(x, 20)): min exp choice *
  exp: { forward: 2, gradient: 4 },
};
