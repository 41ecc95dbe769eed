// Images from tables of text: a .csv or .tsv file with a column a pixel, or a folder of two such files. Read piece by piece.
import fs from 'node:fs';
import path from 'node:path';
import { CsvReader, FormatError, type RowListener, type Table, TableBuilder, type TableOptions } from 'latentgpu/node';
import type { Arrays, Part } from './arrays.js';

/** Kaggle's pixel0, pixel1, ...; 1x1, 1x2, ... of other tables of MNIST. */
const PIXEL = /^(?:pixel|px|p)_?\d+$|^\d+x\d+$/i;
const TABLE = /\.(?:csv|tsv)$/i;
const PIECE = 2 ** 20;

/** Bytes that have been read, of how many. */
export type ReadProgress = (file: string, read: number, total: number) => void;

export const isTable = (file: string): boolean => TABLE.test(file);

/** A table whose options follow from its columns. */
async function readTable(
  file: string,
  optionsFor: (names: readonly string[], hasHeader: boolean) => TableOptions,
  progress: ReadProgress,
): Promise<Table> {
  let builder: TableBuilder | undefined;
  const listener: RowListener = {
    columns: (names, hasHeader) => {
      builder = new TableBuilder(file, optionsFor(names, hasHeader));
      builder.columns(names, hasHeader);
    },
    row: (numbers, texts, line) => builder?.row(numbers, texts, line),
  };
  const reader = new CsvReader(file, listener);
  const total = fs.statSync(file).size;
  let read = 0;
  for await (const piece of fs.createReadStream(file, { highWaterMark: PIECE })) {
    reader.push(piece);
    read += piece.length;
    progress(file, read, total);
  }
  reader.end();
  if (!builder) throw new FormatError(`${file} has no columns`);
  return builder.table();
}

const isSquare = (count: number): boolean => count > 0 && Number.isInteger(Math.sqrt(count));

/**
 * Images of a column a pixel: with names, those of pixels, and "label"; without, as many as a square image has, or one more,
 * of which the first is the label.
 */
function imageColumns(file: string): (names: readonly string[], hasHeader: boolean) => TableOptions {
  return (names, hasHeader) => {
    if (!hasHeader) {
      if (isSquare(names.length)) return { labelColumn: false };
      if (isSquare(names.length - 1)) return { labelColumn: 1 };
      throw new FormatError(
        `${file} has ${names.length} columns without names, must have one for each pixel of square images, and may have the label before them`,
      );
    }
    const other = names.find((name) => !PIXEL.test(name) && name.toLowerCase() !== 'label');
    if (other === undefined) return {};
    throw new FormatError(
      `${file} has the column "${other}", must have pixels alone (pixel0, pixel1, ... or 1x1, 1x2, ...) and "label": tables of other ` +
        'numbers cannot be trained on yet',
    );
  };
}

/** @throws FormatError if it is no table of images */
export async function readTableImages(file: string, progress: ReadProgress): Promise<Part> {
  const { features, labels, classes = [] } = await readTable(file, imageColumns(file), progress);
  if (!labels) return { images: features };
  // By the numbers themselves: a file for testing may lack a class of the one for training.
  const numbers = classes.map(Number);
  const values = Float64Array.from(labels.values, (code) => numbers[code] ?? Number.NaN);
  return { images: features, labels: { ...labels, values } };
}

/** The tables of a folder, mnist_train.csv and mnist_test.csv or one; undefined if it is not clear which they are. */
export function tablesOf(folder: string): { train: string; test?: string } | undefined {
  const tables = fs.readdirSync(folder).filter(isTable);
  const named = (part: RegExp) => tables.filter((name) => part.test(name));
  const [train, ...others] = tables.length === 1 ? tables : named(/train/i);
  const [test, ...more] = named(/test/i).filter((name) => name !== train);
  if (train === undefined || others.length > 0 || more.length > 0) return undefined;
  return { train: path.join(folder, train), ...(test !== undefined && { test: path.join(folder, test) }) };
}

export async function readTables(
  { train, test }: { train: string; test?: string },
  progress: ReadProgress,
): Promise<Arrays> {
  return {
    train: await readTableImages(train, progress),
    ...(test !== undefined && { test: await readTableImages(test, progress) }),
  };
}
