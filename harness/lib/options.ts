// The arguments of harness/train.js, and how a program's arguments are read (readFlags; profile-options.ts uses it too):
// one table gives the flags, their help and their checks. node:util's parseArgs cuts the command line into tokens; what it would refuse in its own words is refused here instead, so that every message
// names the flag, what it is, what it must be and what to do. Looks at no file and no GPU.
import { parseArgs } from 'node:util';
import { ArgumentError } from 'latentgpu/node';

/** What the command line asks for. Absent: the program decides once it knows the machine. */
export interface TrainOptions {
  data?: string;
  limit?: number;
  epochs?: number;
  steps?: number;
  batch: number;
  lr: number;
  seed: number;
  hidden: number[];
  latent: number;
  out?: string;
  adapter: string;
  plan: boolean;
  quiet: boolean;
  help: boolean;
}

/** A flag with a value: its placeholder in the help, a value that works, the check, the help itself. */
export interface Flag {
  value: string;
  example: string;
  read(text: string, flag: string): unknown;
  help: string[];
}

/** The flags of a program: those with a value, and those without (by their help). `help` must be among the latter. */
export interface FlagTable {
  flags: Record<string, Flag>;
  switches: Record<string, string>;
}

/** What makes the data and the model: more than one program has these. */
export const MODEL_FLAGS = ['data', 'limit', 'batch', 'lr', 'seed', 'hidden', 'latent', 'adapter'] as const;

export const FLAGS: Record<string, Flag> = {
  data: {
    value: 'NAME|DIR',
    example: 'digits',
    read: (text) => text,
    help: [
      'mnist, fashion-mnist, digits, or a folder of IDX files, plain or gzipped',
      '(default: MNIST if it is here or can be downloaded, else Fashion-MNIST from',
      '/usr/share/datasets, else digits, which are drawn by the program)',
    ],
  },
  limit: { value: 'N', example: '1000', read: count, help: ['use the first N training images only (default: all)'] },
  epochs: {
    value: 'N',
    example: '20',
    read: count,
    help: [
      'passes over the training images (default: 20 on a GPU, 1 on a software adapter,',
      'as many as --steps needs)',
    ],
  },
  steps: { value: 'N', example: '100', read: count, help: ['stop after N steps, even within an epoch'] },
  batch: { value: 'N', example: '128', read: count, help: ['images a step (default: 128)'] },
  lr: { value: 'X', example: '0.001', read: learningRate, help: ["Adam's learning rate (default: 0.001)"] },
  seed: {
    value: 'N',
    example: '1',
    read: seed,
    help: ['first weights, shuffling and noise follow from it (default: 0)'],
  },
  hidden: {
    value: 'N,N',
    example: '512,256',
    read: counts,
    help: ['units of the hidden layers; the decoder mirrors them (default: 512,256)'],
  },
  latent: { value: 'N', example: '64', read: count, help: ['dimensions of the code (default: 64)'] },
  out: {
    value: 'DIR',
    example: 'runs/first',
    read: (text) => text,
    help: ['where the results go, a new or empty folder (default: runs/<time>)'],
  },
  adapter: {
    value: 'NAME',
    example: 'auto',
    read: (text) => text,
    help: ["auto, hardware, lavapipe, swiftshader or a part of an adapter's name", '(default: auto)'],
  },
};

const SWITCHES: Record<string, string> = {
  plan: 'print the plan of a training step and stop',
  quiet: 'print nothing but errors',
  help: 'print this and stop',
};

export const DEFAULTS = { batch: 128, lr: 1e-3, seed: 0, hidden: [512, 256], latent: 64, adapter: 'auto' };

/**
 * Reads the arguments after `node harness/train.js`. `--help` wins over everything else on the line.
 * @throws ArgumentError in one line: the flag, what it is, what it must be, what to do
 */
export function readTrainOptions(args: string[]): TrainOptions {
  const given = readFlags(args, { flags: FLAGS, switches: SWITCHES });
  return { ...DEFAULTS, plan: false, quiet: false, help: false, ...given };
}

/**
 * What the arguments of a program give, by the flags' names; `{ help: true }` alone if that is asked for.
 * @throws ArgumentError in one line: the flag, what it is, what it must be, what to do
 */
export function readFlags(args: string[], table: FlagTable): Record<string, unknown> {
  const { flags, switches } = table;
  const { tokens } = parseArgs({
    args,
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      ...Object.fromEntries(Object.keys(flags).map((name) => [name, { type: 'string' as const }])),
      ...Object.fromEntries(Object.keys(switches).map((name) => [name, { type: 'boolean' as const }])),
      help: { type: 'boolean', short: 'h' },
    },
  });
  const given = new Map<string, unknown>();
  const texts = new Map<string, string>();
  const help = tokens.some((token) => token.kind === 'option' && token.name === 'help' && token.value === undefined);
  if (help) return { help };
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional')
      throw new ArgumentError(`"${token.value}" does not follow a flag; to name the data, write --data ${token.value}`);
    const { name, rawName, value } = token;
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag === undefined) {
      checkSwitch(table, name, rawName, value);
      given.set(name, true);
      continue;
    }
    const before = texts.get(name);
    const text = checkText(rawName, flag, value, token.inlineValue ?? false);
    if (before !== undefined)
      throw new ArgumentError(`${rawName} is given twice (${show(before)} and ${show(text)}); give it once`);
    texts.set(name, text);
    given.set(name, flag.read(text, rawName));
  }
  return Object.fromEntries(given);
}

