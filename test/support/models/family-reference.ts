// What PyTorch made of every case of test/train/family-cases.json, convolutions-cases.json and importance-cases.json:
// test/train/family.py wrote it, and its head defines every tensor of the files.
import fs from 'node:fs';
import type { Dataset, Images } from '../../../src/data/dataset.js';
import type { CheckedExamples } from '../../../src/data/examples.js';
import { lossWeights, type ModelSpec } from '../../../src/model/spec.js';
import type { TrainerOptions } from '../../../src/train/options.js';
import type { Losses } from '../../../src/train/step/metrics.js';
import type { Setup } from '../training/training.js';
import { bytesOf, readReference } from './reference.js';
import type { Tensors } from './tensors.js';

interface CaseFile {
  models: Record<string, ModelSpec>;
  /** `model` is a key of `models`, `data` a tensor. */
  cases: { name: string; model: string; data?: string; options: TrainerOptions & { lr: number } }[];
}

const { tensor } = readReference('test/train/family.safetensors');

/** Four steps an epoch, of 16, 16, 16 and 8 images. */
const IMAGES: Images = {
  count: 56,
  height: 7,
  width: 7,
  pixels: bytesOf(tensor('images')),
  labels: bytesOf(tensor('labels')),
};
/** As many as a batch has, so that evaluation shares kernels with training. */
const TEST: Images = {
  ...IMAGES,
  count: 16,
  pixels: IMAGES.pixels.subarray(0, 16 * 49),
  ...(IMAGES.labels && { labels: IMAGES.labels.subarray(0, 16) }),
};
const DATASET: Dataset = { name: 'reference', train: IMAGES, test: TEST };

/** Colour, vectors or counts, of which the test set is again the first 16. */
function datasetOf(name: string): Dataset<CheckedExamples> {
  const { shape, values } = tensor(name);
  const train = { shape, values } as CheckedExamples;
  const [count = 1, ...size] = shape;
  const test = { shape: [16, ...size], values: values.subarray(0, (16 * values.length) / count) } as CheckedExamples;
  return { name, train, test };
}

export const STEPS = 20;

/** One case: what is trained, and what PyTorch came to. */
export interface FamilyCase {
  name: string;
  setup: Setup & { options: TrainerOptions & { lr: number; batch: number; seed: number } };
  /** Of the first step. */
  gradients: Tensors;
  /** After all steps. */
  final: Tensors;
  /** Of each step before its update, an image's share. */
  losses: Losses[];
}

/** The rows of the file as the trainer tells them: the loss, then the model's terms in its order. */
function lossesOf({ values }: { values: ArrayLike<number> }, spec: ModelSpec): Losses[] {
  const names = ['loss', ...lossWeights(spec).keys()];
  return Array.from({ length: STEPS }, (_, step) => {
    const row = Array.from(values).slice(names.length * step, names.length * (step + 1));
    return Object.fromEntries(names.map((term, i) => [term, row[i] ?? Number.NaN])) as Losses;
  });
}

/** Means over the images of steps `from` to `to` - 1, counted from 0; rows as IMAGES says. */
export function meanLosses(losses: readonly Losses[], from: number, to: number): Losses {
  const rows = (step: number) => (step % 4 === 3 ? 8 : 16);
  const steps = Array.from({ length: to - from }, (_, i) => from + i);
  const images = steps.reduce((sum, step) => sum + rows(step), 0);
  const mean = (term: keyof Losses) =>
    steps.reduce((sum, step) => sum + (rows(step) * (losses[step]?.[term] ?? Number.NaN)) / images, 0);
  const terms = Object.keys(losses[from] ?? {}) as (keyof Losses)[];
  return Object.fromEntries(terms.map((term) => [term, mean(term)])) as Losses;
}

/** All cases of one of the files that family.py writes. */
function readCases(file: string): FamilyCase[] {
  const { models, cases }: CaseFile = JSON.parse(fs.readFileSync(`test/train/${file}-cases.json`, 'utf8'));
  const { tensor, folder } = readReference(`test/train/${file}.safetensors`);
  return cases.map(({ name, model, data, options }) => {
    const spec = models[model];
    if (!spec) throw new Error(`test/train/${file}-cases.json has no model "${model}"`);
    const own = folder(`gradient/${name}`);
    return {
      name,
      setup: {
        spec,
        dataset: data === undefined ? DATASET : datasetOf(data),
        options: { batch: 16, seed: 1234, ...options },
        parameters: folder(`initial/${spec.image ? model : shapesOf(spec)}`),
      },
      gradients: own.size > 0 ? own : folder(`gradient/${model}`),
      final: folder(`final/${name}`),
      losses: lossesOf(tensor(`losses/${name}`), spec),
    };
  });
}

/** By which models that are not convolutional share their first weights. */
const shapesOf = (spec: ModelSpec): string =>
  [
    spec.code.kind,
    ...(spec.classes === undefined ? [] : ['classes']),
    ...(spec.inputs === 49 ? [] : [spec.inputs]),
    ...(spec.loss.variance === 'learned' ? ['learned'] : []),
  ].join(' ');

export const FAMILY_CASES = readCases('family');
export const CONVOLUTION_CASES = readCases('convolutions');
export const IMPORTANCE_CASES = readCases('importance');
