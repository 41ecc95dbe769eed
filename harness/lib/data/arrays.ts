// What a file or a folder holds, before it is a data set: arrays for training, validation and testing, of which only the first
// must be there.
import {
  type CheckedExamples,
  classesOf,
  countOf,
  type Dataset,
  type ExampleForm,
  examplesFromArrays,
  type FileLabels,
  FormatError,
  formOf,
  type HostArray,
  holdOut,
  type ImageLayout,
  type KnownClasses,
  type KnownNumbers,
  type TableForm,
} from 'latentgpu/node';

export interface Part {
  examples: HostArray;
  labels?: FileLabels | undefined;
  /** Of each example, its number among the rows of the file, from 0; only where some were left out. */
  fileRows?: Uint32Array | undefined;
}

export interface Arrays {
  train: Part;
  validation?: Part;
  test?: Part;
  /** Of vectors: what each number is called. */
  features?: readonly string[];
  /** Of a table of features: what its columns became, to read another one in the same way. */
  table?: TableForm;
  /** What the path was taken for, in a few words. */
  what?: string;
  /** Where it is known whatever they are: pictures may be all black. */
  numbers?: ExampleForm['numbers'];
}

/** A data set as programs have it. */
export interface ExampleSet extends Dataset<CheckedExamples>, Pick<Arrays, 'features' | 'table' | 'what'> {
  /** What the classes 0.. are called, where that is not their number. */
  classes?: readonly string[];
  /** What the numbers were read as; other data of a run are read as these. */
  numbers?: ExampleForm['numbers'];
  /**
   * Of each test example, its number among the rows of its file, from 0, where rows with missing values were left out: row
   * `fileRows[i]` of the file is example i. Absent: they are the same; or the examples were held out by chance.
   */
  fileRows?: Uint32Array;
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
  const { features, table, what: taken, numbers } = arrays;
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
    ...(taken !== undefined && { what: taken }),
  };
  const { fileRows } = arrays.test ?? arrays.train;
  const numbered = fileRows && { fileRows };
  if (test) return { ...own, ...numbered, train, test, ...(validation && { validation }) };
  if (keepWhole) return { ...own, ...numbered, train, test: train };
  const count = countOf(train);
  const what = form.shape.length === 1 ? 'rows' : 'images';
  if (count < 2)
    throw new FormatError(`${place} has ${count} training example and no test ${what}, must have two at least`);
  const held = holdOut({ name, train, test: train }, HELD_OUT, HOLD_OUT_SEED);
  const { validation: out = train } = held;
  say(
    `no test ${what} in ${place}: ${countOf(out).toLocaleString('en-US')} of the ${count.toLocaleString('en-US')} ${what}, ` +
      `drawn by seed ${HOLD_OUT_SEED}, are held out for testing`,
  );
  return { ...own, train: held.train, test: out, ...(validation && { validation }) };
}
