// Examples from files of arrays by name, .npz and .safetensors: under the names of Keras (x_train, y_train, ...), of MedMNIST
// (train_images, ...) or others like them, or one array; and from an .npy file, which is one array.
import path from 'node:path';
import {
  decodeNpy,
  decodeNpz,
  decodeSafetensors,
  FormatError,
  isNamedPart,
  type NamedParts,
  namedParts,
  type StoredTensor,
  tensorArrays,
} from 'latentgpu/node';
import type { Arrays } from './arrays.js';

/**
 * @param file where the bytes are from
 * @throws FormatError if it holds no array under a name that says what it is
 */
export async function readNpz(bytes: Uint8Array, file: string): Promise<Arrays> {
  // Archives have other things beside the images: descriptions as Python objects, say.
  const known = await decodeNpz(bytes, file, isNamedPart);
  return withNames(namedParts(known.size > 0 ? known : await decodeNpz(bytes, file), file));
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
  return withNames(namedParts(tensorArrays(tensors, file), file));
}

/** And which of a file's arrays they are: "x_train, y_train, x_test, y_test". */
function withNames(parts: NamedParts): Arrays {
  const arrays = [parts.train, parts.validation, parts.test].flatMap((part) => [part?.examples, part?.labels]);
  const names = arrays.flatMap((array) => (array ? [array.name.replace(/^.*: /, '').replace(/\.npy$/, '')] : []));
  return { ...parts, what: names.join(', ') };
}

export const readNpy = (bytes: Uint8Array, file: string): Arrays => ({ train: { examples: decodeNpy(bytes, file) } });

/** "mnist" of "/data/mnist.npz" */
export const stem = (file: string): string => path.basename(file).replace(/\.[^.]*$/, '');
