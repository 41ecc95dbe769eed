// What the outputs of generate.js are made from: the trained model, the images and the request; and the few ways in which
// all of them take images from it.
import type { Codes, Images, LabelOptions, Model, ModelSpec } from 'latentgpu/node';
import { asFloats } from '../data/images.js';
import type { GenerateOptions, OutputName } from '../options/generate-options.js';
import type { Results } from '../run/results.js';

export interface Material {
  model: Model;
  train: Images;
  test: Images;
  options: GenerateOptions;
  results: Results;
  /** A line, or several, that belong to no file. */
  say(text: string): void;
  /** Codes of all test images, computed once. */
  testCodes(): Promise<Codes>;
}

/** Something that can be made from a run. */
export interface Output {
  name: OutputName;
  /** Whether it is made from images of the data; else only their size is needed. */
  images: boolean;
  /** Why this model, with these images if they are known by then, cannot have it; undefined if it can. */
  refusal(spec: ModelSpec, test?: Images): string | undefined;
  make(material: Material): Promise<void>;
}

/** Images of a row in most pictures. */
export const ACROSS = 12;

/** The images with these numbers as the model takes them, [n, pixels], 0..1, with their labels where it takes any. */
export function pick(
  { model: { spec } }: { model: Pick<Model, 'spec'> },
  images: Images,
  indices: readonly number[],
): { images: Float32Array; labels: LabelOptions } {
  const size = images.height * images.width;
  const pixels = new Uint8Array(indices.length * size);
  indices.forEach((index, at) => {
    pixels.set(images.pixels.subarray(index * size, (index + 1) * size), at * size);
  });
  const chosen: Images = { ...images, count: indices.length, pixels };
  return {
    images: asFloats(chosen, indices.length),
    labels: labelsFor(spec, images.labels && Uint8Array.from(indices, (index) => images.labels?.[index] ?? 0)),
  };
}

/** The first images, as `pick`. */
export function firstOnes(material: { model: Pick<Model, 'spec'> }, images: Images, count: number) {
  return pick(material, images, [...Array(Math.min(count, images.count)).keys()]);
}

/** Only a conditional model is told labels. */
export function labelsFor({ classes }: ModelSpec, labels: Uint8Array | undefined): LabelOptions {
  return classes === undefined || labels === undefined ? {} : { labels };
}

/** The same label for each of `rows` rows, for a conditional model. */
export function sameLabel(spec: ModelSpec, label: number, rows: number): LabelOptions {
  return labelsFor(spec, new Uint8Array(rows).fill(label));
}

/** 10,000 */
export const grouped = (value: number): string => value.toLocaleString('en-US');
