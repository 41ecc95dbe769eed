// The sizes of two-dimensional convolutions, and which of them go together.
import { ArgumentError } from '../errors.js';

/** Rows, then columns. */
export type Pair = readonly [height: number, width: number];

/** Of one example: places, and numbers a place. */
export interface FeatureMap {
  /** Rows of places. */
  height: number;
  /** Places in a row. */
  width: number;
  /** Numbers a place. */
  channels: number;
}

/** As torch.nn.Conv2d has it: y = conv2d(x). A transposed convolution is the same thing from y to x. */
export interface Convolution {
  /** Input of conv2d, output of a transposed convolution. */
  x: FeatureMap;
  /** Output of conv2d, input of a transposed convolution. */
  y: FeatureMap;
  /** In places. */
  kernel: Pair;
  /** In places of x. */
  stride: Pair;
  /** Zeros on each side of x. */
  padding: Pair;
  /** Places of x between two of the kernel. */
  dilation: Pair;
  /** Each takes its share of x's channels to its share of y's. */
  groups: number;
}

/** How a layer moves its kernel over the places; everything but the kernel may be left out. */
export interface Window {
  /** Its height and width, in places; one number for both. */
  kernel: number | Pair;
  /** 1 if absent. */
  stride?: number | Pair;
  /** Zeros on each side; 0 if absent. */
  padding?: number | Pair;
  /** 1 if absent. */
  dilation?: number | Pair;
}

export const pair = (value: number | Pair): Pair => (typeof value === 'number' ? [value, value] : value);

/** Numbers of one example. */
export const sizeOfMap = ({ height, width, channels }: FeatureMap): number => height * width * channels;

export const showMap = ({ height, width, channels }: FeatureMap): string => `${height}x${width}x${channels}`;

const SIDES = ['height', 'width'] as const;

/** Rows or columns of the kernel with its gaps. */
const span = (kernel: number, dilation: number): number => dilation * (kernel - 1) + 1;

/**
 * What a convolution makes of x, by torch.nn.Conv2d's rule: floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.
 * @throws ArgumentError if the kernel is larger than x with its padding
 */
export function convolutionOf(x: FeatureMap, channels: number, window: Window, groups: number): Convolution {
  const [kernel, stride, padding, dilation] = settingsOf(window);
  const side = (at: 0 | 1): number => {
    const all = x[SIDES[at]] + 2 * padding[at];
    const spanned = span(kernel[at], dilation[at]);
    if (spanned > all)
      throw new ArgumentError(
        `kernel: ${spanned} of the ${SIDES[at]}, dilation included, must be at most ${all}, which ${showMap(x)} has with padding ` +
          `${padding[at]}; use a smaller kernel or more padding`,
      );
    return Math.floor((all - spanned) / stride[at]) + 1;
  };
  return { x, y: { height: side(0), width: side(1), channels }, kernel, stride, padding, dilation, groups };
}

/**
 * What a transposed convolution makes of y, by torch.nn.ConvTranspose2d's rule:
 * (size - 1) stride - 2 padding + dilation (kernel - 1) + outputPadding + 1.
 * @throws ArgumentError if nothing is left, or outputPadding is not below the stride or the dilation
 */
export function transposedConvolutionOf(
  y: FeatureMap,
  channels: number,
  window: Window,
  groups: number,
  outputPadding: number | Pair = 0,
): Convolution {
  const [kernel, stride, padding, dilation] = settingsOf(window);
  const extra = pair(outputPadding);
  const side = (at: 0 | 1): number => {
    const least = Math.max(stride[at], dilation[at]);
    if (extra[at] >= least)
      throw new ArgumentError(`outputPadding: ${extra[at]}, must be below ${least}, the larger of stride and dilation`);
    const size = (y[SIDES[at]] - 1) * stride[at] - 2 * padding[at] + span(kernel[at], dilation[at]) + extra[at];
    if (size < 1)
      throw new ArgumentError(
        `padding: ${padding[at]} leaves ${size} of the ${SIDES[at]} of ${showMap(y)}, must leave at least 1; use less padding`,
      );
    return size;
  };
  return { x: { height: side(0), width: side(1), channels }, y, kernel, stride, padding, dilation, groups };
}

const settingsOf = ({ kernel, stride = 1, padding = 0, dilation = 1 }: Window): [Pair, Pair, Pair, Pair] => [
  pair(kernel),
  pair(stride),
  pair(padding),
  pair(dilation),
];
