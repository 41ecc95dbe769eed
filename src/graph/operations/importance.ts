// Shape and gradient rules of several samples of the code an example, for the importance-weighted bound
//   L = E log(1/K sum_k w_k),  w_k = p(x|z_k) p(z_k) / q(z_k|x)
// With v_k = w_k / sum of w, -L is exactly the sum of three terms, each of which a person can read:
//   sum v_k (-log p(x|z_k)) + sum v_k (log q(z_k|x) - log p(z_k)) + sum v_k log(K v_k)
// Over all v of sum 1 this is least at these v, so it changes with v to first order by nothing: the weights need no gradient of
// their own, and each sample's terms get theirs times v_k.
// Source: Burda et al. 2016, "Importance Weighted Autoencoders", section 3 and equation 14.
import { GraphError } from '../../errors.js';
import type { OpTable } from './ops.js';
import type { SampleOperation } from './sample-operations.js';
import { at, matrix, type Shape, sameShape } from './shapes.js';

/** How many examples `rows` samples are of. */
function examplesOf(shape: Shape, samples: number, what: string): number {
  const rows = at(shape, 0);
  if (!Number.isInteger(samples) || samples < 1 || rows % samples)
    throw new GraphError(
      `${what} has ${rows} rows, must have a multiple of the samples (${samples}), which is a positive integer`,
    );
  return rows / samples;
}

export const IMPORTANCE: Pick<OpTable, SampleOperation['op'] | 'log_ratio_gradient'> = {
  repeat_rows: {
    shape: (inputs, { times }, label) => {
      const [rows, columns] = matrix(inputs[0], `repeat_rows "${label}": x`);
      return [rows * times, columns];
    },
    gradient: (node, { times }, dy, append) => [append({ op: 'sum_repeats', times }, [dy], node.label)],
  },
  sum_repeats: {
    shape: (inputs, { times }, label) => {
      const [, columns] = matrix(inputs[0], `sum_repeats "${label}": x`);
      return [examplesOf(at(inputs, 0), times, `sum_repeats "${label}": x`), columns];
    },
  },

  log_ratio_gradient: { shape: (inputs) => at(inputs, 1) },

  importance_weights: {
    shape: (inputs, { samples }, label) => {
      const shape = sameShape(inputs[0], inputs[1], `importance_weights "${label}"`);
      examplesOf(shape, samples, `importance_weights "${label}"`);
      return shape;
    },
  },
  sample_mean: {
    shape: (inputs, { samples }, label) => [
      examplesOf(sameShape(inputs[0], inputs[1], `sample_mean "${label}"`), samples, `sample_mean "${label}"`),
    ],
    gradient: (node, { samples, sign }, dy, append) => [
      null,
      append({ op: 'sample_mean_gradient', samples, sign }, [dy, at(node.inputs, 0)], node.label),
    ],
  },
  sample_mean_gradient: { shape: (inputs) => at(inputs, 1) },
  weight_divergence: {
    shape: (inputs, { samples }, label) => [examplesOf(at(inputs, 0), samples, `weight_divergence "${label}"`)],
  },
};
