// One kernel an operation: what the unfused plan is made of, and what no pattern of fuse.ts has taken.
import { type LayerOpName, type Node, numel, type OpName } from '../../graph/operations/ops.js';
import { rowParts } from '../../kernels/column-blocks.js';
import { concat, sliceColumns } from '../../kernels/columns.js';
import { activation, activationGradient, add, addBias, sumRows } from '../../kernels/elementwise.js';
import { gather, gatherLabels } from '../../kernels/gather.js';
import { corrupt } from '../../kernels/layers/corrupt.js';
import { distance, distanceGradient } from '../../kernels/losses/distance.js';
import {
  klNormal,
  klNormalGradient,
  logRatio,
  reparameterize,
  reparameterizeGradient,
} from '../../kernels/losses/latent.js';
import {
  bceWithLogits,
  bceWithLogitsGradient,
  gaussianNll,
  gaussianNllGradient,
  logSigmaGradient,
  poissonNll,
  poissonNllGradient,
  rowWeight,
  squaredError,
  squaredErrorGradient,
  sumParts,
} from '../../kernels/losses/loss.js';
import {
  batchMean,
  batchMeanGradient,
  bernoulliKl,
  bernoulliKlGradient,
  l1,
  l1Gradient,
} from '../../kernels/losses/sparsity.js';
import type { Dispatch } from '../plan.js';
import {
  type Context,
  dispatchOf,
  input,
  type Lowering,
  latentSizes,
  operationOf,
  productCall,
  rowsAndColumns,
} from './call.js';
import { layerPlans } from './layer-plans.js';

