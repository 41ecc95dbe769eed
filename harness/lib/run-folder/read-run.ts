// A trained model, read back: what a run left behind (the model's description and the name of its data from run.json, the
// weights from model.safetensors), or weights alone. Says in one line what is missing or wrong; makes no model and loads no images.
import fs from 'node:fs';
import path from 'node:path';
import {
  ArgumentError,
  type ExampleForm,
  FormatError,
  inferSpec,
  LatentGpuError,
  type ModelSpec,
  type StoredTensor,
  type TableForm,
  validateSpec,
  weightsOf,
} from 'latentgpu/node';
import { programName } from '../options/flags/command.js';
import { readSpec } from '../options/model/choose-model.js';
import { type ReadingOptions, readingFrom } from '../options/reading-options.js';
import { readTensorFile } from './tensor-file.js';

export interface StoredRun {
  /** Where the weights are from, and what says of which model they are, for messages. */
  source: { weights: string; model: string };
  /** Where results go, if nobody says otherwise. */
  folder: string;
  spec: ModelSpec;
  tensors: ReadonlyMap<string, StoredTensor>;
  /** What --data would name; absent if run.json does not say. */
  data?: string;
  /** Of one example; absent if run.json does not say and it is no square. */
  shape?: readonly number[];
  /** What the numbers of its data were read as, if run.json says it. */
  numbers?: ExampleForm['numbers'];
  /** Of vectors: what each number is called, if the data said it. */
  features?: readonly string[];
  /** How its data were read. */
  reading?: ReadingOptions;
  /** Whether they had labels, used or not. */
  labelled?: boolean;
  /** How many of the training examples were taken, and which of these were held out for validation. */
  heldOut: { limit?: number; validation?: number; seed: number };
  /** Of a table: what its columns became. */
  table?: TableForm;
  /** Of a table of pixels: what its missing values became. */
  pixelTable?: TableForm;
  /** What its classes 0.. are called, if that is not their number. */
  classes?: readonly string[];
}

const RUN_FILE = 'run.json';
const MODEL_FILE = 'model.safetensors';
const TRAIN = programName('train');
const REMEDY = `name the folder of a run of ${TRAIN}`;

/**
 * @param folder as it was given to --run
 * @throws ArgumentError if the folder is not a run's; FormatError if a file in it is not what it must be
 */
export function readRun(folder: string): StoredRun {
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new ArgumentError(
      `--run ${folder} ${fs.existsSync(folder) ? 'is a file' : 'does not exist'}, must be a run's folder; ${REMEDY}`,
    );
  const json = readJson(folder);
  const tensors = readTensors(folder);
  const spec = specOf(json, path.join(folder, RUN_FILE));
  const data = dataOf(json);
  const shape = shapeOf(json, spec);
  const features = featuresOf(json, spec);
  const numbers = numbersOf(json);
  const table = tableOf(configOf(json).table);
  const pixelTable = tableOf(configOf(json).pixelTable);
  const classes = classNamesOf(json);
  const source = { weights: path.join(folder, MODEL_FILE), model: RUN_FILE };
  return {
    source,
    folder,
    spec,
    tensors,
    ...(data !== undefined && { data }),
    ...(shape && { shape }),
    ...(numbers && { numbers }),
    ...(features && { features }),
    ...(configOf(json).reading !== undefined && { reading: readingFrom(configOf(json).reading) }),
    ...(table && { table }),
    ...(pixelTable && { pixelTable }),
    ...(classes && { classes }),
    ...(configOf(json).labelled === true && { labelled: true }),
    heldOut: heldOutOf(json),
  };
}

/**
 * Weights without a run, such as a state_dict of PyTorch that was saved as safetensors.
 * @param file   as it was given to --weights
 * @param given  as it was given to --spec; absent: the model follows from the names and shapes of the weights
 * @param say    told what was assumed then
 * @throws ArgumentError, FormatError naming the file and what is wrong
 */
export function readWeights(file: string, given: string | undefined, say: (line: string) => void): StoredRun {
  const { tensors } = readTensorFile(file);
  const spec = given === undefined ? inferred(file, tensors, say) : readSpec(given);
  const shape = shapeOf({}, spec);
  const source = { weights: file, model: given ?? 'these names and shapes' };
  return { source, folder: path.dirname(file), spec, tensors, heldOut: { seed: 0 }, ...(shape && { shape }) };
}

function inferred(file: string, tensors: ReadonlyMap<string, StoredTensor>, say: (line: string) => void): ModelSpec {
  try {
    const { spec, assumed } = inferSpec(weightsOf(tensors));
    say(`assumed   ${assumed} (--spec FILE says otherwise)`);
    return spec;
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new FormatError(`${file}: ${cause.message}: --spec FILE`, { cause });
  }
}

