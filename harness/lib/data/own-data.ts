// A file or a folder of one's own: finds out of which kind it is, refuses flags that mean nothing for that kind, and has it read.
import fs from 'node:fs';
import path from 'node:path';
import {
  ArgumentError,
  didYouMean,
  isNpy,
  isZip,
  type KnownClasses,
  type KnownNumbers,
  type TableForm,
} from 'latentgpu/node';
import { checkReading, type DataKind, type ReadingOptions, readingFor } from '../options/reading-options.js';
import { readNpy, readNpz, readTensors, stem } from './array-files.js';
import { type Arrays, datasetOf, type ExampleSet } from './arrays.js';
import { hasIdxFiles, readFile, readIdxFolder } from './idx-folder.js';
import { hasPictures, readPictures } from './picture-folder.js';
import type { ReadProgress } from './rows.js';
import { isTable, type ReadLike, readTables, tablesOf } from './tables.js';

/** What a model was trained on, where it is now given other data. */
export interface Known {
  table?: TableForm;
  /** Whose means stand for what is missing in a table of pixels. */
  pixelTable?: TableForm;
  classes?: KnownClasses;
  /** What its numbers are; absent: as the other data say themselves. */
  numbers?: KnownNumbers;
}

export interface PlaceOptions {
  /** Of the command line. */
  reading: ReadingOptions;
  /** Of the run, as far as they mean something for this kind of data. */
  inherited?: ReadingOptions | undefined;
  known?: Known | undefined;
  /** Of data without a test set: none are held out. */
  keepWhole?: boolean | undefined;
}

interface PlaceListener {
  say(line: string): void;
  download: ReadProgress;
}

/** What a path turned out to be. */
interface Found {
  kind: DataKind;
  /** For an error: "is a table". */
  is: string;
  name: string;
  read(reading: ReadingOptions): Promise<Arrays> | Arrays;
}

/**
 * @param place as it was given to --data
 * @param names of data sets, which stand for no path
 * @throws ArgumentError, FormatError
 */
export async function loadPlace(
  place: string,
  names: readonly string[],
  listener: PlaceListener,
  { reading, inherited = {}, known, keepWhole }: PlaceOptions,
): Promise<ExampleSet> {
  // The run's label column; other data need not have it.
  const labelMayLack = known !== undefined && reading['label-column'] === undefined;
  const like = { ...(known?.table && { like: known.table }), pixelsLike: known?.pixelTable };
  const found = find(place, names, listener, { ...like, labelMayLack });
  checkReading(found.kind, reading, `${place} ${found.is}`);
  const all = { ...readingFor(found.kind, inherited), ...reading };
  const arrays = await found.read(all);
  const { name, shape } = arrays.train.examples;
  // Of [count, channels, height, width] there may be one channel.
  if (reading.layout !== undefined && shape.length < 4)
    throw new ArgumentError(
      `--layout ${reading.layout}: ${name} has shape [${shape.join(', ')}], ${shape.length === 3 ? 'grey images' : 'vectors'}; only arrays of colour images take it: leave --layout out`,
    );
  const { classes, numbers } = known ?? {};
  const source = { name: found.name, place, layout: all.layout, keepWhole, classes, numbers };
  return datasetOf(source, arrays, (line) => listener.say(line));
}

function find(place: string, names: readonly string[], listener: PlaceListener, known: ReadLike): Found {
  const stat = fs.statSync(place, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new ArgumentError(
      `--data ${place} does not exist, must be one of ${names.join(', ')}, a folder of IDX files or of pictures, or an .npz, .npy, .safetensors, .csv or .parquet file${didYouMean(place, names)}`,
    );
  const told = { say: (line: string) => listener.say(line), progress: listener.download.bind(listener) };
  const table = (files: { train: string; test?: string }) => (reading: ReadingOptions) =>
    readTables(files, reading, known, told);
  if (!stat.isDirectory()) {
    const name = stem(place);
    if (isTable(place)) return { kind: 'table', is: 'is a table', name, read: table({ train: place }) };
    return { kind: 'arrays', is: 'is a file of arrays', name, read: () => readArrayFile(place, names) };
  }
  const name = path.basename(path.resolve(place));
  const tables = hasIdxFiles(place) ? undefined : tablesOf(place);
  if (tables && hasPictures(place))
    throw new ArgumentError(
      `--data ${place} has pictures and the table ${path.basename(tables.train)}: which are the data? Name the table itself, or the folder of the pictures, or take one of them out`,
    );
  if (tables) return { kind: 'table', is: 'has tables', name, read: table(tables) };
  if (!hasIdxFiles(place) && hasPictures(place))
    return {
      kind: 'pictures',
      is: 'is a folder of pictures',
      name,
      read: (reading) => readPictures(place, reading, told),
    };
  return {
    kind: 'folder of IDX files',
    is: 'is a folder of IDX files',
    name,
    read: ({ split }) => readIdxFolder(place, split),
  };
}

function readArrayFile(file: string, names: readonly string[]): Promise<Arrays> | Arrays {
  const bytes = readFile(file);
  if (/\.safetensors$/i.test(file)) return readTensors(bytes, file);
  if (isZip(bytes)) return readNpz(bytes, file);
  if (isNpy(bytes)) return readNpy(bytes, file);
  throw new ArgumentError(
    `--data ${file} is a file that is none of .npz, .npy, .safetensors, .csv, .tsv and .parquet, must be one of these, one of ${names.join(', ')}, or the folder of the IDX files`,
  );
}
