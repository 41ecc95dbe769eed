// Bad inputs: options and arrays that are handed to the library.
import { digits } from '../../../src/data/digits.js';
import { holdOut } from '../../../src/data/hold-out.js';
import { corruptImages } from '../../../src/model/corrupt.js';
import { vae } from '../../../src/model/presets.js';
import { openDevice } from '../../../src/node/adapters.js';
import { profileMatmul } from '../../../src/profile/kernel.js';
import { profileTrainer } from '../../../src/profile/profile.js';
import { createModel } from '../../../src/train/model.js';
import type { TrainerOptions } from '../../../src/train/options.js';
import { pretrain } from '../../../src/train/pretrain.js';
import type { TrainOptions } from '../../../src/train/reports.js';
import { createTrainer } from '../../../src/train/trainer.js';
import { device } from '../device.js';
import { conditional, DATA, plain, sampled, trainer, variational } from './made.js';
import { type BadInput, type Row, rowsOf } from './row.js';

const train = async (options: unknown) => (await trainer()).train(options as TrainOptions).next();
const training = async (options: unknown, of = variational) =>
  createTrainer(await of(), DATA, options as TrainerOptions);
const pixels = new Float32Array(784);

const OPENING: Row[] = [
  [
    'openDevice({ adaptor })',
    () => openDevice({ adaptor: 'auto' } as never),
    'openDevice.adaptor: unknown, must be one of adapter, flags, withoutFeatures; did you mean adapter?',
  ],
  [
    "openDevice('lavapipe')",
    () => openDevice('lavapipe' as never),
    'openDevice: "lavapipe", must be an object with some of adapter, flags, withoutFeatures',
  ],
  [
    'openDevice({ adapter: 3 })',
    () => openDevice({ adapter: 3 as never }),
    "adapter is 3: it must be 'auto', 'hardware', 'lavapipe', 'swiftshader' or a part of an adapter's name",
  ],
  [
    'a device that was not awaited',
    () => createModel(Promise.resolve(device) as never, vae()),
    'device: a Promise, must be an open device: await openDevice()',
  ],
  [
    'createModel without a spec',
    () => createModel(device, undefined as never),
    'model spec: undefined, must be an object (see ModelSpec)',
  ],
  [
    'createModel({ sed })',
    () => createModel(device, vae(), { sed: 1 } as never),
    'createModel.sed: unknown, must be one of seed, variants; did you mean seed?',
  ],
  [
    'createModel({ seed: -1 })',
    () => createModel(device, vae(), { seed: -1 }),
    'seed: -1, must be an integer from 0 to 2^53 - 1',
  ],
  [
    'digits({ trian })',
    () => digits({ trian: 3 } as never),
    'digits.trian: unknown, must be one of train, test, seed; did you mean train?',
  ],
  ['digits({ train: 0 })', () => digits({ train: 0 }), 'digits: train is 0, must be an integer from 1 to 1000000'],
  [
    'holdOut of everything',
    () => holdOut(DATA, 1),
    'validation share: 1, must be between 0 and 1 and leave some of the 64 training examples',
  ],
  [
    'damage by another key',
    () => corruptImages(pixels, { kind: 'mask', share: 0.5 } as never),
    'corruption.amount: undefined, must be a number between 0 and 1',
  ],
  [
    'a matmul of two sizes',
    () => profileMatmul(device, { m: 1, n: 1 } as never),
    'k: undefined, must be an integer from 1',
  ],
];

