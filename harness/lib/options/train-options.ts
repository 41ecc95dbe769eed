// The arguments of harness/train.js: which flags there are, in which order the help tells them, and what is read from them.
// Looks at no file and no GPU. What the flags of model and training mean is in model-flags.ts and training-options.ts.

import { ArgumentError, INITIALIZATIONS, type Initialization } from 'latentgpu/node';
import { commandOf } from './flags/command.js';
import { asIs, count, interval, notNegative, oneOf, share, show } from './flags/flag-values.js';
import { type Flag, type FlagTable, flagsHelp, readFlags } from './flags/flags.js';
import { MODEL_FLAGS, type ModelOptions } from './model/model-flags.js';
import { checkModelOptions } from './model/model-options.js';
import { READING_FLAGS, type ReadingOptions } from './reading-options.js';
import {
  COURSE_FLAGS,
  type CourseOptions,
  checkTraining,
  OPTIMIZER_FLAGS,
  OPTIMIZER_SWITCHES,
  type OptimizerOptions,
} from './training-options.js';
import { checkTuning, TUNING_FLAGS, TUNING_SWITCHES, type TuningOptions } from './tuning-options.js';

/** How often a checkpoint is written. */
export type CheckpointInterval = { steps: number } | { epochs: number };

/** What the command line asks for. Absent: the program decides once it knows model and machine. */
export interface TrainOptions extends ReadingOptions, ModelOptions, OptimizerOptions, CourseOptions, TuningOptions {
  data?: string;
  limit?: number;
  /** Share of the training images. */
  validation?: number;
  /** A run's folder, or a checkpoint. */
  resume?: string;
  fork?: string;
  /** A safetensors file, named by --init. */
  weights?: string;
  'checkpoint-every'?: CheckpointInterval;
  keep?: number;
  patience?: number;
  'min-delta'?: number;
  'on-divergence'?: 'stop' | 'retry';
  out?: string;
  adapter: string;
  plan: boolean;
  summary: boolean;
  quiet: boolean;
  help: boolean;
}

export const DATA_FLAGS: Record<string, Flag> = {
  data: {
    group: 'Data',
    value: 'NAME|PATH',
    example: 'digits',
    read: asIs,
    help: [
      'mnist, fashion-mnist, digits, or a path: an .npz, .npy, .safetensors,',
      '.csv, .tsv or .parquet file, or a folder of IDX files, of such tables or',
      'of PNG or JPEG pictures; without test examples a tenth is held out to test',
      '(default: MNIST if it is here or can be downloaded, else Fashion-MNIST',
      'from /usr/share/datasets, else digits, which are drawn by the program)',
    ],
  },
  ...READING_FLAGS,
  limit: {
    group: 'Data',
    value: 'N',
    example: '1000',
    read: count,
    help: ['use the first N training examples only (default: all)'],
  },
};

const VALIDATION_FLAGS: Record<string, Flag> = {
  validation: {
    group: 'Data',
    value: 'X',
    example: '0.1',
    read: share,
    help: ['hold out this share of the training examples for validation'],
  },
};

const CHECKPOINT_GROUP = 'Checkpoints';
const CHECKPOINT_FLAGS: Record<string, Flag> = {
  'checkpoint-every': {
    group: CHECKPOINT_GROUP,
    value: 'N',
    example: '500',
    read: interval,
    help: [
      'write one every N steps, or N epochs as in 1e (default: each epoch, at most',
      'one in 30 s; always at the end)',
    ],
  },
  keep: {
    group: CHECKPOINT_GROUP,
    value: 'K',
    example: '2',
    read: count,
    help: ['keep the last K checkpoints (default: 2)'],
  },
  resume: {
    group: CHECKPOINT_GROUP,
    value: 'DIR',
    example: 'runs/first',
    read: asIs,
    help: ['go on where the run in DIR stopped, in the same folder, to the same bits;', '--epochs is the total'],
  },
  fork: {
    group: CHECKPOINT_GROUP,
    value: 'DIR',
    example: 'runs/first',
    read: asIs,
    help: [
      'begin a new run from the last checkpoint in DIR (or from a checkpoint file)',
      'with other training options',
    ],
  },
  patience: {
    group: CHECKPOINT_GROUP,
    value: 'N',
    example: '5',
    read: count,
    help: [
      'stop after N epochs without a better validation loss (without --validation:',
      'test loss); the best weights are kept',
    ],
  },
  'min-delta': {
    group: CHECKPOINT_GROUP,
    value: 'X',
    example: '0.1',
    read: notNegative,
    help: ['what an epoch must be better by, to count as better (default: 0)'],
  },
  'on-divergence': {
    group: CHECKPOINT_GROUP,
    value: 'NAME',
    example: 'retry',
    read: oneOf(['stop', 'retry']),
    help: [
      'when the loss is no number any more: stop (default), or retry from the last',
      'checkpoint with half the learning rate, at most 3 times',
    ],
  },
};

