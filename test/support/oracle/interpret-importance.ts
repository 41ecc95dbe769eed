// What the operations of several samples an example mean, in f64 (interpret.ts), from the formulas of Burda et al. 2016.
import type { SampleOperation } from '../../../src/graph/operations/sample-operations.js';
import type { Rule, Values } from './interpret-types.js';

type Rules = { [Name in SampleOperation['op']]: Rule<Name> };

function given(values: Values | undefined): Values {
  if (!values) throw new Error('the interpreter lacks an input');
  return values;
}

/** Those of each example. */
const groups = (values: Values, size: number): Values[] =>
  Array.from({ length: values.length / size }, (_, group) => values.subarray(group * size, (group + 1) * size));

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

export const IMPORTANCE_RULES: Rules = {
  repeat_rows: ({ node, x: [x] }, { times }) => {
    const columns = node.shape[1] ?? 0;
    return Float64Array.from(
      groups(given(x), columns).flatMap((row) => Array.from({ length: times }, () => [...row]).flat()),
    );
  },
  sum_repeats: ({ node, x: [x] }, { times }) => {
    const columns = node.shape[1] ?? 0;
    const examples = groups(given(x), columns * times);
    return Float64Array.from(
      examples.flatMap((rows) =>
        Array.from({ length: columns }, (_, column) => sum(rows.filter((_, i) => i % columns === column))),
      ),
    );
  },
  importance_weights: ({ x: [distance, ratio], leaves }, { samples, term }) => {
    const weights = leaves.step?.weights;
    const [of, ofKl] = [weights?.get(term), weights?.get('kl')];
    if (of === undefined || ofKl === undefined) throw new Error(`the interpreter lacks the weights of ${term} and kl`);
    const ratios = given(ratio);
    const logs = given(distance).map((value, i) => ofKl * (ratios[i] ?? Number.NaN) - of * value);
    return Float64Array.from(
      groups(logs, samples).flatMap((own) => {
        const greatest = Math.max(...own);
        const shares = own.map((log) => Math.exp(log - greatest));
        const total = sum(shares);
        return [...shares.map((share) => share / total)];
      }),
    );
  },
  sample_mean: ({ x: [weights, x] }, { samples, sign }) => {
    const values = given(x);
    const products = given(weights).map((weight, i) => weight * (values[i] ?? Number.NaN));
    return Float64Array.from(groups(products, samples), (own) => sign * sum(own));
  },
  sample_mean_gradient: ({ x: [dy, weights] }, { samples, sign }) =>
    given(weights).map((weight, i) => sign * weight * (given(dy)[Math.floor(i / samples)] ?? Number.NaN)),
  weight_divergence: ({ x: [weights] }, { samples }) =>
    Float64Array.from(groups(given(weights), samples), (own) =>
      sum(own.map((weight) => (weight === 0 ? 0 : weight * Math.log(samples * weight)))),
    ),
};
