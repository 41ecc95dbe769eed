// A sheet of grey images with words: rows of images that belong together, each row with a label at its left, a title
// above and labels under the columns. For pictures that need explaining; pictures.ts makes the plain grids. Values to
// bytes only: nothing here trains, reads or writes a file.
import { encode } from 'fast-png';
import { ArgumentError } from 'latentgpu/node';
import { GLYPH_ADVANCE, GLYPH_HEIGHT, glyph, textWidth } from './glyphs.js';

/** One row of images. */
export interface SheetRow {
  label?: string;
  /** [n, height * width], 0 black to 1 white; what is outside is clipped, NaN is black. */
  images: Float32Array;
  /** Set off from the row above by a space. */
  startsGroup?: boolean;
}

export interface Sheet {
  title?: string;
  rows: readonly SheetRow[];
  /** Pixels in a row and in a column of one image. */
  width: number;
  height: number;
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
 * @returns an 8-bit grey PNG
 * @throws ArgumentError for a row that is not a whole number of images, or a label with a letter that the font lacks
 */
export function drawSheet(sheet: Sheet): Uint8Array {
  const { rows, width, height, title, columnLabels = [] } = sheet;
  const size = width * height;
  const counts = rows.map(({ images }) => images.length / size);
  const odd = rows.find((_, index) => !Number.isInteger(counts[index]) || counts[index] === 0);
  if (odd || rows.length === 0)
    throw new ArgumentError(
      `picture: ${odd?.images.length ?? 'no'} values cannot be images of ${width}x${height}; give a positive multiple of ${size}`,
    );
  const layout = layOut(sheet, counts);
  const { across, down, scale, lefts, tops } = layout;
  const canvas = new Canvas(across, down);
  if (title) canvas.write(title, MARGIN, MARGIN);
  rows.forEach(({ label, images }, row) => {
    const top = tops[row] ?? 0;
    if (label) canvas.write(label, MARGIN, top + Math.floor((height * scale - TEXT_HEIGHT) / 2) + FONT_SCALE);
    for (let column = 0; column < (counts[row] ?? 0); column++)
      canvas.image(images.subarray(column * size, (column + 1) * size), {
        width,
        height,
        scale,
        left: lefts[column] ?? 0,
        top,
      });
  });
  columnLabels.forEach((label, column) => {
    const left = (lefts[column] ?? 0) + Math.round((width * scale - textWidth(label) * FONT_SCALE) / 2);
    canvas.write(label, left, down - MARGIN - TEXT_HEIGHT);
  });
  return canvas.png();
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

/** Grey pixels, [height, width]. */
class Canvas {
  private readonly data: Uint8ClampedArray; // clips and rounds what is stored

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {
    this.data = new Uint8ClampedArray(width * height).fill(PAPER);
  }

  /** An image and the frame around it. */
  image(pixels: Float32Array, at: { width: number; height: number; scale: number; left: number; top: number }): void {
    const { width, scale, left, top } = at;
    const across = width * scale;
    const down = at.height * scale;
    for (let y = -GAP; y < down + GAP; y++) {
      const start = (top + y) * this.width + left;
      this.data.fill(LINE, start - GAP, start + across + GAP);
      if (y < 0 || y >= down) continue;
      const row = Math.floor(y / scale) * width;
      for (let x = 0; x < across; x++) this.data[start + x] = 255 * (pixels[row + Math.floor(x / scale)] ?? 0);
    }
  }

  /** A text whose upper left corner is given. */
  write(text: string, left: number, top: number): void {
    let x = left;
    for (const character of text) {
      glyph(character).forEach((row, y) => {
        [...row].forEach((dot, column) => {
          if (dot === '#') this.dot(x + column * FONT_SCALE, top + y * FONT_SCALE);
        });
      });
      x += GLYPH_ADVANCE * FONT_SCALE;
    }
  }

  private dot(left: number, top: number): void {
    for (let y = top; y < top + FONT_SCALE; y++)
      for (let x = Math.max(0, left); x < Math.min(this.width, left + FONT_SCALE); x++)
        this.data[y * this.width + x] = INK;
  }

  png(): Uint8Array {
    return encode({ width: this.width, height: this.height, data: this.data, depth: 8, channels: 1 });
  }
}

/**
 * Rows side by side that would be too wide, as groups of rows below each other.
 * @param rows each [n, pixels], all of the same n
 * @param most images in a row
 */
export function wrapRows(rows: readonly SheetRow[], pixels: number, most: number): SheetRow[] {
  const count = (rows[0]?.images.length ?? 0) / pixels;
  const groups: SheetRow[] = [];
  for (let first = 0; first < count; first += most)
    rows.forEach(({ label, images }, index) => {
      groups.push({
        ...(label !== undefined && { label }),
        images: images.subarray(first * pixels, Math.min(count, first + most) * pixels),
        startsGroup: index === 0,
      });
    });
  return groups;
}
