// Where each parameter lies in the flat buffers (weights, gradients, the optimizer's state are laid out alike, so that one
// dispatch can update them all).
import { GraphError } from '../errors.js';
import type { ParameterSpec } from '../graph/layers.js';
import type { ParameterOrder, Shape } from '../graph/operations/ops.js';
import { f32Bytes } from '../kernels/kernel.js';

/** WebGPU's guaranteed minStorageBufferOffsetAlignment: a tensor that is bound on its own starts on such a byte. */
export const ALIGNMENT = 256;

export const alignUp = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

export interface LayoutEntry {
  parameter: ParameterSpec;
  /** Byte offset, a multiple of ALIGNMENT. */
  offset: number;
  bytes: number;
  /** Index of its layer among the layout's segments. */
  segment: number;
}

/** A tensor as the outside knows it: a part of an entry. */
export interface NamedRange {
  name: string;
  shape: Shape;
  /** Byte offset in the flat buffer. */
  offset: number;
  bytes: number;
  /** Where the outside has rows and columns in another order; how many rows that are is not told by its shape. */
  order?: ParameterOrder;
  rows: number;
  /** No optimizer's: a buffer that steps bring up to date by themselves. */
  trained?: false;
}

export interface Layout {
  entries: LayoutEntry[];
  /** Bytes of each layer, weight and bias, which lie in a buffer of their own (gpu/split-buffer.ts). */
  segments: { name: string; offset: number; bytes: number }[];
  /** The same memory under the names that a model file has. */
  ranges: NamedRange[];
  /** Bytes of the whole buffer. The gaps that alignment leaves hold zeros, and stay zero under every optimizer. */
  bytes: number;
  /** Numbers that are trained, gaps not counted. */
  parameterCount: number;
}

/** Bytes of each layer as f16: the layout's segments, of half the size. */
export function halfSegments({ segments }: { segments: Readonly<Layout['segments']> }): Layout['segments'] {
  let offset = 0;
  return segments.map(({ name, bytes }) => {
    const segment = { name, offset, bytes: bytes / 2 };
    offset = alignUp(offset + segment.bytes);
    return segment;
  });
}

/** "encoder.0" of "encoder.0.weight"; the parameters of a layer follow each other. One that is of no layer is its own. */
export const layerOf = (parameter: string): string => parameter.replace(/\.[^.]*$/, '');

export function layoutOf(parameters: ParameterSpec[]): Layout {
  let offset = 0;
  const layers = [...new Set(parameters.map(({ name }) => layerOf(name)))];
  const entries = parameters.map((parameter) => {
    const segment = layers.indexOf(layerOf(parameter.name));
    const entry = { parameter, offset, bytes: f32Bytes(parameter.shape), segment };
    offset = alignUp(offset + entry.bytes);
    return entry;
  });
  const segments = layers.map((name, layer) => {
    const own = entries.filter(({ segment }) => segment === layer);
    const [first, last] = [own[0], own.at(-1)];
    if (!first || !last) throw new GraphError(`layer ${name} has no parameters`);
    return { name, offset: first.offset, bytes: alignUp(last.offset + last.bytes) - first.offset };
  });
  const trained = entries.filter(({ parameter }) => parameter.trained !== false);
  const parameterBytes = trained.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    entries,
    segments,
    ranges: entries.flatMap(partsOf),
    bytes: offset,
    parameterCount: parameterBytes / f32Bytes([1]),
  };
}

function partsOf({ parameter, offset }: LayoutEntry): NamedRange[] {
  const { outside, order } = parameter;
  let row = 0;
  return parameter.parts.map(({ name, rows }) => {
    const rest = parameter.shape.slice(1);
    const range = {
      name,
      rows,
      shape: outside ?? [rows, ...rest],
      ...(order && { order }),
      offset: offset + f32Bytes([row, ...rest]),
      bytes: f32Bytes([rows, ...rest]),
      ...(parameter.trained === false && { trained: parameter.trained }),
    };
    row += rows;
    return range;
  });
}

/** What optimizers keep something for, and gradients are of: the layout without buffers that are not trained. */
export const trainedOf = (layout: Layout): Layout => ({
  ...layout,
  ranges: layout.ranges.filter(({ trained }) => trained !== false),
});
