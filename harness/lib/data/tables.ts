// Examples from tables, whatever their format: a file with a row each, or a folder of two such files. What the columns are
// follows from their names, from the flags, or from the table that a model was trained on.
import fs from 'node:fs';
import path from 'node:path';
import {
  type FileLabels,
  FormatError,
  pixelColumns,
  type RowListener,
  type Table,
  TableBuilder,
  type TableForm,
  type TableOptions,
} from 'latentgpu/node';
import type { ReadingOptions } from '../options/reading-options.js';
import type { Arrays, Part } from './arrays.js';
import { isCsv, readCsv } from './csv-file.js';
import { isParquet, readParquet } from './parquet-file.js';
import type { ReadProgress, RowsOf } from './rows.js';

/** By the end of a file's name. */
const FORMATS: readonly { is(file: string): boolean; read: RowsOf }[] = [
  { is: isCsv, read: readCsv },
  { is: isParquet, read: readParquet },
];

export const isTable = (file: string): boolean => FORMATS.some(({ is }) => is(file));

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
  await FORMATS.find(({ is }) => is(file))?.read(file, listener, progress);
  if (!builder) throw new FormatError(`${file} has no columns`);
  return builder.table();
}

/** What the flags say of columns. */
export function columnOptions({
  'label-column': labelColumn,
  drop,
  categorical,
  missing,
}: ReadingOptions): TableOptions {
  return {
    ...(labelColumn !== undefined && { labelColumn }),
    ...(drop && { drop }),
    ...(categorical && { categorical }),
    ...(missing && { missing }),
  };
}

/** The labels of a table as those of a part. */
export function tableLabels({ labels, classes = [], form }: Table, file: string): FileLabels | undefined {
  return labels && { ...labels, name: `${file}: column "${form.label?.name}"`, names: classes };
}

export const droppedText = (file: string, dropped: number): string =>
  `${file}: ${dropped.toLocaleString('en-US')} rows with missing values are left out`;

const filledText = (file: string, filled: number): string =>
  `${file}: ${filled.toLocaleString('en-US')} missing value${filled === 1 ? ' is the mean of its' : 's are the mean of their'} column over the training rows`;

/** A part of a data set, what its features are called, and how to read another table in the same way. */
interface TablePart extends Part {
  features?: readonly string[];
  table?: TableForm;
  pixelTable?: TableForm;
  dropped: number;
  filled: number;
}

/** How a table is read that is not the first of its kind. */
export interface ReadLike extends Pick<TableOptions, 'like' | 'labelMayLack'> {
  /** Whose means stand for what is missing, if this one is of pixels, too. */
  pixelsLike?: TableForm | undefined;
  /** Whether it is of the same data set, so that its missing values become means of the rows that are left for training. */
  sameSet?: boolean;
}

/** @throws FormatError naming file, line and column of what is no number */
async function readTablePart(
  file: string,
  reading: ReadingOptions,
  { like, pixelsLike, labelMayLack, sameSet }: ReadLike,
  progress: ReadProgress,
): Promise<TablePart> {
  const given = { ...columnOptions(reading), ...(labelMayLack && { labelMayLack }) };
  const takesMeans = reading.missing === 'mean';
  let images = false;
  let hasOwnMeans = like === undefined;
  const table = await readTable(
    file,
    (names, hasHeader) => {
      if (like) return { ...given, like };
      // Flags that say what columns are leave no room for guesses, but for that of the label, which pixels have beside them.
      const guessed =
        given.drop || given.categorical
          ? { options: {}, images: false }
          : pixelColumns(names, hasHeader, reading['label-column']);
      images = guessed.images;
      const likePixels = images && takesMeans && pixelsLike !== undefined;
      if (likePixels) hasOwnMeans = false;
      return { ...guessed.options, ...given, ...(likePixels && { like: pixelsLike }) };
    },
    progress,
  );
  const { features, names, form, dropped, filled, fileRows, gaps } = table;
  const [count = 0, width = 0] = features.shape;
  const side = Math.sqrt(width);
  const labels = tableLabels(table, file);
  // A table without any tells the means, too: its part for testing may have some.
  const missing = takesMeans && (hasOwnMeans || sameSet) ? { gaps, form } : {};
  const part = { ...(labels && { labels }), ...(fileRows && { fileRows }), ...missing, dropped, filled };
  if (images)
    return { examples: { ...features, shape: [count, side, side] }, ...part, ...(takesMeans && { pixelTable: form }) };
  return { examples: { ...features, shape: [count, width] }, ...part, features: names, table: form };
}

/** The tables of a folder, mnist_train.csv and mnist_test.csv or one; undefined if it is not clear which they are. */
export function tablesOf(folder: string): TableFiles | undefined {
  const tables = fs.readdirSync(folder).filter((name) => !name.startsWith('.') && isTable(name));
  const named = (part: RegExp) => tables.filter((name) => part.test(name));
  const [train, ...others] = tables.length === 1 ? tables : named(/train/i);
  const [test, ...more] = named(/test/i).filter((name) => name !== train);
  if (train === undefined || others.length > 0 || more.length > 0) return undefined;
  return { train: path.join(folder, train), ...(test !== undefined && { test: path.join(folder, test) }) };
}

export interface TableFiles {
  train: string;
  test?: string;
}

/**
 * @param reading of the flags, those of tables
 * @param known   the table that a model was trained on, if this is another, or is read again; and whether the label column,
 *   named for that one, may lack
 * @param say     told how many rows were left out, and how many values are means
 */
export async function readTables(
  { train, test }: TableFiles,
  reading: ReadingOptions,
  known: ReadLike,
  { say, progress }: { say(line: string): void; progress: ReadProgress },
): Promise<Arrays> {
  const read = async (file: string, as: ReadLike) => {
    const { dropped, filled, ...part } = await readTablePart(file, reading, as, progress);
    if (dropped > 0) say(droppedText(file, dropped));
    // Another table has the means of the training table.
    if (filled > 0 && as.like === undefined) say(filledText(file, filled));
    return part;
  };
  const { features, table, pixelTable, ...part } = await read(train, known);
  // A table for testing may have no labels, as at Kaggle.
  const asTrain = {
    ...(table && { like: table }),
    pixelsLike: pixelTable,
    labelMayLack: true,
    sameSet: part.gaps !== undefined,
  };
  const other = test === undefined ? undefined : await read(test, asTrain);
  const label = table?.label?.name;
  const labelled = label === undefined ? '' : `, label ${table?.hasHeader ? `column ${label}` : label}`;
  const what = `${test === undefined ? 'a table' : 'two tables'} of ${table ? 'features' : 'pixels'}${labelled}`;
  return {
    train: part,
    ...(other && {
      test: { examples: other.examples, labels: other.labels, fileRows: other.fileRows, gaps: other.gaps },
    }),
    ...(features && { features }),
    ...(table && { table }),
    ...(pixelTable && { pixelTable }),
    what,
  };
}
