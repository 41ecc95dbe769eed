// What a file or a folder holds, before it is a data set: arrays for training, validation and testing, of which only the first
// must be there.
import {
  type CheckedExamples,
  chosenGaps,
  classesOf,
  countOf,
  type Dataset,
  type ExampleForm,
  examplesFromArrays,
  type FileLabels,
  FormatError,
  fillGaps,
  formOf,
  type Gaps,
  type HostArray,
  heldOutRows,
  holdOut,
  type ImageLayout,
  type KnownClasses,
  type KnownNumbers,
  sizeOf,
  someExamples,
  type TableForm,
} from 'latentgpu/node';

export interface Part {
  examples: HostArray;
  labels?: FileLabels | undefined;
  /** Of each example, its number among the rows of the file, from 0; only where some were left out. */
  fileRows?: Uint32Array | undefined;
  /** Of a table: where values are missing, as long as their means are still to be taken; and whose columns they are. */
  gaps?: Gaps | undefined;
  form?: TableForm | undefined;
}

export interface Arrays {
  train: Part;
  validation?: Part;
  test?: Part;
  /** Of vectors: what each number is called. */
  features?: readonly string[];
  /** Of a table of features: what its columns became, to read another one in the same way. */
  table?: TableForm;
  /** Of a table of pixels whose missing values are means: these, to read it again, or another one, in the same way. */
  pixelTable?: TableForm;
  /** What the path was taken for, in a few words. */
  what?: string;
  /** Where it is known whatever they are: pictures may be all black. */
  numbers?: ExampleForm['numbers'];
}

/** A data set as programs have it. */
export interface ExampleSet
  extends Dataset<CheckedExamples>,
    Pick<Arrays, 'features' | 'table' | 'pixelTable' | 'what'> {
  /** What the classes 0.. are called, where that is not their number. */
  classes?: readonly string[];
  /** What the numbers were read as; other data of a run are read as these. */
  numbers?: ExampleForm['numbers'];
  /**
   * Of each test example, its number among the rows of its file, from 0, where rows with missing values were left out: row
   * `fileRows[i]` of the file is example i. Absent: they are the same; or the examples were held out by chance.
   */
  fileRows?: Uint32Array;
  /** Of a table: where values are missing that are means of the training examples. */
  gaps?: Gapped;
}

/** Of each part; and whose columns they are. */
interface Gapped {
  form: TableForm;
  train: Gaps;
  validation?: Gaps;
  test?: Gaps;
}

/**
 * Missing values of a table, and of that for testing beside it, as the means of the training examples. After each split anew:
 * examples that are held out have no part in them.
 */
export function withMeans(set: ExampleSet): ExampleSet {
  const { gaps, table, pixelTable, name, numbers } = set;
  if (!gaps) return set;
  const part = (which: 'train' | 'validation' | 'test') => {
    const [examples, own] = [set[which], gaps[which]];
    return examples && own ? [{ values: examples.values, gaps: own }] : [];
  };
  const [train, ...others] = [...part('train'), ...part('validation'), ...part('test')];
  const form = train && fillGaps(train, others, gaps.form, name);
  if (!form) return set;
  return {
    ...set,
    ...(table && { table: form }),
    ...(pixelTable && { pixelTable: numbers === 'bits' ? inBits(form) : form }),
  };
}

/** Of bits, which are bytes of 0 and 255 by now, the means as the table has its numbers. */
const inBits = (form: TableForm): TableForm => ({
  ...form,
  columns: form.columns.map((column) => ({ ...column, mean: Math.round((column.mean ?? 0) / WHITE) })),
});
const WHITE = 255;

/** Some of the training examples held out for validation, by holdOut. */
export function withValidation(set: ExampleSet, share: number, seed: number): ExampleSet {
  const { gaps, train } = set;
  const { kept, held } = heldOutRows(countOf(train), share, seed);
  const chosen = (rows: readonly number[]) => chosenGaps(gaps?.train ?? new Uint32Array(), sizeOf(train), rows);
  const split = gaps && { gaps: { ...gaps, train: chosen(kept), validation: chosen(held) } };
  return withMeans({ ...set, ...holdOut(set, share, seed), ...split });
}

