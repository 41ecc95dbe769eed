// What a kernel is to the planner: data. Which shaders it is made of, how its buffers are bound, which constants the
// device gets, how large its grid is, and what it costs. Nothing here allocates or runs anything.
import { ArgumentError } from '../errors.js';
import { numel, type Shape } from '../graph/operations/ops.js';
import type { ShaderSource } from './shader.js';
import type { NumberType, Storage } from './stored.js';

/** How a dispatch uses a buffer. `read_write` keeps what was there (an update in place); `write` does not read it. */
export type Access = 'uniform' | 'read' | 'write' | 'read_write';

/** Numbers by name. */
export type Constants = Record<string, number>;
/** Workgroups along each axis, each at most 65,535. */
export type Grid = readonly [x: number, y: number, z: number];

export const F32_BYTES = 4;
const F16_BYTES = 2;
/** WebGPU's guaranteed maxComputeWorkgroupsPerDimension; no adapter in use offers more. */
export const MAX_GROUPS = 65535;
/** Lanes of every kernel that has no reason for another number. */
export const WORKGROUP = 64;

export interface Kernel<S> extends Storage {
  name: string;
  /** Parts of one WGSL module; the first holds `main`. */
  sources: ShaderSource[];
  /** Names and uses in binding order: the first is @binding(0). */
  bindings: Record<string, Access>;
  /** Values for the module's `override`s; a bool is 0 or 1. */
  constants(shape: S): Constants;
  /**
   * Members of `sizes` (u32), which the sources read and the host puts before them (gpu/pipelines.ts): sizes, and what other
   * whole numbers tell a dispatch from its like.
   */
  sizes?(shape: S): Constants;
  /** `const NAME: u32 = value;` lines put before the sources, for sizes that WGSL wants at compile time. */
  header?: Constants;
  /** WGSL extensions that the sources need (`enable NAME;`); the device must have the feature. */
  enables?: string[];
  /** Invocations a workgroup, if the shader has another name for it than WORKGROUP. */
  workgroup?: number;
  grid(shape: S): Grid;
  flops(shape: S): number;
  /** Least memory traffic, where it is not every bound tensor once: a kernel that picks from a large one. */
  bytes?(shape: S): number;
}

export const ceilDiv = (a: number, b: number): number => Math.ceil(a / b);

/**
 * A grid of `count` lanes for shaders that use lib/linear.wgsl: along x first, then along y.
 * @throws ArgumentError if even two axes are not enough
 */
export function linearGrid(count: number, workgroup = WORKGROUP): Grid {
  const groups = ceilDiv(count, workgroup);
  const x = Math.min(groups, MAX_GROUPS);
  return checkGrid([x, ceilDiv(groups, x), 1], `${count} elements`);
}

/** @throws ArgumentError if an axis has more workgroups than WebGPU dispatches */
export function checkGrid(grid: Grid, what: string): Grid {
  for (const size of grid)
    if (size > MAX_GROUPS)
      throw new ArgumentError(
        `${what} need a grid of ${grid.join('x')} workgroups; an axis has at most ${MAX_GROUPS}. Use a smaller batch or layer`,
      );
  return grid;
}

/** Bytes of an f32 tensor. */
export const f32Bytes = (shape: Shape): number => numel(shape) * F32_BYTES;

/** Bytes of a tensor, in whole words. */
export const bytesOf = (shape: Shape, type: NumberType): number =>
  type === 'f32' ? f32Bytes(shape) : Math.ceil((numel(shape) * F16_BYTES) / F32_BYTES) * F32_BYTES;

/** Constants of the header, BINDING_NAME, by which a source that is part of several modules finds its bindings. */
export const bindingNumbers = (bindings: Record<string, Access>): Constants =>
  Object.fromEntries(Object.keys(bindings).map((name, number) => [`BINDING_${name.toUpperCase()}`, number]));
