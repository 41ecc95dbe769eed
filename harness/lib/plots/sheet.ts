// A sheet of images with words: rows of images that belong together, each row with a label at its left, a title
// above and labels under the columns. For pictures that need explaining; pictures.ts makes the plain grids. Values to
// bytes only: nothing here trains, reads or writes a file.
import { ArgumentError } from 'latentgpu/node';
import type { ImageSize } from '../data/examples.js';
import { GLYPH_ADVANCE, GLYPH_HEIGHT, glyph, textWidth } from './glyphs.js';
import { Raster } from './raster.js';

/** One row of images. */
export interface SheetRow {
  label?: string;
  /** [n, height * width * channels], 0 black to 1 white; what is outside is clipped, NaN is black. */
  images: Float32Array;
  /** Set off from the row above by a space. */
  startsGroup?: boolean;
}

export interface Sheet extends ImageSize {
  title?: string;
  rows: readonly SheetRow[];
  /** Under the last row. */
  columnLabels?: readonly string[];
  /** Columns, counted from 0, that are followed by a space. */
  spaceAfter?: readonly number[];
  /** Screen pixels that an image is enlarged to, about; 84 by default. */
  cell?: number;
}

const PAPER = 255;
const INK = 34;
/** Frame and lines between images: light, but set off from the white of an image and of the paper. */
const LINE = 190;
const GAP = 2;
const MARGIN = 14;
const SPACE = 12;
/** Screen pixels a pixel of the font. */
const FONT_SCALE = 2;
const TEXT_HEIGHT = GLYPH_HEIGHT * FONT_SCALE;
const CELL = 84;

/** Where everything goes, in screen pixels. */
interface Layout {
  across: number;
  down: number;
  scale: number;
  /** Left edge of each column, top edge of each row. */
  lefts: number[];
  tops: number[];
}

/**
 * @returns an 8-bit PNG, grey or in colour as the images are
 * @throws ArgumentError for a row that is not a whole number of images, or a label with a letter that the font lacks
 */
export function drawSheet(sheet: Sheet): Uint8Array {
  const { rows, width, height, channels = 1, title, columnLabels = [] } = sheet;
  const size = width * height * channels;
  const counts = rows.map(({ images }) => images.length / size);
  const odd = rows.find((_, index) => !Number.isInteger(counts[index]) || counts[index] === 0);
  if (odd || rows.length === 0)
    throw new ArgumentError(
      `picture: ${odd?.images.length ?? 'no'} values cannot be images of ${width}x${height}; give a positive multiple of ${size}`,
    );
  const layout = layOut(sheet, counts);
  const { across, down, scale, lefts, tops } = layout;
  const raster = new Raster(across, down, channels, PAPER);
  const write = (text: string, left: number, top: number) => writeText(raster, text, left, top);
  if (title) write(title, MARGIN, MARGIN);
  rows.forEach(({ label, images }, row) => {
    const top = tops[row] ?? 0;
    if (label) write(label, MARGIN, top + Math.floor((height * scale - TEXT_HEIGHT) / 2) + FONT_SCALE);
    for (let column = 0; column < (counts[row] ?? 0); column++) {
      const left = lefts[column] ?? 0;
      raster.fill(LINE, left - GAP, top - GAP, width * scale + 2 * GAP, height * scale + 2 * GAP);
      raster.image(images.subarray(column * size, (column + 1) * size), { width, height, scale, left, top });
    }
  });
  columnLabels.forEach((label, column) => {
    const left = (lefts[column] ?? 0) + Math.round((width * scale - textWidth(label) * FONT_SCALE) / 2);
    write(label, left, down - MARGIN - TEXT_HEIGHT);
  });
  return raster.png();
}

function layOut(sheet: Sheet, counts: readonly number[]): Layout {
  const { title, rows, width, height, columnLabels = [], spaceAfter = [], cell = CELL } = sheet;
  const scale = Math.max(1, Math.round(cell / Math.max(width, height)));
  const labels = Math.max(0, ...rows.map(({ label = '' }) => textWidth(label) * FONT_SCALE));
  const lefts: number[] = [];
  let x = MARGIN + (labels > 0 ? labels + SPACE : 0) + GAP;
  for (let column = 0; column < Math.max(...counts); column++) {
    lefts.push(x);
    x += width * scale + GAP + (spaceAfter.includes(column) ? SPACE : 0);
  }
  const tops: number[] = [];
  let y = MARGIN + (title ? TEXT_HEIGHT + SPACE : 0) + GAP;
  rows.forEach(({ startsGroup }, row) => {
    if (startsGroup && row > 0) y += SPACE;
    tops.push(y);
    y += height * scale + GAP;
  });
  if (columnLabels.length > 0) y += TEXT_HEIGHT + GAP;
  const across = Math.max(x, title ? MARGIN + textWidth(title) * FONT_SCALE : 0) + MARGIN;
  return { across, down: y + MARGIN, scale, lefts, tops };
}

/** A text whose upper left corner is given. */
function writeText(raster: Raster, text: string, left: number, top: number): void {
  let x = left;
  for (const character of text) {
    glyph(character).forEach((row, y) => {
      [...row].forEach((dot, column) => {
        if (dot === '#') raster.fill(INK, x + column * FONT_SCALE, top + y * FONT_SCALE, FONT_SCALE, FONT_SCALE);
      });
    });
    x += GLYPH_ADVANCE * FONT_SCALE;
  }
}

/**
 * Rows side by side that would be too wide, as groups of rows below each other.
 * @param rows each [n, size], all of the same n
 * @param most images in a row
 */
export function wrapRows(rows: readonly SheetRow[], size: number, most: number): SheetRow[] {
  const count = (rows[0]?.images.length ?? 0) / size;
  const groups: SheetRow[] = [];
  for (let first = 0; first < count; first += most)
    rows.forEach(({ label, images }, index) => {
      groups.push({
        ...(label !== undefined && { label }),
        images: images.subarray(first * size, Math.min(count, first + most) * size),
        startsGroup: index === 0,
      });
    });
  return groups;
}