/** What `--help` prints. */
export function trainHelp(): string {
  return [
    'Trains the variational autoencoder 784-512-256-64 on the GPU, by WebGPU.',
    '',
    'usage: node harness/train.js [flags]',
    '',
    ...flagsHelp({ flags: FLAGS, switches: SWITCHES }),
    '',
    'Writes run.json, metrics.jsonl, reconstructions.png, samples.png, loss.svg and model.safetensors.',
    'Ctrl-C stops after the step under way, writes all of them and exits 130; a second one exits at once.',
    'Exit status: 0 done, 1 training failed, 2 something given was not acceptable.',
  ].join('\n');
}

/** The lines about a program's flags in its help. */
export function flagsHelp({ flags, switches }: FlagTable): string[] {
  const rows = [
    ...Object.entries(flags).map(([name, flag]) => [`--${name} ${flag.value}`, ...flag.help] as const),
    ...Object.entries(switches).map(([name, help]) => [`--${name}`, help] as const),
  ];
  const width = Math.max(...rows.map(([left]) => left.length)) + 4;
  return rows.flatMap(([left, ...help]) =>
    help.map((line, index) => (index === 0 ? `  ${left}`.padEnd(width) : ' '.repeat(width)) + line),
  );
}

/** A value as it stands in a message: bare if that is unambiguous, else quoted. */
function show(text: string): string {
  return /^[\w.,+:/~-]+$/.test(text) ? text : JSON.stringify(text);
}

function checkText(rawName: string, flag: Flag, value: string | undefined, inline: boolean): string {
  const remedy = `give one, for example ${rawName} ${flag.example}`;
  if (value === undefined) throw new ArgumentError(`${rawName} has no value; ${remedy}`);
  if (!inline && value.startsWith('--'))
    throw new ArgumentError(`${rawName} has no value: the flag ${value} follows; ${remedy}`);
  if (value.trim() === '')
    throw new ArgumentError(`${rawName} is ${JSON.stringify(value)}, must not be empty; ${remedy}`);
  return value;
}

function checkSwitch({ flags, switches }: FlagTable, name: string, rawName: string, value: string | undefined): void {
  if (!Object.hasOwn(switches, name)) {
    const near = nearest(name, [...Object.keys(flags), ...Object.keys(switches)]);
    throw new ArgumentError(
      `${show(rawName)} is not a flag of this program; ${near === undefined ? 'see --help' : `did you mean --${near}? See --help`}`,
    );
  }
  if (value !== undefined)
    throw new ArgumentError(`${rawName} is ${show(value)}, but it takes no value; write ${rawName} alone`);
}

/** The number that `text` writes in decimal, or NaN: Number() alone would take "", "0x10" and "Infinity". */
function decimal(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

export function count(text: string, flag: string): number {
  const value = decimal(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new ArgumentError(
      `${flag} is ${show(text)}, must be a whole number >= 1; for example ${flag} ${FLAGS[flag.slice(2)]?.example}`,
    );
  return value;
}

function seed(text: string, flag: string): number {
  const value = decimal(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new ArgumentError(
      `${flag} is ${show(text)}, must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}; for example ${flag} 1`,
    );
  return value;
}

/** Positive and finite also as f32, which is what the GPU computes with. */
function learningRate(text: string, flag: string): number {
  const value = decimal(text);
  const onGpu = Math.fround(value);
  if (!(onGpu > 0) || onGpu === Number.POSITIVE_INFINITY)
    throw new ArgumentError(`${flag} is ${show(text)}, must be a finite number above 0; for example ${flag} 0.001`);
  return value;
}

function counts(text: string, flag: string): number[] {
  const values = text.split(',').map((part) => decimal(part.trim()));
  if (!values.every((value) => Number.isSafeInteger(value) && value >= 1))
    throw new ArgumentError(
      `${flag} is ${show(text)}, must be whole numbers >= 1 with commas between; for example ${flag} 512,256`,
    );
  return values;
}

/** The known name that is at most two letters away, or that begins with what was typed. */
function nearest(typed: string, names: string[]): string | undefined {
  const scored = names.map((name) => ({
    name,
    distance: typed.length >= 2 && name.startsWith(typed) ? 0 : editDistance(typed, name),
  }));
  scored.sort((a, b) => a.distance - b.distance);
  const best = scored[0];
  return best && best.distance <= Math.min(2, best.name.length - 1) ? best.name : undefined;
}

/** Levenshtein's distance: letters inserted, deleted or replaced. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
