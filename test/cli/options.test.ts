// The arguments of harness/train.js: what each flag accepts, and the one line that says why a value is refused.

import { ACTIVATIONS } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readTrainOptions, trainHelp } from '../../harness/lib/options/train-options.js';

const DEFAULTS = {
  seed: 0,
  adapter: 'auto',
  plan: false,
  summary: false,
  quiet: false,
  help: false,
};

test('no arguments give the defaults', () => {
  assert.equal(readTrainOptions([]), DEFAULTS);
});

test('every flag of data, size, length and output, with a space and with =', () => {
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
    summary: true,
    quiet: true,
  };
  const switches = ['--plan', '--summary', '--quiet', '--'];
  assert.equal(readTrainOptions([...pairs.flat(), ...switches]), want);
  assert.equal(readTrainOptions([...pairs.map((pair) => pair.join('=')), ...switches]), want);
});

const read: [string, Record<string, unknown>][] = [
  ['--model beta-vae --beta 0.5 --warmup 2.5', { model: 'beta-vae', beta: 0.5, warmup: 2.5 }],
  ['--model conditional-vae --beta 0', { model: 'conditional-vae', beta: 0 }],
  ['--iwae 5', { iwae: 5 }],
  ['--loss mse --variance 0.05', { loss: 'mse', variance: 0.05 }],
  ['--loss mse --variance learned', { loss: 'mse', variance: 'learned' }],
  ['--model ae --activation tanh --init xavier', { model: 'ae', activation: 'tanh', init: 'xavier' }],
  ['--model ae --loss mse --range -1..1', { model: 'ae', loss: 'mse', range: '-1..1' }],
  [
    '--model ae --loss mse --range=-1..1 --output identity',
    { model: 'ae', loss: 'mse', range: '-1..1', output: 'identity' },
  ],
  [
    '--model ae --loss bce --range 0..1 --output sigmoid',
    { model: 'ae', loss: 'bce', range: '0..1', output: 'sigmoid' },
  ],
  ['--model linear --latent 8', { model: 'linear', latent: 8 }],
  ['--model sparse --l1 0.2', { model: 'sparse', l1: 0.2 }],
  ['--model sparse --rho 0.05 --sparsity-weight 3', { model: 'sparse', rho: 0.05, 'sparsity-weight': 3 }],
  ['--model vq-vae --codes 128 --commitment 0.5', { model: 'vq-vae', codes: 128, commitment: 0.5 }],
  ['--model denoising --noise gaussian:0.3', { model: 'denoising', noise: { kind: 'gaussian', amount: 0.3 } }],
  ['--model denoising --noise mask:.5', { model: 'denoising', noise: { kind: 'mask', amount: 0.5 } }],
  ['--model denoising --noise saltpepper:0.2', { model: 'denoising', noise: { kind: 'saltpepper', amount: 0.2 } }],
  ['--model stacked --pretrain 0', { model: 'stacked', pretrain: 0 }],
  ['--model stacked --pretrain 3 --pretrain-steps 50', { model: 'stacked', pretrain: 3, 'pretrain-steps': 50 }],
  ['--spec net.json --pretrain 2 --warmup 1', { spec: 'net.json', pretrain: 2, warmup: 1 }],
  ['--optimizer sgd --momentum 0.9 --nesterov', { optimizer: 'sgd', momentum: 0.9, nesterov: true }],
  ['--optimizer rmsprop --momentum 0 --weight-decay 1e-4', { optimizer: 'rmsprop', momentum: 0, 'weight-decay': 1e-4 }],
  ['--optimizer adamw --clip 5 --reduction sum', { optimizer: 'adamw', clip: 5, reduction: 'sum' }],
  ['--schedule constant', { schedule: { kind: 'constant' } }],
  ['--schedule cosine --lr-warmup 100', { schedule: { kind: 'cosine' }, 'lr-warmup': 100 }],
  ['--schedule step:2.5:0.1', { schedule: { kind: 'step', every: 2.5, factor: 0.1 } }],
];
for (const [line, want] of read)
  test(`read: ${line}`, () => {
    assert.equal(readTrainOptions(line.split(' ')), { ...DEFAULTS, ...want });
  });

test('--help wins, wherever it stands and whatever else is wrong', () => {
  for (const args of [['--help'], ['-h'], ['--lr', 'x', '--help'], ['--nonsense', '-h']])
    assert.is(readTrainOptions(args).help, true, args.join(' '));
});

