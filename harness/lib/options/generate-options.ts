// The arguments of harness/generate.js: flags, their help and the checks that need no run. Whether a run's model and data
// can have what is asked for, generate.ts finds out.
import { ArgumentError, didYouMean } from 'latentgpu/node';
import { commandOf, programName } from './flags/command.js';
import { asIs, count, seed, show, wholeNumber } from './flags/flag-values.js';
import { type Flag, type FlagTable, flagsHelp, readFlags } from './flags/flags.js';
import { READING_FLAGS, READING_GROUP, type ReadingOptions } from './reading-options.js';
import { ADAPTER_FLAG } from './train-options.js';

/** What can be made, in the order in which it is. */
export const OUTPUT_NAMES = [
  'samples',
  'reconstructions',
  'walk',
  'grid',
  'denoised',
  'codes',
  'loss',
  'compress',
] as const;
export type OutputName = (typeof OUTPUT_NAMES)[number];

export interface GenerateOptions extends ReadingOptions {
  /** '' with `weights`. */
  run: string;
  /** A file, instead of a run. */
  weights?: string;
  /** A file that describes their model. */
  spec?: string;
  data?: string;
  out?: string;
  /** Absent: everything that the model can do but `loss`, and `compress` if it is asked for. */
  only?: OutputName[];
  /** Images in a picture, or rows in a table. */
  count?: number;
  /** A class, by name or number. */
  label?: number | string;
  /** Two test images, from 0. */
  walk?: [number, number];
  /** Two dimensions of the code, from 0. */
  axes?: [number, number];
  /** Bits a dimension. */
  compress?: number[];
  seed: number;
  adapter: string;
}

export const DEFAULT_BITS = [8, 6, 4, 3, 2];
const MOST_BITS = 16;
/** Flags that shape one output alone. */
const OUTPUTS_OF_FLAG: Record<string, readonly OutputName[]> = {
  walk: ['walk'],
  axes: ['grid'],
  compress: ['compress'],
  label: ['samples', 'grid'],
  count: ['samples', 'reconstructions', 'denoised', 'compress'],
  seed: ['samples', 'denoised', 'loss'],
};

const OWN_FLAGS: Record<string, Flag> = {
  run: { value: 'DIR', example: 'runs/first', read: asIs, help: [`the folder of a run of ${programName('train')}`] },
  weights: {
    value: 'FILE',
    example: 'vae.safetensors',
    read: asIs,
    help: ["weights without a run, such as PyTorch's state_dict saved as safetensors, instead of --run"],
  },
  spec: {
    value: 'FILE',
    example: 'net.json',
    read: asIs,
    help: ['the model of --weights as JSON (default: told from their names and shapes)'],
  },
  data: {
    value: 'NAME|PATH',
    example: 'digits',
    read: asIs,
    help: ["a name, a folder or a file, as for training (default: the run's own)"],
  },
  out: {
    value: 'DIR',
    example: 'pictures',
    read: asIs,
    help: [
      "where the results go, a new or empty folder (default: `generated` in the run's folder,",
      'then generated-2...; of --weights, beside the file)',
    ],
  },
  only: {
    value: 'NAME,NAME',
    example: 'samples,walk',
    read: outputNames,
    help: [
      `some of ${OUTPUT_NAMES.join(', ')}`,
      '(default: all that the model can do; loss and compress only if asked for)',
    ],
  },
  count: {
    value: 'N',
    example: '12',
    read: count,
    help: [
      'examples in a picture or a table (default: 64 samples, 10 of a class, 12 of the rest; of',
      'compress at most 12)',
    ],
  },
  label: {
    value: 'NAME|N',
    example: '7',
    read: (text) => (Number.isNaN(wholeNumber(text)) ? text : wholeNumber(text)),
    help: [
      'class of the samples and of the grid, for a conditional model (default: samples of',
      'each class in a row, a grid of class 0)',
    ],
  },
  walk: {
    value: 'I,J',
    example: '0,7',
    read: (text, flag) => pair(text, flag, 'test images', '0,7'),
    help: [
      'the test images, counted from 0, between which to walk (default: the first one and',
      'the first of another class)',
    ],
  },
  axes: {
    value: 'A,B',
    example: '0,1',
    read: (text, flag) => pair(text, flag, 'dimensions of the code', '0,1'),
    help: [
      'the dimensions of the code, counted from 0, that the grid shows across and up',
      '(default: the two in which the test examples vary most)',
    ],
  },
  compress: {
    value: '[N,N...]',
    example: '8,4,2',
    read: bitDepths,
    help: [
      `what a code costs at so many bits a dimension, and how it looks (${DEFAULT_BITS.join(',')} if`,
      'none are named)',
    ],
  },
  seed: {
    value: 'N',
    example: '1',
    read: seed,
    help: ['samples and noise follow from it (default: 0)'],
  },
};

