// What the behaviour tests share: models trained from a seed and cleaned up whatever happens, and how far images are apart.
import type { Dataset, Images } from '../../../src/data/dataset.js';
import type { Examples } from '../../../src/data/examples.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import { createModel, type Model } from '../../../src/train/model.js';
import type { TrainerOptions } from '../../../src/train/options.js';
import type { Losses } from '../../../src/train/step/metrics.js';
import { createTrainer } from '../../../src/train/trainer.js';
import { device } from '../device.js';
import { trainSteps } from './training.js';

export interface Training extends Omit<TrainerOptions, 'seed'> {
  /** Steps in all. */
  steps: number;
}

export interface Trained {
  model: Model;
  /** Of the test set, after the last step. */
  losses: Losses;
}

/** Runs `work` with a fresh model. */
export async function withModel<T>(spec: ModelSpec, work: (model: Model) => Promise<T>): Promise<T> {
  const model = await createModel(device, spec, { seed: 1 });
  try {
    return await work(model);
  } finally {
    model.dispose();
  }
}

/** Trains a model as it stands. */
export async function trainFurther(
  model: Model,
  dataset: Dataset<Images | Examples>,
  { steps, ...options }: Training,
): Promise<Losses> {
  const trainer = await createTrainer(model, dataset, { ...options, seed: 2 });
  try {
    const reports = await trainSteps(trainer, steps);
    const last = reports.at(-1);
    if (!last) throw new Error('no step was trained');
    return last.test;
  } finally {
    trainer.dispose();
  }
}

/** Runs `work` with a model that was trained from fresh parameters. */
export function withTrained<T>(
  spec: ModelSpec,
  dataset: Dataset<Images | Examples>,
  training: Training,
  work: (trained: Trained) => Promise<T>,
): Promise<T> {
  return withModel(spec, async (model) => work({ model, losses: await trainFurther(model, dataset, training) }));
}

/** [count, pixels], 0 (black) to 1 (white), as a model takes them. */
export const floatsOf = ({ pixels }: Images): Float32Array => Float32Array.from(pixels, (byte) => byte / 255);

/** Mean over all pixels. */
export function meanSquaredError(got: Float32Array, want: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < want.length; i++) sum += ((got[i] ?? Number.NaN) - (want[i] as number)) ** 2;
  return sum / want.length;
}

/** Peak signal-to-noise ratio in dB, white being 1; higher is closer. */
export const psnr = (got: Float32Array, want: Float32Array): number => -10 * Math.log10(meanSquaredError(got, want));

/** The error of a model that knows only the training set's mean image: the mean square a pixel of `test` is off it. */
export function meanImageError(train: Float32Array, test: Float32Array, pixels: number): number {
  const mean = new Float32Array(pixels);
  train.forEach((x, i) => {
    mean[i % pixels] = (mean[i % pixels] as number) + (x * pixels) / train.length;
  });
  return meanSquaredError(
    Float32Array.from(test, (_, i) => mean[i % pixels] as number),
    test,
  );
}

/** Each number above the one before. */
export const rises = (values: readonly number[]): boolean =>
  values.every((value, i) => i === 0 || value > (values[i - 1] as number));
