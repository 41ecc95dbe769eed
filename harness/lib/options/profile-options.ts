// The arguments of harness/profile.js: those of train.js that make the data and the model, and the profiler's own.
import fs from 'node:fs';
import { ArgumentError } from 'latentgpu/node';
import { commandOf } from './flags/command.js';
import { asIs, count } from './flags/flag-values.js';
import { type Flag, type FlagTable, flagsHelp, readFlags } from './flags/flags.js';
import { MODEL_FLAGS, type ModelOptions } from './model/model-flags.js';
import { checkModelOptions } from './model/model-options.js';
import type { ReadingOptions } from './reading-options.js';
import { ADAPTER_FLAG, DATA_FLAGS, DEFAULTS } from './train-options.js';
import { checkTraining, OPTIMIZER_FLAGS, OPTIMIZER_SWITCHES, type OptimizerOptions } from './training-options.js';
import { checkTuning, TUNING_FLAGS, TUNING_SWITCHES, type TuningOptions } from './tuning-options.js';

export interface ProfileProgramOptions extends ReadingOptions, ModelOptions, OptimizerOptions, TuningOptions {
  data?: string;
  limit?: number;
  adapter: string;
  steps: number;
  kernel?: string;
  /** One matmul alone: its sizes. */
  product?: { m: number; n: number; k: number };
  json?: string;
  trace?: string;
  wgsl?: string;
  /** Two reports to compare; nothing is measured. */
  compare?: [string, string];
  ceilings: boolean;
  repeat: boolean;
  quiet: boolean;
  help: boolean;
}

const group = 'What is measured, and where it goes';

const OWN_FLAGS: Record<string, Flag> = {
  steps: { value: 'N', example: '50', read: count, help: ['training steps to time (default: 50)'] },
  kernel: {
    value: 'NAME',
    example: 'adam',
    read: asIs,
    help: ['only rows whose kernel or layer contains NAME; with --m the variant to', 'show first'],
  },
  m: {
    value: 'N',
    example: '1024',
    read: count,
    help: ['time the matmul [m, k] x [k, n] alone, checked against f64 first:'],
  },
  n: {
    value: 'N',
    example: '1024',
    read: count,
    help: ['a row a candidate, those of --kernel first; no data, no model'],
  },
  k: { value: 'N', example: '1024', read: count, help: ['(give all three)'] },
  json: { value: 'FILE', example: 'profile.json', read: asIs, help: ['write the whole report to FILE'] },
  trace: {
    value: 'FILE',
    example: 'trace.json',
    read: asIs,
    help: ['write what ran when to FILE, for Perfetto, speedscope or chrome://tracing'],
  },
  wgsl: {
    value: 'NAME',
    example: 'adam',
    read: asIs,
    help: ['print the WGSL that the device gets for a kernel (a name, a layer or a', 'number of the table) and stop'],
  },
};

/** What a plan follows from: data, adapter, model and optimizer. */
const PLAN_FLAGS = [
  DATA_FLAGS,
  ADAPTER_FLAG,
  MODEL_FLAGS,
  OPTIMIZER_FLAGS,
  OPTIMIZER_SWITCHES,
  TUNING_FLAGS,
  TUNING_SWITCHES,
].flatMap(Object.keys);

const TABLE: FlagTable = {
  flags: {
    ...Object.fromEntries(
      Object.entries({ ...OWN_FLAGS, ...ADAPTER_FLAG }).map(([name, flag]) => [name, { ...flag, group }]),
    ),
    ...DATA_FLAGS,
    ...MODEL_FLAGS,
    ...OPTIMIZER_FLAGS,
    ...TUNING_FLAGS,
  },
  switches: {
    ...OPTIMIZER_SWITCHES,
    ...TUNING_SWITCHES,
    ceilings: { group, help: "measure the device's limits alone" },
    repeat: { group, help: 'time by repetition, as where the device has no timestamps' },
    quiet: { group, help: 'print the results and errors only' },
    help: { group, help: 'print this and stop' },
  },
};

/**
 * Reads the arguments after `node harness/profile.js`.
 * @throws ArgumentError in one line: the flag, what it is, what it must be, what to do
 */