function readJson(folder: string): Record<string, unknown> {
  const file = path.join(folder, RUN_FILE);
  const text = readText(folder);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(
      `${file} is not JSON (${(cause as Error).message}), must be as ${TRAIN} wrote it; ${REMEDY}`,
      {
        cause,
      },
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FormatError(`${file} is not an object, must be as ${TRAIN} wrote it; ${REMEDY}`);
  return value as Record<string, unknown>;
}

function specOf({ spec }: Record<string, unknown>, file: string): ModelSpec {
  if (spec === undefined)
    throw new FormatError(
      `${file} has no "spec": the run is of an older version, which did not write its model down; train again`,
    );
  if (typeof spec !== 'object' || spec === null)
    throw new FormatError(
      `${file}: "spec" is ${JSON.stringify(spec).slice(0, 80)}, must be an object as ${TRAIN} wrote it; ${REMEDY}`,
    );
  try {
    validateSpec(spec);
  } catch (cause) {
    if (!(cause instanceof LatentGpuError)) throw cause;
    throw new FormatError(`${file}: spec.${cause.message}`, { cause });
  }
  return spec;
}

function readTensors(folder: string): ReadonlyMap<string, StoredTensor> {
  const file = path.join(folder, MODEL_FILE);
  if (!fs.existsSync(file)) throw lacks(folder, MODEL_FILE, `${REMEDY} that came to its end`);
  return readTensorFile(file).tensors;
}

function readText(folder: string): string {
  const file = path.join(folder, RUN_FILE);
  if (!fs.existsSync(file)) throw lacks(folder, RUN_FILE, REMEDY);
  try {
    return new TextDecoder().decode(fs.readFileSync(file)); // without a byte order mark
  } catch (cause) {
    throw new ArgumentError(`${file} cannot be read (${(cause as Error).message}), must be a run's; ${REMEDY}`, {
      cause,
    });
  }
}

const lacks = (folder: string, name: string, remedy: string) =>
  new ArgumentError(`--run ${folder} has no ${name}, must be a run's folder; ${remedy}`);

const configOf = ({ config }: Record<string, unknown>) => (config ?? {}) as Record<string, unknown>;

function dataOf(json: Record<string, unknown>): string | undefined {
  const { dataChoice } = configOf(json);
  return typeof dataChoice === 'string' ? dataChoice : undefined;
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

/** What run.json says, if the model has as many numbers; of older runs, which do not say it, a square. */
function shapeOf({ config }: Record<string, unknown>, { inputs }: ModelSpec): readonly number[] | undefined {
  const { shape, height, width } = (config ?? {}) as { shape?: unknown; height?: unknown; width?: unknown };
  const told = Array.isArray(shape) ? shape : [height, width];
  if (told.every(isSize) && told.reduce((product, size) => product * size, 1) === inputs) return told;
  const side = Math.sqrt(inputs);
  return Number.isInteger(side) ? [side, side] : undefined;
}

/** Older runs do not say it. */
function numbersOf(json: Record<string, unknown>): ExampleForm['numbers'] | undefined {
  return (['pixels', 'bits', 'numbers'] as const).find((kind) => kind === configOf(json).numbers);
}

function featuresOf({ config }: Record<string, unknown>, { inputs }: ModelSpec): readonly string[] | undefined {
  const { features } = (config ?? {}) as { features?: unknown };
  const fit =
    Array.isArray(features) && features.length === inputs && features.every((name) => typeof name === 'string');
  return fit ? features : undefined;
}

function heldOutOf(json: Record<string, unknown>): StoredRun['heldOut'] {
  const { limitGiven: limit, validation, seed } = configOf(json);
  return {
    ...(typeof limit === 'number' && { limit }),
    ...(typeof validation === 'number' && { validation }),
    seed: typeof seed === 'number' ? seed : 0,
  };
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

function classNamesOf(json: Record<string, unknown>): readonly string[] | undefined {
  const { classes } = configOf(json);
  return isTexts(classes) && classes.length > 0 ? classes : undefined;
}

/** What is no description of columns is none. */
function tableOf(told: unknown): TableForm | undefined {
  const table = (told ?? {}) as Partial<TableForm>;
  const { columns, label, width, hasHeader } = table;
  const isColumn = (value: unknown): boolean => {
    const { name, number, categories, mean } = (value ?? {}) as Record<string, unknown>;
    return (
      typeof name === 'string' &&
      isSize(number) &&
      (categories === undefined || isTexts(categories)) &&
      (mean === undefined || Number.isFinite(mean))
    );
  };
  const isForm =
    Array.isArray(columns) &&
    columns.every(isColumn) &&
    (label === undefined || isColumn(label)) &&
    isSize(width) &&
    typeof hasHeader === 'boolean';
  return isForm ? { columns, ...(label && { label }), width, hasHeader } : undefined;
}
