// A dataset from files of images or of rows of features: which reader they are for, what is held out, how numbers are scaled.
// Loaded by make.ts when a visitor has files, with the readers.
import { type CheckedExamples, chosenExamples, countOf, fitScaling, holdOut, sizeOf } from 'latentgpu';
import { chosenGaps, classesOf, examplesFromArrays, fillGaps, formOf } from 'latentgpu/data';
import { fromArrayFiles } from './array-files.js';
import { type Chosen, isPicture, isTable } from './chosen.js';
import { knownClasses } from './known-classes.js';
import type { Part, Parts } from './parts.js';
import { fromPictures } from './pictures.js';
import type { DataOptions, PageData, Scale } from './request.js';
import { fromTables } from './tables.js';

/** Without a test set, this share of the examples is of it, drawn by the seed: classes may come in any turn. */
const HELD_OUT = 0.1;

/** @throws Error saying which file is wrong and what it must be */
export async function fromFiles(files: Chosen[], options: DataOptions): Promise<PageData> {
  const { name, parts } = await partsOf(files, options);
  return datasetOf(name, parts, options);
}

async function partsOf(chosen: Chosen[], options: DataOptions): Promise<{ name: string; parts: Parts }> {
  const pictures = chosen.filter(isPicture);
  // Folders have other things beside pictures: lists, licences.
  const inFolder = chosen.some(({ path }) => path.includes('/'));
  const used = pictures.length > 0 && inFolder ? pictures : chosen;
  const files = used.map(({ file }) => file);
  if (files.length === 0)
    throw new Error('no files: choose IDX files, .npz, .npy, .safetensors or .csv files, or PNG or JPEG pictures');
  if (pictures.length === used.length) return { name: 'own pictures', parts: await fromPictures(used, options) };
  const parquet = files.find(({ name }) => /\.parquet$/i.test(name));
  if (parquet)
    throw new Error(
      `${parquet.name} is a Parquet table, which this page does not read: save it as .csv, or train with the programs (harness/train.js --data FILE)`,
    );
  const tables = used.filter(isTable);
  if (pictures.length > 0 || (tables.length > 0 && tables.length < used.length))
    throw new Error('pictures, tables or arrays together: choose files of one kind');
  const isIdx = files.every(({ name }) => !/\.(?:npz|npy|safetensors|csv|tsv)$/i.test(name));
  const name = isIdx ? 'own IDX files' : files.map((file) => file.name).join(', ');
  return { name, parts: tables.length > 0 ? await fromTables(files, options) : await fromArrayFiles(files) };
}

function datasetOf(name: string, parts: Parts, { most, scale, seed }: DataOptions): PageData {
  const { features, numbers, form: table } = parts;
  const form = { ...formOf(parts.train.examples), ...(numbers && { numbers }) };
  const { classes = knownClasses(parts.train), labels } = classesOf(parts);
  const read = (part: Part) => examplesFromArrays(part.examples, labels(part), form);
  const train = read(parts.train);
  const test = parts.test && read(parts.test);
  const count = countOf(train);
  const what = form.shape.length === 1 ? 'row' : 'image';
  if (!test && count < 2) throw new Error(`${name} has only one ${what}: training and testing need at least two`);
  const first = (all: number) => [...Array(Math.min(most, all)).keys()];
  const { kept, held } = test ? { kept: first(count), held: [] } : split(Math.min(most, count), seed);
  const chosen = {
    train: some(train, kept, parts.train),
    test: test ? some(test, first(countOf(test)), parts.test) : some(train, held, parts.train),
  };
  if (table) fillGaps(chosen.train, [chosen.test], table, name);
  const own = { train: chosen.train.examples, test: chosen.test.examples };
  return { name, ...own, ...(features && { features }), ...(classes && { classes }), ...suited(own, scale) };
}

/** Which rows are trained on, and which are held out: those that the engine would hold out of as many. */
function split(count: number, seed: number): { kept: number[]; held: number[] } {
  const rows = { shape: [count, 1], values: Float32Array.from({ length: count }, (_, row) => row) };
  const { train, validation = rows } = holdOut({ name: 'rows', train: rows, test: rows }, HELD_OUT, seed);
  return { kept: [...train.values], held: [...validation.values] };
}

/** Copies: the files' bytes stay whole, and what goes to the GPU holds no header. */
function some(examples: CheckedExamples, rows: readonly number[], { gaps = new Uint32Array() }: Part = {} as Part) {
  const copy = chosenExamples(examples, rows);
  return { examples: copy, values: copy.values, gaps: chosenGaps(gaps, sizeOf(examples), rows) };
}

/** What the programs take by default (harness/lib/options/flags/suited.ts): rows are standardised, other numbers brought to 0..1. */
function suited(
  { train, test }: Pick<PageData, 'train' | 'test'>,
  chosen: Scale,
): Pick<PageData, 'pixels' | 'scaling'> {
  if (train.values instanceof Uint8Array) return { pixels: true };
  const vectors = train.shape.length === 2;
  const isUnit = [train, test].every(({ values }) => values.every((value) => value >= 0 && value <= 1));
  const kind = chosen !== 'default' ? chosen : vectors ? 'standard' : isUnit ? 'none' : 'minmax';
  if (kind === 'none') return { pixels: isUnit && !vectors };
  return { pixels: false, scaling: fitScaling(train.values, vectors ? sizeOf(train) : 1, kind) };
}
