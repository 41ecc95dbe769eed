// The arguments of harness/inspect.js.
import { ArgumentError } from 'latentgpu/node';
import { commandOf } from './flags/command.js';
import { type FlagTable, flagsHelp, readFlags } from './flags/flags.js';

export interface InspectOptions {
  /** A file, or a folder of files. */
  path: string;
  /** Print JSON instead of tables. */
  json: boolean;
}

const TABLE: FlagTable = {
  argument: 'path',
  flags: {},
  switches: {
    json: 'print a list of all files with every number as JSON, instead of tables',
    help: 'print this and stop',
  },
};

/**
 * Reads the arguments after `node harness/inspect.js`. `--help` wins over everything else on the line.
 * @returns undefined if help is asked for
 * @throws ArgumentError in one line: the flag, what it is, what it must be, what to do
 */
export function readInspectOptions(args: string[]): InspectOptions | undefined {
  const given: Partial<InspectOptions> & { help?: boolean } = readFlags(args, TABLE);
  if (given.help) return undefined;
  const { path, json = false } = given;
  if (path === undefined)
    throw new ArgumentError(`no file is named; for example ${commandOf('inspect')} runs/first/model.safetensors`);
  return { path, json };
}

/** What `--help` prints. */
export function inspectHelp(): string {
  return [
    'Shows what safetensors files hold: tensors, their norms and extremes, NaNs, and metadata.',
    '',
    `usage: ${commandOf('inspect')} FILE|DIR [flags]`,
    '',
    'DIR is a folder, such as that of a run: all its *.safetensors files and checkpoints are shown.',
    '',
    ...flagsHelp(TABLE),
    '',
    'Norm, min, max and mean are over the finite values; NaN and inf are counted beside them.',
    'Exit status: 0 done, 1 the machine failed, 2 something given was not acceptable.',
  ].join('\n');
}
