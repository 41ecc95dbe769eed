// How long a run trains: what the flags leave open is settled here, once machine and data are known. Computes only.
import type { TrainOptions } from '../options/train-options.js';
import type { Course } from '../options/training-options.js';

/** As createTrainer's; all images where they are fewer. */
const BATCH = 128;
const EPOCHS_GPU = 20;
const EPOCHS_SOFTWARE = 1;
const LAYER_EPOCHS_GPU = 5;

/** How many epochs, and why if nobody said. */
export function chooseEpochs(
  { epochs, steps }: Pick<TrainOptions, 'epochs' | 'steps'>,
  { software, stepsPerEpoch }: { software: boolean; stepsPerEpoch: number },
): { epochs: number; why: string } {
  if (epochs !== undefined) return { epochs, why: '' };
  if (steps !== undefined) return { epochs: Math.ceil(steps / stepsPerEpoch), why: '' };
  if (software) return { epochs: EPOCHS_SOFTWARE, why: `the default on a software adapter; ${EPOCHS_GPU} on a GPU` };
  return { epochs: EPOCHS_GPU, why: 'the default on a GPU' };
}

/** How long each layer is trained before the whole is. */
export interface Pretraining {
  epochs: number;
  /** At most. */
  steps?: number;
}

/**
 * Layer-wise pretraining: as the flags say, by default for stacked models alone, and then no longer a layer than --steps
 * gives the whole.
 */
export function choosePretraining(
  options: Pick<TrainOptions, 'model' | 'pretrain' | 'pretrain-steps' | 'steps'>,
  { software, stepsPerEpoch }: { software: boolean; stepsPerEpoch: number },
): Pretraining | null {
  const { model, pretrain, 'pretrain-steps': most } = options;
  if (pretrain === 0 || (pretrain === undefined && most === undefined && model !== 'stacked')) return null;
  const steps = most ?? (pretrain === undefined ? options.steps : undefined);
  const limit = steps === undefined ? {} : { steps };
  if (pretrain !== undefined) return { epochs: pretrain, ...limit };
  if (steps !== undefined) return { epochs: Math.ceil(steps / stepsPerEpoch), ...limit };
  return { epochs: software ? EPOCHS_SOFTWARE : LAYER_EPOCHS_GPU };
}

/** How long a run will be. */
export interface RunLength extends Course {
  epochs: number;
  /** Why so many epochs, if nobody said. */
  why: string;
  pretraining: Pretraining | null;
}

/** Settles what the flags leave open about the length of a run. */
export function chooseLength(
  options: TrainOptions,
  { software, images }: { software: boolean; images: number },
): RunLength {
  const { batch = Math.min(BATCH, images) } = options;
  const stepsPerEpoch = Math.ceil(images / batch);
  const { epochs, why } = chooseEpochs(options, { software, stepsPerEpoch });
  const steps = Math.min(epochs * stepsPerEpoch, options.steps ?? Number.POSITIVE_INFINITY);
  const pretraining = choosePretraining(options, { software, stepsPerEpoch });
  return { batch, epochs, why, stepsPerEpoch, steps, pretraining };
}