const TRAINING: Row[] = [
  [
    'more samples than a dispatch has workgroups',
    () => training({ batch: 64 }, sampled),
    'loss.samples: 2000 with a batch of 64: 128000 samples a step, must be at most 65535; use a batch of 32, or fewer samples',
  ],
  [
    'a model that was not awaited',
    () => createTrainer(variational() as never, DATA),
    'model: a Promise, must be a model: await createModel(device, spec)',
  ],
  [
    'no data',
    async () => createTrainer(await variational(), undefined as never),
    /^dataset: undefined, must be \{ name, train, test \}; for example digits/,
  ],
  [
    'images in place of a data set',
    async () => createTrainer(await variational(), DATA.train as never),
    /^dataset\.train: undefined, must be images: /,
  ],
  [
    'no test images',
    async () => createTrainer(await variational(), { name: 'x', train: DATA.train } as never),
    /^x\.test is missing, must be the examples that the test loss is of; /,
  ],
  [
    'pixels of 0..1',
    async () =>
      createTrainer(await variational(), {
        ...DATA,
        train: { ...DATA.train, pixels: new Float32Array(64 * 784) as never },
      }),
    'digits.train.pixels are a Float32Array, must be a Uint8Array of 0 (black) to 255 (white); multiply values of 0..1 by 255, or give examples of numbers: { values, shape }',
  ],
  [
    'too few pixels',
    async () => createTrainer(await variational(), { ...DATA, train: { ...DATA.train, pixels: new Uint8Array(784) } }),
    'digits.train.pixels has 784 bytes, must have 50176 (64 images of 28x28)',
  ],
  [
    'too few labels',
    async () => createTrainer(await variational(), { ...DATA, train: { ...DATA.train, labels: new Uint8Array(3) } }),
    'digits.train.labels has 3 entries, must have one for each of the 64 images',
  ],
  [
    'a label that is no class',
    async () =>
      createTrainer(await conditional(), { ...DATA, train: { ...DATA.train, labels: new Uint8Array(64).fill(10) } }),
    "digits.train.labels has a label 10, must be below the model's classes (10)",
  ],
  ['createTrainer(null)', () => training(null), /^training: null, must be an object with some of batch, lr, /],
  [
    '{ batchSize }',
    () => training({ batchSize: 3 }),
    /^training\.batchSize: unknown, must be one of .*; did you mean batch\?$/,
  ],
  [
    '{ learningRate }',
    () => training({ learningRate: 3 }),
    /^training\.learningRate: unknown, must be one of .*; did you mean lr\?$/,
  ],
  [
    '{ epochs } of the trainer',
    () => training({ epochs: 3 }),
    /^training\.epochs: unknown, must be one of batch, [\w, ]+$/,
  ],
  [
    'a batch that was asked for and does not fit',
    () => training({ batch: 65 }),
    'batch 65 is larger than the data: 64 training examples; use a batch of at most 64',
  ],
  ['{ batch: 1.5 }', () => training({ batch: 1.5 }), 'batch: 1.5, must be a positive integer'],
  ["{ lr: '0.1' }", () => training({ lr: '0.1' }), 'lr: "0.1", must be a finite number above 0'],
  [
    '{ lr: 1e-40 }',
    () => training({ lr: 1e-40 }),
    'lr: 1e-40, must be a finite number above 0 (f32, which the GPU computes with, makes it 0)',
  ],
  ['{ clipNorm: 0 }', () => training({ clipNorm: 0 }), 'clipNorm: 0, must be a finite number above 0'],
  [
    "{ optimizer: 'adm' }",
    () => training({ optimizer: 'adm' }),
    'optimizer.kind: "adm", must be one of adam, adamw, sgd, rmsprop; did you mean adam?',
  ],
  [
    'an optimizer without kind',
    () => training({ optimizer: { name: 'sgd' } }),
    'optimizer.kind: undefined, must be one of adam, adamw, sgd, rmsprop',
  ],
  [
    'an optimizer with another word',
    () => training({ optimizer: { kind: 'adamw', wd: 1 } }),
    'optimizer.wd: unknown, must be one of kind, betas, epsilon, weightDecay; did you mean weightDecay?',
  ],
  [
    "{ schedule: 'cosine' }",
    () => training({ schedule: 'cosine' }),
    'schedule: "cosine", must be an object with kind constant, step, cosine (see ScheduleSpec)',
  ],
  [
    'a schedule by another name',
    () => training({ schedule: { kind: 'StepLR', every: 3 } }),
    'schedule.kind: "StepLR", must be one of constant, step, cosine; did you mean step?',
  ],
  [
    'a schedule without its steps',
    () => training({ schedule: { kind: 'cosine' } }),
    'schedule.steps: undefined, must be an integer from 1 to 2^32 - 1',
  ],
  [
    'KL warm-up without KL',
    () => training({ klWarmup: 3 }, plain),
    'klWarmup: 3, must be left out: a deterministic code has no KL term to warm up',
  ],
  [
    'a layer of a VAE',
    () => training({ layer: 0 }),
    'code.kind: "gaussian", must be deterministic to be trained layer by layer',
  ],
  ['a layer that is not there', () => training({ layer: 9 }, plain), 'layer: 9, must be an integer from 0 to 1'],
  [
    "{ reduction: 'average' }",
    () => training({ reduction: 'average' }),
    'reduction: "average", must be one of mean, sum',
  ],
  [
    '{ saveEvery: 5 }',
    () => training({ saveEvery: 5 }),
    'saveEvery: 5, must be { seconds } above 0 or { steps }, a positive integer',
  ],
  ['{ recoveries: -1 }', () => training({ recoveries: -1 }), 'recoveries: -1, must be an integer from 0 on'],
  [
    'train({ epoch })',
    () => train({ epoch: 3 }),
    /^train\.epoch: unknown, must be one of epochs, .*; did you mean epochs\?$/,
  ],
  ['train(3)', () => train(3), /^train: 3, must be an object with some of epochs, steps, /],
  ['train({ epochs: 0 })', () => train({ epochs: 0 }), 'epochs: 0, must be a positive integer'],
  ['train({ steps: 1.5 })', () => train({ steps: 1.5 }), 'steps: 1.5, must be a positive integer'],
  [
    'a learning rate of 0',
    async () => Object.assign(await trainer(), { learningRate: 0 }),
    'learningRate: 0, must be a finite number above 0',
  ],
  ['evaluate([1, 2])', async () => (await trainer()).evaluate([1, 2] as never), /^images: an Array, must be images: /],
  [
    'restore({})',
    async () => (await trainer()).restore({} as never),
    'snapshot: an Object, must be a snapshot: await trainer.snapshot(), or decodeSnapshot(bytes)',
  ],
  [
    'restore of bytes',
    async () => (await trainer()).restore(new Uint8Array(8) as never),
    'snapshot: a Uint8Array, must be a snapshot: await trainer.snapshot(), or decodeSnapshot(bytes)',
  ],
  [
    'pretrain of a VAE',
    async () => pretrain(await variational(), DATA).next(),
    'code.kind: "gaussian", must be deterministic to be trained layer by layer',
  ],
  [
    'pretrain({ epoch })',
    async () => pretrain(await plain(), DATA, { epoch: 1 } as never).next(),
    /^pretrain\.epoch: unknown, .*; did you mean epochs\?$/,
  ],
  [
    'pretrain from a layer that is not there',
    async () => pretrain(await plain(), DATA, { from: 7 }).next(),
    'from: 7, must be an integer from 0 to 1',
  ],
  [
    'profileTrainer({ step })',
    async () => profileTrainer(await trainer(), { step: 3 } as never),
    'profile.step: unknown, must be one of steps, warmup, ceilings; did you mean steps?',
  ],
  [
    'profileTrainer of no steps',
    async () => profileTrainer(await trainer(), { steps: 0 }),
    'steps: 0, must be an integer from 1',
  ],
];

export const OPTIONS: BadInput[] = rowsOf([...OPENING, ...TRAINING]);
