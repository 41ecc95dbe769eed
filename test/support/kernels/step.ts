// What kernels read of a training step, for tests: settings with round values, and a progress at will.
import { resolveSchedule } from '../../../src/model/learning-rate.js';
import { resolveOptimizer } from '../../../src/model/optimizer.js';
import type { PlannedLoss } from '../../../src/plan/plan.js';
import { type StepSettings, settingsBytes } from '../../../src/train/step/step-state.js';

const DEFAULTS: StepSettings = {
  seed: 2 ** 33 + 7, // both words of the key in use
  examples: 300,
  batch: 128,
  learningRate: 1e-3,
  schedule: resolveSchedule(),
  optimizer: resolveOptimizer(),
  reduction: 'sum',
  precision: 'f32',
  store: 'f32',
  klWarmup: 0,
};
const LOSSES: PlannedLoss[] = [
  { term: 'bce', weight: 1.25 },
  { term: 'kl', weight: 0.75 },
  { term: 'l1', weight: 0.5 },
  { term: 'sparsity', weight: 3 },
];
export const SEED = DEFAULTS.seed;
/** Of progressOf, unless told; powers of two, so that products with them are exact. */
const KL_FACTOR = 0.5;
const ROW_SCALE = 0.25;
const LOSS_SCALE = 8;
export const LEARNING_RATE = DEFAULTS.learningRate;
/** What a live row counts in the gradients, by the term of the loss. */
export const WEIGHTS = new Map(
  LOSSES.map(({ term, weight }) => [term, weight * ROW_SCALE * LOSS_SCALE * (term === 'kl' ? KL_FACTOR : 1)]),
);

/** struct Settings */
export const settingsOf = (changes: Partial<StepSettings> = {}): ArrayBuffer =>
  settingsBytes({ ...DEFAULTS, ...changes }, LOSSES);

export interface CountersValues {
  step: number;
  epoch: number;
  start: number;
  /** 1, and no step since, unless told. */
  lossScale?: number;
  good?: number;
  skipped?: number;
}

/** struct Counters */
export function countersOf(values: Partial<CountersValues> = {}): Uint32Array {
  const { step = 0, epoch = 0, start = 0, lossScale = 1, good = 0, skipped = 0 } = values;
  const counters = Uint32Array.of(step, epoch, start, 0, good, skipped);
  new Float32Array(counters.buffer)[3] = lossScale;
  return counters;
}

export interface ProgressValues {
  step: number;
  rows: number;
  rateFactor?: number;
  klFactor?: number;
  rowScale?: number;
  lossScale?: number;
  /** As many as `step`, unless steps were skipped. */
  updates?: number;
}

/** struct Progress */
export function progressOf(values: Partial<ProgressValues>): ArrayBuffer {
  const { step = 0, rows = 0 } = values;
  const { rateFactor = 1, klFactor = KL_FACTOR, rowScale = ROW_SCALE, lossScale = LOSS_SCALE, updates = step } = values;
  const bytes = new ArrayBuffer(28);
  new Uint32Array(bytes, 0, 2).set([step, rows]);
  new Float32Array(bytes, 8).set([rateFactor, klFactor, rowScale, lossScale]);
  new Uint32Array(bytes, 24).set([updates]);
  return bytes;
}
