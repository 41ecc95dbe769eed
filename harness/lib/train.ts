// What harness/train.js does around the library's calls: choose and check the output folder, choose how long to train, and
// stop on a signal. No arithmetic on tensors, no GPU. What it says about a run is in describe.ts.
import fs from 'node:fs';
import path from 'node:path';
import { ArgumentError, type Images, type LabelOptions, type ModelSpec } from 'latentgpu/node';
import type { TrainOptions } from './options.js';
import type { Report } from './report.js';
import type { Course } from './training-options.js';

const EPOCHS_GPU = 20;
const EPOCHS_SOFTWARE = 1;
const LAYER_EPOCHS_GPU = 5;

/** runs/2025-11-22_14-16-05, local time; with -2, -3... where that is taken. */
export function defaultOut(date = new Date(), exists: (folder: string) => boolean = fs.existsSync): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString();
  const folder = path.join('runs', local.slice(0, 19).replace('T', '_').replaceAll(':', '-'));
  let free = folder;
  for (let copy = 2; exists(free); copy++) free = `${folder}-${copy}`;
  return free;
}

/**
 * Checks, without making anything, that results can go to `folder`: nothing that is there may be lost.
 * @throws ArgumentError
 */
export function checkOut(folder: string): void {
  let holds: string[] = [];
  try {
    let parent = path.resolve(folder);
    while (!fs.existsSync(parent)) parent = path.dirname(parent);
    if (!fs.statSync(parent).isDirectory()) throw new Error(`${path.relative('.', parent)} is a file`);
    fs.accessSync(parent, fs.constants.W_OK | fs.constants.X_OK);
    if (fs.existsSync(folder)) holds = fs.readdirSync(folder);
  } catch (error) {
    throw outError(folder, error);
  }
  if (holds.length > 0)
    throw new ArgumentError(
      `--out ${folder} ${holds.includes('run.json') ? 'holds a run already' : `is not empty (${holds.length} entries)`}, must be a new or empty folder; name another`,
    );
}

function outError(folder: string, cause: unknown): ArgumentError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ArgumentError(`--out ${folder} cannot be used (${why}), must be a folder you may write; name another`, {
    cause,
  });
}

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
  const stepsPerEpoch = Math.ceil(images / options.batch);
  const { epochs, why } = chooseEpochs(options, { software, stepsPerEpoch });
  const steps = Math.min(epochs * stepsPerEpoch, options.steps ?? Number.POSITIVE_INFINITY);
  const pretraining = choosePretraining(options, { software, stepsPerEpoch });
  return { epochs, why, stepsPerEpoch, steps, pretraining };
}

/** Exit statuses by signal, as shells count them: 128 + its number. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
/** What SIGPIPE would give. Not a listener of that signal: Node would hand it every single write that fails. */
const READER_GONE = 141;

/** A wish to stop, for `trainer.train({ signal })`. */
export interface Stop {
  signal: AbortSignal;
  /** 0 until a signal came; then the exit status. */
  status: number;
}

/**
 * From now on the first Ctrl-C (or SIGTERM, SIGHUP, a reader that goes away) aborts `signal`; the second ends the process
 * at once.
 */
export function stopOnSignals(report: Pick<Report, 'say' | 'clear'>): Stop {
  const abort = new AbortController();
  const stop: Stop = { signal: abort.signal, status: 0 };
  const begin = (status: number) => {
    stop.status = status;
    abort.abort();
    report.say('stopping after this step, then testing and writing the results (once more stops at once)');
  };
  for (const [name, status] of Object.entries(SIGNALS) as [NodeJS.Signals, number][])
    process.on(name, () => {
      if (stop.status === 0) return begin(status);
      report.clear();
      // By the signal itself: process.exit() would take the driver down while it works, which can crash.
      process.removeAllListeners(name);
      process.kill(process.pid, name);
    });
  const readerGone = () => {
    if (stop.status === 0) begin(READER_GONE);
  };
  process.stdout.on('error', readerGone);
  if (process.stdout.errored) readerGone();
  return stop;
}

/** The first `count` images as the library takes them: [n, pixels], 0..1. */
export function asFloats({ pixels, height, width, count }: Images, most: number): Float32Array {
  return Float32Array.from(pixels.subarray(0, Math.min(most, count) * height * width), (byte) => byte / 255);
}

/** Labels of the first `most` images, for a conditional model; nothing for another. */
export const firstLabels = ({ classes }: ModelSpec, { labels }: Images, most: number): LabelOptions =>
  classes === undefined || !labels ? {} : { labels: labels.subarray(0, most) };

/** `each` labels of each class: 0 0 0 1 1 1 2 2 2 */
export const labelsByClass = (classes: number, each: number): number[] =>
  Array.from({ length: classes * each }, (_, index) => Math.floor(index / each));
