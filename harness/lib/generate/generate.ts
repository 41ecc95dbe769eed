// What harness/generate.js does around the library's calls: which outputs a run can have, whether the request fits its
// model and its images, and the model itself, back on a device. Each output is made in a module of its own.
import path from 'node:path';
import {
  ArgumentError,
  type CheckedExamples,
  type Codes,
  countOf,
  createModel,
  type Device,
  FormatError,
  type Model,
  type ModelSpec,
  numbersOf,
  sizeOf,
  sizeText,
} from 'latentgpu/node';
import type { ExampleSet } from '../data/arrays.js';
import { type DataListener, loadData } from '../data/data.js';
import { describeExamples, imageSizeOf } from '../data/examples.js';
import type { GenerateOptions } from '../options/generate-options.js';
import { describeData } from '../report/describe.js';
import { featureNames } from '../report/features.js';
import { readAsRun } from '../run-folder/read-as-run.js';
import type { StoredRun } from '../run-folder/read-run.js';
import type { Results } from '../run-folder/results.js';
import { type ClassNames, classOf } from './classes.js';
import { codes } from './codes.js';
import { compress, RANGE_IMAGES } from './compress.js';
import { denoised, reconstructions, samples } from './images.js';
import { labelsFor } from './labels.js';
import { grid, walk } from './latent.js';
import { loss } from './loss.js';
import type { Material, Output } from './material.js';

const OUTPUTS: readonly Output[] = [samples, reconstructions, walk, grid, denoised, codes, loss, compress];

/** An output that nobody asked for by name and that cannot be made. */
export interface Skipped {
  name: string;
  why: string;
}

/**
 * What to make, as far as the model alone says, in the order of OUTPUTS.
 * @throws ArgumentError if something was asked for by name that this model cannot have
 */
export function chooseOutputs(
  { only, compress: bits, label, walk: ends, axes }: GenerateOptions,
  spec: ModelSpec,
  classes?: ClassNames,
): { outputs: Output[]; skipped: Skipped[] } {
  if (label !== undefined) classOf(label, spec, classes);
  checkAxes(spec, axes);
  const named = new Set<string>(only ?? []);
  if (ends && !only) named.add('walk');
  if (axes && !only) named.add('grid');
  const outputs: Output[] = [];
  const skipped: Skipped[] = [];
  for (const output of OUTPUTS) {
    const usual = output === compress ? bits !== undefined : output !== loss;
    if (only ? !only.includes(output.name) : !usual) continue;
    const why = output.refusal(spec);
    if (why === undefined) outputs.push(output);
    else if (named.has(output.name)) throw new ArgumentError(`${output.name} cannot be made from this run: ${why}`);
    else skipped.push({ name: output.name, why });
  }
  return { outputs, skipped };
}

function checkAxes({ code }: ModelSpec, axes?: readonly number[]): void {
  const outside = axes?.find((axis) => axis >= code.units);
  if (outside !== undefined && code.units > 1)
    throw new ArgumentError(
      `--axes ${axes}: ${outside} is no dimension of the code, must be from 0 to ${code.units - 1}`,
    );
}

/**
 * The images that --data names, or else the run; none, but of the run's size, if nothing that is made needs any. A line says
 * which.
 * @throws ArgumentError, FormatError, DownloadError if they cannot be had
 */
export async function loadRunData(
  options: GenerateOptions,
  run: StoredRun,
  outputs: readonly Output[],
  listener: DataListener,
): Promise<ExampleSet> {
  const { data } = options;
  if (data === undefined && run.shape && outputs.every(({ images }) => !images)) return noExamples(run);
  const choice = data ?? run.data;
  if (choice === undefined)
    throw new ArgumentError(
      `which data are to be used, ${run.source.model} cannot say; name them, for example --data digits`,
    );
  try {
    // Of other data than the run's nothing was trained on: all of it is used where it has no test set.
    const keepWhole = data !== undefined && path.resolve(data) !== run.data;
    const reading = { limit: RANGE_IMAGES, keepWhole, ...readAsRun(options, run) };
    const { dataset, from } = await loadData(choice, listener, reading);
    listener.say(describeData(dataset, from));
    return dataset;
  } catch (error) {
    if (data !== undefined || !(error instanceof ArgumentError)) throw error;
    const without = outputs.some(({ images }) => !images) ? ', or make what needs none: --only samples' : '';
    throw new ArgumentError(`${error.message} (the run was of these data; name others with --data${without})`, {
      cause: error,
    });
  }
}