/** Leaves that hold memory (parameters, inputs) need none, nor what only says it differently. */
const SINGLE: Record<Exclude<OpName, LayerOpName>, Lowering> = {
  parameter: () => null,
  input: () => null,
  batch: (node, { tensors }) => {
    const { rows, columns } = rowsAndColumns(node);
    const { shuffle, range } = operationOf(node, 'batch');
    const shape = { rows, pixels: columns, shuffle, range };
    const bound = { ...tensors.stepState(), ...tensors.counters(), x: tensors.of(node) };
    return tensors.images().map(({ images, part }) => ({
      ...dispatchOf(gather(tensors.exampleType), part ? { ...shape, part } : shape, { ...bound, images }, node.label),
      ...(part && { together: node.label }),
    }));
  },
  row_weight: (node, { tensors }) =>
    dispatchOf(
      rowWeight,
      { rows: numel(node.shape), term: operationOf(node, 'row_weight').term },
      { ...tensors.stepState(), weight: tensors.of(node) },
      node.label,
    ),
  matmul: (node, context) => productCall(node, 'plain', { c: context.tensors.of(node) }, context),
  reshape: () => null,
  add_bias: (node, { tensors }) =>
    dispatchOf(
      addBias,
      rowsAndColumns(node),
      { x: tensors.of(input(node, 0)), bias: tensors.of(input(node, 1)), y: tensors.of(node) },
      node.label,
    ),
  add: (node, { tensors }) =>
    dispatchOf(
      add,
      { count: numel(node.shape) },
      { a: tensors.of(input(node, 0)), b: tensors.of(input(node, 1)), y: tensors.of(node) },
      node.label,
    ),
  activation: (node, { tensors }) =>
    dispatchOf(
      activation,
      { count: numel(node.shape), activation: operationOf(node, 'activation').activation },
      { x: tensors.of(input(node, 0)), y: tensors.of(node) },
      node.label,
    ),
  activation_gradient: (node, { tensors }) =>
    dispatchOf(
      activationGradient,
      { count: numel(node.shape), activation: operationOf(node, 'activation_gradient').activation },
      { dy: tensors.of(input(node, 0)), kept: tensors.of(input(node, 1)), dx: tensors.of(node) },
      node.label,
    ),
  sum_rows: (node, context) => columnSums(node, input(node, 0), context),
  reparameterize: (node, { tensors }) => {
    const heads = input(node, 0);
    const { stream, logVarRange } = operationOf(node, 'reparameterize');
    const shape = { ...latentSizes(heads), stream, logVarRange };
    return dispatchOf(
      reparameterize,
      shape,
      { ...tensors.stepState(), heads: tensors.of(heads), z: tensors.of(node) },
      node.label,
    );
  },
  reparameterize_gradient: (node, { tensors }) => {
    const [dz, heads] = [input(node, 0), input(node, 1)];
    const { stream, logVarRange } = operationOf(node, 'reparameterize_gradient');
    const shape = { ...latentSizes(heads), stream, logVarRange };
    const bound = { ...tensors.stepState(), dz: tensors.of(dz), heads: tensors.of(heads), dheads: tensors.of(node) };
    return dispatchOf(reparameterizeGradient, shape, bound, node.label);
  },
  kl_normal: (node, { tensors }) => {
    const heads = input(node, 0);
    const { op: _, ...bounds } = operationOf(node, 'kl_normal');
    const shape = { ...latentSizes(heads), ...bounds };
    return dispatchOf(klNormal, shape, { heads: tensors.of(heads), kl: tensors.of(node) }, node.label);
  },
  log_ratio: (node, { tensors }) => {
    const heads = input(node, 0);
    const { stream, logVarRange } = operationOf(node, 'log_ratio');
    const shape = { ...latentSizes(heads), stream, logVarRange };
    const bound = { ...tensors.stepState(), heads: tensors.of(heads), ratio: tensors.of(node) };
    return dispatchOf(logRatio, shape, bound, node.label);
  },
  kl_normal_gradient: (node, { tensors }) => {
    const [weight, heads] = [input(node, 0), input(node, 1)];
    const bound = { weight: tensors.of(weight), heads: tensors.of(heads), dheads: tensors.of(node) };
    const { op: _, ...bounds } = operationOf(node, 'kl_normal_gradient');
    const shape = { ...latentSizes(heads), ...bounds };
    return dispatchOf(klNormalGradient, shape, bound, node.label);
  },
  distance: (node, { tensors }) => {
    const shape = { count: numel(node.shape), wanted: operationOf(node, 'distance').wanted };
    return dispatchOf(distance, shape, { x: tensors.of(input(node, 0)), y: tensors.of(node) }, node.label);
  },
  distance_gradient: (node, { tensors }) => {
    const shape = { count: numel(node.shape), wanted: operationOf(node, 'distance_gradient').wanted };
    const bound = { dy: tensors.of(input(node, 0)), x: tensors.of(input(node, 1)), dx: tensors.of(node) };
    return dispatchOf(distanceGradient, shape, bound, node.label);
  },
  bce_with_logits: (node, { tensors }) => {
    const [logits, targets] = [input(node, 0), input(node, 1)];
    const { rows, columns: pixels } = rowsAndColumns(logits);
    const bound = { logits: tensors.of(logits), targets: tensors.of(targets), bce: tensors.of(node) };
    return dispatchOf(bceWithLogits, { rows, pixels }, bound, node.label);
  },
  bce_with_logits_gradient: (node, { tensors }) => {
    const [weight, logits, targets] = [input(node, 0), input(node, 1), input(node, 2)];
    const { rows, columns: pixels } = rowsAndColumns(logits);
    const bound = {
      weight: tensors.of(weight),
      logits: tensors.of(logits),
      targets: tensors.of(targets),
      dlogits: tensors.of(node),
    };
    return dispatchOf(bceWithLogitsGradient, { rows, pixels }, bound, node.label);
  },
  squared_error: (node, { tensors }) => {
    const [y, targets] = [input(node, 0), input(node, 1)];
    const { rows, columns: pixels } = rowsAndColumns(y);
    const bound = { y: tensors.of(y), targets: tensors.of(targets), loss: tensors.of(node) };
    return dispatchOf(squaredError, { rows, pixels }, bound, node.label);
  },
  squared_error_gradient: (node, { tensors }) => {
    const [weight, y, targets] = [input(node, 0), input(node, 1), input(node, 2)];
    const { rows, columns: pixels } = rowsAndColumns(y);
    const bound = { weight: tensors.of(weight), y: tensors.of(y), targets: tensors.of(targets), dy: tensors.of(node) };
    return dispatchOf(squaredErrorGradient, { rows, pixels }, bound, node.label);
  },
  gaussian_nll: (node, { tensors }) => {
    const [y, targets, logSigma] = [input(node, 0), input(node, 1), input(node, 2)];
    const { rows, columns: pixels } = rowsAndColumns(y);
    const bound = {
      y: tensors.of(y),
      targets: tensors.of(targets),
      log_sigma: tensors.of(logSigma),
      loss: tensors.of(node),
    };
    return dispatchOf(gaussianNll, { rows, pixels }, bound, node.label);
  },
  gaussian_nll_gradient: (node, context) => {
    const { shape, bound } = gaussianGradient(node, context);
    return dispatchOf(gaussianNllGradient, shape, { ...bound, dy: context.tensors.of(node) }, node.label);
  },
  log_sigma_gradient: (node, context) => {
    const { shape, bound } = gaussianGradient(node, context);
    const sum = context.tensors.of(node);
    const { parts, part } = rowParts(shape.rows * shape.pixels);
    if (parts === 1) return dispatchOf(logSigmaGradient, shape, { ...bound, gradient: sum }, node.label);
    const partial = context.tensors.scratch(`${node.label} in parts`, [parts]);
    return [
      dispatchOf(logSigmaGradient, { ...shape, part }, { ...bound, gradient: partial }, node.label),
      dispatchOf(sumParts, { count: parts }, { parts: partial, sum }, node.label),
    ];
  },
  poisson_nll: (node, { tensors }) => {
    const [logRates, targets] = [input(node, 0), input(node, 1)];
    const { rows, columns: pixels } = rowsAndColumns(logRates);
    const bound = { log_rates: tensors.of(logRates), targets: tensors.of(targets), loss: tensors.of(node) };
    return dispatchOf(poissonNll, { rows, pixels }, bound, node.label);
  },
  poisson_nll_gradient: (node, { tensors }) => {
    const [weight, logRates, targets] = [input(node, 0), input(node, 1), input(node, 2)];
    const { rows, columns: pixels } = rowsAndColumns(logRates);
    const bound = {
      weight: tensors.of(weight),
      log_rates: tensors.of(logRates),
      targets: tensors.of(targets),
      dlog_rates: tensors.of(node),
    };
    return dispatchOf(poissonNllGradient, { rows, pixels }, bound, node.label);
  },

  batch_labels: (node, { tensors }) => {
    const { rows, columns: classes } = rowsAndColumns(node);
    const shape = { rows, classes, shuffle: operationOf(node, 'batch_labels').shuffle };
    const bound = {
      ...tensors.settings(),
      ...tensors.counters(),
      labels: tensors.labels(),
      one_hot: tensors.of(node),
    };
    return dispatchOf(gatherLabels, shape, bound, node.label);
  },
  corrupt: (node, { tensors }) => {
    const { corruption, range, stream } = operationOf(node, 'corrupt');
    const shape = { count: numel(node.shape), corruption, range, stream };
    const bound = { ...tensors.stepState(), x: tensors.of(input(node, 0)), y: tensors.of(node) };
    return dispatchOf(corrupt, shape, bound, node.label);
  },
  concat: (node, { tensors }) => {
    const [a, b] = [input(node, 0), input(node, 1)];
    const { rows, columns: aColumns } = rowsAndColumns(a);
    const shape = { rows, aColumns, bColumns: rowsAndColumns(b).columns };
    return dispatchOf(concat, shape, { a: tensors.of(a), b: tensors.of(b), y: tensors.of(node) }, node.label);
  },
  slice_columns: (node, { tensors }) => {
    const { from, columns } = operationOf(node, 'slice_columns');
    const { rows, columns: xColumns } = rowsAndColumns(input(node, 0));
    const bound = { x: tensors.of(input(node, 0)), y: tensors.of(node) };
    return dispatchOf(sliceColumns, { rows, from, columns, xColumns }, bound, node.label);
  },

  l1: (node, { tensors }) => {
    const z = input(node, 0);
    return dispatchOf(l1, rowsAndColumns(z), { z: tensors.of(z), loss: tensors.of(node) }, node.label);
  },
  l1_gradient: (node, { tensors }) => {
    const [weight, z] = [input(node, 0), input(node, 1)];
    const bound = { weight: tensors.of(weight), z: tensors.of(z), dz: tensors.of(node) };
    return dispatchOf(l1Gradient, rowsAndColumns(z), bound, node.label);
  },
  batch_mean: (node, { tensors }) => {
    const x = input(node, 0);
    const { progress } = tensors.stepState();
    return dispatchOf(batchMean, rowsAndColumns(x), { x: tensors.of(x), progress, mean: tensors.of(node) }, node.label);
  },
  batch_mean_gradient: (node, { tensors }) => {
    const { progress } = tensors.stepState();
    const bound = { dmean: tensors.of(input(node, 0)), progress, dx: tensors.of(node) };
    return dispatchOf(batchMeanGradient, rowsAndColumns(node), bound, node.label);
  },
  bernoulli_kl: (node, { tensors }) => {
    const rho = input(node, 0);
    const { rows, target } = operationOf(node, 'bernoulli_kl');
    const bound = { rho: tensors.of(rho), loss: tensors.of(node) };
    return dispatchOf(bernoulliKl, { rows, columns: numel(rho.shape), target }, bound, node.label);
  },
  bernoulli_kl_gradient: (node, { tensors }) => {
    const [weight, rho] = [input(node, 0), input(node, 1)];
    const { target } = operationOf(node, 'bernoulli_kl_gradient');
    const shape = { rows: numel(weight.shape), columns: numel(rho.shape), target };
    const bound = { weight: tensors.of(weight), rho: tensors.of(rho), drho: tensors.of(node) };
    return dispatchOf(bernoulliKlGradient, shape, bound, node.label);
  },
};

