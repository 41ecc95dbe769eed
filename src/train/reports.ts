// What a call of `train` takes, and what it tells while and after it trains.
import { requireKnownKeys, requirePositiveInteger } from '../model/values.js';
import type { Snapshot } from './snapshot/snapshot.js';
import type { Losses } from './step/metrics.js';

/** Where training stands, told after every submit. */
export interface Progress {
  /** From 1. */
  epoch: number;
  /** Epochs that this call will have seen at its end. */
  epochs: number;
  /** Steps done in all. */
  step: number;
  /** Steps that will have been done in all when this call ends. */
  stepsTotal: number;
  /** Means over this epoch so far. */
  losses: Losses;
  /** Means over the steps since the last call. */
  recent: Losses;
  /** Since the last call. */
  stepsPerSecond: number;
}

/** What an epoch, or the part of one that was trained, came to. */
export interface EpochReport {
  /** From 1. */
  epoch: number;
  /** Steps done in all. */
  step: number;
  /** false if training stopped before the epoch's end. */
  complete: boolean;
  /** Means over the epoch's training images so far, each at the step it was seen in; also of those before a stop. */
  train: Losses;
  /** Means over the validation images after it, if the dataset has any. */
  validation?: Losses;
  /** Means over the whole test set after it. */
  test: Losses;
  /** Seconds of training since the last report, or since training went on; evaluation not counted. */
  seconds: number;
  /** `seconds` counted. */
  stepsPerSecond: number;
}

/** Something that training survives and that a person should know. */
export interface TrainingWarning {
  /**
   * explosion: the running mean of the loss is ten times its best. recovery: the GPU was lost, and opened anew. checkpoint:
   * a session could not write one (latentgpu/worker).
   */
  kind: 'explosion' | 'recovery' | 'checkpoint';
  /** Steps done. */
  step: number;
  /** For people, one line. */
  message: string;
}

/** How long to train, and whom to tell. */
export interface TrainOptions {
  /** Epochs to train now; one that an earlier call left unfinished counts as one. 1 by default. */
  epochs?: number;
  /** Stop after so many steps of this call. */
  steps?: number;
  /** When it aborts, training stops after the steps under way; the report of the unfinished epoch still comes. */
  signal?: AbortSignal;
  /** Told after every submit. */
  onProgress?: (progress: Progress) => void;
  /** Each step's losses, in order; `step` counts from 1. After the GPU was lost, steps that are done again are not told. */
  onStep?: (step: number, losses: Losses) => void;
  /** Told what training survives. */
  onWarning?: (warning: TrainingWarning) => void;
  /** Take a snapshot whenever so many steps more have been done, counted from the first of training; not by default. */
  snapshotEvery?: number;
  /** Is given these snapshots, on their way; one that fails rejects, and training meets the cause itself. */
  onSnapshot?: (snapshot: Promise<Snapshot>, step: number) => void;
}

export const TRAIN_KEYS: readonly string[] = [
  'epochs',
  'steps',
  'signal',
  'onProgress',
  'onStep',
  'onWarning',
  'snapshotEvery',
  'onSnapshot',
] satisfies (keyof TrainOptions)[];

/** @throws ArgumentError naming the option that is wrong */
export function checkTrainOptions(options: TrainOptions): void {
  requireKnownKeys(options, TRAIN_KEYS, 'train');
  const { epochs, steps, snapshotEvery } = options;
  if (snapshotEvery !== undefined) requirePositiveInteger(snapshotEvery, 'snapshotEvery');
  if (epochs !== undefined) requirePositiveInteger(epochs, 'epochs');
  if (steps !== undefined && steps !== Number.POSITIVE_INFINITY) requirePositiveInteger(steps, 'steps');
}
