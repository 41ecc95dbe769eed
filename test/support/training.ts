// Short cuts for tests that train: trainers that are cleaned up whatever happens, and the comparisons of tensors.ts.
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/data/dataset.js';
import type { ModelSpec } from '../../src/model/spec.js';
import type { Losses } from '../../src/train/metrics.js';
import { createModel, type Model } from '../../src/train/model.js';
import type { TrainerOptions } from '../../src/train/options.js';
import { createTrainer, type EpochReport, type Trainer, type TrainOptions } from '../../src/train/trainer.js';
import { device } from './device.js';

export * from './tensors.js';

export interface Setup {
  spec: ModelSpec;
  dataset: Dataset;
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

/** Every report of one call. */
export async function reportsOf(trainer: Trainer, options: TrainOptions): Promise<EpochReport[]> {
  const reports: EpochReport[] = [];
  for await (const report of trainer.train(options)) reports.push(report);
  return reports;
}

/**
 * Trains `steps` steps, one a call, for the losses of each. A report covers its epoch so far: a step's losses are what it added.
 * @param images that the trainer trains on
 * @param before the last report's losses, if the epoch has begun
 */
export async function lossesOfSteps(
  trainer: Trainer,
  steps: number,
  images: number,
  before?: Losses,
): Promise<Losses[]> {
  const losses: Losses[] = [];
  const { batch = images } = trainer.options;
  let last = before;
  for (let step = 0; step < steps; step++) {
    const seen = (trainer.step % trainer.stepsPerEpoch) * batch;
    const now = Math.min(seen + batch, images);
    const [report] = await reportsOf(trainer, { steps: 1 });
    assert.is(report?.step, trainer.step);
    if (!report) continue;
    const added = Object.entries(report.train).map(([term, mean]) => {
      const earlier = seen === 0 ? 0 : (last?.[term as keyof Losses] ?? Number.NaN);
      return [term, (mean * now - earlier * seen) / (now - seen)];
    });
    losses.push(Object.fromEntries(added));
    last = report.train;
  }
  return losses;
}

/** Trains `steps` steps in as few calls as epochs allow. */
export async function trainSteps(trainer: Trainer, steps: number): Promise<EpochReport[]> {
  const reports = await reportsOf(trainer, { steps, epochs: Math.ceil(steps / trainer.stepsPerEpoch) + 1 });
  assert.is(reports.at(-1)?.step, trainer.step);
  return reports;
}