/** The first of the training examples. */
export function withFirst(set: ExampleSet, count: number): ExampleSet {
  const { gaps, train } = set;
  const end = count * sizeOf(train);
  const first = gaps && { gaps: { ...gaps, train: gaps.train.filter((gap) => gap < end) } };
  return withMeans({ ...set, train: someExamples(train, 0, count), ...first });
}

/** Of the training examples, where there are no others to test with. */
const HELD_OUT = 0.1;
/** Always the same, so that programs agree on which they are. */
const HOLD_OUT_SEED = 0;

export interface DatasetSource {
  name: string;
  /** What the arrays are from, for a line and for errors. */
  place: string;
  /** Of colour images, if it is known. */
  layout?: ImageLayout | undefined;
  /** Without test examples all are: none are held out. */
  keepWhole?: boolean | undefined;
  /** The classes of a model that was trained on other data. */
  classes?: KnownClasses | undefined;
  /** And what its numbers are. */
  numbers?: KnownNumbers | undefined;
}

/**
 * @param say told if there are no test examples
 * @throws FormatError if arrays are no examples, or not of one shape
 */
export function datasetOf(
  { name, place, layout, keepWhole, classes: known, numbers: knownNumbers }: DatasetSource,
  arrays: Arrays,
  say: (line: string) => void,
): ExampleSet {
  const { features, table, pixelTable, what: taken, numbers } = arrays;
  const form = { ...formOf(arrays.train.examples, layout, knownNumbers), ...(numbers && { numbers }) };
  const { classes, labels } = classesOf(arrays, known);
  const read = (part: Part) => examplesFromArrays(part.examples, labels(part), form);
  const train = read(arrays.train);
  const validation = arrays.validation && read(arrays.validation);
  const test = arrays.test && read(arrays.test);
  const own = {
    name,
    numbers: form.numbers,
    ...(features && { features }),
    ...(classes && { classes }),
    ...(table && { table }),
    ...(pixelTable && { pixelTable }),
    ...(taken !== undefined && { what: taken }),
  };
  const { fileRows } = arrays.test ?? arrays.train;
  const numbered = fileRows && { fileRows };
  const { gaps: ownGaps, form: columns } = arrays.train;
  const gaps = ownGaps && columns && { gaps: { form: columns, train: ownGaps } };
  if (test) {
    const testGaps = gaps && arrays.test?.gaps && { gaps: { ...gaps.gaps, test: arrays.test.gaps } };
    return withMeans({ ...own, ...numbered, ...gaps, ...testGaps, train, test, ...(validation && { validation }) });
  }
  if (keepWhole) return { ...own, ...numbered, train, test: train };
  const count = countOf(train);
  const what = form.shape.length === 1 ? 'rows' : 'images';
  if (count < 2)
    throw new FormatError(`${place} has ${count} training example and no test ${what}, must have two at least`);
  const held = withValidation({ ...own, ...gaps, train, test: train }, HELD_OUT, HOLD_OUT_SEED);
  const { validation: out = train } = held;
  say(
    `no test ${what} in ${place}: ${countOf(out).toLocaleString('en-US')} of the ${count.toLocaleString('en-US')} ${what}, ` +
      `drawn by seed ${HOLD_OUT_SEED}, are held out for testing`,
  );
  const { train: kept, table: filled, pixelTable: filledPixels, gaps: split } = held;
  return {
    ...own,
    ...(filled && { table: filled }),
    ...(filledPixels && { pixelTable: filledPixels }),
    ...(split && { gaps: { form: split.form, train: split.train, test: split.validation ?? new Uint32Array() } }),
    train: kept,
    test: out,
    ...(validation && { validation }),
  };
}
