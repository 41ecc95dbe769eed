// The shaders of layers that are not linear, in one module: pages load it as a file of its own, when a model has such layers.

import convTranspose2d from '../../shaders/conv_transpose2d.wgsl';
import conv2d from '../../shaders/conv2d.wgsl';
import conv2dWeight from '../../shaders/conv2d_weight.wgsl';
import convolution from '../../shaders/lib/convolution.wgsl';
import transposedConvolution from '../../shaders/lib/transposed_convolution.wgsl';
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
};
