// Arrays of a file, whatever its format, as images and labels: which shapes and numbers are images, and which are classes.
import { FormatError } from '../errors.js';
import type { Images } from './dataset.js';
import type { HostArray, NumericArray } from './files/elements.js';

/** The largest class that a byte holds. */
const MOST = 255;

/**
 * Grey images, with their labels if given, from arrays of a file.
 * @param images [count, height, width], [count, height, width, 1], or [count, pixels] of square images; whole numbers of 0
 *   (black) to 255 (white), of any element type
 * @param labels [count], [count, 1], or [count, columns] whose first is the class (QMNIST); whole numbers of 0 to 255
 * @throws FormatError naming the array whose shape or numbers are something else
 */
export function imagesFromArrays(images: HostArray, labels?: HostArray): Images {
  const [count, height, width] = imageShape(images);
  const pixels = bytesOf(images, 'pixels', 'multiply images of 0..1 by 255 and save them as bytes');
  if (pixels.reduce((most, value) => Math.max(most, value), 0) === 1)
    throw new FormatError(
      `${images.name} has pixels of 0 and 1 alone, must be 0 (black) to ${MOST} (white): multiply them by 255 and save them as bytes`,
    );
  if (!labels) return { count, height, width, pixels };
  return { count, height, width, pixels, labels: classesOf(labels, count, images.name) };
}

function imageShape({ name, shape }: HostArray): [count: number, height: number, width: number] {
  const is = `${name} has shape [${shape.join(', ')}]`;
  const [count = 0, height = 0, width = 0, channels = 1] = shape;
  if (shape.length === 2) {
    const side = Math.sqrt(height);
    if (count > 0 && height > 0 && Number.isInteger(side)) return [count, side, side];
    throw new FormatError(
      `${is}, images must have [count, height, width], or [count, pixels] of square images: ${height} is no square`,
    );
  }
  if (shape.length === 4 && channels !== 1)
    throw new FormatError(
      `${is}, images must be grey, [count, height, width]: take the mean over the ${channels} channels`,
    );
  if (![3, 4].includes(shape.length) || !count || !height || !width)
    throw new FormatError(`${is}, images must have [count, height, width] with no size 0; is it the file of labels?`);
  return [count, height, width];
}

/** @throws FormatError naming what is no class of 0 to 255, or how many there are */
export function classesOf(labels: HostArray, count: number, of: string): Uint8Array {
  const { name, shape, values } = labels;
  const [rows, columns = 1] = shape;
  if (shape.length !== 1 && shape.length !== 2)
    throw new FormatError(
      `${name} has shape [${shape.join(', ')}], labels must have [count]; is it the file of images?`,
    );
  if (rows !== count)
    throw new FormatError(`${name} has ${rows} labels, must have one for each of the ${count} images in ${of}`);
  const first = columns === 1 ? values : values.filter((_, at) => at % columns === 0);
  return bytesOf({ name, shape, values: first }, 'labels', 'number the classes from 0');
}

function bytesOf({ name, values }: HostArray, what: string, remedy: string): Uint8Array {
  if (values instanceof Uint8Array) return values;
  const wrong = indexOfOther(values);
  if (wrong >= 0)
    throw new FormatError(
      `${name} has ${what} such as ${values[wrong]} (number ${wrong}), must be whole numbers of 0 to ${MOST}: ${remedy}`,
    );
  return Uint8Array.from(values);
}

const indexOfOther = (values: NumericArray): number => {
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? Number.NaN;
    if (!(value >= 0 && value <= MOST && Number.isInteger(value))) return at;
  }
  return -1;
};
