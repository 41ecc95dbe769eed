// Images as PNG: a grid of them, and rows in which columns belong together. Values to bytes only: nothing here
// trains, reads or writes a file. run-folder.ts calls it.
import { ArgumentError } from 'latentgpu/node';
import type { ImageSize } from '../data/examples.js';
import { Raster } from './raster.js';

/** Frame and lines between cells: light, but set off from the white of an image and of a page. */
const GAP_GREY = 190;
/** An image is enlarged to about this many pixels, so that a person sees something: 28x28 is tripled. */
const CELL_PIXELS = 84;

/** How to lay out images of one size. */
export interface GridOptions extends ImageSize {
  /** Images side by side; what does not fill the last row stays grey. */
  columns: number;
  /** Screen pixels a pixel, an integer; by default what brings an image to about 84. */
  scale?: number;
  /** Screen pixels between images and around them; 2 by default. */
  gap?: number;
}

/**
 * Images in reading order as an 8-bit PNG, each pixel a square of `scale` screen pixels.
 * @param images [n, height * width * channels], 0 black to 1 white; what is outside is clipped, NaN is black
 * @throws ArgumentError naming the size that is not a positive integer or the count that does not fit
 */
export function imageGrid(images: Float32Array, options: GridOptions): Uint8Array {
  const { width, height, channels = 1, columns, scale = defaultScale(options), gap = 2 } = options;
  checkIntegers({ width, height, channels, columns, scale }, 1);
  checkIntegers({ gap }, 0);
  const size = width * height * channels;
  const count = images.length / size;
  if (count < 1 || !Number.isInteger(count))
    throw new ArgumentError(
      `picture: ${images.length} values cannot be images of ${width}x${height}; give a positive multiple of ${size}`,
    );
  const across = columns * (width * scale + gap) + gap;
  const down = Math.ceil(count / columns) * (height * scale + gap) + gap;
  const raster = new Raster(across, down, channels, GAP_GREY);
  for (let index = 0; index < count; index++) {
    const left = gap + (index % columns) * (width * scale + gap);
    const top = gap + Math.floor(index / columns) * (height * scale + gap);
    raster.image(images.subarray(index * size, (index + 1) * size), { width, height, scale, left, top });
  }
  return raster.png();
}

/**
 * Rows of as many images each, as PNG: what belongs together, an image and its reconstruction, in one column.
 * @param rows each [n, height * width * channels], 0 to 1, from top to bottom
 * @throws ArgumentError if they differ in length, or as imageGrid
 */
export function picturedRows(rows: readonly Float32Array[], options: Omit<GridOptions, 'columns'>): Uint8Array {
  const length = rows[0]?.length ?? 0;
  const other = rows.find((row) => row.length !== length);
  if (other)
    throw new ArgumentError(
      `picture: a row of ${length} values and one of ${other.length}; all rows must have as many images`,
    );
  const all = new Float32Array(length * rows.length);
  rows.forEach((row, index) => {
    all.set(row, index * length);
  });
  return imageGrid(all, { ...options, columns: length / (options.width * options.height * (options.channels ?? 1)) });
}

const defaultScale = ({ width, height }: GridOptions) => Math.max(1, Math.round(CELL_PIXELS / Math.max(width, height)));

function checkIntegers(values: Record<string, number>, least: number) {
  for (const [name, value] of Object.entries(values))
    if (!Number.isInteger(value) || value < least)
      throw new ArgumentError(`picture: ${name} is ${value}, must be an integer of at least ${least}`);
}
