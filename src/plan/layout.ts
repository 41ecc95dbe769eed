// Where each parameter lies in the flat buffers (weights, gradients, the optimizer's state are laid out alike, so that one
// dispatch can update them all).
import type { ParameterSpec } from '../graph/build.js';
import type { Shape } from '../graph/ops.js';
import { f32Bytes } from '../kernels/kernel.js';

/** WebGPU's guaranteed minStorageBufferOffsetAlignment: a tensor that is bound on its own starts on such a byte. */
export const ALIGNMENT = 256;

export const alignUp = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

export interface LayoutEntry {
  parameter: ParameterSpec;
  /** Byte offset, a multiple of ALIGNMENT. */
  offset: number;
  bytes: number;
}

/** A tensor as the outside knows it: a part of an entry. */
export interface NamedRange {
  name: string;
  shape: Shape;
  /** Byte offset in the flat buffer. */
  offset: number;
  bytes: number;
}

export interface Layout {
  entries: LayoutEntry[];
  /** The same memory under the names that a model file has. */
  ranges: NamedRange[];
  /** Bytes of the whole buffer. The gaps that alignment leaves hold zeros, and stay zero under every optimizer. */
  bytes: number;
  /** Numbers that are trained, gaps not counted. */
  parameterCount: number;
}

export function layoutOf(parameters: ParameterSpec[]): Layout {
  let offset = 0;
  const entries = parameters.map((parameter) => {
    const entry = { parameter, offset, bytes: f32Bytes(parameter.shape) };
    offset = alignUp(offset + entry.bytes);
    return entry;
  });
  const parameterBytes = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  return { entries, ranges: entries.flatMap(partsOf), bytes: offset, parameterCount: parameterBytes / f32Bytes([1]) };
}

function partsOf({ parameter, offset }: LayoutEntry): NamedRange[] {
  let row = 0;
  return parameter.parts.map(({ name, rows }) => {
    const rest = parameter.shape.slice(1);
    const range = {
      name,
      shape: [rows, ...rest],
      offset: offset + f32Bytes([row, ...rest]),
      bytes: f32Bytes([rows, ...rest]),
    };
    row += rows;
    return range;
  });
}
