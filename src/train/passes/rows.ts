// Images and codes as callers have them, checked.
import { kindOf, tagOf } from '../../data/files/bytes.js';
import { ArgumentError } from '../../errors.js';

/** Any array of numbers: plain, or typed. */
export type Numbers = ArrayLike<number>;

/** Rows of numbers, one after the other. */
export interface Rows<Values extends Float32Array | Uint8Array = Float32Array | Uint8Array> {
  count: number;
  /** [count, columns]; may be the caller's own array. Bytes are pixels, 0 (black) to 255 (white). */
  values: Values;
}

export const isBytes = (rows: Rows): rows is Rows<Uint8Array> => rows.values instanceof Uint8Array;

/** Their numbers may be anything; of integers, 0 and 1 alone are pixels of 0..1, but for bytes. */
const FLOATS = ['Array', 'Float16Array', 'Float32Array', 'Float64Array'];
const INTEGERS = ['Int8Array', 'Uint8Array', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array'];

/**
 * @param images [n, pixels] of 0..1; a Uint8Array holds bytes of 0 (black) to 255 (white), as Images.pixels does
 * @param what what to call them in an error
 * @param integers whether the model is one of numbers, of which integers are some, as in training
 * @throws ArgumentError unless they are a positive number of whole rows of finite numbers
 */
export function imageRows(images: Numbers, pixels: number, what: string, integers: boolean): Rows {
  const tag = tagOf(images);
  if (tag === 'Uint8ClampedArray')
    throw new ArgumentError(
      'images: a Uint8ClampedArray, as a canvas gives it with 4 bytes a pixel (RGBA); must have one number a pixel, for example Float32Array.from({ length: data.length / 4 }, (_, i) => data[4 * i] / 255)',
    );
  if (tag === 'Uint8Array')
    return { count: wholeRows(images.length, pixels, what), values: bytesOf(images as Uint8Array) };
  const isIntegers = INTEGERS.includes(tag);
  const wrong = isIntegers && !integers ? indexOfNoBit(images) : -1;
  if (wrong >= 0)
    throw new ArgumentError(
      `${what}: ${kindOf(images)} with ${images[wrong]} at index ${wrong}, must be integers of 0 and 1, floats of 0..1, or a Uint8Array of 0..255`,
    );
  if (!FLOATS.includes(tag) && !isIntegers)
    throw new ArgumentError(
      `${what}: ${kindOf(images)}, must be an array of 0..1, for example a Float32Array [n, ${pixels}], or a Uint8Array of 0..255`,
    );
  return finiteRows(floats(images), pixels, what, images);
}

function indexOfNoBit(numbers: Numbers): number {
  for (let i = 0; i < numbers.length; i++) if (numbers[i] !== 0 && numbers[i] !== 1) return i;
  return -1;
}

/**
 * @param codes [n, latent]
 * @throws ArgumentError as imageRows
 */
export function codeRows(codes: Numbers, latent: number): Rows<Float32Array> {
  if (![...FLOATS, ...INTEGERS].includes(tagOf(codes)))
    throw new ArgumentError(
      `codes: ${kindOf(codes)}, must be an array of numbers, for example a Float32Array [n, ${latent}]`,
    );
  return finiteRows(floats(codes), latent, 'codes', codes);
}

const floats = (numbers: Numbers): Float32Array =>
  numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);

/** As an array of this realm: one of another frame is no instance of what it is. */
const bytesOf = ({ buffer, byteOffset, length }: Uint8Array): Uint8Array => new Uint8Array(buffer, byteOffset, length);

/** @returns how many rows they are */
function wholeRows(length: number, columns: number, what: string): number {
  if (length === 0 || length % columns !== 0)
    throw new ArgumentError(`${what}: ${length} numbers, must be a positive multiple of ${columns}, [n, ${columns}]`);
  return length / columns;
}

function finiteRows(values: Float32Array, columns: number, what: string, given: Numbers): Rows<Float32Array> {
  const count = wholeRows(values.length, columns, what);
  const fault = notFinite(values, (index) => given[index]);
  if (fault !== undefined) throw new ArgumentError(`${what}: ${fault}`);
  return { count, values };
}

/** A loop: a callback for each number is what rows of millions would wait for. */
function firstNotFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/**
 * Whether there are NaN, infinity, or numbers that are infinite as f32, in words; undefined if not.
 * @param given the numbers before they became f32
 */
export function notFinite(values: Float32Array, given: (index: number) => unknown): string | undefined {
  const first = firstNotFinite(values);
  if (first < 0) return undefined;
  const count = values.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
  return `${count} of ${values.length} values are not finite in f32, the first is ${String(given(first))} at index ${first}`;
}
