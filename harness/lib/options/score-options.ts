// The arguments of harness/score.js.
import { ArgumentError } from 'latentgpu/node';
import { commandOf, programName } from './flags/command.js';
import { asIs, count, seed, show } from './flags/flag-values.js';
import { type Flag, type FlagTable, flagsHelp, readFlags } from './flags/flags.js';
import { READING_FLAGS, type ReadingOptions } from './reading-options.js';
import { ADAPTER_FLAG } from './train-options.js';

/** From which score on a row is called odd. */
export type Threshold = { quantile: number } | { value: number };

/** Terms of a loss that rows may be ordered by, and their sum. */
export const SCORES = ['loss', 'bce', 'mse', 'gaussian', 'poisson', 'kl', 'l1', 'commitment', 'iwae'] as const;
export type ScoreName = (typeof SCORES)[number];

export interface ScoreProgramOptions extends ReadingOptions {
  run: string;
  /** A name, a path, or "-": a table from standard input. */
  data: string;
  threshold?: Threshold;
  by?: ScoreName;
  /** Draws of a variational code. */
  samples?: number;
  iwae?: number;
  /** How many of the oddest rows are shown. */
  top: number;
  /** Classes that are odd, by number or name. */
  odd?: string[];
  seed: number;
  out?: string;
  adapter: string;
}

const TOP = 12;
export const SAMPLES = 10;

const OWN_FLAGS: Record<string, Flag> = {
  run: {
    value: 'DIR',
    example: 'runs/first',
    read: asIs,
    help: [`the folder of a run of ${programName('train')}; necessary`],
  },
  data: {
    value: 'NAME|PATH',
    example: 'transactions.csv',
    read: asIs,
    help: [
      'the rows: as for training, but none are held out, and of data with a test set',
      'its rows are scored; - reads a CSV table from standard input and prints the',
      'scores; necessary',
    ],
  },
  ...READING_FLAGS,
  threshold: {
    value: 'quantile:X|X',
    example: 'quantile:0.99',
    read: threshold,
    help: [
      'from which score on a row is odd: a number, or a quantile of the scores of the',
      "run's own validation rows (or test rows, where it has none)",
    ],
  },
  by: {
    value: 'NAME',
    example: 'kl',
    read: scoreName,
    help: [
      'order by loss (default), one of its terms (bce, mse, gaussian, poisson, kl, l1,',
      'commitment), or iwae (default with --iwae)',
    ],
  },
  samples: {
    value: 'N',
    example: '10',
    read: count,
    help: [`draws of a VAE's code that the terms are the mean over (default: ${SAMPLES})`],
  },
  iwae: {
    value: 'N',
    example: '64',
    read: count,
    help: ['-log p(x) as well, by the importance-weighted bound of N draws, in nats'],
  },
  top: { value: 'N', example: '20', read: count, help: [`how many of the oddest rows are shown (default: ${TOP})`] },
  odd: {
    value: 'CLASS,...',
    example: '1',
    read: (text) => text.split(',').map((name) => name.trim()),
    help: ['which classes of labelled data are odd, for ROC-AUC (default: all but the', 'first)'],
  },
  seed: { value: 'N', example: '1', read: seed, help: ['of the draws (default: 0)'] },
  out: {
    value: 'DIR',
    example: 'scores',
    read: asIs,
    help: ["a new or empty folder (default: `scores` in the run's folder, then scores-2...)"],
  },
  ...ADAPTER_FLAG,
};

const TABLE: FlagTable = { flags: OWN_FLAGS, switches: { help: 'print this and stop' } };

function threshold(text: string, flag: string, example: string): Threshold {
  const [kind, share, ...more] = text.split(':');
  const number = Number(share ?? kind);
  const good = more.length === 0 && text.trim() !== '' && Number.isFinite(number);
  if (good && share === undefined) return { value: number };
  if (good && kind === 'quantile' && number > 0 && number < 1) return { quantile: number };
  throw new ArgumentError(
    `${flag} is ${show(text)}, must be a number, or quantile:X with X between 0 and 1; for example ${flag} ${example}`,
  );
}

function scoreName(text: string, flag: string, example: string): ScoreName {
  const name = SCORES.find((one) => one === text);
  if (name) return name;
  throw new ArgumentError(
    `${flag} is ${show(text)}, must be one of ${SCORES.join(', ')}; for example ${flag} ${example}`,
  );
}

/**
 * Reads the arguments after `node harness/score.js`. `--help` wins over everything else on the line.
 * @returns undefined if help is asked for
 * @throws ArgumentError in one line: the flag, what it is, what it must be, what to do
 */
export function readScoreOptions(args: string[]): ScoreProgramOptions | undefined {
  const given: Partial<ScoreProgramOptions> & { help?: boolean } = readFlags(args, TABLE);
  if (given.help) return undefined;
  const { run, data, iwae } = given;
  if (run === undefined)
    throw new ArgumentError('--run is missing: whose model? Name the folder of a run, for example --run runs/first');
  if (data === undefined)
    throw new ArgumentError('--data is missing: which rows? Name a file, for example --data transactions.csv');
  if (given.by === 'iwae' && iwae === undefined)
    throw new ArgumentError('--by iwae without --iwae: how many draws? For example --iwae 64');
  const { top = TOP, seed: own = 0, adapter = 'auto' } = given;
  return { ...given, run, data, top, seed: own, adapter };
}

/** What `--help` prints. */
export function scoreHelp(): string {
  return [
    'Scores rows by a trained model: how odd it finds each of them.',
    '',
    `usage: ${commandOf('score')} --run DIR --data PATH [flags]`,
    '',
    ...flagsHelp(TABLE),
    '',
    'scores.csv     a line for each row: its loss, the terms of it, and, with --threshold, whether it is odd',
    'scores.npy     the scores alone, float32 [rows]',
    'top.png|csv    the oddest rows: as images beside what the model makes of them, or with the features that',
    '               contribute most',
    'histogram.svg  how the scores are spread; with labels ranking.svg: ROC and precision-recall curves',
    'Exit status: 0 done, 1 the machine failed, 2 something given was not acceptable.',
  ].join('\n');
}
