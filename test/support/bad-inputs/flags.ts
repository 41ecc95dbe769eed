// Bad inputs: command lines of the three programs, each with what it is told.
import { readGenerateOptions } from '../../../harness/lib/options/generate-options.js';
import { readProfileOptions } from '../../../harness/lib/options/profile-options.js';
import { readTrainOptions } from '../../../harness/lib/options/train-options.js';
import type { BadInput } from './row.js';

const ACTIVATIONS = 'identity, relu, sigmoid, leaky-relu, elu, gelu, silu, softplus, tanh, exp';
const MODELS =
  'vae, beta-vae, conditional-vae, iwae, ae, linear, sparse, denoising, stacked, conv-vae, conv-ae, conv-denoising, vq-vae';
const F32 = '(f32, which the GPU computes with, makes it';

const unknown = (flag: string, meant: string) => `${flag}: unknown; did you mean ${meant}? See --help`;

/** Words that other programs have for flags of this one, and slips of the pen. */
const TRAIN_NAMES: [line: string, told: string][] = [
  ['--lerning-rate 0.1', unknown('--lerning-rate', '--lr')],
  ['--learning-rate 0.1', unknown('--learning-rate', '--lr')],
  ['--learning_rate=0.1', unknown('--learning_rate', '--lr')],
  ['--batch-size 64', unknown('--batch-size', '--batch')],
  ['--bs 64', unknown('--bs', '--batch')],
  ['--epoch 3', unknown('--epoch', '--epochs')],
  ['--num-epochs 3', unknown('--num-epochs', '--epochs')],
  ['--max-steps 3', unknown('--max-steps', '--steps')],
  ['--iterations 3', unknown('--iterations', '--steps')],
  ['--device cuda', unknown('--device', '--adapter')],
  ['--gpu 0', unknown('--gpu', '--adapter')],
  ['--dataset mnist', unknown('--dataset', '--data')],
  ['--data-dir mnist', unknown('--data-dir', '--data')],
  ['--output-dir x', unknown('--output-dir', '--out')],
  ['--logdir x', unknown('--logdir', '--out')],
  ['--optim sgd', unknown('--optim', '--optimizer')],
  ['--optimiser sgd', unknown('--optimiser', '--optimizer')],
  ['--wd 0.1', unknown('--wd', '--weight-decay')],
  ['--weight_decay 0.1', unknown('--weight_decay', '--weight-decay')],
  ['--clip-norm 1', unknown('--clip-norm', '--clip')],
  ['--max-grad-norm 1', unknown('--max-grad-norm', '--clip')],
  ['--lr-scheduler cosine', unknown('--lr-scheduler', '--schedule')],
  ['--warmup-steps 10', unknown('--warmup-steps', '--lr-warmup')],
  ['--latent-dim 2', unknown('--latent-dim', '--latent')],
  ['--z-dim 2', unknown('--z-dim', '--latent')],
  ['--layers 512,256', unknown('--layers', '--hidden')],
  ['--random-state 1', unknown('--random-state', '--seed')],
  ['--kld-weight 4', unknown('--kld-weight', '--beta')],
  ['--arch vae', unknown('--arch', '--model')],
  ['--Batch 3', unknown('--Batch', '--batch')],
  ['--ltaent 3', unknown('--ltaent', '--latent')],
  ['--quite', unknown('--quite', '--quiet')],
  ['--frobnicate', '--frobnicate: unknown; must be a flag of this program, see --help'],
  ['--verbose', '--verbose: unknown; must be a flag of this program, see --help'],
];

