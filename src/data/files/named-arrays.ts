// Arrays by name as the parts of a data set: under the names of Keras (x_train, y_train, ...), of MedMNIST (train_images, ...) or
// others like them; or one array.
import { FormatError } from '../../errors.js';
import type { HostArray, NumericArray } from './elements.js';

/** Arrays of one part. */
export interface NamedPart {
  /** [count, ...]. */
  examples: HostArray;
  /** [count, ...], if the file has some. */
  labels?: HostArray | undefined;
}

/** What arrays of a file are by their names. */
export interface NamedParts {
  /** x_train, y_train; train_images, ...; images, labels. */
  train: NamedPart;
  /** x_val, y_val; val_images, ... */
  validation?: NamedPart;
  /** x_test, y_test; test_images, ... */
  test?: NamedPart;
}

const TRAIN = ['x_train', 'X_train', 'train_images', 'train_x', 'train'];
const VALIDATION = ['x_val', 'X_val', 'val_images', 'val_x', 'val', 'validation'];
const TEST = ['x_test', 'X_test', 'test_images', 'test_x', 'test'];
/** Of an archive without a test set. */
const ALL = ['images', 'x', 'X', 'data', 'imgs'];
const LABELS = ['labels', 'y', 'Y', 'target'];

/** y_train of x_train, train_labels of train_images. */
const labelNames = (images: string): string[] => [
  images.replace(/^[xX]_/, 'y_'),
  images.replace('images', 'labels'),
  images.replace(/_x$/, '_y'),
];

const KNOWN = new Set([
  ...[...TRAIN, ...VALIDATION, ...TEST].flatMap((name) => [name, ...labelNames(name)]),
  ...ALL,
  ...LABELS,
]);

/** Whether an array of this name is one of those. Files have other things beside them. */
export const isNamedPart = (name: string): boolean => KNOWN.has(name);

/**
 * Which arrays of a file are the training, validation and test examples and their labels.
 * @param file what to call it in an error
 * @throws FormatError if no array has a name that says what it is
 */
export function namedParts(arrays: ReadonlyMap<string, HostArray>, file: string): NamedParts {
  const part = (names: readonly string[], labels: (name: string) => readonly string[]): NamedPart | undefined => {
    const name = names.find((each) => arrays.has(each));
    const images = name === undefined ? undefined : arrays.get(name);
    if (!images || name === undefined) return undefined;
    const found = labels(name).find((each) => each !== name && arrays.has(each));
    return { examples: images, labels: found === undefined ? undefined : arrays.get(found) };
  };
  const train = part(TRAIN, labelNames) ?? part(ALL, () => LABELS) ?? onlyOne(arrays);
  if (!train)
    throw new FormatError(
      `${file} has the arrays ${shortList([...arrays.keys()])}, must have x_train (and y_train, x_test, y_test), or one array of images`,
    );
  const [validation, test] = [part(VALIDATION, labelNames), part(TEST, labelNames)];
  return { train, ...(validation && { validation }), ...(test && { test }) };
}

/** Tensors of a safetensors file, as decodeSafetensors gives them. */
export type Tensors = ReadonlyMap<
  string,
  {
    /** Sizes, slowest axis first. */
    shape: readonly number[];
    /** Row-major. */
    values: NumericArray | BigInt64Array | BigUint64Array;
  }
>;

/** Those with a name that says what they are, if there are such, else all; integers of 64 bits as f64, as in .npy. */
export function tensorArrays(tensors: Tensors, file: string): Map<string, HostArray> {
  const isKnown = [...tensors.keys()].some(isNamedPart);
  const arrays = [...tensors].flatMap(([tensor, { shape, values }]): [string, HostArray][] => {
    if (isKnown && !isNamedPart(tensor)) return [];
    const name = `${file}: ${tensor}`;
    return [[tensor, { name, shape: [...shape], values: plainNumbers(values, name) }]];
  });
  return new Map(arrays);
}

function plainNumbers(values: NumericArray | BigInt64Array | BigUint64Array, name: string): NumericArray {
  if (!(values instanceof BigInt64Array || values instanceof BigUint64Array)) return values;
  return Float64Array.from(values, (value) => {
    if (!Number.isSafeInteger(Number(value)))
      throw new FormatError(`${name} has ${value}, must be within +-2^53: f64 holds no more`);
    return Number(value);
  });
}

const SHOWN = 12;

const shortList = (names: readonly string[]): string =>
  names.length === 0 ? 'none' : names.slice(0, SHOWN).join(', ') + (names.length > SHOWN ? ', ...' : '');

function onlyOne(arrays: ReadonlyMap<string, HostArray>): NamedPart | undefined {
  const [first, ...others] = arrays.values();
  return first && others.length === 0 ? { examples: first } : undefined;
}
