// Examples from files of arrays by name, .npz and .safetensors: under the names of Keras (x_train, y_train, ...), of MedMNIST
// (train_images, ...) or others like them, or one array; and from an .npy file, which is one array.
import path from 'node:path';
import {
  decodeNpy,
  decodeNpz,
  decodeSafetensors,
  FormatError,
  type HostArray,
  type NumericArray,
  type StoredTensor,
} from 'latentgpu/node';
import type { Arrays, Part } from './arrays.js';

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

/**
 * @param file where the bytes are from
 * @throws FormatError if it holds no array under a name that says what it is
 */
export async function readNpz(bytes: Uint8Array, file: string): Promise<Arrays> {
  // Archives have other things beside the images: descriptions as Python objects, say.
  const known = await decodeNpz(bytes, file, (name) => KNOWN.has(name));
  return arraysByName(known.size > 0 ? known : await decodeNpz(bytes, file), file);
}

/** @throws FormatError as readNpz */
export function readTensors(bytes: Uint8Array, file: string): Arrays {
  let tensors: Map<string, StoredTensor>;
  try {
    tensors = decodeSafetensors(bytes);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new FormatError(`${file}: ${cause.message}`, { cause });
  }
  const isKnown = [...tensors.keys()].some((name) => KNOWN.has(name));
  const arrays = [...tensors].flatMap(([name, { shape, values }]): [string, HostArray][] =>
    isKnown && !KNOWN.has(name)
      ? []
      : [[name, { name: `${file}: ${name}`, shape, values: numbersOf(values, `${file}: ${name}`) }]],
  );
  return arraysByName(new Map(arrays), file);
}

/** Integers of 64 bits as f64, as in .npy. */
function numbersOf(values: StoredTensor['values'], name: string): NumericArray {
  if (!(values instanceof BigInt64Array || values instanceof BigUint64Array)) return values;
  return Float64Array.from(values, (value) => {
    if (!Number.isSafeInteger(Number(value)))
      throw new FormatError(`${name} has ${value}, must be within +-2^53: f64 holds no more`);
    return Number(value);
  });
}

function arraysByName(arrays: ReadonlyMap<string, HostArray>, file: string): Arrays {
  const part = (names: readonly string[], labels: (name: string) => readonly string[]): Part | undefined => {
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

const SHOWN = 12;

const shortList = (names: readonly string[]): string =>
  names.length === 0 ? 'none' : names.slice(0, SHOWN).join(', ') + (names.length > SHOWN ? ', ...' : '');

function onlyOne(arrays: ReadonlyMap<string, HostArray>): Part | undefined {
  const [first, ...others] = arrays.values();
  return first && others.length === 0 ? { examples: first } : undefined;
}

export const readNpy = (bytes: Uint8Array, file: string): Arrays => ({ train: { examples: decodeNpy(bytes, file) } });

/** "mnist" of "/data/mnist.npz" */
export const stem = (file: string): string => path.basename(file).replace(/\.[^.]*$/, '');