const TRAIN_VALUES: [line: string, told: string][] = [
  ['--optimizer Adam', '--optimizer is Adam, must be one of adam, adamw, sgd, rmsprop; did you mean adam?'],
  ['--optimizer rprop', '--optimizer is rprop, must be one of adam, adamw, sgd, rmsprop; did you mean rmsprop?'],
  ['--optimizer adagrad', '--optimizer is adagrad, must be one of adam, adamw, sgd, rmsprop'],
  ['--activation swish', `--activation is swish, must be one of ${ACTIVATIONS}; did you mean silu?`],
  ['--activation leaky_relu', `--activation is leaky_relu, must be one of ${ACTIVATIONS}; did you mean leaky-relu?`],
  ['--activation none', `--activation is none, must be one of ${ACTIVATIONS}; did you mean identity?`],
  ['--activation maxout', `--activation is maxout, must be one of ${ACTIVATIONS}`],
  ['--model cvae', `--model is cvae, must be one of ${MODELS}; did you mean conditional-vae?`],
  ['--model betavae', `--model is betavae, must be one of ${MODELS}; did you mean beta-vae?`],
  ['--model autoencoder', `--model is autoencoder, must be one of ${MODELS}; did you mean ae?`],
  ['--model denoise', `--model is denoise, must be one of ${MODELS}; did you mean denoising?`],
  ['--model gan', `--model is gan, must be one of ${MODELS}`],
  ['--loss l2', '--loss is l2, must be one of bce, mse, poisson; did you mean mse?'],
  ['--loss cross-entropy', '--loss is cross-entropy, must be one of bce, mse, poisson; did you mean bce?'],
  ['--output linear', '--output is linear, must be one of sigmoid, tanh, identity; did you mean identity?'],
  ['--range 0-255', '--range is 0-255, must be one of 0..1, -1..1'],
  [
    '--variance 1e-40',
    `--variance is 1e-40, must be a finite number above 0, or learned ${F32} 0); for example --variance 0.05`,
  ],
  ['--lr 1e-39', `--lr is 1e-39, must be a finite number above 0 ${F32} 0); for example --lr 0.001`],
  ['--lr 4e38', `--lr is 4e38, must be a finite number above 0 ${F32} Infinity); for example --lr 0.001`],
  ['--rho 1e-41', `--rho is 1e-41, must be a number between 0 and 1 ${F32} 0); for example --rho 0.05`],
  [
    '--momentum 0.99999999999',
    `--momentum is 0.99999999999, must be a number from 0 to below 1 ${F32} 1); for example --momentum 0.9`,
  ],
  ['--lr 1,5', '--lr is 1,5, must be a finite number above 0; for example --lr 0.001'],
  ['--lr 10%', '--lr is "10%", must be a finite number above 0; for example --lr 0.001'],
  ['--limit 1e400', '--limit is 1e400, must be a whole number >= 1; for example --limit 1000'],
  ['--limit 1_000', '--limit is 1_000, must be a whole number >= 1; for example --limit 1000'],
  [
    '--hidden 512x256',
    '--hidden is 512x256, must be whole numbers >= 1 with commas between; for example --hidden 512,256',
  ],
  [
    '--hidden [512,256]',
    '--hidden is "[512,256]", must be whole numbers >= 1 with commas between; for example --hidden 512,256',
  ],
  [
    '--schedule step',
    '--schedule is step, must be constant, cosine or step:EVERY:FACTOR (EVERY epochs above 0, FACTOR above 0, at most 1); for example --schedule step:10:0.5',
  ],
  ['--seed -0.0001', '--seed is -0.0001, must be a whole number from 0 to 9007199254740991; for example --seed 1'],
  ['digits', '"digits" does not follow a flag; to name the data, write --data digits'],
  ['--plan=1', '--plan is 1, but it takes no value; write --plan alone'],
  ['--batch', '--batch has no value; give one, for example --batch 128'],
  ['--data --quiet', '--data has no value: the flag --quiet follows; give one, for example --data digits'],
];

/** Each flag is right; the two together are not. */
const TRAIN_TOGETHER: [line: string, told: string][] = [
  ['--lr 1 --lr=2', '--lr is given twice (1 and 2); give it once'],
  [
    '--beta 2',
    '--beta with --model vae (the default): only beta-vae and conditional-vae weigh their KL term; use --model beta-vae or --model conditional-vae, or leave --beta out',
  ],
  [
    '--model ae --variance 1',
    "--variance with --model ae: it is the variance of a VAE's pixels; use --model vae or --model beta-vae or --model conditional-vae or --model iwae or --model conv-vae, or leave --variance out",
  ],
  [
    '--kernel-size 3',
    '--kernel-size 3 with --model vae: its layers are fully connected; give --channels 32,64, or leave --kernel-size out',
  ],
  [
    '--model ae --norm batch',
    '--norm batch with --model ae: its layers are fully connected; give --channels 32,64, or leave --norm out',
  ],
  ['--model conv-ae --norm instance', '--norm is instance, must be one of batch, layer, group, none'],
  [
    '--model stacked --channels 8',
    '--channels with --model stacked: its layers are fully connected; use another model, or leave --channels out',
  ],
  [
    '--model linear --activation relu',
    '--activation with --model linear: a linear autoencoder has no activations; use another model, or leave --activation out',
  ],
  [
    '--noise mask:0.5',
    '--noise with --model vae (the default): only denoising shows the encoder damaged images; use --model denoising or --model conv-denoising, or leave --noise out',
  ],
  [
    '--variance 1',
    '--variance with --loss bce (the default): only the squared error has a variance; use --loss mse, or leave --variance out',
  ],
  [
    '--range -1..1',
    '--range -1..1 with --loss bce (the default): cross entropy compares probabilities; use --loss mse, or leave --range out',
  ],
  ['--model sparse --l1 1 --rho 0.1', '--l1 with --rho: a code is kept sparse by one of them; leave one out'],
  [
    '--model sparse --sparsity-weight 1',
    '--sparsity-weight without --rho: it is the weight of the divergence from --rho; give --rho 0.05 too',
  ],
  [
    '--momentum 0.9',
    '--momentum with --optimizer adam (the default): it keeps means of the gradients by itself; use --optimizer sgd or rmsprop, or leave --momentum out',
  ],
  [
    '--optimizer sgd --nesterov',
    '--nesterov without momentum: there is nothing to look ahead with; give --momentum 0.9 too',
  ],
  [
    '--spec net.json --latent 3',
    '--latent with --spec net.json: the file alone says what the model is; leave --latent out, or change the file',
  ],
  [
    '--pretrain 3',
    '--pretrain with --model vae (the default): only stacked trains its layers one by one first; use --model stacked, or leave --pretrain out',
  ],
];

