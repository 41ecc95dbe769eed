// What making feature maps smaller and larger means, in f64 (interpret.ts): torch.nn.MaxPool2d, AvgPool2d and Upsample.
// Gradients go from every number of the output to those that it is made of; the kernels go the other way.
import type { MapSize, Pooling, PoolWindow, Upsampling } from '../../../src/graph/operations/map-operations.js';
import type { Rule, Values } from './interpret-types.js';

type Rules = { [Name in Pooling['op']]: Rule<Name> };

/** One number of the output: which numbers of the input it is made of, and how much each counts. */
type Part = { from: number; weight: number };

const at = (values: Values | undefined, index: number): number => values?.[index] ?? Number.NaN;

/** Calls `visit` for every number of a map [examples * height * width, channels]. */
function eachOf(
  count: number,
  { height, width }: MapSize,
  channels: number,
  visit: (index: number, place: { example: number; row: number; column: number; channel: number }) => void,
): void {
  for (let example = 0; example < count / (height * width * channels); example++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        for (let channel = 0; channel < channels; channel++)
          visit(((example * height + row) * width + column) * channels + channel, { example, row, column, channel });
}

function pooledOf({ height, width, kernel, stride, padding }: PoolWindow): MapSize {
  const pooled = (size: number) => Math.floor((size + 2 * padding - kernel) / stride) + 1;
  return { height: pooled(height), width: pooled(width) };
}

/** Of each number of the pooled map, the indices in its window. */
function windows(window: PoolWindow, channels: number, outputs: number): number[][] {
  const { height, width, kernel, stride, padding } = window;
  const found: number[][] = [];
  eachOf(outputs, pooledOf(window), channels, (index, { example, row, column, channel }) => {
    const inside: number[] = [];
    for (let y = row * stride - padding; y < row * stride - padding + kernel; y++)
      for (let x = column * stride - padding; x < column * stride - padding + kernel; x++)
        if (y >= 0 && y < height && x >= 0 && x < width)
          inside.push(((example * height + y) * width + x) * channels + channel);
    found[index] = inside;
  });
  return found;
}

/** The first largest; the last NaN, if there is one. */
function largestOf(x: Values | undefined, inside: number[]): number {
  return inside.reduce((best, index) => (at(x, index) > at(x, best) || Number.isNaN(at(x, index)) ? index : best));
}

/** Of each number of the enlarged map, its parts. */
function parts(scale: Upsampling, channels: number, outputs: number): Part[][] {
  const { height, width, factor, mode } = scale;
  const axis = (place: number, size: number): [number, number][] => {
    if (mode === 'nearest') return [[Math.floor(place / factor), 1]];
    const source = Math.max((place + 0.5) / factor - 0.5, 0);
    const low = Math.floor(source);
    return [
      [low, 1 - (source - low)],
      [Math.min(low + 1, size - 1), source - low],
    ];
  };
  const found: Part[][] = [];
  eachOf(outputs, { height: factor * height, width: factor * width }, channels, (index, place) => {
    found[index] = axis(place.row, height).flatMap(([row, down]) =>
      axis(place.column, width).map(([column, across]) => ({
        from: ((place.example * height + row) * width + column) * channels + place.channel,
        weight: down * across,
      })),
    );
  });
  return found;
}

const gathered = (x: Values | undefined, all: Part[][]): Values =>
  Float64Array.from(all, (own) => own.reduce((sum, { from, weight }) => sum + weight * at(x, from), 0));

function scattered(count: number, dy: Values | undefined, all: Part[][]): Values {
  const dx = new Float64Array(count);
  all.forEach((own, index) => {
    for (const { from, weight } of own) dx[from] = at(dx, from) + weight * at(dy, index);
  });
  return dx;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, each) => product * each, 1);
const channelsOf = ({ shape: [, channels = 0] }: { shape: readonly number[] }) => channels;
const shares = (window: PoolWindow, channels: number, outputs: number): Part[][] =>
  windows(window, channels, outputs).map((inside) => inside.map((from) => ({ from, weight: window.kernel ** -2 })));

export const POOLING_RULES: Rules = {
  max_pool2d: ({ node, x: [x] }, { window }) =>
    Float64Array.from(windows(window, channelsOf(node), sizeOf(node.shape)), (inside) => at(x, largestOf(x, inside))),
  max_pool2d_gradient: ({ node, x: [dy, x] }, { window }) => {
    const all = windows(window, channelsOf(node), dy?.length ?? 0);
    return scattered(
      sizeOf(node.shape),
      dy,
      all.map((inside) => [{ from: largestOf(x, inside), weight: 1 }]),
    );
  },
  avg_pool2d: ({ node, x: [x] }, { window }) => gathered(x, shares(window, channelsOf(node), sizeOf(node.shape))),
  avg_pool2d_gradient: ({ node, x: [dy] }, { window }) =>
    scattered(sizeOf(node.shape), dy, shares(window, channelsOf(node), dy?.length ?? 0)),
  upsample: ({ node, x: [x] }, { scale }) => gathered(x, parts(scale, channelsOf(node), sizeOf(node.shape))),
  upsample_gradient: ({ node, x: [dy] }, { scale }) =>
    scattered(sizeOf(node.shape), dy, parts(scale, channelsOf(node), dy?.length ?? 0)),
};
