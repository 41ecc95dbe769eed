// How tensors lie in memory, f32 or f16, and what a kernel's sources are told of it. Arithmetic is f32 always.
import storedF16 from '../../shaders/stored/f16.wgsl';
import storedF16Quad from '../../shaders/stored/f16_quad.wgsl';
import storedF32 from '../../shaders/stored/f32.wgsl';
import type { ShaderSource } from './shader.js';

/** What a tensor's numbers are in memory. */
export type NumberType = 'f32' | 'f16';

/** How many numbers a kernel takes at a time. */
export type Width = 1 | 4;

/** Of a kernel's tensors those that may be f16; the others are f32. */
export interface Storage {
  /** What is read, by binding: the sources find the type as alias StoredNAME. */
  loads?: Readonly<Record<string, Width>>;
  /** What is written, one binding at most: the sources have Stored and stored() of shaders/stored/. */
  stores?: { binding: string; width: Width };
}

/** What a kernel has beside its own sources, for tensors of these types. */
export interface StorageParts {
  sources: ShaderSource[];
  /** `alias NAME = TYPE;` lines before the sources. */
  aliases: Record<string, string>;
  enables: string[];
}

const TYPES: Record<NumberType, Record<Width, string>> = {
  f32: { 1: 'f32', 4: 'vec4f' },
  f16: { 1: 'f16', 4: 'vec4h' },
};

const aliasOf = (binding: string): string => `Stored${binding.charAt(0).toUpperCase()}${binding.slice(1)}`;

export function storageParts({ loads = {}, stores }: Storage, typeOf: (binding: string) => NumberType): StorageParts {
  const aliases = Object.entries(loads).map(([binding, width]) => [aliasOf(binding), TYPES[typeOf(binding)][width]]);
  const written = stores && typeOf(stores.binding);
  const source = written === 'f16' ? (stores?.width === 4 ? storedF16Quad : storedF16) : storedF32;
  const half = written === 'f16' || Object.keys(loads).some((binding) => typeOf(binding) === 'f16');
  return {
    sources: stores ? [source] : [],
    aliases: Object.fromEntries(aliases),
    enables: half ? ['f16'] : [],
  };
}

/** Whether a tensor of a binding may be f16. */
export const mayBeHalf = ({ loads = {}, stores }: Storage, binding: string): boolean =>
  binding in loads || stores?.binding === binding;
