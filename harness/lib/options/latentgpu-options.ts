// The arguments of harness/latentgpu.js: the name of a program, whose own arguments follow it.
import { ArgumentError, nearest } from 'latentgpu/node';
import { commandOf, PROGRAMS, type ProgramName } from './flags/command.js';
import { show } from './flags/flag-values.js';

const NAMES = Object.keys(PROGRAMS) as ProgramName[];

/**
 * Reads the first argument after `latentgpu`.
 * @throws ArgumentError naming the possible programs
 */
export function readCommand(first: string | undefined): ProgramName | 'help' | 'version' {
  if (first === '--help' || first === '-h') return 'help';
  if (first === '--version') return 'version';
  const name = NAMES.find((one) => one === first);
  if (name !== undefined) return name;
  const must = `must be one of ${NAMES.join(', ')}`;
  if (first === undefined) throw new ArgumentError(`no command is named; ${must}; for example ${commandOf('train')}`);
  const near = nearest(first, NAMES);
  throw new ArgumentError(
    `${show(first)} is no command of latentgpu, ${must}${near === undefined ? '; see --help' : `; did you mean ${near}?`}`,
  );
}

/** What `--help` prints. */
export function latentgpuHelp(): string {
  const width = Math.max(...NAMES.map((name) => name.length)) + 2;
  return [
    'Trains autoencoders wholly on the GPU, with WebGPU.',
    '',
    'usage: latentgpu COMMAND [flags]',
    '',
    ...NAMES.map((name) => `  ${name.padEnd(width)}${PROGRAMS[name]}`),
    '',
    '  --version  print the version and stop',
    '  --help     print this and stop',
    '',
    `Each command has a help of its own, for example ${commandOf('train')} --help.`,
    'Exit status: 0 done, 1 the machine or the training failed, 2 something given was not acceptable.',
  ].join('\n');
}
