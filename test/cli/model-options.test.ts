// Which model the flags make, and the one line that says why flags do not go together.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  ae,
  betaVae,
  checkDataset,
  conditionalVae,
  convAe,
  convDenoising,
  convVae,
  denoising,
  digits,
  iwae,
  linear,
  type ModelSpec,
  sparse,
  stacked,
  vae,
  vqVae,
} from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ExampleSet } from '../../harness/lib/data/arrays.js';
import { chosenModel, readSpec } from '../../harness/lib/options/model/choose-model.js';
import { readProfileOptions } from '../../harness/lib/options/profile-options.js';
import { readTrainOptions } from '../../harness/lib/options/train-options.js';
import { trainerOptions } from '../../harness/lib/options/training-options.js';

const dataset = checkDataset(digits({ train: 20, test: 10 }));
const read = (line: string) => readTrainOptions(line === '' ? [] : line.split(' '));
const model = (line: string, data: ExampleSet = dataset) => chosenModel(read(line), read(line))(data);

const refused = (run: () => unknown, message: string) => {
  try {
    run();
  } catch (error) {
    assert.is((error as Error).message, message);
    assert.is((error as Error).name, 'ArgumentError');
    return;
  }
  assert.unreachable('accepted');
};

const made: [string, ModelSpec][] = [
  ['', vae()],
  ['--model vae --hidden 9,8 --latent 3 --activation tanh', vae({ hidden: [9, 8], latent: 3, activation: 'tanh' })],
  ['--loss mse --variance 0.05', vae({ loss: 'mse', variance: 0.05 })],
  ['--loss mse --variance learned', vae({ loss: 'mse', variance: 'learned' })],
  ['--model conv-vae', convVae()],
  ['--model conv-ae --channels 8 --kernel-size 3 --norm group', convAe({ channels: [8], kernel: 3, norm: 'group' })],
  ['--model conv-denoising --dropout 0.2', convDenoising({ dropout: 0.2 })],
  ['--model vq-vae', vqVae()],
  [
    '--model vq-vae --channels 8,16 --latent 8 --codes 64 --commitment 0.5',
    vqVae({ channels: [8, 16], latent: 8, codes: 64, commitment: 0.5 }),
  ],
  ['--model conditional-vae --channels 8,8 --norm none', conditionalVae({ channels: [8, 8], norm: 'none' })],
  ['--model iwae', iwae()],
  ['--model iwae --iwae 50 --loss mse --variance learned', iwae({ samples: 50, loss: 'mse', variance: 'learned' })],
  ['--iwae 3', vae({ samples: 3 })],
  ['--model conv-vae --iwae 2', convVae({ samples: 2 })],
  ['--model conditional-vae --beta 2 --iwae 4', conditionalVae({ klWeight: 2, samples: 4 })],
  ['--model beta-vae', betaVae()],
  ['--model beta-vae --beta 0.5', betaVae({ beta: 0.5 })],
  ['--model conditional-vae', conditionalVae()],
  ['--model conditional-vae --beta 2', conditionalVae({ klWeight: 2 })],
  ['--model ae --loss mse --range -1..1', ae({ loss: 'mse', range: '-1..1' })],
  ['--model ae --loss mse --output identity', ae({ loss: 'mse', output: 'identity' })],
  ['--model ae --init he', { ...ae(), initialization: 'he' }],
  ['--model linear --latent 8', linear({ latent: 8 })],
  ['--model linear --hidden 50', linear({ hidden: [50] })],
  ['--model sparse', sparse()],
  ['--model sparse --l1 0.3', sparse({ l1: 0.3 })],
  ['--model sparse --rho 0.1 --sparsity-weight 3', sparse({ rho: 0.1, sparsityWeight: 3 })],
  ['--model denoising', denoising()],
  ['--model denoising --noise mask:0.5', denoising({ corruption: { kind: 'mask', amount: 0.5 } })],
  ['--model stacked', stacked()],
  ['--model stacked --hidden 40 --latent 5', stacked({ hidden: [40], latent: 5 })],
];
for (const [line, spec] of made)
  test(`${line || 'no flags'}: the preset with its options`, () => {
    assert.equal(model(line), spec);
  });