export function readProfileOptions(args: string[]): ProfileProgramOptions {
  const defaults = { ...DEFAULTS, steps: 50, ceilings: false, repeat: false, quiet: false, help: false };
  const help = args.includes('--help') || args.includes('-h');
  const compare = help ? undefined : comparedFiles(args);
  if (compare) return { ...defaults, compare };
  const { m, n, k, ...given } = readFlags(args, TABLE);
  const product = productOf({ m, n, k });
  const [mode] = ['ceilings', 'wgsl'].filter((flag) => given[flag] !== undefined && given[flag] !== false);
  if (product.product)
    refuseFlags('--m, --n and --k', given, ['kernel', 'json', 'adapter', 'repeat', 'precision', 'quiet']);
  else if (mode === 'ceilings') refuseFlags('--ceilings', given, ['ceilings', 'adapter', 'quiet']);
  else if (mode === 'wgsl')
    refuseFlags(
      '--wgsl',
      given,
      ['wgsl', 'quiet', ...PLAN_FLAGS],
      '--quiet and the flags of data, adapter, model, optimizer and tuning',
    );
  checkModelOptions(given);
  checkTraining(given);
  checkTuning(given);
  return { ...defaults, ...given, ...product };
}

/**
 * Checks, before anything is measured, that the results can be written. A file that is there is replaced at the end.
 * @throws ArgumentError
 */
export function checkOutputs({ json, trace, svg }: { json?: string; trace?: string; svg?: string }): void {
  for (const [flag, file] of Object.entries({ json, trace, svg })) {
    if (file === undefined) continue;
    try {
      fs.closeSync(fs.openSync(file, 'a'));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ArgumentError(
        `--${flag} ${file} cannot be written (${why}), must be a file you may write; name another`,
        {
          cause,
        },
      );
    }
  }
}

/** What a mode has no use for is said, not ignored; `named` stands for `taken` where these are many. */
function refuseFlags(mode: string, given: Record<string, unknown>, taken: readonly string[], named?: string): void {
  const [extra] = Object.keys(given).filter((flag) => given[flag] !== false && !taken.includes(flag));
  if (extra === undefined) return;
  const other = taken.map((flag) => `--${flag}`).filter((flag) => flag !== mode);
  throw new ArgumentError(
    `--${extra} has no meaning with ${mode}, only ${named ?? other.join(', ')} have; leave it out`,
  );
}

/** All three sizes of a product, or none. */
function productOf(sizes: Record<'m' | 'n' | 'k', unknown>): Pick<ProfileProgramOptions, 'product'> {
  const { m, n, k } = sizes;
  if (typeof m === 'number' && typeof n === 'number' && typeof k === 'number') return { product: { m, n, k } };
  const missing = Object.entries(sizes).flatMap(([name, size]) => (size === undefined ? [`--${name}`] : []));
  if (missing.length === 3) return {};
  throw new ArgumentError(
    `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing: a product has three sizes; for example --m 1024 --n 1024 --k 1024`,
  );
}

/** `--compare A B` is the one flag with two values, and stands alone. */
function comparedFiles(args: string[]): [string, string] | undefined {
  const at = args.findIndex((arg) => arg === '--compare' || arg.startsWith('--compare='));
  if (at < 0) return undefined;
  const [flag, a, b, ...more] = args;
  if (flag !== '--compare' || a === undefined || b === undefined || more.length > 0 || `${a}${b}`.startsWith('--'))
    throw new ArgumentError(
      `--compare takes two reports and no other flag; for example --compare before.json after.json`,
    );
  return [a, b];
}

/** What `--help` prints. */
export function profileHelp(): string {
  return [
    'Times every kernel of a training step on the GPU, and says what limits it.',
    '',
    `usage: ${commandOf('profile')} [flags]`,
    `       ${commandOf('profile')} --kernel matmul_tiled --m N --n N --k N [--adapter NAME]`,
    `       ${commandOf('profile')} --compare BEFORE.json AFTER.json`,
    '',
    ...flagsHelp(TABLE),
    '',
    '--compare says which kernels got faster or slower between two reports of --json, and how sure it is.',
    'Exit status: 0 done, 1 the measurement failed, 2 something given was not acceptable.',
  ].join('\n');
}
