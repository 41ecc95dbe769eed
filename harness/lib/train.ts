// What harness/train.js does around the library's calls: choose and check the output folder, choose the number of
// epochs, stop on a signal, and describe the run. No arithmetic on tensors, no GPU.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import {
  type AdapterSummary,
  ArgumentError,
  type Dataset,
  type Device,
  type Images,
  type Model,
  type ModelSpec,
  type Trainer,
} from 'latentgpu/node';
import type { TrainOptions } from './options.js';
import type { Report } from './report.js';

const EPOCHS_GPU = 20;
const EPOCHS_SOFTWARE = 1;

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

/** A run before it starts: what run.json says, what a person is told. */
export interface RunDescription {
  epochs: number;
  /** The contents of run.json but for the time the run takes. */
  json: Record<string, unknown>;
  /** Data and model in a few words, for a plot. */
  title: string;
  lines: string[];
}

/** One line about the images. */
export function describeData({ name, train, test }: Dataset, from: string): string {
  const counts = `${number(train.count)} training and ${number(test.count)} test images`;
  return `data      ${name} (${from}): ${counts}, ${test.height}x${test.width}`;
}

/** Settles what was left open (epochs) and describes the run. */
export function describeRun(run: {
  options: TrainOptions;
  out: string;
  dataset: Dataset;
  from: string;
  device: Pick<Device, 'adapter'>;
  model: Pick<Model, 'spec' | 'parameterCount'>;
  trainer: Pick<Trainer, 'plan' | 'stepsPerEpoch'>;
}): RunDescription {
  const { options, out, dataset, from, device, model, trainer } = run;
  const { batch, lr, seed, hidden, latent, adapter, steps = null } = options;
  const limit = dataset.train.count;
  const { stepsPerEpoch } = trainer;
  const { epochs, why } = chooseEpochs(options, { software: device.adapter.software, stepsPerEpoch });
  const dispatchesPerStep = trainer.plan.dispatches.length;
  const part = steps !== null && steps < epochs * stepsPerEpoch;
  const length = part
    ? `${number(steps)} steps, ${number(stepsPerEpoch)} an epoch`
    : `${epochs} epoch${epochs === 1 ? '' : 's'} of ${number(stepsPerEpoch)} steps${why && ` (${why})`}`;
  return {
    epochs,
    json: {
      config: {
        data: dataset.name,
        dataFrom: from,
        limit,
        epochs,
        steps,
        batch,
        lr,
        seed,
        hidden,
        latent,
        out,
        adapter,
      },
      adapter: device.adapter,
      versions: versions(),
      dispatchesPerStep,
      parameters: model.parameterCount,
    },
    title: `${dataset.name}, ${describeSpec(model.spec)}`,
    lines: [
      `model     ${describeSpec(model.spec)}: ${number(model.parameterCount)} parameters, ${dispatchesPerStep} dispatches a step`,
      `training  ${length}; batch ${batch}, lr ${lr}, seed ${seed}`,
    ],
  };
}

/** 60,000 */
const number = (value: number) => value.toLocaleString('en-US');

/** One line about the adapter: what computes and, where that is something else, its driver. */
export function describeAdapter({ name, description, backend, software }: AdapterSummary): string {
  const words = [description === name ? '' : description, backend, software ? 'software' : ''].filter(Boolean);
  return `adapter   ${name}${words.length > 0 ? ` (${words.join(', ')})` : ''}`;
}

/** 784-512-256-64-256-512-784 */
export function describeSpec({ inputs, encoder, code, decoder }: ModelSpec): string {
  const units = (layers: { units: number }[]) => layers.map((layer) => layer.units);
  return [inputs, ...units(encoder), code.units, ...units(decoder)].join('-');
}

/** What made a run. */
function versions(): { latentgpu: string; webgpu: string; node: string } {
  const load = createRequire(import.meta.url);
  return {
    latentgpu: load('latentgpu/package.json').version,
    webgpu: load('webgpu/package.json').version,
    node: process.versions.node,
  };
}

/** The first `count` images as the library takes them: [n, pixels], 0..1. */
export function asFloats({ pixels, height, width, count }: Images, most: number): Float32Array {
  return Float32Array.from(pixels.subarray(0, Math.min(most, count) * height * width), (byte) => byte / 255);
}
