// The step's examples and labels, picked from the resident dataset by a permutation that the shader computes.
import f16Source from '../../shaders/examples/f16.wgsl';
import f32Source from '../../shaders/examples/f32.wgsl';
import u8Source from '../../shaders/examples/u8.wgsl';
import source from '../../shaders/gather.wgsl';
import labelsSource from '../../shaders/gather_labels.wgsl';
import type { PixelRange } from '../model/spec.js';
import { checkGrid, F32_BYTES, type Kernel, linearGrid, WORKGROUP } from './kernel.js';
import type { ShaderSource } from './shader.js';

/** Black, and what white is above it. */
export const rangeConstants = (range: PixelRange) => (range === '-1..1' ? { LOW: -1, SPAN: 2 } : { LOW: 0, SPAN: 1 });

/** What the numbers of resident examples are: bytes that stand for 0..1, or numbers as they are. */
export type ExampleType = 'u8' | 'f16' | 'f32';

export const EXAMPLE_BYTES: Readonly<Record<ExampleType, number>> = { u8: 1, f16: 2, f32: F32_BYTES };

const SOURCES: Record<ExampleType, ShaderSource> = { u8: u8Source, f16: f16Source, f32: f32Source };

export interface GatherShape {
  rows: number;
  pixels: number;
  shuffle: boolean;
  range: PixelRange;
  /** Which images of the dataset are bound; all of them if absent. */
  part?: { first: number; count: number; of: number };
}

const ALL = { first: 0, count: 2 ** 32 - 1, of: 2 ** 32 - 1 };

/** Numbers that a dispatch fetches on average. */
const fetched = ({ rows, pixels, part: { count, of } = ALL }: GatherShape) => (rows * pixels * count) / of;

export const gather = (type: ExampleType): Kernel<GatherShape> => ({
  name: type === 'u8' ? 'gather' : `gather+${type}`,
  sources: [source, SOURCES[type]],
  bindings: { images: 'read', settings: 'uniform', counters: 'read', x: 'write', progress: 'write' },
  constants: ({ shuffle, range }) => ({ WORKGROUP, SHUFFLE: Number(shuffle), ...rangeConstants(range) }),
  sizes: ({ pixels, part: { first, count } = ALL }) => ({ pixels, first_image: first, images: count }),
  grid: ({ rows }) => checkGrid([rows, 1, 1], `${rows} rows`),
  flops: fetched,
  bytes: (shape) => fetched(shape) * (EXAMPLE_BYTES[type] + F32_BYTES),
});

export const gatherLabels: Kernel<{ rows: number; classes: number; shuffle: boolean }> = {
  name: 'gather_labels',
  sources: [labelsSource],
  bindings: { labels: 'read', settings: 'uniform', counters: 'read', one_hot: 'write' },
  constants: ({ shuffle }) => ({ WORKGROUP, SHUFFLE: Number(shuffle) }),
  sizes: ({ rows, classes }) => ({ count: rows * classes, classes }),
  grid: ({ rows, classes }) => linearGrid(rows * classes),
  flops: () => 0,
  bytes: ({ rows, classes }) => rows * (1 + classes * F32_BYTES),
};
