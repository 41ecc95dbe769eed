// The bytes of the structs in shaders/lib/step/step.wgsl: what the host tells the GPU between submits.

import { F32_BYTES } from '../../kernels/kernel.js';
import type { NumberType } from '../../kernels/stored.js';
import { SCHEDULES, type Schedule } from '../../model/learning-rate.js';
import type { Optimizer } from '../../model/optimizer.js';
import type { LossTerm, ModelSpec } from '../../model/spec.js';
import type { PlannedLoss } from '../../plan/plan.js';
import { COUNTERS_BYTES, SETTINGS_BYTES } from '../../plan/tensors.js';
import { seedKey } from '../../random.js';
import type { StoreType } from './resident.js';

/** Examples at a time where nothing is trained, whatever the training batch is: a small one would make that slow. */
export const EVALUATION_BATCH = 128;

/** Rows of the decoder in an evaluation: of many samples an example, fewer examples at a time. */
const MOST_SAMPLES = EVALUATION_BATCH * 128;

/** Examples of an evaluation's batch, if there are as many. */
export const evaluationBatch = ({ loss: { samples = 1 } }: Pick<ModelSpec, 'loss'>): number =>
  Math.max(1, Math.min(EVALUATION_BATCH, Math.floor(MOST_SAMPLES / samples)));

/** What steps need to know, by name; all of it is data to the kernels. */
export interface StepSettings {
  seed: number;
  /** Images in the resident dataset. */
  examples: number;
  /** Images in a full batch. */
  batch: number;
  /** Before the schedule's factor. */
  learningRate: number;
  schedule: Schedule;
  optimizer: Optimizer;
  /** The largest norm of all gradients together; without, there is none. */
  clipNorm?: number;
  /** Whether gradients are those of the mean over a batch's images or of the sum. */
  reduction: 'mean' | 'sum';
  /** Steps in which the KL term's weight rises. */
  klWarmup: number;
  /** What the matmuls read. */
  precision: NumberType;
  /** What examples that are no bytes lie in memory as. */
  store: StoreType;
}

/** struct Settings; the weight of a term that the plan lacks is 0. */
export function settingsBytes(settings: StepSettings, losses: readonly PlannedLoss[]): ArrayBuffer {
  const { seed, examples, batch, learningRate, optimizer, schedule, clipNorm, reduction, klWarmup } = settings;
  const weight = (...terms: LossTerm[]) => losses.find(({ term }) => terms.includes(term))?.weight ?? 0;
  const { beta1, beta2, epsilon, momentum } = numbersOf(optimizer);
  const { steps, factor, floor } = scheduleNumbers(schedule);
  const view = new DataView(new ArrayBuffer(SETTINGS_BYTES));
  let at = 0;
  const u32 = (...values: number[]) => {
    for (const value of values) view.setUint32(4 * at++, value, true);
  };
  const f32 = (...values: number[]) => {
    for (const value of values) view.setFloat32(4 * at++, value, true);
  };
  u32(...seedKey(seed), examples, batch);
  f32(learningRate, beta1, beta2, 1 - beta1, 1 - beta2, Math.log(beta1), Math.log(beta2), epsilon);
  f32(momentum, optimizer.weightDecay, clipNorm ?? 0);
  u32(SCHEDULES.indexOf(schedule.kind), steps);
  f32(Math.log(factor), floor);
  u32(schedule.warmup, klWarmup, Number(reduction === 'mean'));
  f32(weight('bce', 'mse', 'gaussian', 'poisson'), weight('kl'), weight('l1', 'commitment'), weight('sparsity'));
  return view.buffer as ArrayBuffer;
}

/** What an optimizer does not have counts as its neutral value; kernels that have it not do not read it. */
function numbersOf(optimizer: Optimizer) {
  const [beta1, beta2] = 'betas' in optimizer ? optimizer.betas : [0.9, 'alpha' in optimizer ? optimizer.alpha : 0.999];
  const epsilon = 'epsilon' in optimizer ? optimizer.epsilon : 0;
  return { beta1, beta2, epsilon, momentum: 'momentum' in optimizer ? optimizer.momentum : 0 };
}

function scheduleNumbers(schedule: Schedule) {
  if (schedule.kind === 'step') return { steps: schedule.every, factor: schedule.factor, floor: 0 };
  if (schedule.kind === 'cosine') return { steps: schedule.steps, factor: 1, floor: schedule.floor };
  return { steps: 1, factor: 1, floor: 0 };
}

type Course = Pick<StepSettings, 'examples' | 'batch'>;

/** How gradients are scaled while f16 holds them, and what came of it (shaders/step/finish/adjust_loss_scale.wgsl). */
export interface LossScaling {
  /** A power of two. */
  scale: number;
  /** Steps since it changed. */
  good: number;
  /** Steps that updated nothing, because a gradient had overflowed. */
  skipped: number;
}

/** SMALLEST of shaders/step/finish/adjust_loss_scale.wgsl. */
export const LEAST_LOSS_SCALE = 2 ** -24;

const UNSCALED: LossScaling = { scale: 1, good: 0, skipped: 0 };
/** As torch.amp.GradScaler begins. */
const FIRST_SCALING: LossScaling = { scale: 2 ** 16, good: 0, skipped: 0 };

/** What a training begins with. */
export const firstScaling = ({ precision }: Pick<StepSettings, 'precision'>): LossScaling =>
  precision === 'f16' ? FIRST_SCALING : UNSCALED;

/** struct Counters before step `step` (from 0) of an unbroken run over `examples` images. */
export function countersBytes(step: number, { examples, batch }: Course, scaling = UNSCALED): ArrayBuffer {
  const perEpoch = Math.ceil(examples / batch);
  const buffer = new ArrayBuffer(COUNTERS_BYTES);
  new Uint32Array(buffer).set([step, Math.floor(step / perEpoch), (step % perEpoch) * batch]);
  new Float32Array(buffer, SCALING_AT, 1).set([scaling.scale]);
  new Uint32Array(buffer, SCALING_AT + F32_BYTES, 2).set([scaling.good, scaling.skipped]);
  return buffer;
}

/** Of struct Counters, where its scaling begins. */
const SCALING_AT = 12;

/** Of struct Counters. */
export function scalingOf(counters: ArrayBuffer): LossScaling {
  const [scale = 1] = new Float32Array(counters, SCALING_AT, 1);
  const [good = 0, skipped = 0] = new Uint32Array(counters, SCALING_AT + F32_BYTES, 2);
  return { scale, good, skipped };
}

/** Live rows of step `step`. */
export function rowsOfStep(step: number, { examples, batch }: Course): number {
  return Math.min(batch, examples - (step % Math.ceil(examples / batch)) * batch);
}