test('the size of the images and the number of classes are those of the data', () => {
  const small = (labels?: Uint8Array) => ({
    shape: [2, 3, 4],
    values: new Uint8Array(24),
    ...(labels && { labels }),
  });
  assert.is(model('', { name: 'small', train: small(), test: small() }).inputs, 12);
  const labelled = { name: 'letters', train: small(Uint8Array.of(1, 2)), test: small(Uint8Array.of(26, 0)) };
  assert.is(model('--model conditional-vae', labelled).classes, 27);
  refused(
    () => model('--model conditional-vae', { name: 'small', train: small(), test: small() }),
    '--model conditional-vae with data that have no labels (small): it learns to draw by label; use data with labels, or --model vae',
  );
});

test('a convolutional model sees the images of the data, whatever size they are; rows have none', () => {
  const images = (height: number, width: number) =>
    checkDataset({
      name: 'pictures',
      train: { shape: [4, height, width, 3], values: new Uint8Array(4 * height * width * 3) },
      test: { shape: [2, height, width, 3], values: new Uint8Array(2 * height * width * 3) },
    });
  // Five halvings: too many for 28x28, which is what a preset takes without being told.
  const line = '--model conv-vae --channels 4,4,4,4,4 --loss bce --data pictures';
  assert.equal(model(line, images(64, 32)).image, { height: 64, width: 32, channels: 3 });
  const rows = checkDataset({
    name: 'rows.csv',
    train: { shape: [4, 5], values: new Float32Array(20) },
    test: { shape: [2, 5], values: new Float32Array(10) },
  });
  refused(
    () => model('--model conv-ae --data rows.csv', rows),
    '--model conv-ae with rows of 5 features (rows.csv): a convolution needs images; use --model vae or ae',
  );
});

test('counts are taken as they are, and bytes are no counts', () => {
  const rows = (...values: number[]) => ({ shape: [2, 3], values: Float32Array.from(values) });
  const data = { name: 'counts', train: rows(0, 1, 2, 30, 4, 5), test: rows(0, 0, 0, 1, 1, 1) };
  assert.equal(model('--loss poisson', data), vae({ pixels: 3, loss: 'poisson' }));
  assert.equal(model('--loss poisson --scale none --model ae', data), ae({ pixels: 3, loss: 'poisson' }));
  refused(
    () => model('--loss poisson'),
    '--loss poisson with images of bytes (digits): 0 to 255 stand for 0..1, which are no counts; use rows of counts (an array of [count, numbers], a table), or --loss bce',
  );
});

test('several samples of rows by their default loss have a learned variance', () => {
  const rows = { shape: [2, 2], values: Float32Array.of(0, 1, 2, 3) };
  for (const flags of ['--model iwae', '--iwae 3']) {
    const { loss } = model(`--data rows.csv ${flags}`, { name: 'rows', train: rows, test: rows });
    assert.equal([loss.variance, loss.reconstruction], ['learned', 'mse'], flags);
  }
});

test('rows have a learned variance by their default loss', () => {
  const rows = (...values: number[]) => ({ shape: [2, 2], values: Float32Array.from(values) });
  const data = { name: 'rows', train: rows(0, 1, 2, 3), test: rows(0, 0, 0, 1) };
  const { loss, scaling } = model('--data rows.csv --variance learned', data);
  assert.equal([loss.variance, loss.reconstruction, scaling?.kind], ['learned', 'mse', 'standard']);
});

