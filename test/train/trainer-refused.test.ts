// What goes wrong in training, and what a trainer refuses (src/train/trainer.ts): the whole message, and that it goes on or gives
// its memory back.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Images } from '../../src/data/dataset.js';
import { TrainingError } from '../../src/errors.js';
import { ae, convVae } from '../../src/model/presets.js';
import { createModel } from '../../src/train/model.js';
import type { TrainerOptions } from '../../src/train/options.js';
import { createTrainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { DATASET, IMAGES, INITIAL, OPTIONS, SPEC } from '../support/models/reference.js';
import { failure, LONG, POSITIVE, refused, SETUP } from '../support/training/trainers.js';
import { modelOf, reportsOf, withTrainer } from '../support/training/training.js';

const DIVERGED =
  /^the loss of step (\d+) is not a finite number \(bce .*, kl .*\): training has diverged\. Use a smaller learning rate$/;

test('a learning rate of 1e6: an error that names the step; the trainer is free again and gives its memory back', () =>
  withTrainer({ ...SETUP, options: { ...OPTIONS, lr: 1e6 } }, async (trainer) => {
    await refused(() => reportsOf(trainer, { epochs: 5 }), DIVERGED, TrainingError);
    // Not "already training": the parameters are no numbers any more, and that is what it says.
    await refused(
      () => reportsOf(trainer, {}),
      /^\d+ of the \d+ weights of "encoder\.0\.weight" are not finite numbers after step \d+: training has diverged\. Use a smaller learning rate$/,
      TrainingError,
    );
    device.check();
  }));

test('parameters of which the loss is infinite: the first step says so', async () => {
  const parameters = new Map(INITIAL);
  parameters.set('mu.bias', { shape: [6], values: new Float32Array(6).fill(1e30) });
  await withTrainer({ ...SETUP, parameters }, async (trainer) => {
    const error = await failure(() => reportsOf(trainer, {}));
    assert.is(DIVERGED.exec(error.message)?.[1], '1');
    await refused(
      () => trainer.evaluate(),
      /^the test loss after step \d+ is not a finite number \(bce .*, kl .*\): training has diverged\. Use a smaller learning rate$/,
      TrainingError,
    );
  });
});

test('a failure while more steps are under way: the trainer can be disposed at once', async () => {
  const parameters = new Map(INITIAL);
  parameters.set('mu.bias', { shape: [6], values: new Float32Array(6).fill(1e30) });
  // withTrainer disposes, and looks for memory that is left.
  await refused(
    () => withTrainer({ ...SETUP, dataset: LONG, parameters }, (trainer) => reportsOf(trainer, {})),
    DIVERGED,
    TrainingError,
  );
});

test('an error thrown by onProgress reaches the caller, and the trainer goes on after it', () =>
  withTrainer({ ...SETUP, dataset: LONG }, async (trainer) => {
    const stop = () => {
      throw new Error('no more');
    };
    assert.is((await failure(() => reportsOf(trainer, { onProgress: stop }))).message, 'no more');
    const [report] = await reportsOf(trainer, {});
    assert.equal([report?.epoch, report?.step, report?.complete], [1, 28, true]);
  }));

const BAD_OPTIONS: [options: TrainerOptions, message: string][] = [
  [{ batch: 0 }, 'batch: 0, must be a positive integer'],
  [{ batch: 1.5 }, 'batch: 1.5, must be a positive integer'],
  [{ batch: Number.NaN }, 'batch: NaN, must be a positive integer'],
  [{ batch: 57 }, 'batch 57 is larger than the data: 56 training examples; use a batch of at most 56'],
  [
    { batch: 16, learningRate: 0.1 } as TrainerOptions,
    'training.learningRate: unknown, must be one of batch, lr, optimizer, schedule, clipNorm, klWarmup, reduction, precision, store, seed, layer, keepGradients, fuse, recoveries, saveEvery; did you mean lr?',
  ],
  [{ batch: 16, lr: 0 }, `lr: 0, ${POSITIVE}`],
  [{ batch: 16, lr: Number.NaN }, `lr: NaN, ${POSITIVE}`],
  [{ batch: 16, lr: 1e39 }, `lr: 1e+39, ${POSITIVE} (f32, which the GPU computes with, makes it Infinity)`],
  [{ batch: 16, clipNorm: -1 }, `clipNorm: -1, ${POSITIVE}`],
  [{ batch: 16, clipNorm: 0 }, `clipNorm: 0, ${POSITIVE}`],
  [{ batch: 16, klWarmup: -1 }, 'klWarmup: -1, must be an integer from 0 to 2^32 - 1'],
  [{ batch: 16, klWarmup: 1.5 }, 'klWarmup: 1.5, must be an integer from 0 to 2^32 - 1'],
  [{ batch: 16, reduction: 'max' as 'mean' }, 'reduction: "max", must be one of mean, sum'],
  // All of their errors are in test/unit/model/optimizer.test.ts.
  [
    { batch: 16, optimizer: 'adagrad' as 'adam' },
    'optimizer.kind: "adagrad", must be one of adam, adamw, sgd, rmsprop',
  ],
  [
    { batch: 16, schedule: { kind: 'linear' as 'constant' } },
    'schedule.kind: "linear", must be one of constant, step, cosine',
  ],
  [{ batch: 16, seed: -1 }, 'seed: -1, must be an integer from 0 to 2^53 - 1'],
];

for (const [options, message] of BAD_OPTIONS)
  test(`createTrainer(${Object.entries(options).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)}) is refused`, async () => {
    const model = await modelOf(SPEC);
    const before = model.machine.memory.bytes;
    await refused(() => createTrainer(model, DATASET, options), message);
    assert.is(model.machine.memory.bytes, before);
  });

test('a conditional model is refused images without labels, or with a label that is no class', async () => {
  const spec = { ...SPEC, classes: 2 };
  const model = await modelOf(spec);
  const without =
    'reference.train has no labels, but the model is conditional (2 classes); give labels or use an unconditional model';
  await refused(() => createTrainer(model, DATASET, { batch: 8 }), without);
  const labelled = (label: number) => ({ ...IMAGES, labels: new Uint8Array(IMAGES.count).fill(label) });
  const dataset = { name: 'reference', train: labelled(1), test: labelled(2) };
  await refused(
    () => createTrainer(model, dataset, { batch: 8 }),
    "reference.test.labels has a label 2, must be below the model's classes (2)",
  );
  const images = new Float32Array(2 * spec.inputs);
  await refused(
    () => model.encode(images),
    'labels: none, must be 2, one a row: this model is conditional (2 classes)',
  );
  await refused(() => model.encode(images, { labels: [0, 2] }), 'labels[1]: 2, must be an integer from 0 to 1');
  const plain = await modelOf(SPEC);
  await refused(
    () => plain.encode(images, { labels: [0, 1] }),
    'this model is not conditional and takes no labels; leave them out',
  );
});

test('a layer, a warm-up or a sample that the model has not is refused', async () => {
  const deterministic = await modelOf(ae({ pixels: 100, hidden: [8], latent: 3 }));
  await refused(
    () => createTrainer(deterministic, DATASET, { batch: 8, klWarmup: 5 }),
    'klWarmup: 5, must be left out: a deterministic code has no KL term to warm up',
  );
  await refused(
    () => createTrainer(deterministic, DATASET, { batch: 8, layer: 2 }),
    'layer: 2, must be an integer from 0 to 1',
  );
  await refused(
    () => deterministic.sample(1),
    'this model has a deterministic code and no prior to draw from; use a variational one, or decode codes of your own',
  );
  await refused(
    async () => createTrainer(await modelOf(SPEC), DATASET, { batch: 8, layer: 0 }),
    'code.kind: "gaussian", must be deterministic to be trained layer by layer',
  );
});

test('data that does not fit the model, or itself, is refused', async () => {
  const model = await modelOf(SPEC);
  const square = (side: number): Images => ({
    count: 2,
    height: side,
    width: side,
    pixels: new Uint8Array(2 * side * side),
  });
  await refused(
    () => createTrainer(model, { name: 'small', train: square(9), test: square(9) }, { batch: 2 }),
    'small.train: 9x9 = 81 pixels, but the model takes 100',
  );
  await refused(
    () => createTrainer(model, { name: 'mixed', train: square(10), test: square(9) }, { batch: 2 }),
    'mixed: training examples are 10x10 but test examples are 9x9; they must have one size',
  );
  const short = { ...square(10), pixels: new Uint8Array(199) };
  await refused(
    () => createTrainer(model, { name: 'short', train: short, test: square(10) }, { batch: 2 }),
    'short.train.pixels has 199 bytes, must have 200 (2 images of 10x10)',
  );
  await withTrainer(SETUP, async (trainer) => {
    await refused(() => trainer.evaluate(square(9)), 'images: 9x9 = 81 pixels, but the model takes 100');
    await refused(() => trainer.evaluate(short), 'images.pixels has 199 bytes, must have 200 (2 images of 10x10)');
  });
});

test('images of other rows and columns than a convolution sees are refused, rows of as many numbers are not', async () => {
  const image = { height: 4, width: 6, channels: 1 };
  const model = await createModel(device, convVae({ image, channels: [2], latent: 2, norm: 'none' }));
  const of = (...shape: number[]) => ({ shape: [4, ...shape], values: new Uint8Array(4 * 24) });
  const dataset = (...shape: number[]) => ({ name: 'turned', train: of(...shape), test: of(...shape) });
  await refused(
    () => createTrainer(model, dataset(6, 4), { batch: 2 }),
    'turned.train: images of 6x4x1, but the model sees 4x6x1; make the model for images of this size',
  );
  for (const shape of [[4, 6], [24]]) (await createTrainer(model, dataset(...shape), { batch: 2 })).dispose();
  model.dispose();
});

test('train: epochs and steps that make no sense, and a second call while one trains', () =>
  withTrainer(SETUP, async (trainer) => {
    for (const value of [0, -1, 1.5, Number.NaN]) {
      await refused(() => reportsOf(trainer, { epochs: value }), `epochs: ${value}, must be a positive integer`);
      await refused(() => reportsOf(trainer, { steps: value }), `steps: ${value}, must be a positive integer`);
    }
    const first = reportsOf(trainer, { epochs: 2 });
    await refused(
      () => reportsOf(trainer, {}),
      'this trainer is already training; await its reports before training again',
    );
    assert.is((await first).length, 2);
    assert.is(trainer.step, 8, 'the refused call trained nothing');
  }));

usesDevice(test);
test.run();
