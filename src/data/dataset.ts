// Grey images as bytes, which most sources of data have (IDX files, `digits`, a page's own pictures), and what a data set is.
// Examples of other shapes and types: examples.ts. No GPU here.
import { ArgumentError } from '../errors.js';
import { kindOf, tagOf } from './files/bytes.js';

/** Images of one size, row by row, one after the other. */
export interface Images {
  /** How many. */
  count: number;
  /** Pixels in a column. */
  height: number;
  /** Pixels in a row. */
  width: number;
  /** [count, height, width], 0 (black) to 255 (white). */
  pixels: Uint8Array;
  /** [count], the class of each image, where it is known. */
  labels?: Uint8Array;
}

/** Training and test images of one size; or examples of one shape (`Dataset<Examples>`, examples.ts). */
export interface Dataset<Part = Images> {
  /** Stands in error messages, reports and checkpoints. */
  name: string;
  /** Examples to train on. */
  train: Part;
  /** Examples to choose by while training, where some are held out (`holdOut`). */
  validation?: Part;
  /** Examples to evaluate on after each epoch; at least one. */
  test: Part;
}

/** The first `count` images, sharing memory with `images`; all of them if there are fewer. */
export function firstImages(images: Images, count: number): Images {
  const kept = Math.min(count, images.count);
  const size = images.height * images.width;
  return {
    ...images,
    count: kept,
    pixels: images.pixels.subarray(0, kept * size),
    ...(images.labels && { labels: images.labels.subarray(0, kept) }),
  };
}

/**
 * Checks that byte counts agree with what `images` says.
 * @param name what to call it in an error
 * @throws ArgumentError naming the field that disagrees
 */
export function checkImages(images: Images, name: string): void {
  if (tagOf(images) !== 'Object')
    throw new ArgumentError(`${name}: ${kindOf(images)}, must be images: { count, height, width, pixels }`);
  for (const field of ['count', 'height', 'width'] as const)
    if (!Number.isInteger(images[field]) || images[field] < 1)
      throw new ArgumentError(`${name}.${field} is ${images[field]}, must be a positive integer`);
  const { count, height, width, pixels, labels } = images;
  if (!ArrayBuffer.isView(pixels) || pixels.BYTES_PER_ELEMENT !== 1)
    throw new ArgumentError(
      `${name}.pixels are ${kindOf(pixels)}, must be a Uint8Array of 0 (black) to 255 (white); ${tagOf(pixels) === 'ArrayBuffer' ? 'use new Uint8Array(buffer)' : 'multiply values of 0..1 by 255, or give examples of numbers: { values, shape }'}`,
    );
  if (pixels.length !== count * height * width)
    throw new ArgumentError(
      `${name}.pixels has ${pixels.length} bytes, must have ${count * height * width} (${count} images of ${height}x${width})`,
    );
  checkLabels(labels, count, `${name}.labels`, 'images');
}

/**
 * @param name what to call them in an error
 * @param what what each is of
 * @throws ArgumentError unless they are a byte each
 */
export function checkLabels(labels: Uint8Array | undefined, count: number, name: string, what: string): void {
  if (!labels) return;
  if (!ArrayBuffer.isView(labels) || labels.BYTES_PER_ELEMENT !== 1)
    throw new ArgumentError(
      `${name} are ${kindOf(labels)}, must be a Uint8Array of classes; use Uint8Array.from(labels)`,
    );
  if (labels.length !== count)
    throw new ArgumentError(`${name} has ${labels.length} entries, must have one for each of the ${count} ${what}`);
}
