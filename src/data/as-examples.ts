// Arrays of a file, whatever its format, as examples: which shapes are vectors, grey or colour images, and which numbers are
// pixels of bytes. What the training array is, the others of the data set are as well.
import { FormatError } from '../errors.js';
import { classesOf } from './as-images.js';
import type { CheckedExamples } from './examples.js';
import type { HostArray, NumericArray } from './files/elements.js';

/** Where the channels of colour images lie: [height, width, channels] or [channels, height, width]. */
export const LAYOUTS = ['hwc', 'chw'] as const;
/** Where an array has its channels, as LAYOUTS lists it. */
export type ImageLayout = (typeof LAYOUTS)[number];

/** What an array is read as. */
export interface ExampleForm {
  /** Of one example: [features], [height, width] or [height, width, 3]. */
  shape: readonly number[];
  /** pixels: bytes, 0 (black) to 255 (white). bits: pixels of 0 and 1. numbers: anything else, as it is. */
  numbers: 'pixels' | 'bits' | 'numbers';
  /** How the file has it; the examples have their channels last. */
  layout: ImageLayout;
}

/** What the numbers of a model's own data are; scaled: numbers that the model scales, of bytes, too. */
export type KnownNumbers = ExampleForm['numbers'] | 'scaled';

/** Rows of fewer bytes are no images: 8x8 is the smallest that are in use. */
const LEAST_PIXELS = 64;
const COLOURS = 3;

/**
 * What an array is read as, told from its shape and its numbers.
 * @param layout where it is known; else channels are where a size of 1 or 3 is, last before first
 * @param known  of data for a model that is there: few of its rows do not say what they are, as one dark image of 0s and 1s
 * @throws FormatError for an array that is neither vectors nor images
 */
export function formOf(array: HostArray, layout?: ImageLayout, known?: KnownNumbers): ExampleForm {
  const { name, shape, values } = array;
  const is = `${name} has shape [${shape.join(', ')}]`;
  const [count = 0, ...one] = shape;
  if (count < 1 || one.some((size) => size < 1) || one.length < 1)
    throw new FormatError(
      `${is}, must have [count, features], [count, height, width] or [count, height, width, channels] with no size 0; is it the file of labels?`,
    );
  const [first = 0] = one;
  const side = Math.sqrt(first);
  if (one.length === 1) {
    const image = Number.isInteger(side) && first >= LEAST_PIXELS && numbersLike(values, known) === 'pixels';
    return image
      ? { shape: [side, side], numbers: 'pixels', layout: 'hwc' }
      : { shape: [first], numbers: 'numbers', layout: 'hwc' };
  }
  const numbers = numbersLike(values, known);
  if (one.length === 2) return { shape: one, numbers, layout: 'hwc' };
  const isColour = (channels = 0) => channels === 1 || channels === COLOURS;
  const chosen = layout ?? (isColour(one[2]) || !isColour(first) ? 'hwc' : 'chw');
  const [height = 0, width = 0, channels = 0] = chosen === 'hwc' ? one : [one[1], one[2], first];
  if (one.length !== 3 || !isColour(channels))
    throw new FormatError(
      `${is}, must have [count, features], [count, height, width] or [count, height, width, channels] with 1 or 3 channels${channels === 4 ? '; leave the fourth (alpha) out' : ''}`,
    );
  return { shape: channels === 1 ? [height, width] : [height, width, channels], numbers, layout: chosen };
}

/**
 * Examples for createTrainer, with their labels if given, from arrays of a file.
 * @param labels [count], [count, 1], or [count, columns] whose first is the class (QMNIST); whole numbers of 0 to 255
 * @throws FormatError naming the array that does not have this form, or a number that is not finite
 * @example
 * ```ts
 * const array = decodeNpy(file, 'images.npy');
 * const examples = examplesFromArrays(array, undefined, formOf(array, 'chw'));
 * ```
 */
export function examplesFromArrays(
  array: HostArray,
  labels: HostArray | undefined,
  form: ExampleForm,
): CheckedExamples {
  const { name, shape, values } = array;
  const count = shape[0] ?? 0;
  const { shape: one, numbers, layout } = form;
  const own = formOf(array, layout).shape;
  const size = one.reduce((product, length) => product * length, 1);
  // Flat rows have no sides that could differ.
  const isFlat = shape.length === 2 || one.length === 1;
  if (own.join() !== one.join() && !(isFlat && values.length === count * size))
    throw new FormatError(
      `${name} has examples of ${own.join('x')}, must have ${one.join('x')} as the training examples`,
    );
  const stored = numbers === 'numbers' ? floatsOf(array, size) : pixelsOf(array, numbers);
  const ordered = layout === 'chw' && one.length === 3 ? channelsLast(stored, one) : stored;
  return {
    shape: [count, ...one],
    values: ordered,
    ...(labels && { labels: classesOf(labels, count, name) }),
  };
}

/** What a model knows them as, where they can be that: numbers of 0..1 are what pixels stand for, and bytes are pixels. */
function numbersLike(values: NumericArray, known: KnownNumbers | undefined): ExampleForm['numbers'] {
  if (known === 'scaled' || (known === 'numbers' && !(values instanceof Uint8Array))) return 'numbers';
  const own = numbersOf(values);
  return own === 'bits' && known === 'pixels' ? 'pixels' : own;
}

function numbersOf(values: NumericArray): ExampleForm['numbers'] {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (!(value >= 0 && value <= 255 && Number.isInteger(value))) return 'numbers';
    if (value > most) most = value;
    // Bytes cannot be anything else: there are 50 million in MNIST.
    if (most > 1 && values instanceof Uint8Array) return 'pixels';
  }
  return most <= 1 ? 'bits' : 'pixels';
}

function pixelsOf({ name, values }: HostArray, numbers: 'pixels' | 'bits'): Uint8Array {
  const most = numbers === 'bits' ? 1 : 255;
  if (!(values instanceof Uint8Array) || numbers === 'bits') {
    const wrong = values.findIndex((value) => !(value >= 0 && value <= most && Number.isInteger(value)));
    if (wrong >= 0)
      throw new FormatError(
        `${name} has pixels such as ${values[wrong]} (number ${wrong}), must be whole numbers of 0 to ${most} as the training examples`,
      );
  }
  if (numbers === 'bits') return Uint8Array.from(values, (bit) => 255 * bit);
  return values instanceof Uint8Array ? values : Uint8Array.from(values);
}

function floatsOf({ name, values }: HostArray, size: number): Float32Array {
  const floats = values instanceof Float32Array ? values : Float32Array.from(values);
  const wrong = floats.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new FormatError(
      `${name} has ${values[wrong]} in row ${Math.floor(wrong / size)}, column ${wrong % size}, must have numbers that are finite in f32; leave such rows out`,
    );
  return floats;
}

/** [n, channels, height, width] -> [n, height, width, channels] */
function channelsLast<V extends Uint8Array | Float32Array>(
  values: V,
  [height = 1, width = 1, channels = 1]: readonly number[],
): V {
  const turned = values.slice() as V;
  const pixels = height * width;
  const size = pixels * channels;
  for (let at = 0; at < values.length; at += size)
    for (let channel = 0; channel < channels; channel++)
      for (let pixel = 0; pixel < pixels; pixel++)
        turned[at + pixel * channels + channel] = values[at + channel * pixels + pixel] ?? 0;
  return turned;
}