const GENERATE: [line: string, told: string][] = [
  ['', '--run is missing: whose model? Name the folder of a run, for example --run runs/first'],
  ['--run x --weights y', '--run and --weights are given, must be one of them: whose model? Leave one out'],
  ['--run x --spec y', '--spec is given with --run, whose run.json describes its model; leave --spec out'],
  ['--run x --numbers 3', '--numbers: unknown; must be a flag of this program, see --help'],
  ['--run x --sample', '--sample: unknown; must be a flag of this program, see --help'],
  ['--run x --device cpu', unknown('--device', '--adapter')],
  ['--run x --outdir y', unknown('--outdir', '--out')],
  [
    '--run x --only sample',
    '--only is sample: sample is none of samples, reconstructions, walk, grid, denoised, codes, loss, compress; did you mean samples?',
  ],
  [
    '--run x --only samples,wlak',
    '--only is samples,wlak: wlak is none of samples, reconstructions, walk, grid, denoised, codes, loss, compress; did you mean walk?',
  ],
  ['--run x --walk 1', '--walk is 1, must be two different test images, counted from 0; for example --walk 0,7'],
  [
    '--run x --axes 2,2',
    '--axes is 2,2, must be two different dimensions of the code, counted from 0; for example --axes 0,1',
  ],
  [
    '--run x --compress 0',
    '--compress is 0, must be different whole numbers from 1 to 16; for example --compress 8,6,4,3,2',
  ],
  ['--run x --count 0', '--count is 0, must be a whole number >= 1; for example --count 12'],
  [
    '--run x --only walk --label 3',
    '--label is given, but --only does not name samples or grid; write --only samples,... or leave one out',
  ],
  ['--run x --run y', '--run is given twice (x and y); give it once'],
];

const PROFILE: [line: string, told: string][] = [
  ['--step 3', unknown('--step', '--steps')],
  ['--epochs 3', '--epochs: unknown; must be a flag of this program, see --help'],
  ['--m 3', '--n and --k are missing: a product has three sizes; for example --m 1024 --n 1024 --k 1024'],
  ['--m 3 --n 3 --k 0', '--k is 0, must be a whole number >= 1; for example --k 1024'],
  [
    '--m 3 --n 3 --k 3 --steps 4',
    '--steps has no meaning with --m, --n and --k, only --kernel, --json, --adapter, --repeat, --precision, --quiet have; leave it out',
  ],
  ['--ceilings --steps 4', '--steps has no meaning with --ceilings, only --adapter, --quiet have; leave it out'],
  ['--compare a.json', '--compare takes two reports and no other flag; for example --compare before.json after.json'],
  ['--learning-rate 3', unknown('--learning-rate', '--lr')],
];

const words = (line: string) => (line === '' ? [] : line.split(' '));
const rows = (program: string, read: (args: string[]) => unknown, table: [string, string][]): BadInput[] =>
  table.map(([line, told]) => ({ what: `${program} ${line}`, give: () => read(words(line)), told }));

export const FLAGS: BadInput[] = [
  ...rows('train.js', readTrainOptions, [...TRAIN_NAMES, ...TRAIN_VALUES, ...TRAIN_TOGETHER]),
  ...rows('generate.js', readGenerateOptions, GENERATE),
  ...rows('profile.js', readProfileOptions, PROFILE),
];