const CODE = 'only sparse has a penalty on its code';
const together: [string, string][] = [
  ['--l1 0.1', `--l1 with --model vae (the default): ${CODE}; use --model sparse, or leave --l1 out`],
  ['--model vae --l1 0.1', `--l1 with --model vae: ${CODE}; use --model sparse, or leave --l1 out`],
  [
    '--model ae --iwae 5',
    "--iwae with --model ae: it is of a VAE's samples; use --model vae or --model beta-vae or --model conditional-vae or --model iwae or --model conv-vae, or leave --iwae out",
  ],
  [
    '--iwae 5 --capacity 25',
    '--capacity with --iwae 5: it is of the KL divergence, in whose place each sample has log q(z|x) - log p(z); leave one out',
  ],
  [
    '--model iwae --free-bits 0.1',
    '--free-bits with --model iwae: it is of the KL divergence, which only the ELBO has; use --model vae or --model beta-vae or --model conditional-vae or --model conv-vae, or leave --free-bits out',
  ],
  [
    '--model iwae --loss mse',
    '--model iwae with --loss mse: the squared error is no likelihood without a variance; give --variance learned, or use --loss bce',
  ],
  [
    '--iwae 5 --loss mse',
    '--iwae 5 with --loss mse: the squared error is no likelihood without a variance; give --variance learned, or use --loss bce',
  ],
  ['--model ae --rho 0.1', `--rho with --model ae: ${CODE}; use --model sparse, or leave --rho out`],
  [
    '--model stacked --sparsity-weight 3',
    `--sparsity-weight with --model stacked: ${CODE}; use --model sparse, or leave --sparsity-weight out`,
  ],
  [
    '--model ae --beta 4',
    '--beta with --model ae: only beta-vae and conditional-vae weigh their KL term; use --model beta-vae or --model conditional-vae, or leave --beta out',
  ],
  [
    '--beta 4',
    '--beta with --model vae (the default): only beta-vae and conditional-vae weigh their KL term; use --model beta-vae or --model conditional-vae, or leave --beta out',
  ],
  [
    '--model ae --variance 1',
    "--variance with --model ae: it is the variance of a VAE's pixels; use --model vae or --model beta-vae or --model conditional-vae or --model iwae or --model conv-vae, or leave --variance out",
  ],
  [
    '--model vae --codes 64',
    '--codes with --model vae: only vq-vae has a codebook; use --model vq-vae, or leave --codes out',
  ],
  [
    '--model vq-vae --hidden 64',
    '--hidden with --model vq-vae: its code is a feature map, with convolutions alone around it; use another model, or leave --hidden out',
  ],
  [
    '--model ae --noise mask:0.5',
    '--noise with --model ae: only denoising shows the encoder damaged images; use --model denoising or --model conv-denoising, or leave --noise out',
  ],
  [
    '--model sparse --warmup 2',
    '--warmup with --model sparse: it raises the weight of the KL term, which only a VAE has; use --model vae or --model beta-vae or --model conditional-vae or --model iwae or --model conv-vae, or leave --warmup out',
  ],
  [
    '--model ae --pretrain 2',
    '--pretrain with --model ae: only stacked trains its layers one by one first; use --model stacked, or leave --pretrain out',
  ],
  [
    '--pretrain-steps 2',
    '--pretrain-steps with --model vae (the default): only stacked trains its layers one by one first; use --model stacked, or leave --pretrain-steps out',
  ],
  [
    '--model linear --activation relu',
    '--activation with --model linear: a linear autoencoder has no activations; use another model, or leave --activation out',
  ],
  [
    '--model linear --loss bce',
    "--loss with --model linear: a linear autoencoder's loss is the squared error; use another model, or leave --loss out",
  ],
  [
    '--model linear --output tanh',
    '--output with --model linear: a linear autoencoder has no activations; use another model, or leave --output out',
  ],
  [
    '--model linear --range -1..1',
    '--range with --model linear: to scale the pixels changes nothing for a linear autoencoder; use another model, or leave --range out',
  ],
  [
    '--range -1..1',
    '--range -1..1 with --loss bce (the default): cross entropy compares probabilities; use --loss mse, or leave --range out',
  ],
  [
    '--model ae --loss bce --output tanh',
    '--output tanh with --loss bce: cross entropy compares probabilities; use --loss mse, or --output sigmoid',
  ],
  [
    '--variance 1',
    '--variance with --loss bce (the default): only the squared error has a variance; use --loss mse, or leave --variance out',
  ],
  [
    '--loss mse --range -1..1 --output sigmoid',
    '--output sigmoid with --range -1..1: it cannot give pixels below 0; use --output tanh or identity, or leave --range out',
  ],
  [
    '--variance learned',
    '--variance with --loss bce (the default): only the squared error has a variance; use --loss mse, or leave --variance out',
  ],
  [
    '--loss poisson --range 0..1',
    '--range 0..1 with --loss poisson: it is of pixels, not of counts; leave --range out',
  ],
  [
    '--loss poisson --output sigmoid',
    "--output sigmoid with --loss poisson: rates are exp of the last layer's sums; use --loss mse, or leave --output out",
  ],
  [
    '--loss poisson --variance learned',
    '--variance with --loss poisson: the variance of counts is their rate; use --loss mse, or leave --variance out',
  ],
  [
    '--loss poisson --scale standard',
    '--scale standard with --loss poisson: scaled counts are none; use --scale none, --loss mse, or leave --scale out',
  ],
  ['--model sparse --l1 1 --rho 0.1', '--l1 with --rho: a code is kept sparse by one of them; leave one out'],
  [
    '--model sparse --sparsity-weight 3',
    '--sparsity-weight without --rho: it is the weight of the divergence from --rho; give --rho 0.05 too',
  ],
  [
    '--spec net.json --hidden 5',
    '--hidden with --spec net.json: the file alone says what the model is; leave --hidden out, or change the file',
  ],
  [
    '--spec net.json --model vae',
    '--model with --spec net.json: the file alone says what the model is; leave --model out, or change the file',
  ],
  [
    '--momentum 0.9',
    '--momentum with --optimizer adam (the default): it keeps means of the gradients by itself; use --optimizer sgd or rmsprop, or leave --momentum out',
  ],
  [
    '--optimizer rmsprop --nesterov',
    '--nesterov with --optimizer rmsprop: it is a form of sgd; use --optimizer sgd, or leave --nesterov out',
  ],
  [
    '--optimizer sgd --nesterov',
    '--nesterov without momentum: there is nothing to look ahead with; give --momentum 0.9 too',
  ],
  [
    '--model stacked --pretrain 0 --pretrain-steps 5',
    '--pretrain-steps with --pretrain 0: there is nothing to stop; leave one of them out',
  ],
];
for (const [line, message] of together) test(`refused: ${line}`, () => refused(() => read(line), message));