/** The kernel of an operation; of a layer that is not linear, from plan/lowering/layers.ts. */
export const loweringOf = (op: OpName): Lowering =>
  op in SINGLE ? SINGLE[op as keyof typeof SINGLE] : layerPlans.get().lowerings[op as LayerOpName];

/** The sums of the columns of `x`, into the tensor of `node`; by way of parts where there are many rows. */
export function columnSums(node: Node, x: Node, { tensors }: Context): Dispatch[] {
  const { rows, columns } = rowsAndColumns(x);
  const { parts, part } = rowParts(rows);
  const sum = tensors.of(node);
  if (parts === 1) return [dispatchOf(sumRows, { rows, columns }, { x: tensors.of(x), sum }, node.label)];
  const partial = tensors.scratch(`${node.label} in parts`, [parts, columns]);
  return [
    dispatchOf(sumRows, { rows, columns, part }, { x: tensors.of(x), sum: partial }, node.label),
    dispatchOf(sumRows, { rows: parts, columns }, { x: partial, sum }, node.label),
  ];
}

/** What both gradients of a Gaussian's likelihood read. */
function gaussianGradient(node: Node, { tensors }: Context) {
  const [weight, y, targets, logSigma] = [input(node, 0), input(node, 1), input(node, 2), input(node, 3)];
  const { rows, columns: pixels } = rowsAndColumns(y);
  const bound = {
    weight: tensors.of(weight),
    y: tensors.of(y),
    targets: tensors.of(targets),
    log_sigma: tensors.of(logSigma),
  };
  return { shape: { rows, pixels }, bound };
}