const INIT_FLAG: Record<string, Flag> = {
  init: {
    ...(MODEL_FLAGS.init as Flag),
    value: 'NAME|FILE',
    read: asIs,
    help: [
      ...(MODEL_FLAGS.init?.help ?? []),
      "or the weights of a safetensors file, such as PyTorch's state_dict, whose",
      'names and shapes tell the model if no other flag does',
    ],
  },
};

export const ADAPTER_FLAG: Record<string, Flag> = {
  adapter: {
    group: 'Machine and output',
    value: 'NAME',
    example: 'auto',
    read: asIs,
    help: ["auto (default), hardware, lavapipe, swiftshader or a part of an adapter's", 'name'],
  },
};

const OUTPUT_FLAGS: Record<string, Flag> = {
  ...ADAPTER_FLAG,
  out: {
    group: 'Machine and output',
    value: 'DIR',
    example: 'runs/first',
    read: asIs,
    help: ['where the results go, a new or empty folder (default: runs/<time>)'],
  },
};

const inOutput = (help: string) => ({ group: 'Machine and output', help });

const TABLE: FlagTable = {
  flags: {
    ...DATA_FLAGS,
    ...VALIDATION_FLAGS,
    ...MODEL_FLAGS,
    ...INIT_FLAG,
    ...COURSE_FLAGS,
    ...OPTIMIZER_FLAGS,
    ...CHECKPOINT_FLAGS,
    ...TUNING_FLAGS,
    ...OUTPUT_FLAGS,
  },
  switches: {
    ...OPTIMIZER_SWITCHES,
    ...TUNING_SWITCHES,
    summary: inOutput("print the model's layers, what each gives and holds, and stop"),
    plan: inOutput('print the same and the plan of a training step, and stop'),
    quiet: inOutput('print nothing but errors'),
    help: inOutput('print this and stop'),
  },
};

export const DEFAULTS = { seed: 0, adapter: 'auto' };

/** What is not given on the command line and is no part of what a run was. */
export const RUN_DEFAULTS = { ...DEFAULTS, plan: false, summary: false, quiet: false, help: false } as const;

/**
 * Reads the arguments after `node harness/train.js`: what is given, and nothing else. `--help` wins over everything else on
 * the line.
 * @throws ArgumentError in one line: the flag, what it is, what it must be, what to do
 */
export function readGivenOptions(args: string[]): Partial<TrainOptions> {
  const given = readInit(readFlags(args, TABLE));
  checkModelOptions(given as Partial<TrainOptions> & Record<string, unknown>);
  checkTraining(given);
  checkTuning(given);
  checkStart(given);
  return given;
}

/** --init is how the first weights are drawn, or where they lie. */
function readInit({ init, ...given }: Record<string, unknown>): Partial<TrainOptions> {
  if (typeof init !== 'string') return given;
  if (!INITIALIZATIONS.some((name) => name === init) && !/[./\\]/.test(init))
    throw new ArgumentError(
      `--init is ${show(init)}, must be one of ${INITIALIZATIONS.join(', ')}, or a safetensors file`,
    );
  return INITIALIZATIONS.some((name) => name === init)
    ? { ...given, init: init as Initialization }
    : { ...given, weights: init };
}

/** The same with the defaults. */
export const readTrainOptions = (args: string[]): TrainOptions => ({ ...RUN_DEFAULTS, ...readGivenOptions(args) });

/** @throws ArgumentError for flags that contradict each other */
function checkStart(given: Partial<TrainOptions>): void {
  const { resume, fork, weights: init } = given;
  const starts = Object.entries({ resume, fork, init }).filter(([, place]) => place !== undefined);
  const [first, second] = starts.map(([name]) => name);
  if (first !== undefined && second !== undefined)
    throw new ArgumentError(`--${first} with --${second}: a run begins in one way; leave one of them out`);
  if (given.resume !== undefined && given.out !== undefined)
    throw new ArgumentError('--out with --resume: it goes on in its own folder; leave --out out, or use --fork');
  if (given['min-delta'] !== undefined && given.patience === undefined)
    throw new ArgumentError('--min-delta without --patience: nothing is stopped by it; give --patience 5 too');
}

/** Names of the flags that make the model. */
export const MODEL_FLAG_NAMES = Object.keys(MODEL_FLAGS);

/** What `--help` prints. */
export function trainHelp(): string {
  return [
    'Trains an autoencoder on the GPU, by WebGPU; without flags, the variational one 784-512-256-64.',
    '',
    `usage: ${commandOf('train')} [flags]`,
    '',
    ...flagsHelp(TABLE),
    '',
    'A flag that the chosen model has no use for is refused.',
    '',
    'Writes run.json, metrics.jsonl, loss.svg, reconstructions.png, model.safetensors and checkpoints/;',
    'samples.png where there is a prior to draw from (VAEs); denoised.png where the encoder sees damaged',
    'images. Ctrl-C stops after the step under way, writes what there is by then and exits 130; a second',
    'one exits at once. --resume goes on with what was stopped, killed or lost.',
    'Exit status: 0 done, 1 training failed, 2 something given was not acceptable.',
  ].join('\n');
}
