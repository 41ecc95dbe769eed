// A folder of IDX files under the names in use: MNIST's (with a dash or a dot, plain or gzipped), EMNIST's and QMNIST's, which
// begin with the name of the data set, and Kaggle's folders that hold a file of their own name.
import fs from 'node:fs';
import path from 'node:path';
import { ArgumentError, decodeIdx, FormatError, gunzipIfNeeded, type HostArray } from 'latentgpu/node';
import type { Arrays } from './arrays.js';

/** [emnist-letters-]train-images-idx3-ubyte[.gz] (idx4 of colour), t10k-labels.idx1-ubyte, qmnist-test-labels-idx2-int.gz */
const NAME = /^(?:(.+)-)?(train|t10k|test)-(images|labels)([-.])idx\d-(?:ubyte|int)(\.gz)?$/;

interface Found {
  /** "emnist-letters", or empty. */
  set: string;
  part: 'train' | 'test';
  what: 'images' | 'labels';
  file: string;
  /** Of several, the one with the least is taken: plain before gzipped, with a dash before a dot. */
  order: number;
}

/** @returns what of the folder has such a name */
function findAll(folder: string): Found[] {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  return entries
    .flatMap((entry): Found[] => {
      const [, set = '', part = '', what = '', dash, gz] = NAME.exec(entry.name) ?? [];
      if (part === '') return [];
      const outer = path.join(folder, entry.name);
      const inner = path.join(outer, entry.name);
      const file = entry.isDirectory() ? inner : outer;
      if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return [];
      const order = (gz ? 2 : 0) + (dash === '-' ? 0 : 1);
      return [{ set, part: part === 'train' ? 'train' : 'test', what: what as Found['what'], file, order }];
    })
    .sort((a, b) => a.order - b.order);
}

/** Whether a folder has files of such names. */
export const hasIdxFiles = (folder: string): boolean => findAll(folder).length > 0;

/** Whether it has images and labels, for training and for testing. */
export const isWholeIdxFolder = (folder: string): boolean =>
  fs.existsSync(folder) && new Set(findAll(folder).map(({ part, what }) => `${part} ${what}`)).size === 4;

/**
 * @param split which of several data sets, by its name or the end of it
 * @throws ArgumentError if there are several and none is chosen, or another than there is; FormatError for a file that is broken
 */
export async function readIdxFolder(folder: string, split: string | undefined): Promise<Arrays> {
  const found = chooseSet(folder, findAll(folder), split);
  const read = async (part: Found['part'], what: Found['what']): Promise<HostArray | undefined> => {
    const one = found.find((file) => file.part === part && file.what === what);
    return one && decodeIdx(await gunzipIfNeeded(readFile(one.file), one.file), one.file);
  };
  const [train, trainLabels] = [await read('train', 'images'), await read('train', 'labels')];
  const [test, testLabels] = [await read('test', 'images'), await read('test', 'labels')];
  if (!train)
    throw new FormatError(
      `${folder} has no file train-images-idx3-ubyte or train-images-idx3-ubyte.gz, must have the training images under one of these names`,
    );
  return {
    train: { examples: train, labels: trainLabels },
    ...(test && { test: { examples: test, labels: testLabels } }),
  };
}

function chooseSet(folder: string, all: readonly Found[], split: string | undefined): Found[] {
  if (all.length === 0) return [];
  const sets = [...new Set(all.map(({ set }) => set))].sort();
  const named = sets.map((set) => set || 'the one without a name').join(', ');
  const chosen = split === undefined ? sets : sets.filter((set) => set === split || set.endsWith(`-${split}`));
  if (chosen.length === 1) return all.filter(({ set }) => set === chosen[0]);
  if (split !== undefined)
    throw new ArgumentError(`--split ${split}: ${folder} has ${named}; name one of them, or leave --split out`);
  const last = sets.at(-1) ?? '';
  throw new ArgumentError(
    `--data ${folder} has several data sets: ${named}; choose one, for example --split ${last.split('-').at(-1)}`,
  );
}

export function readFile(file: string): Uint8Array {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    throw new FormatError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
