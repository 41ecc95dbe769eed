// The arguments of harness/export.js.
import { ArgumentError } from 'latentgpu/node';
import { commandOf, programName } from './flags/command.js';
import { asIs, countOrNone } from './flags/flag-values.js';
import { type FlagTable, flagsHelp, readFlags } from './flags/flags.js';
import { READING_FLAGS, READING_GROUP, type ReadingOptions, readingOf, readingText } from './reading-options.js';

export interface ExportOptions extends ReadingOptions {
  run: string;
  out?: string;
  /** What is written: ONNX files, a page, or both. */
  onnx: boolean;
  html: boolean;
  /** Whose test images the page holds; absent: the run's. */
  data?: string;
  /** How many of them. */
  examples: number;
}

const EXAMPLES = 128;

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
    data: {
      value: 'NAME|PATH',
      example: 'digits',
      read: asIs,
      help: [
        'with --html: whose test images are in the page: a name, a folder or a file, as for',
        "training (default: the run's own, if they are found)",
      ],
    },
    examples: {
      value: 'N',
      example: '24',
      read: countOrNone,
      help: [`with --html: how many test images are in the page (default: ${EXAMPLES}; 0: none)`],
    },
    ...Object.fromEntries(
      Object.entries(READING_FLAGS).map(([name, flag]) => [name, { ...flag, group: READING_GROUP }]),
    ),
  },
  switches: {
    onnx: 'encoder.onnx, decoder.onnx and autoencoder.onnx (the default)',
    html: 'autoencoder.html, a page in one file with the weights inside, to hand to somebody',
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
  const { run, html = false, onnx = !html, examples = EXAMPLES } = given;
  if (run === undefined)
    throw new ArgumentError('--run is missing: whose model? Name the folder of a run, for example --run runs/first');
  const texts = { data: given.data, examples: given.examples, ...readingText(readingOf(given)) };
  for (const [flag, value] of Object.entries(texts))
    if (!html && value !== undefined)
      throw new ArgumentError(
        `--${flag} ${value} without --html: only the page holds test images; add --html, or leave --${flag} out`,
      );
  if (given.data !== undefined && examples === 0)
    throw new ArgumentError(`--data ${given.data} with --examples 0: no image of it is used; leave one of them out`);
  return { ...given, run, html, onnx, examples };
}

/** What `--help` prints. */
export function exportHelp(): string {
  return [
    'Writes a trained model as files that other programs, or a browser, run, from the folder of a run. Needs no GPU.',
    '',
    `usage: ${commandOf('export')} --run DIR [flags]`,
    '',
    ...flagsHelp(TABLE),
    '',
    'encoder.onnx      images [batch, inputs] -> mu and log_var, or code, [batch, latent]',
    'decoder.onnx      codes [batch, latent] -> pixels [batch, inputs]',
    'autoencoder.onnx  images -> pixels, by way of the (mean) code',
    'Pixels are 0..1 whatever the model works in; a conditional model takes labels [batch], int64, as well. Opset 17.',
    "Of a model of rows, `images` and `pixels` are rows of features, in the data's units.",
    'autoencoder.html  opened in a browser with WebGPU, from disk or any host: samples, walks, encodes what is drawn or dropped.',
    'It asks nothing of any network. The test images in it are seen by whoever has the file.',
    'Exit status: 0 done, 1 the machine failed, 2 something given was not acceptable.',
  ].join('\n');
}