function noExamples({ shape = [], features, classes }: StoredRun): ExampleSet {
  const none: CheckedExamples = { shape: [0, ...shape], values: new Uint8Array() };
  return { name: 'no data', train: none, test: none, ...(features && { features }), ...(classes && { classes }) };
}

/** Why an output cannot be made from these examples; undefined if it can. */
export const refusalOf = (output: Output, spec: ModelSpec, test: CheckedExamples): string | undefined =>
  output.pictures && !imageSizeOf(test) ? `${describeExamples(test)} are no pictures` : output.refusal(spec, test);

/**
 * Checks, before anything is computed, that the images fit the model and the request.
 * @throws ArgumentError
 */
export function checkImagesFit(
  { only, walk: ends, compress: bits }: GenerateOptions,
  { inputs, classes }: ModelSpec,
  { name, train, test }: ExampleSet,
): void {
  if (sizeOf(test) !== inputs)
    throw new ArgumentError(
      `${name} has ${imageSizeOf(test) ? 'images' : 'rows'} of ${sizeText(test)}, must have ${inputs} as the model; give the run's data with --data`,
    );
  if (classes !== undefined && (!only || only.some((output) => output !== 'samples'))) {
    checkLabels(name, 'test', test, classes);
    if (bits) checkLabels(name, 'training', train, classes);
  }
  const outside = ends?.find((index) => index >= countOf(test));
  if (outside !== undefined)
    throw new ArgumentError(
      `--walk ${ends}: there is no test image ${outside}, must be from 0 to ${countOf(test) - 1}`,
    );
  const alone = only?.includes('walk') ? refusalOf(walk, { inputs } as ModelSpec, test) : undefined;
  if (alone) throw new ArgumentError(`walk cannot be made from ${name}: ${alone}`);
}

function checkLabels(name: string, which: 'training' | 'test', { labels }: CheckedExamples, classes: number): void {
  if (!labels)
    throw new ArgumentError(
      `${name} has no labels of its ${which} examples, must have them: this model is conditional and is told the class of each; give other data with --data, or use --only samples`,
    );
  const other = labels.findIndex((label) => label >= classes);
  if (other >= 0)
    throw new ArgumentError(
      `${name} has a ${which} image of class ${labels[other]} (image ${other}), must have classes from 0 to ${classes - 1} as the model; give the run's data with --data`,
    );
}

/**
 * The run's model with its weights.
 * @throws FormatError if the weights are not those of the model that is described, or not finite
 */
export async function loadModel(device: Device, { spec, tensors, source }: StoredRun): Promise<Model> {
  const model = await createModel(device, spec);
  try {
    model.loadParameters(tensors);
  } catch (cause) {
    model.dispose();
    if (!(cause instanceof ArgumentError)) throw cause;
    throw new FormatError(`${source.weights} cannot be loaded into the model of ${source.model}: ${cause.message}`, {
      cause,
    });
  }
  return model;
}

/** What the outputs are made from. */
export function gatherMaterial(given: {
  model: Model;
  dataset: ExampleSet;
  options: GenerateOptions;
  /** Of the run. */
  classes?: ClassNames;
  results: Results;
  say: (text: string) => void;
}): Material {
  const { model, dataset, options, classes = dataset.classes, ...rest } = given;
  const { train, test } = dataset;
  let testCodes: Promise<Codes> | undefined;
  return {
    ...rest,
    options,
    classes,
    label: options.label === undefined ? undefined : classOf(options.label, model.spec, classes),
    model,
    train,
    test,
    size: imageSizeOf(test),
    features: featureNames(sizeOf(test), dataset.features),
    testCodes: () => {
      testCodes ??= encodeAll(model, test);
      return testCodes;
    },
  };
}

const encodeAll = (model: Model, examples: CheckedExamples): Promise<Codes> =>
  model.encode(numbersOf(examples), labelsFor(model.spec, examples.labels));
