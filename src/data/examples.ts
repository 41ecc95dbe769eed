// Examples of any shape: what a trainer takes beside grey images of bytes. Colour images, images of floats, and vectors, as
// typed arrays with their shape. No GPU here.
import { ArgumentError } from '../errors.js';
import { checkImages, checkLabels, type Dataset, type Images } from './dataset.js';
import { kindOf, tagOf } from './files/bytes.js';
import type { NumericArray } from './files/elements.js';

/** Examples of one shape, one after the other. */
export interface Examples<Values extends NumericArray = NumericArray> {
  /**
   * [count, features] of vectors, [count, height, width] of grey and [count, height, width, channels] of colour images; any
   * other rank is taken as it lies.
   */
  shape: readonly number[];
  /**
   * Row-major. A Uint8Array holds pixels, 0 (black) to 255 (white), which the model sees as 0..1; numbers of any other type
   * are what the model sees.
   */
  values: Values;
  /** [count], the class of each example, where it is known. */
  labels?: Uint8Array;
}

/** Checked, and of a type that a GPU takes. */
export type CheckedExamples = Examples<Uint8Array | Float32Array>;

/** How many there are. */
export const countOf = ({ shape }: Pick<Examples, 'shape'>): number => shape[0] ?? 0;

/** Of one example. */
export const shapeOfOne = ({ shape }: Pick<Examples, 'shape'>): readonly number[] => shape.slice(1);

/** Numbers of one example. */
export const sizeOf = (examples: Pick<Examples, 'shape'>): number =>
  shapeOfOne(examples).reduce((product, length) => product * length, 1);

/** "28x28 = 784 pixels", "30 features" */
export const sizeText = (examples: Pick<Examples, 'shape'>): string =>
  examples.shape.length === 2
    ? `${sizeOf(examples)} features`
    : `${shapeOfOne(examples).join('x')} = ${sizeOf(examples)} pixels`;

/** Examples `first .. first + count`, sharing memory; fewer where there are no more. */
export function someExamples<V extends Uint8Array | Float32Array>(
  { shape, values, labels }: Examples<V>,
  first: number,
  count: number,
): Examples<V> {
  const size = sizeOf({ shape });
  const end = Math.min(first + count, countOf({ shape }));
  return {
    shape: [end - first, ...shapeOfOne({ shape })],
    values: values.subarray(first * size, end * size) as V,
    ...(labels && { labels: labels.subarray(first, end) }),
  };
}

/** The examples with these numbers, in this order, as a copy. */
export function chosenExamples<V extends Uint8Array | Float32Array>(
  { shape, values, labels }: Examples<V>,
  indices: readonly number[],
): Examples<V> {
  const size = sizeOf({ shape });
  const chosen = (
    values instanceof Float32Array ? new Float32Array(indices.length * size) : new Uint8Array(indices.length * size)
  ) as V;
  indices.forEach((from, to) => {
    chosen.set(values.subarray(from * size, (from + 1) * size), to * size);
  });
  return {
    shape: [indices.length, ...shapeOfOne({ shape })],
    values: chosen,
    ...(labels && { labels: Uint8Array.from(indices, (index) => labels[index] ?? 0) }),
  };
}

/** What the model sees of them, [count, size]. */
export const numbersOf = ({ values }: CheckedExamples): Float32Array =>
  values instanceof Float32Array ? values : shadesOf(values);

/** Bytes of 0 to 255 as 0..1. */
export const shadesOf = (bytes: ArrayLike<number>): Float32Array<ArrayBuffer> =>
  shadesInto(new Float32Array(bytes.length), bytes);

/** The same into an array that is as long. A loop: a callback for each of ten million takes ten times as long. */
export function shadesInto<Shades extends Float32Array>(shades: Shades, bytes: ArrayLike<number>): Shades {
  for (let i = 0; i < shades.length; i++) shades[i] = (bytes[i] ?? 0) / 255;
  return shades;
}

const INTEGERS = ['Int8Array', 'Uint16Array', 'Int16Array', 'Uint32Array', 'Int32Array'];
const TYPES = ['Uint8Array', 'Float16Array', 'Float32Array', 'Float64Array', ...INTEGERS];

