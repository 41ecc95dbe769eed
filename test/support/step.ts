// What kernels read of a training step, for tests: settings with round values, and a progress at will.
import type { PlannedLoss } from '../../src/plan/plan.js';
import { type StepSettings, settingsBytes } from '../../src/train/step-state.js';

const DEFAULTS: StepSettings = {
  seed: 2 ** 33 + 7, // both words of the key in use
  examples: 300,
  batch: 128,
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
};
const LOSSES: PlannedLoss[] = [
  { term: 'bce', weight: 1.25 },
  { term: 'kl', weight: 0.75 },
  { term: 'l1', weight: 0.5 },
  { term: 'sparsity', weight: 3 },
];
export const SEED = DEFAULTS.seed;
/** Of the terms of the loss. */
export const WEIGHTS = new Map(LOSSES.map(({ term, weight }) => [term, weight]));

/** struct Settings */
export const settingsOf = (changes: Partial<StepSettings> = {}): ArrayBuffer =>
  settingsBytes({ ...DEFAULTS, ...changes }, LOSSES);

export interface ProgressValues {
  step: number;
  epoch: number;
  start: number;
  rows: number;
}

/** struct Progress */
export const progressOf = ({ step = 0, epoch = 0, start = 0, rows = 0 }: Partial<ProgressValues>): Uint32Array =>
  new Uint32Array([step, epoch, start, rows]);
