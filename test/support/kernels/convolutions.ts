// Geometries that meet every case of a convolution's index arithmetic.
import {
  type Convolution,
  convolutionOf,
  type FeatureMap,
  transposedConvolutionOf,
  type Window,
} from '../../../src/model/convolution.js';

const map = (height: number, width: number, channels: number): FeatureMap => ({ height, width, channels });

const forward = (x: FeatureMap, channels: number, window: Window, groups = 1) =>
  convolutionOf(x, channels, window, groups);

/** By a name that says what is special about it. */
export const CONVOLUTIONS: Record<string, Convolution> = {
  'one place': forward(map(1, 1, 1), 1, { kernel: 1 }),
  'stride 1, padding 1, kernel 3': forward(map(5, 6, 3), 5, { kernel: 3, padding: 1 }),
  'stride 2, padding 1, kernel 4': forward(map(8, 6, 4), 8, { kernel: 4, stride: 2, padding: 1 }),
  'stride 2, kernel 3 of an even size': forward(map(6, 8, 4), 4, { kernel: 3, stride: 2, padding: 1 }),
  'stride 2, kernel 3 of an odd size': forward(map(7, 9, 2), 4, { kernel: 3, stride: 2, padding: 1 }),
  'stride 3, padding 2, kernel 5': forward(map(9, 12, 4), 3, { kernel: 5, stride: 3, padding: 2 }),
  'sides that differ': forward(map(6, 10, 3), 2, { kernel: [3, 2], stride: [1, 2], padding: [2, 0] }),
  'sides that differ, in quads': forward(map(6, 10, 4), 8, { kernel: [3, 2], stride: [1, 2], padding: [2, 0] }),
  dilated: forward(map(9, 8, 4), 4, { kernel: 3, stride: 2, padding: 2, dilation: 2 }),
  'dilated with a stride that it shares nothing with': forward(map(12, 9, 1), 5, { kernel: 2, stride: 3, dilation: 2 }),
  'in two groups': forward(map(6, 5, 8), 16, { kernel: 3, padding: 1 }, 2),
  'in three groups of odd sizes': forward(map(5, 4, 9), 6, { kernel: 2, stride: 2, padding: 1 }, 3),
  depthwise: forward(map(6, 6, 5), 5, { kernel: 3, padding: 1 }, 5),
  'all of x, as a linear layer': forward(map(3, 4, 4), 7, { kernel: [3, 4] }),
  'a stride above the kernel': forward(map(9, 9, 4), 4, { kernel: 2, stride: 3 }),
  'output padding': transposedConvolutionOf(map(4, 3, 4), 4, { kernel: 3, stride: 2, padding: 1 }, 1, 1),
  'output padding, in groups': transposedConvolutionOf(map(3, 3, 8), 4, { kernel: 3, stride: 2 }, 2, [1, 0]),
};