test('the model and its optimizer are read alike by profile.js', () => {
  const line = ['--model', 'sparse', '--l1', '0.3', '--optimizer', 'sgd', '--momentum', '0.9', '--nesterov'];
  const options = readProfileOptions(line);
  assert.equal(chosenModel(options)(dataset), sparse({ l1: 0.3 }));
  assert.equal(trainerOptions(options), trainerOptions(readTrainOptions(line)));
  refused(
    () => readProfileOptions(['--l1', '1']),
    `--l1 with --model vae (the default): ${CODE}; use --model sparse, or leave --l1 out`,
  );
  refused(
    () => readProfileOptions(['--spec', 'a.json', '--beta', '1']),
    '--beta with --spec a.json: the file alone says what the model is; leave --beta out, or change the file',
  );
});

const course = { batch: 128, stepsPerEpoch: 40, steps: 120 };
const trained: [string, object][] = [
  ['', { optimizer: { kind: 'adam' }, schedule: { kind: 'constant' } }],
  [
    '--optimizer sgd --momentum 0.9 --nesterov --weight-decay 0.1 --lr 0.5 --clip 2 --reduction sum',
    {
      optimizer: { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.1 },
      lr: 0.5,
      clipNorm: 2,
      reduction: 'sum',
      schedule: { kind: 'constant' },
    },
  ],
  ['--schedule cosine', { optimizer: { kind: 'adam' }, schedule: { kind: 'cosine', steps: 120 } }],
  [
    '--schedule cosine --lr-warmup 20',
    { optimizer: { kind: 'adam' }, schedule: { kind: 'cosine', steps: 100, warmup: 20 } },
  ],
  ['--lr-warmup 20', { optimizer: { kind: 'adam' }, schedule: { kind: 'constant', warmup: 20 } }],
  [
    '--schedule step:1.5:0.5 --warmup 2',
    { optimizer: { kind: 'adam' }, schedule: { kind: 'step', every: 60, factor: 0.5 }, klWarmup: 80 },
  ],
  [
    '--schedule step:0.001:0.5 --warmup 0.001',
    { optimizer: { kind: 'adam' }, schedule: { kind: 'step', every: 1, factor: 0.5 }, klWarmup: 1 },
  ],
];
for (const [line, want] of trained)
  test(`epochs become steps: ${line || 'no flags'}`, () => {
    assert.equal(trainerOptions(read(line), course), { batch: 128, seed: 0, ...want });
  });

