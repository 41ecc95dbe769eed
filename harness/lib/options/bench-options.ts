// The arguments of harness/bench.js.
import { ArgumentError, type NumberType } from 'latentgpu/node';
import { PEER_MODELS, type PeerModel } from '../bench/peer-models.js';
import { commandOf } from './flags/command.js';
import { asIs, count, counts, oneOf, positive } from './flags/flag-values.js';
import { type Flag, type FlagTable, flagsHelp, readFlags } from './flags/flags.js';
import { ADAPTER_FLAG, DEFAULTS } from './train-options.js';
import { OPTIMIZER_FLAGS } from './training-options.js';

export interface BenchOptions {
  adapter: string;
  batch: number[];
  width: number[];
  steps: number;
  seconds: number;
  /** Squares; without it the usual ones, and the seed products. */
  size?: number[];
  /** Through a trained model. */
  rows?: number;
  rounds: number;
  /** What the peers train. */
  model: PeerModel;
  precision: NumberType;
  matmul: boolean;
  peers: boolean;
  scaling: boolean;
  svg: string;
  json?: string;
  markdown: boolean;
  quiet: boolean;
  help: boolean;
}

const SIZES = 'What is timed';
const MACHINE = 'Machine and output';

const flag = (group: string, own: Omit<Flag, 'group'>): Flag => ({ ...own, group });

const TABLE: FlagTable = {
  flags: {
    batch: flag(SIZES, {
      value: 'LIST',
      example: '32,128,512',
      read: counts,
      help: [
        'batches of the sweep (default: 32,64,128,256,512,1024,2048,4096);',
        'with --peers alone, one (default: 128)',
      ],
    }),
    width: flag(SIZES, {
      value: 'LIST',
      example: '1,2,4',
      read: counts,
      help: ['how many times as wide as the seed model (default: 1,2,4)'],
    }),
    size: flag(SIZES, {
      value: 'LIST',
      example: '256,1024',
      read: counts,
      help: [
        'squares of --matmul, and nothing else (default: 256,512,1024,2048,4096',
        'and the products of a seed step)',
      ],
    }),
    rows: flag(SIZES, {
      value: 'N',
      example: '100000',
      read: count,
      help: ['encode, reconstruct and scores of N rows, beside the evaluation of as', 'many, and nothing else'],
    }),
    steps: flag(SIZES, {
      value: 'N',
      example: '100',
      read: count,
      help: ['steps to time of each size, at most (default: 2000, or 3 seconds)'],
    }),
    model: flag(SIZES, {
      value: 'NAME',
      example: 'conv-vae',
      read: oneOf(PEER_MODELS),
      help: [
        'what trains with --peers: vae, the seed model (default), or conv-vae, a',
        'convolutional VAE 1-32-64 of 28x28 images',
      ],
    }),
    rounds: flag(SIZES, {
      value: 'N',
      example: '5',
      read: count,
      help: ['turns of each with --peers and --rows (default: 5)'],
    }),
    seconds: flag(SIZES, {
      value: 'N',
      example: '20',
      read: positive,
      help: ['budget of one size (default: 20); one that would take longer is left', 'out, and named at the end'],
    }),
    precision: {
      ...(OPTIMIZER_FLAGS.precision as Flag),
      group: SIZES,
      help: ['what the matmuls of the sweep and of --matmul read: f32 (default), or f16'],
    },
    adapter: { ...(ADAPTER_FLAG.adapter as Flag), group: MACHINE },
    json: flag(MACHINE, {
      value: 'FILE',
      example: 'bench.json',
      read: asIs,
      help: ['write everything to FILE, with adapter, versions and date'],
    }),
    svg: flag(MACHINE, {
      value: 'FILE',
      example: 'scaling.svg',
      read: asIs,
      help: ['where --scaling draws its picture (default: scaling.svg)'],
    }),
  },
  switches: {
    matmul: { group: SIZES, help: 'squares and the seed products, each in every candidate, checked first' },
    peers: { group: SIZES, help: 'the same step in tfjs, jax-js and PyTorch, in turn with this engine' },
    scaling: { group: SIZES, help: 'the sweep, with fitted exponents and a picture' },
    markdown: { group: MACHINE, help: 'print the tables as Markdown' },
    quiet: { group: MACHINE, help: 'print the results and errors only' },
    help: { group: MACHINE, help: 'print this and stop' },
  },
};

const BATCHES = [32, 64, 128, 256, 512, 1024, 2048, 4096];
const PARTS = ['matmul', 'peers', 'scaling', 'rows'] as const;

/**
 * Reads the arguments after `node harness/bench.js`.
 * @throws ArgumentError in one line: the flag, what it is, what it must be, what to do
 */
export function readBenchOptions(args: string[]): BenchOptions {
  const given: Partial<BenchOptions> = readFlags(args, TABLE);
  const parts = PARTS.filter((part) => given[part] !== undefined);
  const sweep = parts.length === 0 || parts.includes('scaling');
  refuseUnused(given, 'size', parts.includes('matmul'), '--matmul');
  refuseUnused(given, 'rounds', parts.includes('peers') || parts.includes('rows'), '--peers or --rows');
  refuseUnused(given, 'model', parts.includes('peers'), '--peers');
  refuseUnused(given, 'precision', sweep || parts.includes('matmul'), 'the sweep or --matmul');
  refuseUnused(given, 'svg', parts.includes('scaling'), '--scaling');
  refuseUnused(given, 'width', sweep, 'the sweep (no part named, or --scaling)');
  refuseUnused(given, 'batch', sweep || parts.includes('peers'), 'the sweep or --peers');
  refuseUnused(given, 'steps', sweep || parts.includes('peers'), 'the sweep or --peers');
  if (!sweep && (given.batch?.length ?? 1) > 1)
    throw new ArgumentError(
      `--batch is ${given.batch?.join(',')}, must be one number with --peers; for example --batch 128`,
    );
  return {
    adapter: DEFAULTS.adapter,
    batch: BATCHES,
    width: [1, 2, 4],
    steps: 2000,
    seconds: 20,
    rounds: 5,
    model: 'vae',
    precision: 'f32',
    svg: 'scaling.svg',
    matmul: false,
    peers: false,
    scaling: false,
    markdown: false,
    quiet: false,
    help: false,
    ...given,
  };
}

function refuseUnused(given: object, name: string, used: boolean, by: string): void {
  if (used || !(name in given)) return;
  throw new ArgumentError(`--${name} is given, but only ${by} has a use for it; leave it out`);
}

/** What `--help` prints. */
export function benchHelp(): string {
  return [
    'Benchmarks training steps of the seed model, a VAE 784-512-256-64, over batches and widths; or its matrix products,',
    'other libraries beside it, or how its time grows. Everything that is timed is checked first.',
    '',
    `usage: ${commandOf('bench')} [flags]`,
    `       ${commandOf('bench')} --matmul [--size LIST] [--seconds N]`,
    `       ${commandOf('bench')} --peers [--model NAME] [--batch N] [--rounds N]`,
    `       ${commandOf('bench')} --scaling [--svg FILE]`,
    `       ${commandOf('bench')} --rows N [--rounds N]`,
    '',
    ...flagsHelp(TABLE),
    '',
    'Without --matmul, --peers, --rows and --scaling the seed step and its sweep are timed; several may be named together.',
    '--peers needs a checkout. It installs tfjs and jax-js beside its programs where they are missing (npm ci, 105 MB), and',
    'times PyTorch where LATENTGPU_PYTHON, /usr/bin/python3 or python3 has it.',
    'Exit status: 0 done, 1 the measurement failed, 2 something given was not acceptable.',
  ].join('\n');
}
