// The shaders of layers that are not linear, in one module: pages load it as a file of its own, when a model has such layers.

import avgPool2d from '../../shaders/avg_pool2d.wgsl';
import avgPool2dGradient from '../../shaders/avg_pool2d_gradient.wgsl';
import batchMoments from '../../shaders/batch_moments.wgsl';
import batchNormGradient from '../../shaders/batch_norm_gradient.wgsl';
import batchStatistics from '../../shaders/batch_statistics.wgsl';
import combineMoments from '../../shaders/combine_moments.wgsl';
import convTranspose2d from '../../shaders/conv_transpose2d.wgsl';
import conv2d from '../../shaders/conv2d.wgsl';
import conv2dWeight from '../../shaders/conv2d_weight.wgsl';
import dropout from '../../shaders/dropout.wgsl';
import groupNormGradient from '../../shaders/group_norm_gradient.wgsl';
import groupStatistics from '../../shaders/group_statistics.wgsl';
import convolution from '../../shaders/lib/convolution.wgsl';
import transposedConvolution from '../../shaders/lib/transposed_convolution.wgsl';
import maxPool2d from '../../shaders/max_pool2d.wgsl';
import maxPool2dGradient from '../../shaders/max_pool2d_gradient.wgsl';
import normalize from '../../shaders/normalize.wgsl';
import normalizeSums from '../../shaders/normalize_sums.wgsl';
import patchesA from '../../shaders/operands/a/patches.wgsl';
import patchesVec4A from '../../shaders/operands/a/patches_vec4.wgsl';
import spreadA from '../../shaders/operands/a/spread.wgsl';
import spreadVec4A from '../../shaders/operands/a/spread_vec4.wgsl';
import patchesB from '../../shaders/operands/b/patches.wgsl';
import patchesVec4B from '../../shaders/operands/b/patches_vec4.wgsl';
import tapsB from '../../shaders/operands/b/taps.wgsl';
import tapsVec4B from '../../shaders/operands/b/taps_vec4.wgsl';
import weightResult from '../../shaders/results/weight.wgsl';
import xResult from '../../shaders/results/x.wgsl';
import yResult from '../../shaders/results/y.wgsl';
import upsample from '../../shaders/upsample.wgsl';
import upsampleGradient from '../../shaders/upsample_gradient.wgsl';

export const LAYER_SHADERS = {
  conv2d,
  conv2dWeight,
  convTranspose2d,
  convolution,
  transposedConvolution,
  patchesA,
  patchesVec4A,
  spreadA,
  spreadVec4A,
  patchesB,
  patchesVec4B,
  tapsB,
  tapsVec4B,
  weightResult,
  xResult,
  yResult,
  batchMoments,
  batchNormGradient,
  batchStatistics,
  combineMoments,
  groupNormGradient,
  groupStatistics,
  normalize,
  normalizeSums,
  dropout,
  avgPool2d,
  avgPool2dGradient,
  maxPool2d,
  maxPool2dGradient,
  upsample,
  upsampleGradient,
};