/**
 * What a caller hands over, checked; memory is shared where numbers are bytes or f32 already.
 * @param name what to call it in an error
 * @throws ArgumentError naming the field that is wrong or disagrees
 */
export function checkExamples(part: Images | Examples, name: string): CheckedExamples {
  if (tagOf(part) !== 'Object' || !('values' in part)) return fromImages(part as Images, name);
  const { shape, values: given, labels } = part;
  if (!Array.isArray(shape) || shape.length < 2 || !shape.every((size) => Number.isInteger(size) && size > 0))
    throw new ArgumentError(
      `${name}.shape is ${JSON.stringify(shape)}, must be [count, features], [count, height, width] or [count, height, width, channels]`,
    );
  if (!TYPES.includes(tagOf(given)))
    throw new ArgumentError(
      `${name}.values are ${kindOf(given)}, must be a typed array of numbers, for example a Float32Array`,
    );
  const [count, size] = [countOf({ shape }), sizeOf({ shape })];
  if (given.length !== count * size)
    throw new ArgumentError(
      `${name}.values has ${given.length} numbers, must have ${count * size} (shape [${shape.join(', ')}])`,
    );
  checkLabels(labels, count, `${name}.labels`, 'examples');
  const values = ownArray(given);
  checkFinite(values, given, size, name);
  return { shape, values, ...(labels && { labels }) };
}

function fromImages(images: Images, name: string): CheckedExamples {
  checkImages(images, name);
  const { count, height, width, pixels: values, labels } = images;
  return { shape: [count, height, width], values, ...(labels && { labels }) };
}

/** Bytes and f32 share memory, as arrays of this realm: one of another frame is no instance of what it is. */
function ownArray(given: NumericArray): Uint8Array | Float32Array {
  if (given instanceof Uint8Array || given instanceof Float32Array) return given;
  const { buffer, byteOffset, length } = given;
  if (tagOf(given) === 'Uint8Array') return new Uint8Array(buffer, byteOffset, length);
  if (tagOf(given) === 'Float32Array') return new Float32Array(buffer, byteOffset, length);
  return Float32Array.from(given);
}

/** @param given the numbers before they became f32 */
function checkFinite(values: NumericArray, given: NumericArray, size: number, name: string): void {
  if (values.BYTES_PER_ELEMENT === 1) return;
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new ArgumentError(
      `${name}.values[${Math.floor(wrong / size)}, ${wrong % size}] is ${given[wrong]}, must be finite in f32; leave such examples out`,
    );
}

/**
 * Checks all parts and that their examples have one shape.
 * @throws ArgumentError naming what is missing or disagrees
 */
export function checkDataset(dataset: Dataset<Images | Examples>): Dataset<CheckedExamples> {
  if (tagOf(dataset) !== 'Object')
    throw new ArgumentError(
      `dataset: ${kindOf(dataset)}, must be { name, train, test }; for example digits({ train: 2560, test: 512 })`,
    );
  const { name = 'dataset' } = dataset;
  const train = checkExamples(dataset.train, `${name}.train`);
  if (!dataset.test)
    throw new ArgumentError(
      `${name}.test is missing, must be the examples that the test loss is of; hold some of the training examples out: const { train, validation: test } = holdOut(dataset, 0.1)`,
    );
  const test = checkExamples(dataset.test, `${name}.test`);
  const validation = dataset.validation && checkExamples(dataset.validation, `${name}.validation`);
  for (const [part, examples] of Object.entries({ test, validation })) {
    if (!examples) continue;
    const [one, other] = [shapeOfOne(train).join('x'), shapeOfOne(examples).join('x')];
    if (one !== other)
      throw new ArgumentError(
        `${name}: training examples are ${one} but ${part} examples are ${other}; they must have one size`,
      );
    if (train.values.BYTES_PER_ELEMENT !== examples.values.BYTES_PER_ELEMENT)
      throw new ArgumentError(
        `${name}: training examples are ${kindOf(train.values)} but ${part} examples are ${kindOf(examples.values)}; bytes stand for 0..1, so they must be of one type`,
      );
  }
  return { name, train, ...(validation && { validation }), test };
}
