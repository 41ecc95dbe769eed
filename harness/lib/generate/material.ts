// What the outputs of generate.js are made from: the trained model, the images and the request; and the few ways in which
// all of them take images from it.
import {
  type CheckedExamples,
  type Codes,
  chosenExamples,
  countOf,
  type LabelOptions,
  type Model,
  type ModelSpec,
  numbersOf,
} from 'latentgpu/node';
import type { ImageSize } from '../data/examples.js';
import type { GenerateOptions, OutputName } from '../options/generate-options.js';
import type { Results } from '../run-folder/results.js';
import type { ClassNames } from './classes.js';
import { labelsFor } from './labels.js';

export interface Material {
  model: Model;
  train: CheckedExamples;
  test: CheckedExamples;
  /** Of the examples as pictures; undefined: they are vectors. */
  size: ImageSize | undefined;
  /** Of vectors: what each number is called. */
  features: readonly string[];
  /** What the classes are called. */
  classes: ClassNames;
  /** The class that was asked for. */
  label: number | undefined;
  options: Omit<GenerateOptions, 'label'>;
  results: Results;
  /** A line, or several, that belong to no file. */
  say(text: string): void;
  /** Codes of all test images, computed once. */
  testCodes(): Promise<Codes>;
}

/** Something that can be made from a run. */
export interface Output {
  name: OutputName;
  /** Whether it is made from examples of the data; else only their shape is needed. */
  images: boolean;
  /** Whether it is a picture of images, which vectors cannot have. */
  pictures: boolean;
  /** Why this model, with these examples if they are known by then, cannot have it; undefined if it can. */
  refusal(spec: ModelSpec, test?: CheckedExamples): string | undefined;
  make(material: Material): Promise<void>;
}

/** Images of a row in most pictures. */
export const ACROSS = 12;

/** The examples with these numbers as the model takes them, [n, size], with their labels where it takes any. */
export function pick(
  { model: { spec } }: { model: Pick<Model, 'spec'> },
  examples: CheckedExamples,
  indices: readonly number[],
): { images: Float32Array; labels: LabelOptions } {
  const chosen = chosenExamples(examples, indices);
  return { images: numbersOf(chosen), labels: labelsFor(spec, chosen.labels) };
}

/** The first ones, as `pick`. */
export function firstOnes(material: { model: Pick<Model, 'spec'> }, examples: CheckedExamples, count: number) {
  return pick(material, examples, [...Array(Math.min(count, countOf(examples))).keys()]);
}

/** 10,000 */
export const grouped = (value: number): string => value.toLocaleString('en-US');