test('a rate that would still rise at the end is refused; pretraining has no schedule', () => {
  refused(
    () => trainerOptions(read('--lr-warmup 120'), course),
    "--lr-warmup 120 is not less than the run's 120 steps: the learning rate would never be reached; give fewer, or leave --lr-warmup out",
  );
  assert.is(trainerOptions(read('--lr-warmup 119'), course).schedule?.warmup, 119);
  assert.is(trainerOptions(read('--lr-warmup 120')).schedule, undefined);
});

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-spec-'));
const file = path.join(scratch, 'net.json');
const withFile = (contents: unknown, ...more: string[]) => {
  fs.writeFileSync(file, typeof contents === 'string' ? contents : JSON.stringify(contents));
  const options = readTrainOptions(['--spec', file, ...more]);
  return chosenModel(options, options);
};

test('--spec: the file as it is', () => {
  const spec = { ...sparse({ hidden: [20], latent: 5 }), initialization: 'he' as const };
  assert.equal(withFile(spec)(dataset), spec);
  assert.equal(withFile(stacked(), '--pretrain', '2')(dataset), stacked());
  assert.equal(withFile(vae(), '--warmup', '2')(dataset), vae());
});

test('--spec: a byte order mark before the JSON is no part of it', () => {
  const net = ae({ hidden: [20], latent: 5 });
  fs.writeFileSync(file, `\ufeff${JSON.stringify(net)}`);
  assert.equal(readSpec(file), net);
});

test('--spec: what is wrong is told with the file and the path, before any image is loaded', () => {
  const net = ae({ hidden: [20], latent: 5 });
  refused(
    () => withFile({ ...net, decoder: [net.decoder[0], { units: -5, activation: 'sigmoid' }] }),
    `${file}: decoder[1].units: -5, must be a positive integer`,
  );
  refused(
    () => withFile({ ...net, encodr: [] }),
    `${file}: encodr: unknown, must be one of inputs, image, range, scaling, classes, corruption, encoder, code, decoder, loss, initialization; did you mean encoder?`,
  );
  refused(() => withFile({}), `${file}: inputs: undefined, must be a positive integer`);
  refused(() => withFile('3'), `${file}: model spec: 3, must be an object (see ModelSpec)`);
  assert.throws(
    () => withFile('{"inputs": 784,}'),
    (error: Error) =>
      error.name === 'ArgumentError' &&
      error.message.startsWith(`${file} is not JSON (`) &&
      error.message.endsWith('), must hold a ModelSpec as JSON; correct it'),
  );
  const missing = path.join(scratch, 'none.json');
  refused(
    () => chosenModel({ spec: missing }),
    `--spec ${missing} cannot be read (ENOENT: no such file or directory, open '${missing}'), must be a JSON file with a ModelSpec; name another`,
  );
  refused(
    () => withFile(ae({ pixels: 64, hidden: [20], latent: 5 }))(dataset),
    `${file}: inputs: 64, must be 784: digits has 28x28 images`,
  );
});

test('--spec: flags of training that do not fit the model', () => {
  refused(
    () => withFile(ae(), '--warmup', '2'),
    `--warmup with --spec ${file}: it raises the weight of the KL term, which only a gaussian code has; leave --warmup out`,
  );
  refused(
    () => withFile(vae(), '--pretrain', '2'),
    `${file}: code.kind: "gaussian", must be deterministic to be trained layer by layer; or leave --pretrain out`,
  );
  assert.equal(withFile(vae(), '--pretrain', '0')(dataset), vae());
});

test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
test.run();
