// The arguments of harness/train.js: what each flag accepts, and the one line that says why a value is refused.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readTrainOptions, trainHelp } from '../../harness/lib/options.js';

const DEFAULTS = {
  batch: 128,
  lr: 0.001,
  seed: 0,
  hidden: [512, 256],
  latent: 64,
  adapter: 'auto',
  plan: false,
  quiet: false,
  help: false,
};

test('no arguments give the defaults', () => {
  assert.equal(readTrainOptions([]), DEFAULTS);
});

test('every flag, with a space and with =', () => {
  const pairs = [
    ['--data', 'digits'],
    ['--limit', '512'],
    ['--epochs', '3'],
    ['--steps', '100'],
    ['--batch', '64'],
    ['--lr', '3e-4'],
    ['--seed', '7'],
    ['--hidden', '400, 200,100'],
    ['--latent', '20'],
    ['--out', '-x'],
    ['--adapter', 'swiftshader'],
  ];
  const want = {
    ...DEFAULTS,
    data: 'digits',
    limit: 512,
    epochs: 3,
    steps: 100,
    batch: 64,
    lr: 3e-4,
    seed: 7,
    hidden: [400, 200, 100],
    latent: 20,
    out: '-x',
    adapter: 'swiftshader',
    plan: true,
    quiet: true,
  };
  const switches = ['--plan', '--quiet', '--'];
  assert.equal(readTrainOptions([...pairs.flat(), ...switches]), want);
  assert.equal(readTrainOptions([...pairs.map((pair) => pair.join('=')), ...switches]), want);
});

test('--help wins, wherever it stands and whatever else is wrong', () => {
  for (const args of [['--help'], ['-h'], ['--lr', 'x', '--help'], ['--nonsense', '-h']])
    assert.is(readTrainOptions(args).help, true, args.join(' '));
});

test('the help names every flag once and fits a terminal', () => {
  const help = trainHelp();
  for (const flag of 'data limit epochs steps batch lr seed hidden latent out adapter plan quiet help'.split(' '))
    assert.is(help.split(`\n  --${flag} `).length, 2, flag);
  for (const line of help.split('\n')) assert.ok(line.length <= 100, `${line.length} columns: ${line}`);
});

const atLeast1 = (flag: string, value: string, example: string) =>
  `${flag} is ${value}, must be a whole number >= 1; for example ${flag} ${example}`;
const rate = (value: string) => `--lr is ${value}, must be a finite number above 0; for example --lr 0.001`;
const seed = (value: string) =>
  `--seed is ${value}, must be a whole number from 0 to 9007199254740991; for example --seed 1`;
const hidden = (value: string) =>
  `--hidden is ${value}, must be whole numbers >= 1 with commas between; for example --hidden 512,256`;

const refused: [string[], string][] = [
  [['--limit', '0'], atLeast1('--limit', '0', '1000')],
  [['--epochs', '-3'], atLeast1('--epochs', '-3', '20')],
  [['--epochs', '1.5'], atLeast1('--epochs', '1.5', '20')],
  [['--steps=NaN'], atLeast1('--steps', 'NaN', '100')],
  [['--batch', '0x10'], atLeast1('--batch', '0x10', '128')],
  [['--batch', '12 8'], atLeast1('--batch', '"12 8"', '128')],
  [['--batch', '9007199254740992'], atLeast1('--batch', '9007199254740992', '128')],
  [['--latent', 'Infinity'], atLeast1('--latent', 'Infinity', '64')],
  [['--lr', '-1'], rate('-1')],
  [['--lr=-1'], rate('-1')],
  [['--lr', '0'], rate('0')],
  [['--lr', 'fast'], rate('fast')],
  [['--lr', 'NaN'], rate('NaN')],
  [['--lr', '1e-60'], rate('1e-60')],
  [['--lr', '1e39'], rate('1e39')],
  [['--seed', '-1'], seed('-1')],
  [['--seed', '0.5'], seed('0.5')],
  [['--hidden', '512,'], hidden('512,')],
  [['--hidden', '512,-256'], hidden('512,-256')],
  [['--hidden', '512;256'], hidden('"512;256"')],
  [['--data', ''], '--data is "", must not be empty; give one, for example --data digits'],
  [['--out= '], '--out is " ", must not be empty; give one, for example --out runs/first'],
  [['--out'], '--out has no value; give one, for example --out runs/first'],
  [['--data', '--limit', '5'], '--data has no value: the flag --limit follows; give one, for example --data digits'],
  [['--lr', '1', '--lr', '2'], '--lr is given twice (1 and 2); give it once'],
  [['--quiet=yes'], '--quiet is yes, but it takes no value; write --quiet alone'],
  [['--epoch', '3'], '--epoch is not a flag of this program; did you mean --epochs? See --help'],
  [['--btach=3'], '--btach is not a flag of this program; did you mean --batch? See --help'],
  [['--latents', '3'], '--latents is not a flag of this program; did you mean --latent? See --help'],
  [['--momentum', '3'], '--momentum is not a flag of this program; see --help'],
  [['--constructor'], '--constructor is not a flag of this program; see --help'],
  [['-x'], '-x is not a flag of this program; see --help'],
  [['mnist'], '"mnist" does not follow a flag; to name the data, write --data mnist'],
];

for (const [args, message] of refused)
  test(`refused: ${args.join(' ')}`, () => {
    try {
      readTrainOptions(args);
    } catch (error) {
      assert.is((error as Error).name, 'ArgumentError');
      assert.is((error as Error).message, message);
      return;
    }
    assert.unreachable('accepted');
  });

test.run();
