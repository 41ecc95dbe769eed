// Short cuts for tests that train: trainers that are cleaned up whatever happens, and the comparisons of models/tensors.ts.
import * as assert from 'uvu/assert';
import type { Dataset, Images } from '../../../src/data/dataset.js';
import type { Examples } from '../../../src/data/examples.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import { createModel, type Model } from '../../../src/train/model.js';
import type { TrainerOptions } from '../../../src/train/options.js';
import type { EpochReport, TrainOptions } from '../../../src/train/reports.js';
import type { Losses } from '../../../src/train/step/metrics.js';
import { createTrainer, type Trainer } from '../../../src/train/trainer.js';
import { device } from '../device.js';
import type { Tensors } from '../models/tensors.js';

export * from '../models/tensors.js';

export interface Setup {
  spec: ModelSpec;
  dataset: Dataset<Images | Examples>;
  options: TrainerOptions;
  /** First parameters. */
  parameters: ReadonlyMap<string, { shape: readonly number[]; values: ArrayLike<number> }>;
}

const models = new Map<string, Promise<Model>>();

/** One model a spec, for all test files: what takes longest here is compiling its kernels. Gone with the device. */
export function modelOf(spec: ModelSpec): Promise<Model> {
  const key = JSON.stringify(spec);
  const model = models.get(key) ?? createModel(device, spec);
  models.set(key, model);
  return model;
}

/** Runs `work` with a fresh trainer; its memory must be gone afterwards. */
export async function withTrainer<T>(
  { spec, dataset, options, parameters }: Setup,
  work: (trainer: Trainer, model: Model) => Promise<T>,
): Promise<T> {
  const model = await modelOf(spec);
  model.loadParameters(parameters);
  const before = model.machine.memory.bytes;
  const trainer = await createTrainer(model, dataset, options);
  try {
    return await work(trainer, model);
  } finally {
    trainer.dispose();
    assert.is(model.machine.memory.bytes, before, 'the trainer gave all its memory back');
  }
}

/** The gradients of step 1, from a trainer that keeps them. */
export const firstGradients = (setup: Setup): Promise<Tensors> =>
  withTrainer({ ...setup, options: { ...setup.options, keepGradients: true } }, async (trainer) => {
    await trainSteps(trainer, 1);
    const { gradients } = await trainer.optimizerState();
    if (!gradients) throw new Error('the trainer has kept no gradients');
    return gradients;
  });

/** Every report of one call. */
export async function reportsOf(trainer: Trainer, options: TrainOptions): Promise<EpochReport[]> {
  const reports: EpochReport[] = [];
  for await (const report of trainer.train(options)) reports.push(report);
  return reports;
}

/** Trains `steps` steps, one a call, for the losses of each. */
export async function lossesOfSteps(trainer: Trainer, steps: number): Promise<Losses[]> {
  const losses: Losses[] = [];
  for (let step = 0; step < steps; step++) {
    const [report] = await reportsOf(trainer, { steps: 1, onStep: (_, told) => losses.push(told) });
    assert.is(report?.step, trainer.step);
  }
  return losses;
}

/** Trains `steps` steps in as few calls as epochs allow. */
export async function trainSteps(trainer: Trainer, steps: number): Promise<EpochReport[]> {
  const reports = await reportsOf(trainer, { steps, epochs: Math.ceil(steps / trainer.stepsPerEpoch) + 1 });
  assert.is(reports.at(-1)?.step, trainer.step);
  return reports;
}
