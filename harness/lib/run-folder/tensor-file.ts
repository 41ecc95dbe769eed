// A safetensors file from the disk, whole; what is wrong with it is told with its path.
import fs from 'node:fs';
import { ArgumentError, decodeSafetensors, FormatError, type StoredTensor, safetensorsMetadata } from 'latentgpu/node';

export interface TensorFile {
  /** Of the whole file. */
  bytes: number;
  /** By name, in the order of their data. */
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
}

/**
 * @throws ArgumentError if it is no file or cannot be read; FormatError if it is not whole safetensors
 */
export function readTensorFile(file: string): TensorFile {
  const bytes = readFile(file);
  try {
    return { bytes: bytes.length, tensors: decodeSafetensors(bytes), metadata: safetensorsMetadata(bytes) };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new FormatError(`${file}: ${cause.message}`, { cause });
  }
}

function readFile(file: string): Buffer {
  try {
    // A pipe or a device may have no end.
    if (!fs.statSync(file).isFile()) throw new Error('it is no file');
    return fs.readFileSync(file);
  } catch (cause) {
    throw new ArgumentError(
      `${file} cannot be read (${(cause as Error).message}), must be a safetensors file; name another`,
      { cause },
    );
  }
}
