// The step's images and labels, picked from the resident dataset by a permutation that the shader computes.
import source from '../../shaders/gather.wgsl';
import labelsSource from '../../shaders/gather_labels.wgsl';
import type { PixelRange } from '../model/spec.js';
import { checkGrid, F32_BYTES, type Kernel, linearGrid, WORKGROUP } from './kernel.js';

/** Black, and what white is above it. */
export const rangeConstants = (range: PixelRange) => (range === '-1..1' ? { LOW: -1, SPAN: 2 } : { LOW: 0, SPAN: 1 });

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

export const gather: Kernel<GatherShape> = {
  name: 'gather',
  sources: [source],
  bindings: { images: 'read', settings: 'uniform', counters: 'read', x: 'write', progress: 'write' },
  constants: ({ shuffle, range }) => ({ WORKGROUP, SHUFFLE: Number(shuffle), ...rangeConstants(range) }),
  sizes: ({ pixels, part: { first, count } = ALL }) => ({ pixels, first_image: first, images: count }),
  grid: ({ rows }) => checkGrid([rows, 1, 1], `${rows} rows`),
  flops: fetched,
  bytes: (shape) => fetched(shape) * (1 + F32_BYTES),
};

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
