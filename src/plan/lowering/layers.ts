// All that layers need which are not linear, and several samples of the code: pages load it as a file of its own, when a model has
// such (train/layers.ts).
import { LAYER_OPS } from '../../graph/operations/layer-ops.js';
import { numel } from '../../graph/operations/ops.js';
import { dropout } from '../../kernels/layers/dropout.js';
import {
  avgPool2d,
  avgPool2dGradient,
  maxPool2d,
  maxPool2dGradient,
  upsample,
  upsampleGradient,
} from '../../kernels/layers/pooling.js';
import { CONVOLUTION_PRODUCTS, conv2d, conv2dWeight, convTranspose2d } from '../../kernels/matmul/convolution.js';
import { dispatchOf, examplesOf, input, operationOf } from './call.js';
import { NORM_PATTERNS } from './fuse-norm.js';
import { IMPORTANCE_LOWERINGS, IMPORTANCE_PATTERNS } from './importance.js';
import type { LayerPlans } from './layer-plans.js';
import {
  batchNormGradientDispatch,
  batchStatisticsDispatches,
  groupNormGradientDispatch,
  groupStatisticsDispatch,
  normDispatch,
  normSumsDispatches,
} from './norm.js';
import { poolDispatch, upsampleDispatch } from './pool.js';
import {
  codeCountsDispatch,
  nearestCodeDispatch,
  perplexityDispatch,
  takeCodeDispatch,
  updateCodebookDispatches,
} from './quantize.js';

const lowerings: LayerPlans['lowerings'] = {
  conv2d: (node, { tensors }) => {
    const { convolution } = operationOf(node, 'conv2d');
    const bound = { x: tensors.of(input(node, 0)), weight: tensors.operand(input(node, 1)), y: tensors.of(node) };
    return dispatchOf(conv2d, { convolution, images: examplesOf(node, convolution.y) }, bound, node.label);
  },
  conv_transpose2d: (node, { tensors }) => {
    const { convolution } = operationOf(node, 'conv_transpose2d');
    const bound = { y: tensors.of(input(node, 0)), weight: tensors.operand(input(node, 1)), x: tensors.of(node) };
    return dispatchOf(convTranspose2d, { convolution, images: examplesOf(node, convolution.x) }, bound, node.label);
  },
  conv2d_weight: (node, { tensors }) => {
    const { convolution } = operationOf(node, 'conv2d_weight');
    const [y, x] = [input(node, 0), input(node, 1)];
    const bound = { y: tensors.of(y), x: tensors.of(x), weight: tensors.of(node) };
    return dispatchOf(conv2dWeight, { convolution, images: examplesOf(y, convolution.y) }, bound, node.label);
  },

  dropout: (node, { tensors }) => {
    const { probability, layer } = operationOf(node, 'dropout');
    const shape = { count: numel(node.shape), probability, layer };
    const bound = { ...tensors.stepState(), x: tensors.of(input(node, 0)), y: tensors.of(node) };
    return dispatchOf(dropout, shape, bound, node.label);
  },

  max_pool2d: (node, context) =>
    poolDispatch(maxPool2d, node, input(node, 0), operationOf(node, 'max_pool2d').window, context),
  max_pool2d_gradient: (node, context) =>
    poolDispatch(maxPool2dGradient, node, node, operationOf(node, 'max_pool2d_gradient').window, context),
  avg_pool2d: (node, context) =>
    poolDispatch(avgPool2d, node, input(node, 0), operationOf(node, 'avg_pool2d').window, context),
  avg_pool2d_gradient: (node, context) =>
    poolDispatch(avgPool2dGradient, node, node, operationOf(node, 'avg_pool2d_gradient').window, context),
  upsample: (node, context) =>
    upsampleDispatch(upsample, node, input(node, 0), operationOf(node, 'upsample').scale, context),
  upsample_gradient: (node, context) =>
    upsampleDispatch(upsampleGradient, node, node, operationOf(node, 'upsample_gradient').scale, context),

  batch_statistics: batchStatisticsDispatches,
  batch_norm: (node, context) => normDispatch(node, node, 'identity', context),
  batch_norm_sums: (node, context) => normSumsDispatches(node, input(node, 0), 'identity', context),
  batch_norm_gradient: (node, context) => batchNormGradientDispatch(node, input(node, 0), 'identity', context),
  group_statistics: groupStatisticsDispatch,
  group_norm: (node, context) => normDispatch(node, node, 'identity', context),
  group_norm_sums: (node, context) => normSumsDispatches(node, input(node, 0), 'identity', context),
  group_norm_gradient: (node, context) => groupNormGradientDispatch(node, input(node, 0), 'identity', context),

  nearest_code: nearestCodeDispatch,
  take_code: takeCodeDispatch,
  code_counts: codeCountsDispatch,
  perplexity: perplexityDispatch,
  update_codebook: updateCodebookDispatches,
  ...IMPORTANCE_LOWERINGS,
};

export const LAYERS = {
  operations: LAYER_OPS,
  convolutions: CONVOLUTION_PRODUCTS,
  plans: { lowerings, patterns: [...NORM_PATTERNS, ...IMPORTANCE_PATTERNS] },
};
