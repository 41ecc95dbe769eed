// Tables whose rows are square images: told by the names of their columns, or by their number.
import { columnIndex, type TableOptions } from './table.js';

/** Kaggle's pixel0, pixel1, ...; 1x1, 1x2, ... of other tables of MNIST. */
const PIXEL = /^(?:pixel|px|p)_?\d+$|^\d+x\d+$/i;

const isSquare = (count: number): boolean => count > 0 && Number.isInteger(Math.sqrt(count));

/** What the columns of a table are taken for. */
export interface PixelColumns {
  /** For TableBuilder. */
  options: TableOptions;
  /** Whether each column but the label is a pixel of a square image. */
  images: boolean;
}

/** Without names, as many columns as the images in use have pixels: 8x8 at least. */
const LEAST_PIXELS = 64;

/**
 * Pixels by their names (and "label"), or, without names, by their number, or one more, of which the first is the label.
 * @param labelColumn that of the labels, where somebody says it
 */
export function pixelColumns(names: readonly string[], hasHeader: boolean, labelColumn?: string): PixelColumns {
  const of = (count: number) => isSquare(count) && (hasHeader || count >= LEAST_PIXELS);
  if (labelColumn !== undefined) {
    const label = columnIndex(names, labelColumn);
    const others = names.filter((_, index) => index !== label);
    return {
      options: { labelColumn },
      images: of(others.length) && (!hasHeader || others.every((name) => PIXEL.test(name))),
    };
  }
  if (hasHeader) {
    const pixels = names.filter((name) => name.toLowerCase() !== 'label');
    return { options: {}, images: of(pixels.length) && pixels.every((name) => PIXEL.test(name)) };
  }
  if (of(names.length)) return { options: { labelColumn: false }, images: true };
  if (of(names.length - 1)) return { options: { labelColumn: 1 }, images: true };
  return { options: {}, images: false };
}
