// A data set as a folder of IDX files, which --data reads: the reverse of loadFolder in data.ts.
import path from 'node:path';
import type { Dataset } from 'latentgpu/node';
import { claimNew } from '../run/claim.js';
import { attempt, writeWhole } from '../run/files.js';

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
export function writeIdxFiles({ train, test }: Dataset, folder: string): string[] {
  const claim = claimNew(folder);
  try {
    return Object.entries({ train, t10k: test }).flatMap(([part, { count, height, width, pixels, labels }]) => {
      const files: [string, Uint8Array][] = [
        [`${part}-images-idx3-ubyte`, encodeIdx([count, height, width], pixels)],
        ...(labels ? [[`${part}-labels-idx1-ubyte`, encodeIdx([count], labels)] as [string, Uint8Array]] : []),
      ];
      return files.map(([name, bytes]) => {
        attempt(path.join(folder, name), 'cannot be written', () => writeWhole(path.join(claim.root, name), bytes));
        return name;
      });
    });
  } finally {
    claim.release();
  }
}
