// The arguments of harness/train.js: which flags there are, in which order the help tells them, and what is read from them.
// Looks at no file and no GPU. What the flags of model and training mean is in model-options.ts and training-options.ts.
import { asIs, count } from './flag-values.js';
import { type Flag, type FlagTable, flagsHelp, readFlags } from './flags.js';
import { checkModelOptions, MODEL_FLAGS, type ModelOptions } from './model-options.js';
import {
  COURSE_FLAGS,
  type CourseOptions,
  checkTraining,
  OPTIMIZER_FLAGS,
  OPTIMIZER_SWITCHES,
  type OptimizerOptions,
} from './training-options.js';

/** What the command line asks for. Absent: the program decides once it knows model and machine. */
export interface TrainOptions extends ModelOptions, OptimizerOptions, CourseOptions {
  data?: string;
  limit?: number;
  out?: string;
  adapter: string;
  plan: boolean;
  quiet: boolean;
  help: boolean;
}

export const DATA_FLAGS: Record<string, Flag> = {
  data: {
    group: 'Data',
    value: 'NAME|DIR',
    example: 'digits',
    read: asIs,
    help: [
      'mnist, fashion-mnist, digits, or a folder of IDX files, plain or gzipped',
      '(default: MNIST if it is here or can be downloaded, else Fashion-MNIST',
      'from /usr/share/datasets, else digits, which are drawn by the program)',
    ],
  },
  limit: {
    group: 'Data',
    value: 'N',
    example: '1000',
    read: count,
    help: ['use the first N training images only (default: all)'],
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
  flags: { ...DATA_FLAGS, ...MODEL_FLAGS, ...COURSE_FLAGS, ...OPTIMIZER_FLAGS, ...OUTPUT_FLAGS },
  switches: {
    ...OPTIMIZER_SWITCHES,
    plan: inOutput('print the plan of a training step and stop'),
    quiet: inOutput('print nothing but errors'),
    help: inOutput('print this and stop'),
  },
};

export const DEFAULTS = { seed: 0, adapter: 'auto' };

/**
 * Reads the arguments after `node harness/train.js`. `--help` wins over everything else on the line.
 * @throws ArgumentError in one line: the flag, what it is, what it must be, what to do
 */
export function readTrainOptions(args: string[]): TrainOptions {
  const given = readFlags(args, TABLE);
  checkModelOptions(given);
  checkTraining(given);
  return { ...DEFAULTS, plan: false, quiet: false, help: false, ...given };
}

/** What `--help` prints. */
export function trainHelp(): string {
  return [
    'Trains an autoencoder on the GPU, by WebGPU; without flags, the variational one 784-512-256-64.',
    '',
    'usage: node harness/train.js [flags]',
    '',
    ...flagsHelp(TABLE),
    '',
    'A flag that the chosen model has no use for is refused.',
    '',
    'Writes run.json, metrics.jsonl, loss.svg, reconstructions.png and model.safetensors; samples.png',
    'where there is a prior to draw from (VAEs); denoised.png where the encoder sees damaged images.',
    'Ctrl-C stops after the step under way, writes what there is by then and exits 130; a second one',
    'exits at once.',
    'Exit status: 0 done, 1 training failed, 2 something given was not acceptable.',
  ].join('\n');
}
