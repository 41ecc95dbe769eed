// Several samples of the code an example, lowered: one kernel an operation and, of a training step, three that do all of it: the
// samples, the terms of the bound with what arrives at each sample, and what arrives at the heads (layers.ts).
import { type Node, numel, type OpName } from '../../graph/operations/ops.js';
import type { SampleOperation } from '../../graph/operations/sample-operations.js';
import {
  importance,
  importanceWeights,
  logRatioGradient,
  repeatRows,
  sampledGradient,
  sampledRows,
  sampleMean,
  sampleMeanGradient,
  sumRepeats,
  weightDivergence,
} from '../../kernels/losses/importance.js';
import {
  type Context,
  dispatchOf,
  input,
  type Lowering,
  latentSizes,
  operationOf,
  type Pattern,
  rowsAndColumns,
} from './call.js';

const is = (node: Node | undefined, op: OpName): node is Node => node?.operation.op === op;

export const IMPORTANCE_LOWERINGS: Record<SampleOperation['op'] | 'log_ratio_gradient', Lowering> = {
  repeat_rows: (node, { tensors }) => {
    const x = input(node, 0);
    const shape = { ...rowsAndColumns(x), times: operationOf(node, 'repeat_rows').times };
    return dispatchOf(repeatRows, shape, { x: tensors.of(x), y: tensors.of(node) }, node.label);
  },
  sum_repeats: (node, { tensors }) => {
    const shape = { ...rowsAndColumns(node), times: operationOf(node, 'sum_repeats').times };
    return dispatchOf(sumRepeats, shape, { x: tensors.of(input(node, 0)), sum: tensors.of(node) }, node.label);
  },
  log_ratio_gradient: (node, { tensors }) => {
    const [dratio, heads] = [input(node, 0), input(node, 1)];
    const { stream, logVarRange } = operationOf(node, 'log_ratio_gradient');
    const bound = {
      ...tensors.stepState(),
      dratio: tensors.of(dratio),
      heads: tensors.of(heads),
      dheads: tensors.of(node),
    };
    return dispatchOf(logRatioGradient, { ...latentSizes(heads), stream, logVarRange }, bound, node.label);
  },
  importance_weights: (node, { tensors }) => {
    const [distance, ratio] = [input(node, 0), input(node, 1)];
    const { samples } = operationOf(node, 'importance_weights');
    const bound = {
      ...tensors.stepState(),
      distance: tensors.of(distance),
      ratio: tensors.of(ratio),
      weights: tensors.of(node),
    };
    return dispatchOf(importanceWeights, { rows: numel(node.shape) / samples, samples }, bound, node.label);
  },
  sample_mean: (node, { tensors }) => {
    const { samples, sign } = operationOf(node, 'sample_mean');
    const bound = {
      weights: tensors.of(input(node, 0)),
      x: tensors.of(input(node, 1)),
      mean: tensors.of(node),
    };
    return dispatchOf(sampleMean, { rows: numel(node.shape), samples, sign }, bound, node.label);
  },
  sample_mean_gradient: (node, { tensors }) => {
    const { samples, sign } = operationOf(node, 'sample_mean_gradient');
    const [dmean, weights] = [input(node, 0), input(node, 1)];
    const bound = { dmean: tensors.of(dmean), weights: tensors.of(weights), dx: tensors.of(node) };
    return dispatchOf(sampleMeanGradient, { rows: numel(dmean.shape), samples, sign }, bound, node.label);
  },
  weight_divergence: (node, { tensors }) => {
    const { samples } = operationOf(node, 'weight_divergence');
    const bound = { weights: tensors.of(input(node, 0)), divergence: tensors.of(node) };
    return dispatchOf(weightDivergence, { rows: numel(node.shape), samples }, bound, node.label);
  },
};

/** What is repeated, and how often; a node that is no repetition once. */
function once(node: Node): { heads: Node; samples: number } {
  const { operation } = node;
  return operation.op === 'repeat_rows'
    ? { heads: input(node, 0), samples: operation.times }
    : { heads: node, samples: 1 };
}

/** [repeat_rows ->] reparameterize and log_ratio with the same noise and bounds: all samples and their ratios. */
const samplesOfRows: Pattern = (root, context) => {
  if (!is(root, 'log_ratio')) return null;
  const each = input(root, 0);
  const { stream, logVarRange } = operationOf(root, 'log_ratio');
  const z = context
    .consumers(each)
    .find(
      ({ operation }) =>
        operation.op === 'reparameterize' && operation.stream === stream && operation.logVarRange === logVarRange,
    );
  if (!z) return null;
  const { heads, samples } = once(each);
  const { tensors } = context;
  const bound = {
    ...tensors.stepState(),
    heads: tensors.of(heads),
    z: tensors.of(z),
    ratio: tensors.of(root),
  };
  const dispatch = dispatchOf(sampledRows, { ...latentSizes(heads), samples, stream, logVarRange }, bound, root.label);
  return { dispatch, nodes: [z, root, ...(allFused(each, context) ? [each] : [])] };
};

