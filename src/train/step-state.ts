// The bytes of the structs in shaders/lib/step.wgsl: what the host tells the GPU between submits.

import type { LossTerm } from '../model/spec.js';
import type { PlannedLoss } from '../plan/plan.js';
import { PROGRESS_BYTES, SETTINGS_BYTES } from '../plan/tensors.js';
import { seedKey } from '../random.js';

/** What changes while training, by name; all of it is data to the kernels. */
export interface StepSettings {
  seed: number;
  /** Images in the resident dataset. */
  examples: number;
  /** Images in a full batch. */
  batch: number;
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** struct Settings; the weight of a term that the plan lacks is 0. */
export function settingsBytes(settings: StepSettings, losses: readonly PlannedLoss[]): ArrayBuffer {
  const { seed, examples, batch, learningRate, beta1, beta2, epsilon } = settings;
  const weight = (...terms: LossTerm[]) => losses.find(({ term }) => terms.includes(term))?.weight ?? 0;
  const bytes = new ArrayBuffer(SETTINGS_BYTES);
  new Uint32Array(bytes, 0, 4).set([...seedKey(seed), examples, batch]);
  new Float32Array(bytes, 16).set([
    learningRate,
    beta1,
    beta2,
    1 - beta1,
    1 - beta2,
    Math.log(beta1),
    Math.log(beta2),
    epsilon,
    weight('bce', 'mse'),
    weight('kl'),
    weight('l1'),
    weight('sparsity'),
  ]);
  return bytes;
}

/** struct Progress before step `step` (from 0) of an unbroken run over `examples` images. */
export function progressBytes(
  step: number,
  { examples, batch }: Pick<StepSettings, 'examples' | 'batch'>,
): ArrayBuffer {
  const bytes = new ArrayBuffer(PROGRESS_BYTES);
  const perEpoch = Math.ceil(examples / batch);
  const start = (step % perEpoch) * batch;
  new Uint32Array(bytes).set([step, Math.floor(step / perEpoch), start, Math.min(batch, examples - start)]);
  return bytes;
}

/** Live rows of step `step`. */
export function rowsOfStep(step: number, { examples, batch }: Pick<StepSettings, 'examples' | 'batch'>): number {
  return Math.min(batch, examples - (step % Math.ceil(examples / batch)) * batch);
}
