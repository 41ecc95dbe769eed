// What kernels read of a training step, for tests: settings with round values, and a progress at will.
import { resolveSchedule } from '../../src/model/learning-rate.js';
import { resolveOptimizer } from '../../src/model/optimizer.js';
import type { PlannedLoss } from '../../src/plan/plan.js';
import { type StepSettings, settingsBytes } from '../../src/train/step-state.js';

const DEFAULTS: StepSettings = {
  seed: 2 ** 33 + 7, // both words of the key in use
  examples: 300,
  batch: 128,
  learningRate: 1e-3,
  schedule: resolveSchedule(),
  optimizer: resolveOptimizer(),
  reduction: 'sum',
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
export const LEARNING_RATE = DEFAULTS.learningRate;
/** What a live row counts in the gradients, by the term of the loss. */
export const WEIGHTS = new Map(
  LOSSES.map(({ term, weight }) => [term, weight * ROW_SCALE * (term === 'kl' ? KL_FACTOR : 1)]),
);

/** struct Settings */
export const settingsOf = (changes: Partial<StepSettings> = {}): ArrayBuffer =>
  settingsBytes({ ...DEFAULTS, ...changes }, LOSSES);

export interface CountersValues {
  step: number;
  epoch: number;
  start: number;
}

/** struct Counters */
export const countersOf = ({ step = 0, epoch = 0, start = 0 }: Partial<CountersValues> = {}): Uint32Array =>
  Uint32Array.of(step, epoch, start);

export interface ProgressValues {
  step: number;
  rows: number;
  rateFactor?: number;
  klFactor?: number;
  rowScale?: number;
}

/** struct Progress */
export function progressOf(values: Partial<ProgressValues>): ArrayBuffer {
  const { step = 0, rows = 0 } = values;
  const { rateFactor = 1, klFactor = KL_FACTOR, rowScale = ROW_SCALE } = values;
  const bytes = new ArrayBuffer(20);
  new Uint32Array(bytes, 0, 2).set([step, rows]);
  new Float32Array(bytes, 8).set([rateFactor, klFactor, rowScale]);
  return bytes;
}
