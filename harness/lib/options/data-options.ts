// The arguments of harness/torch/data.js.
import { ArgumentError } from 'latentgpu/node';
import { asIs } from './flags/flag-values.js';
import { type FlagTable, flagsHelp, readFlags } from './flags/flags.js';

export interface DataOptions {
  /** A run's folder, or a checkpoint. */
  run: string;
  /** A new or empty folder. */
  out: string;
}

const TABLE: FlagTable = {
  argument: 'run',
  flags: {
    out: { value: 'DIR', example: 'digits', read: asIs, help: ['a new or empty folder for the files; necessary'] },
  },
  switches: { help: 'print this and stop' },
};

/**
 * Reads the arguments after `node harness/torch/data.js`. `--help` wins over everything else on the line.
 * @returns undefined if help is asked for
 * @throws ArgumentError in one line: the flag, what it is, what it must be, what to do
 */
export function readDataOptions(args: string[]): DataOptions | undefined {
  const given: Partial<DataOptions> & { help?: boolean } = readFlags(args, TABLE);
  if (given.help) return undefined;
  const { run, out } = given;
  if (run === undefined)
    throw new ArgumentError('no run is named; for example node harness/torch/data.js runs/first --out digits');
  if (out === undefined)
    throw new ArgumentError('--out is missing: where are the files to go? For example --out digits');
  return { run, out };
}

/** What `--help` prints. */
export function dataHelp(): string {
  return [
    "Writes a run's images and labels as IDX files, for harness/torch/train.py --data DIR on machines that cannot draw or",
    'download them.',
    '',
    'usage: node harness/torch/data.js RUN --out DIR',
    '',
    'RUN is the folder of a run of harness/train.js, or a checkpoint.',
    '',
    ...flagsHelp(TABLE),
    '',
    'Exit status: 0 done, 1 the machine failed, 2 something given was not acceptable.',
  ].join('\n');
}