test('the help names every flag once, under its heading, and fits a terminal', () => {
  const help = trainHelp();
  const groups = {
    Data: 'data split layout label-column drop categorical missing size limit validation',
    Model:
      'model spec hidden channels kernel-size norm dropout latent activation loss output range scale init beta variance free-bits capacity iwae l1 rho sparsity-weight noise codes commitment',
    Training:
      'epochs steps schedule lr-warmup warmup pretrain pretrain-steps batch lr seed optimizer momentum weight-decay clip reduction precision store nesterov',
    Checkpoints: 'checkpoint-every keep resume fork patience min-delta on-divergence',
    Tuning: 'variants tune no-tune retune',
    'Machine and output': 'adapter out summary plan quiet help',
  };
  const sections = help.split('\n\n');
  for (const [heading, flags] of Object.entries(groups)) {
    const section = sections.find((text) => text.startsWith(`${heading}:\n`)) ?? '';
    const named = [...section.matchAll(/^ {2}--(\S+)/gm)].map(([, flag]) => flag);
    assert.equal(named, flags.split(' '), heading);
    for (const flag of named) assert.is(help.split(`\n  --${flag} `).length, 2, flag);
  }
  for (const line of help.split('\n')) assert.ok(line.length <= 100, `${line.length} columns: ${line}`);
});

const atLeast1 = (flag: string, value: string, example: string) =>
  `${flag} is ${value}, must be a whole number >= 1; for example ${flag} ${example}`;
const rate = (value: string, f32 = '') =>
  `--lr is ${value}, must be a finite number above 0${f32 && ` (f32, which the GPU computes with, makes it ${f32})`}; for example --lr 0.001`;
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
  [['--lr', '1e-60'], rate('1e-60', '0')],
  [['--lr', '1e39'], rate('1e39', 'Infinity')],
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
  [['--epoch', '3'], '--epoch: unknown; did you mean --epochs? See --help'],
  [['--btach=3'], '--btach: unknown; did you mean --batch? See --help'],
  [['--latents', '3'], '--latents: unknown; did you mean --latent? See --help'],
  [['--gamma', '3'], '--gamma: unknown; must be a flag of this program, see --help'],
  [['--label', '7'], '--label: unknown; did you mean --label-column? See --help'],
  [['--l2', '3'], '--l2: unknown; did you mean --weight-decay? See --help'],
  [
    ['--model', 'gan'],
    '--model is gan, must be one of vae, beta-vae, conditional-vae, iwae, ae, linear, sparse, denoising, stacked, conv-vae, conv-ae, conv-denoising, vq-vae',
  ],
  [['--loss', 'l2'], '--loss is l2, must be one of bce, mse, poisson; did you mean mse?'],
  [['--activation', 'swish'], `--activation is swish, must be one of ${ACTIVATIONS.join(', ')}; did you mean silu?`],
  [['--output', 'relu'], '--output is relu, must be one of sigmoid, tanh, identity'],
  [['--range', '0-1'], '--range is 0-1, must be one of 0..1, -1..1'],
  [['--init', 'zero'], '--init is zero, must be one of pytorch, xavier, he, or a safetensors file'],
  [['--optimizer', 'lion'], '--optimizer is lion, must be one of adam, adamw, sgd, rmsprop'],
  [['--reduction', 'none'], '--reduction is none, must be one of mean, sum'],
  [['--beta', '-1'], '--beta is -1, must be a finite number >= 0; for example --beta 4'],
  [['--variance', '0'], '--variance is 0, must be a finite number above 0, or learned; for example --variance 0.05'],
  [['--l1', '-0.1'], '--l1 is -0.1, must be a finite number >= 0; for example --l1 0.1'],
  [['--rho', '1'], '--rho is 1, must be a number between 0 and 1; for example --rho 0.05'],
  [['--clip', '0'], '--clip is 0, must be a finite number above 0; for example --clip 1'],
  [['--weight-decay', '-1'], '--weight-decay is -1, must be a finite number >= 0; for example --weight-decay 0.01'],
  [['--momentum', '1'], '--momentum is 1, must be a number from 0 to below 1; for example --momentum 0.9'],
  [['--warmup', '0'], '--warmup is 0, must be a finite number above 0; for example --warmup 5'],
  [['--lr-warmup', '0.5'], atLeast1('--lr-warmup', '0.5', '100')],
  [['--pretrain', '-1'], '--pretrain is -1, must be a whole number >= 0; for example --pretrain 5'],
  [['--pretrain-steps', '0'], atLeast1('--pretrain-steps', '0', '100')],
  ...['0.3', 'gauss:0.3', 'mask:1', 'gaussian:0', 'gaussian', 'gaussian:0.3:1'].map((value): [string[], string] => [
    ['--noise', value],
    `--noise is ${value}, must be gaussian:DEVIATION (above 0), mask:SHARE or saltpepper:SHARE (of the pixels, between 0 and 1); for example --noise gaussian:0.3`,
  ]),
  ...['linear', 'step', 'step:10', 'step:0:0.5', 'step:10:0', 'step:10:2', 'cosine:3'].map(
    (value): [string[], string] => [
      ['--schedule', value],
      `--schedule is ${value}, must be constant, cosine or step:EVERY:FACTOR (EVERY epochs above 0, FACTOR above 0, at most 1); for example --schedule step:10:0.5`,
    ],
  ),
  [['--constructor'], '--constructor: unknown; must be a flag of this program, see --help'],
  [['-x'], '-x: unknown; must be a flag of this program, see --help'],
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
