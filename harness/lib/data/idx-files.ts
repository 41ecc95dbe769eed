// A data set as a folder of IDX files, which --data reads: the reverse of loadFolder in data.ts.
import path from 'node:path';
import { ArgumentError, type CheckedExamples, type Dataset } from 'latentgpu/node';
import { claimNew } from '../run-folder/claim.js';
import { attempt, writeWhole } from '../run-folder/files.js';

/** IDX of unsigned bytes: two zero bytes, the type, the number of axes, a big-endian u32 size for each, the values. */
function encodeIdx(sizes: readonly number[], values: Uint8Array): Uint8Array {
  const head = 4 + 4 * sizes.length;
  const file = new Uint8Array(head + values.length);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x800 + sizes.length);
  sizes.forEach((size, axis) => {
    view.setUint32(4 + 4 * axis, size);
  });
  file.set(values, head);
  return file;
}

/**
 * @param folder new or empty
 * @returns names of the files
 * @throws ArgumentError if it holds something, or cannot be written
 */
export function writeIdxFiles({ name, train, test }: Dataset<CheckedExamples>, folder: string): string[] {
  const bytes = ({ values, shape }: CheckedExamples) => {
    if (values instanceof Uint8Array && shape.length === 3) return values;
    throw new ArgumentError(
      `${name} has examples of shape [${shape.slice(1).join(', ')}]${values instanceof Uint8Array ? '' : ' of floats'}, must have grey images of bytes: train.py reads no others`,
    );
  };
  const parts = Object.entries({ train, t10k: test }).map(([part, examples]) => ({
    part,
    ...examples,
    pixels: bytes(examples),
  }));
  const claim = claimNew(folder);
  try {
    return parts.flatMap(({ part, shape, pixels, labels }) => {
      const files: [string, Uint8Array][] = [
        [`${part}-images-idx3-ubyte`, encodeIdx(shape, pixels)],
        ...(labels ? [[`${part}-labels-idx1-ubyte`, encodeIdx([labels.length], labels)] as [string, Uint8Array]] : []),
      ];
      return files.map(([file, contents]) => {
        attempt(path.join(folder, file), 'cannot be written', () => writeWhole(path.join(claim.root, file), contents));
        return file;
      });
    });
  } finally {
    claim.release();
  }
}
