// The shaders by which a convolution's product finds its operands and its result, where it is not as a matrix does.
import convolution from '../../../shaders/lib/maps/convolution.wgsl';
import transposedConvolution from '../../../shaders/lib/maps/transposed_convolution.wgsl';
import patchesA from '../../../shaders/operands/a/patches.wgsl';
import patchesVec4A from '../../../shaders/operands/a/patches_vec4.wgsl';
import spreadA from '../../../shaders/operands/a/spread.wgsl';
import spreadVec4A from '../../../shaders/operands/a/spread_vec4.wgsl';
import patchesB from '../../../shaders/operands/b/patches.wgsl';
import patchesVec4B from '../../../shaders/operands/b/patches_vec4.wgsl';
import tapsB from '../../../shaders/operands/b/taps.wgsl';
import tapsVec4B from '../../../shaders/operands/b/taps_vec4.wgsl';
import weightResult from '../../../shaders/results/weight.wgsl';
import xResult from '../../../shaders/results/x.wgsl';
import yResult from '../../../shaders/results/y.wgsl';
import type { ConvolutionProducts } from './convolution-view.js';

const PATCHES = { a: { 1: patchesA, 4: patchesVec4A }, b: { 1: patchesB, 4: patchesVec4B } };

export const convolutionSources: ConvolutionProducts['sources'] = (result) => {
  switch (result) {
    case 'y':
      return { indices: convolution, a: PATCHES.a, result: yResult };
    case 'x':
      return {
        indices: transposedConvolution,
        a: { 1: spreadA, 4: spreadVec4A },
        b: { 1: tapsB, 4: tapsVec4B },
        result: xResult,
      };
    case 'weight':
      return { indices: convolution, b: PATCHES.b, result: weightResult };
  }
};
