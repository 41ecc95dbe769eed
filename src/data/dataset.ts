// Images as bytes: what every source of data (IDX files, `digits`, a page's own pictures) hands to a trainer, which
// uploads it once. No GPU here.
import { ArgumentError } from '../errors.js';
import { kindOf, tagOf } from './bytes.js';

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

/** Training and test images of one size. */
export interface Dataset {
  name: string;
  train: Images;
  /** Images to choose by while training, where some are held out (`holdOut`). */
  validation?: Images;
  test: Images;
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
      `${name}.pixels are ${kindOf(pixels)}, must be a Uint8Array of 0 (black) to 255 (white); ${tagOf(pixels) === 'ArrayBuffer' ? 'use new Uint8Array(buffer)' : 'multiply values of 0..1 by 255'}`,
    );
  if (pixels.length !== count * height * width)
    throw new ArgumentError(
      `${name}.pixels has ${pixels.length} bytes, must have ${count * height * width} (${count} images of ${height}x${width})`,
    );
  if (labels && (!ArrayBuffer.isView(labels) || labels.BYTES_PER_ELEMENT !== 1))
    throw new ArgumentError(
      `${name}.labels are ${kindOf(labels)}, must be a Uint8Array of classes; use Uint8Array.from(labels)`,
    );
  if (labels && labels.length !== count)
    throw new ArgumentError(
      `${name}.labels has ${labels.length} entries, must have one for each of the ${count} images`,
    );
}

/**
 * Checks all parts and that their images have one size.
 * @throws ArgumentError naming what is missing or disagrees
 */
export function checkDataset(dataset: Dataset): void {
  if (tagOf(dataset) !== 'Object')
    throw new ArgumentError(
      `dataset: ${kindOf(dataset)}, must be { name, train, test }; for example digits({ train: 2560, test: 512 })`,
    );
  const { name = 'dataset', train, validation, test } = dataset;
  checkImages(train, `${name}.train`);
  if (!test)
    throw new ArgumentError(
      `${name}.test is missing, must be the images that the test loss is of; hold some of the training images out: const { train, validation: test } = holdOut(dataset, 0.1)`,
    );
  checkImages(test, `${name}.test`);
  if (validation) checkImages(validation, `${name}.validation`);
  for (const [part, images] of Object.entries({ test, validation }))
    if (images && (train.height !== images.height || train.width !== images.width))
      throw new ArgumentError(
        `${name}: training images are ${train.height}x${train.width} but ${part} images are ${images.height}x${images.width}; they must have one size`,
      );
}
