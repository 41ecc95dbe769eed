// Images as bytes: what every source of data (IDX files, `digits`, a page's own pictures) hands to a trainer, which
// uploads it once. No GPU here.
import { ArgumentError } from '../errors.js';

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
  for (const field of ['count', 'height', 'width'] as const)
    if (!Number.isInteger(images[field]) || images[field] < 1)
      throw new ArgumentError(`${name}.${field} is ${images[field]}, must be a positive integer`);
  const { count, height, width, pixels, labels } = images;
  if (!ArrayBuffer.isView(pixels) || pixels.BYTES_PER_ELEMENT !== 1)
    throw new ArgumentError(
      `${name}.pixels are ${kindOf(pixels)}, must be a Uint8Array of 0 (black) to 255 (white); multiply values of 0..1 by 255`,
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

/** What JavaScript callers handed over: "a Float32Array". */
const kindOf = (value: unknown): string =>
  value === null || value === undefined ? String(value) : `a ${Object(value).constructor?.name ?? typeof value}`;

/**
 * Checks both parts and that their images have one size.
 * @throws ArgumentError naming what disagrees
 */
export function checkDataset(dataset: Dataset): void {
  checkImages(dataset.train, `${dataset.name}.train`);
  checkImages(dataset.test, `${dataset.name}.test`);
  if (dataset.validation) checkImages(dataset.validation, `${dataset.name}.validation`);
  const { train, test } = dataset;
  if (train.height !== test.height || train.width !== test.width)
    throw new ArgumentError(
      `${dataset.name}: training images are ${train.height}x${train.width} but test images are ${test.height}x${test.width}; they must have one size`,
    );
}
