// Examples from tables of text: a .csv or .tsv file with a row each, or a folder of two such files. Read piece by piece.
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

/** What the columns of a table are taken for. */
interface Columns {
  options: TableOptions;
  /** Whether each column but the label is a pixel of a square image. */
  images: boolean;
}

/** Without names, as many columns as the images in use have pixels: 8x8 at least. */
const LEAST_PIXELS = 64;

/** Pixels by their names (and "label"), or, without names, by their number, or one more, of which the first is the label. */
function columnsOf(names: readonly string[], hasHeader: boolean): Columns {
  const of = (count: number) => isSquare(count) && (hasHeader || count >= LEAST_PIXELS);
  if (hasHeader) {
    const pixels = names.filter((name) => name.toLowerCase() !== 'label');
    return { options: {}, images: of(pixels.length) && pixels.every((name) => PIXEL.test(name)) };
  }
  if (of(names.length)) return { options: { labelColumn: false }, images: true };
  if (of(names.length - 1)) return { options: { labelColumn: 1 }, images: true };
  return { options: {}, images: false };
}

/** A part of a data set, and what the columns are called. */
interface TablePart extends Part {
  features?: readonly string[];
}

/** @throws FormatError naming file, line and column of what is no number */
export async function readTablePart(file: string, progress: ReadProgress): Promise<TablePart> {
  let images = false;
  const table = await readTable(
    file,
    (names, hasHeader) => {
      const columns = columnsOf(names, hasHeader);
      images = columns.images;
      return columns.options;
    },
    progress,
  );
  const { features, labels, classes = [], names } = table;
  const [count = 0, columns = 0] = features.shape;
  const side = Math.sqrt(columns);
  const examples = images ? { ...features, shape: [count, side, side] } : features;
  const told = images ? {} : { features: names };
  if (!labels) return { examples, ...told };
  // By the numbers themselves: a file for testing may lack a class of the one for training.
  const numbers = classes.map(Number);
  const values = Float64Array.from(labels.values, (code) => numbers[code] ?? Number.NaN);
  return { examples, labels: { ...labels, values }, ...told };
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
  const { features, ...part } = await readTablePart(train, progress);
  return {
    train: part,
    ...(test !== undefined && { test: await readTablePart(test, progress) }),
    ...(features && { features }),
  };
}
