// Functions that may follow a layer's sum.

/**
 * Formulas and defaults are PyTorch's: leaky-relu has slope 0.01 below zero, elu alpha 1, softplus beta 1, gelu is the tanh form.
 * exp is of x clamped to 20 at most (EXP_MOST), the rates of counts.
 * An activation's place in this list is its number in shaders/lib/numbers/activation.wgsl.
 */
export const ACTIVATIONS = [
  'identity',
  'relu',
  'sigmoid',
  'leaky-relu',
  'elu',
  'gelu',
  'silu',
  'softplus',
  'tanh',
  'exp',
] as const;
/** Name of an activation. */
export type Activation = (typeof ACTIVATIONS)[number];