const TABLE: FlagTable = {
  flags: {
    ...Object.fromEntries(Object.entries(OWN_FLAGS).map(([name, flag]) => [name, { ...flag, group: 'Flags' }])),
    ...Object.fromEntries(Object.entries(ADAPTER_FLAG).map(([name, flag]) => [name, { ...flag, group: 'Flags' }])),
    ...Object.fromEntries(
      Object.entries(READING_FLAGS).map(([name, flag]) => [name, { ...flag, group: READING_GROUP }]),
    ),
  },
  switches: { help: { group: 'Flags', help: 'print this and stop' } },
};

/**
 * Reads the arguments after `node harness/generate.js`. `--help` wins over everything else on the line.
 * @returns undefined if help is asked for
 * @throws ArgumentError in one line: the flag, what it is, what it must be, what to do
 */
export function readGenerateOptions(args: string[]): GenerateOptions | undefined {
  const given: Partial<GenerateOptions> & { help?: boolean } = readFlags(withBits(args), TABLE);
  if (given.help) return undefined;
  const { run = '', weights, spec, only, compress } = given;
  if (!run && weights === undefined)
    throw new ArgumentError('--run is missing: whose model? Name the folder of a run, for example --run runs/first');
  if (run && weights !== undefined)
    throw new ArgumentError('--run and --weights are given, must be one of them: whose model? Leave one out');
  if (spec !== undefined && weights === undefined)
    throw new ArgumentError('--spec is given with --run, whose run.json describes its model; leave --spec out');
  for (const [flag, outputs] of Object.entries(OUTPUTS_OF_FLAG))
    if (only && flag in given && !outputs.some((output) => only.includes(output)))
      throw new ArgumentError(
        `--${flag} is given, but --only does not name ${outputs[0] === flag ? 'it' : outputs.join(' or ')}; write --only ${outputs[0]},... or leave one out`,
      );
  return {
    seed: 0,
    adapter: 'auto',
    ...given,
    run,
    ...(only?.includes('compress') && { compress: compress ?? DEFAULT_BITS }),
  };
}

/** `--compress` may stand alone. */
function withBits(args: string[]): string[] {
  return args.map((arg, at) => {
    const next = args[at + 1];
    return arg === '--compress' && (next === undefined || next.startsWith('--')) ? `${arg}=${DEFAULT_BITS}` : arg;
  });
}

/** What `--help` prints. */
export function generateHelp(): string {
  return [
    'Uses a trained model: pictures, codes and what compression costs, from the folder of a run.',
    '',
    `usage: ${commandOf('generate')} --run DIR [flags]`,
    '',
    ...flagsHelp(TABLE),
    '',
    'samples          images, or rows, decoded from codes of the prior (variational models)',
    'reconstructions  test images above what the model makes of them; of rows a table, reconstructions.csv',
    'walk             codes on the straight line between those of two test images',
    'grid             two dimensions of the code, across and up; the others stay in the middle',
    'denoised         test images, damaged, and restored (denoising models)',
    'codes            codes.npy [n, latent] and labels.npy [n] of all test examples, codes.svg with their PCA',
    'loss             loss of the test examples, term by term: loss.json',
    'compress         bits and error of quantised codes: compress.json, compress.png and a table',
    'Exit status: 0 done, 1 the machine failed, 2 something given was not acceptable.',
  ].join('\n');
}

function pair(text: string, flag: string, what: string, example: string): [number, number] {
  const [a = Number.NaN, b = Number.NaN, ...more] = text.split(',').map((part) => wholeNumber(part.trim()));
  if (Number.isNaN(a + b) || a === b || more.length > 0)
    throw new ArgumentError(
      `${flag} is ${show(text)}, must be two different ${what}, counted from 0; for example ${flag} ${example}`,
    );
  return [a, b];
}

function bitDepths(text: string, flag: string): number[] {
  const bits = text.split(',').map((part) => wholeNumber(part.trim()));
  if (!bits.every((value) => value >= 1 && value <= MOST_BITS) || new Set(bits).size < bits.length)
    throw new ArgumentError(
      `${flag} is ${show(text)}, must be different whole numbers from 1 to ${MOST_BITS}; for example ${flag} ${DEFAULT_BITS}`,
    );
  return bits;
}

function outputNames(text: string, flag: string): OutputName[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !OUTPUT_NAMES.includes(name as OutputName));
  if (unknown !== undefined)
    throw new ArgumentError(
      `${flag} is ${show(text)}: ${show(unknown)} is none of ${OUTPUT_NAMES.join(', ')}${didYouMean(unknown, OUTPUT_NAMES) || `; for example ${flag} samples,walk`}`,
    );
  return OUTPUT_NAMES.filter((name) => names.includes(name));
}