/** Whether nobody needs the repeated heads in memory: the kernels here read each of them once. */
const allFused = (each: Node, context: Context): boolean =>
  is(each, 'repeat_rows') && context.consumers(each).every(({ operation }) => READ_ONCE.includes(operation.op));

const READ_ONCE: OpName[] = ['reparameterize', 'log_ratio', 'reparameterize_gradient', 'log_ratio_gradient'];

/** [slice_columns ->] reparameterize_gradient, and log_ratio_gradient, added [-> sum_repeats]. */
const sampledHeadsGradient: Pattern = (root, context) => {
  const sum = is(root, 'sum_repeats') ? input(root, 0) : root;
  if (!is(sum, 'add')) return null;
  const through = sum.inputs.find((node) => is(node, 'reparameterize_gradient'));
  const ratio = sum.inputs.find((node) => is(node, 'log_ratio_gradient'));
  if (!through || !ratio || input(through, 1) !== input(ratio, 1)) return null;
  const { op: _, ...code } = operationOf(through, 'reparameterize_gradient');
  const { op: __, ...same } = operationOf(ratio, 'log_ratio_gradient');
  const { heads, samples } = once(input(through, 1));
  if (code.stream !== same.stream || code.logVarRange !== same.logVarRange || (samples > 1 && sum === root))
    return null;
  const given = input(through, 0);
  const sliced = is(given, 'slice_columns') && operationOf(given, 'slice_columns').from === 0;
  const dz = sliced ? input(given, 0) : given;
  const nodes = [...new Set([...(sliced ? [given] : []), through, ratio, sum, root])];
  if (!context.closed(nodes, [root])) return null;
  const { tensors } = context;
  const bound = {
    ...tensors.stepState(),
    dz: tensors.of(dz),
    dratio: tensors.of(input(ratio, 0)),
    heads: tensors.of(heads),
    dheads: tensors.of(root),
  };
  const shape = { ...latentSizes(heads), samples, ...code, dzColumns: rowsAndColumns(dz).columns };
  return { dispatch: dispatchOf(sampledGradient, shape, bound, root.label), nodes };
};

/** importance_weights, the three terms and, of the two that have one, the gradient of each sample. */
const boundAndGradients: Pattern = (root, context) => {
  const weights = is(root, 'sample_mean_gradient') ? input(root, 1) : undefined;
  if (!is(weights, 'importance_weights')) return null;
  const users = context.consumers(weights);
  const find = (op: 'sample_mean' | 'sample_mean_gradient', sign: 1 | -1) =>
    users.find(({ operation }) => operation.op === op && operation.sign === sign);
  const [reconstruction, kl] = [find('sample_mean', 1), find('sample_mean', -1)];
  const [ddistance, dratio] = [find('sample_mean_gradient', 1), find('sample_mean_gradient', -1)];
  const divergence = users.find((node) => is(node, 'weight_divergence'));
  if (!reconstruction || !kl || !ddistance || !dratio || !divergence) return null;
  const [distance, ratio] = [input(weights, 0), input(weights, 1)];
  const arriving = [input(ddistance, 0), input(dratio, 0)];
  const outputs = [reconstruction, kl, divergence, ddistance, dratio];
  const nodes = [...arriving, weights, ...outputs];
  const ours = input(reconstruction, 1) === distance && input(kl, 1) === ratio;
  if (!ours || !arriving.every((node) => is(node, 'row_weight')) || !context.closed(nodes, outputs)) return null;
  const { tensors } = context;
  const bound = {
    ...tensors.stepState(),
    distance: tensors.of(distance),
    ratio: tensors.of(ratio),
    reconstruction: tensors.of(reconstruction),
    kl: tensors.of(kl),
    importance: tensors.of(divergence),
    ddistance: tensors.of(ddistance),
    dratio: tensors.of(dratio),
  };
  const { samples } = operationOf(weights, 'importance_weights');
  return { dispatch: dispatchOf(importance, { rows: numel(kl.shape), samples }, bound, weights.label), nodes };
};

export const IMPORTANCE_PATTERNS: Pattern[] = [boundAndGradients, sampledHeadsGradient, samplesOfRows];
