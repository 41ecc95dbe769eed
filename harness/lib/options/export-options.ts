// The arguments of harness/export.js.
import { ArgumentError } from 'latentgpu/node';
import { commandOf, programName } from './command.js';
import { asIs } from './flag-values.js';
import { type FlagTable, flagsHelp, readFlags } from './flags.js';

export interface ExportOptions {
  run: string;
  out?: string;
}

const TABLE: FlagTable = {
  flags: {
    run: {
      value: 'DIR',
      example: 'runs/first',
      read: asIs,
      help: [`the folder of a run of ${programName('train')}; necessary`],
    },
    out: {
      value: 'DIR',
      example: 'exported',
      read: asIs,
      help: [
        "where the files go, a new or empty folder (default: `exported` in the run's folder,",
        'then exported-2...)',
      ],
    },
  },
  switches: {
    onnx: 'encoder.onnx, decoder.onnx and autoencoder.onnx (the default)',
    help: 'print this and stop',
  },
};

/**
 * Reads the arguments after `node harness/export.js`. `--help` wins over everything else on the line.
 * @returns undefined if help is asked for
 * @throws ArgumentError in one line: the flag, what it is, what it must be, what to do
 */
export function readExportOptions(args: string[]): ExportOptions | undefined {
  const given: Partial<ExportOptions> & { help?: boolean } = readFlags(args, TABLE);
  if (given.help) return undefined;
  const { run, out } = given;
  if (run === undefined)
    throw new ArgumentError('--run is missing: whose model? Name the folder of a run, for example --run runs/first');
  return { run, ...(out !== undefined && { out }) };
}

/** What `--help` prints. */
export function exportHelp(): string {
  return [
    'Writes a trained model as files that other programs run, from the folder of a run. Needs no GPU.',
    '',
    `usage: ${commandOf('export')} --run DIR [flags]`,
    '',
    ...flagsHelp(TABLE),
    '',
    'encoder.onnx      images [batch, pixels] -> mu and log_var, or code, [batch, latent]',
    'decoder.onnx      codes [batch, latent] -> pixels [batch, pixels]',
    'autoencoder.onnx  images -> pixels, by way of the (mean) code',
    'Pixels are 0..1 whatever the model works in; a conditional model takes labels [batch], int64, as well. Opset 17.',
    'Exit status: 0 done, 1 the machine failed, 2 something given was not acceptable.',
  ].join('\n');
}
