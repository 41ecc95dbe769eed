// What the gradient of an activation is told from. Kernels and the planner take it from the graph's edges; only the
// gradient rule in operations/ops.ts looks here.
import type { Activation } from '../model/spec.js';

/**
 * The tensor that the forward pass keeps for the gradient: the activation's output y where the slope follows from it (the
 * next layer keeps y anyway), else its input x. GELU and SiLU fall and rise again, so one y belongs to two x; past exp's
 * bound all y are one.
 */
export const KEPT_FOR_GRADIENT: Record<Activation, 'input' | 'output'> = {
  identity: 'output',
  relu: 'output',
  sigmoid: 'output',
  'leaky-relu': 'output',
  elu: 'output',
  gelu: 'input',
  silu: 'input',
  softplus: 'output',
  tanh: 'output',
  exp: 'input',
};
