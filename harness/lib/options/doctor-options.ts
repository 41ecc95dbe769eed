// The arguments of harness/doctor.js.

import { commandOf } from './flags/command.js';
import { type FlagTable, flagsHelp, readFlags } from './flags/flags.js';

export interface DoctorOptions {
  /** Print JSON instead of text. */
  json: boolean;
}

const TABLE: FlagTable = {
  flags: {},
  switches: {
    json: 'print everything that was found as JSON, for a report of a bug',
    help: 'print this and stop',
  },
};

/**
 * Reads the arguments after `node harness/doctor.js`. `--help` wins over everything else on the line.
 * @returns undefined if help is asked for
 * @throws ArgumentError in one line: the flag, what it is, what it must be, what to do
 */
export function readDoctorOptions(args: string[]): DoctorOptions | undefined {
  const { help, json = false }: Partial<DoctorOptions> & { help?: boolean } = readFlags(args, TABLE);
  return help ? undefined : { json };
}

/** What `--help` prints. */
export function doctorHelp(): string {
  return [
    'Says what this machine trains on: devices, drivers, adapters, a matrix product that is checked and timed, and what',
    "is missing for its GPU, with the command or the container's flag that brings it.",
    '',
    `usage: ${commandOf('doctor')} [flags]`,
    '',
    ...flagsHelp(TABLE),
    '',
    'Exit status: 0 something can be trained on, 1 nothing can, 2 something given was not acceptable.',
  ].join('\n');
}
