// Examples from files of arrays by name, .npz and .safetensors: under the names of Keras (x_train, y_train, ...), of MedMNIST
// (train_images, ...) or others like them, or one array; and from an .npy file, which is one array.
import path from 'node:path';
import {
  decodeNpy,
  decodeNpz,
  decodeSafetensors,
  FormatError,
  type HostArray,
  isNamedPart,
  type NumericArray,
  namedParts,
  type StoredTensor,
} from 'latentgpu/node';
import type { Arrays } from './arrays.js';

/**
 * @param file where the bytes are from
 * @throws FormatError if it holds no array under a name that says what it is
 */
export async function readNpz(bytes: Uint8Array, file: string): Promise<Arrays> {
  // Archives have other things beside the images: descriptions as Python objects, say.
  const known = await decodeNpz(bytes, file, isNamedPart);
  return namedParts(known.size > 0 ? known : await decodeNpz(bytes, file), file);
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
  const isKnown = [...tensors.keys()].some(isNamedPart);
  const arrays = [...tensors].flatMap(([name, { shape, values }]): [string, HostArray][] =>
    isKnown && !isNamedPart(name)
      ? []
      : [[name, { name: `${file}: ${name}`, shape, values: numbersOf(values, `${file}: ${name}`) }]],
  );
  return namedParts(new Map(arrays), file);
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

export const readNpy = (bytes: Uint8Array, file: string): Arrays => ({ train: { examples: decodeNpy(bytes, file) } });

/** "mnist" of "/data/mnist.npz" */
export const stem = (file: string): string => path.basename(file).replace(/\.[^.]*$/, '');
