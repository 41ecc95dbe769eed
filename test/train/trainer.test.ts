// What a trainer does around its steps (src/train/trainer.ts): epochs and their reports, stopping and going on, settings
// as data, evaluation, errors, memory. The numbers of the steps themselves are held in pytorch.test.ts and
// plan-equivalence.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dataset, firstImages, type Images } from '../../src/data/dataset.js';
import { ArgumentError, DeviceError, TrainingError } from '../../src/errors.js';
import type { Device } from '../../src/gpu/device.js';
import { ae, convVae } from '../../src/model/presets.js';
import { Evaluator } from '../../src/train/evaluate.js';
import { createModel } from '../../src/train/model.js';
import { settingsFrom, type TrainerOptions } from '../../src/train/options.js';
import type { Progress } from '../../src/train/reports.js';
import { createTrainer, type Trainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { uniforms } from '../support/numbers.js';
import { DATASET, IMAGES, INITIAL, LOSSES, OPTIONS, SPEC } from '../support/reference.js';
import { Train64 } from '../support/train64.js';
import {
  closeLosses,
  closeTensors,
  firstGradients,
  modelOf,
  reportsOf,
  sameBits,
  trainSteps,
  withTrainer,
} from '../support/training.js';

/** Relative; of losses that are compared with f64 on the host, see plan-equivalence.test.ts. */
const LOSS_LIMIT = 3e-5;

const SETUP = { spec: SPEC, dataset: DATASET, options: OPTIONS, parameters: INITIAL };

/** The first images, and after them the same again: `count` of them. */
function repeated(count: number): Images {
  const pixels = new Uint8Array(count * 100);
  for (let at = 0; at < pixels.length; at += IMAGES.pixels.length)
    pixels.set(IMAGES.pixels.subarray(0, pixels.length - at), at);
  return { ...IMAGES, count, pixels };
}

// --- epochs and reports ------------------------------------------------------------------------------------------------

test('a report an epoch: its number, all its steps, the mean over its images, and the test set after it', () =>
  withTrainer(SETUP, async (trainer) => {
    assert.is(trainer.stepsPerEpoch, 4);
    const [first, second, ...more] = await reportsOf(trainer, { epochs: 2 });
    assert.equal(more, []);
    assert.equal([first?.epoch, first?.step, first?.complete], [1, 4, true]);
    assert.equal([second?.epoch, second?.step, second?.complete], [2, 8, true]);
    // 16, 16, 16 and 8 images: each image counts the same, so the last step counts half.
    const mean = (term: 'loss' | 'bce' | 'kl', from: number) =>
      [16, 16, 16, 8].reduce((sum, images, i) => sum + images * (LOSSES[from + i]?.[term] ?? Number.NaN), 0) / 56;
    const means = (from: number) => ({ loss: mean('loss', from), bce: mean('bce', from), kl: mean('kl', from) });
    closeLosses(first?.train, means(0), LOSS_LIMIT, 'epoch 1');
    closeLosses(second?.train, means(4), LOSS_LIMIT, 'epoch 2');
    assert.equal(second?.test, await trainer.evaluate(), 'the parameters have not changed since');
    assert.not.equal(first?.test, second?.test);
    for (const report of [first, second]) {
      assert.ok(report && report.seconds > 0);
      assert.ok(report && Math.abs(report.stepsPerSecond * report.seconds - 4) < 1e-9);
    }
    const later = await reportsOf(trainer, {});
    assert.equal(
      later.map(({ epoch, step }) => [epoch, step]),
      [[3, 12]],
    );
  }));

for (const [count, steps] of [
  [16, 1],
  [17, 2],
  [31, 2],
  [32, 2],
  [33, 3],
] as const)
  test(`${count} images, 16 a batch: ${steps} steps an epoch, the last with what is left, as PyTorch's DataLoader`, () => {
    const dataset = { ...DATASET, train: firstImages(IMAGES, count) };
    return withTrainer({ ...SETUP, dataset }, async (trainer) => {
      assert.is(trainer.stepsPerEpoch, steps);
      const oracle = new Train64(SPEC, INITIAL, { ...OPTIONS, images: dataset.train });
      const want = Array.from({ length: 2 * steps }, () => oracle.train().losses);
      const reports = await reportsOf(trainer, { epochs: 2 });
      const rows = Array.from({ length: steps }, (_, i) => Math.min(16, count - 16 * i));
      for (const [epoch, { train, step }] of reports.entries()) {
        assert.is(step, (epoch + 1) * steps);
        const bce = rows.reduce((sum, n, i) => sum + n * (want[epoch * steps + i]?.bce ?? Number.NaN), 0) / count;
        assert.ok(
          Math.abs((train.bce ?? Number.NaN) / bce - 1) < LOSS_LIMIT,
          `epoch ${epoch + 1}: bce ${train.bce}, want ${bce}`,
        );
      }
    });
  });

test('60,000 images, 128 a batch, are 469 steps', async () => {
  const tiny = await modelOf({ ...SPEC, inputs: 1, encoder: [], decoder: [{ units: 1, activation: 'sigmoid' }] });
  const images = (count: number) => ({ count, height: 1, width: 1, pixels: new Uint8Array(count) });
  const trainer = await createTrainer(tiny, { name: 'dots', train: images(60_000), test: images(1) });
  assert.is(trainer.stepsPerEpoch, 469);
  trainer.dispose();
});

test('steps: training stops after so many, in the middle of an epoch', () =>
  withTrainer(SETUP, async (trainer) => {
    const reports = await reportsOf(trainer, { epochs: 5, steps: 6 });
    assert.equal(
      reports.map(({ epoch, step, complete }) => [epoch, step, complete]),
      [
        [1, 4, true],
        [2, 6, false],
      ],
    );
    assert.is(trainer.step, 6);
    // The epoch that was left unfinished counts as one.
    const rest = await reportsOf(trainer, { epochs: 2 });
    assert.equal(
      rest.map(({ epoch, step, complete }) => [epoch, step, complete]),
      [
        [2, 8, true],
        [3, 12, true],
      ],
    );
  }));

test('progress: steps rise to the end that was announced; losses are the mean of the epoch so far', () =>
  withTrainer(SETUP, async (trainer) => {
    await trainSteps(trainer, 5);
    const seen: Progress[] = [];
    const [second, third] = await reportsOf(trainer, { epochs: 2, onProgress: (progress) => seen.push(progress) });
    assert.ok(seen.length >= 2);
    for (const [i, { epoch, epochs, step, stepsTotal, stepsPerSecond }] of seen.entries()) {
      assert.ok(step > (seen[i - 1]?.step ?? 5));
      assert.equal([epoch, epochs, stepsTotal], [step <= 8 ? 2 : 3, 3, 12]);
      assert.ok(stepsPerSecond > 0);
    }
    assert.is(seen.at(-1)?.step, 12);
    assert.equal(seen.at(-1)?.losses, third?.train);
    assert.equal(seen.findLast(({ epoch }) => epoch === 2)?.losses, second?.train);
  }));

// --- stopping and going on ---------------------------------------------------------------------------------------------

/** 28 steps an epoch. */
const LONG: Dataset = { name: 'long', train: repeated(440), test: IMAGES };

test('abort: stops after the steps under way, yields their report, and the next call goes on with the epoch', async () => {
  const unbroken = await withTrainer({ ...SETUP, dataset: LONG }, async (trainer, model) => {
    await reportsOf(trainer, {});
    return model.parameters();
  });
  await withTrainer({ ...SETUP, dataset: LONG }, async (trainer, model) => {
    const controller = new AbortController();
    const reports = await reportsOf(trainer, {
      epochs: 3,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    assert.is(reports.length, 1);
    const [report] = reports;
    assert.ok(report && report.step >= 1 && report.step < 28, `stopped at step ${report?.step}`);
    assert.equal([report?.epoch, report?.complete, report?.step], [1, false, trainer.step]);
    assert.ok(report && Number.isFinite(report.test.loss));
    const rest = await reportsOf(trainer, {});
    assert.equal(
      rest.map(({ epoch, step, complete }) => [epoch, step, complete]),
      [[1, 28, true]],
    );
    assert.ok(sameBits(await model.parameters(), unbroken), 'stopping changes nothing');
  });
});

test('a signal that is aborted already: nothing is trained, nothing is reported', () =>
  withTrainer(SETUP, async (trainer, model) => {
    assert.equal(await reportsOf(trainer, { signal: AbortSignal.abort() }), []);
    assert.is(trainer.step, 0);
    assert.ok(
      sameBits(
        await model.parameters(),
        new Map([...(await model.parameters()).keys()].map((name) => [name, INITIAL.get(name) ?? { values: [] }])),
      ),
    );
  }));

test('a run in pieces equals an unbroken one bit for bit, evaluations in between or not', async () => {
  const run = (pieces: number[]) =>
    withTrainer(SETUP, async (trainer, model) => {
      for (const steps of pieces) {
        await trainSteps(trainer, steps);
        if (pieces.length > 1) await trainer.evaluate(firstImages(IMAGES, 5));
      }
      return model.parameters();
    });
  assert.ok(sameBits(await run([3, 1, 6]), await run([10])));
});

test('leaving the loop early ends the call; the trainer can train again', () =>
  withTrainer(SETUP, async (trainer) => {
    for await (const report of trainer.train({ epochs: 5 })) {
      assert.is(report.step, 4);
      break;
    }
    assert.equal(
      (await reportsOf(trainer, {})).map(({ step }) => step),
      [8],
    );
  }));

// --- settings are data -------------------------------------------------------------------------------------------------

/** How many pipelines the device was asked for while `work` ran. */
async function compilations(work: () => Promise<unknown>): Promise<number> {
  const { gpu } = device;
  let count = 0;
  const original = gpu.createComputePipelineAsync;
  gpu.createComputePipelineAsync = (descriptor) => {
    count++;
    return original.call(gpu, descriptor);
  };
  try {
    await work();
  } finally {
    gpu.createComputePipelineAsync = original;
  }
  return count;
}

test('learningRate: another one takes effect with the next step, without compiling anything', () =>
  withTrainer(SETUP, async (trainer, model) => {
    const oracle = new Train64(SPEC, INITIAL, { ...OPTIONS, images: IMAGES });
    await trainSteps(trainer, 2);
    const compiled = await compilations(async () => {
      trainer.learningRate = 0.01;
      await trainSteps(trainer, 3);
    });
    assert.is(compiled, 0);
    assert.is(trainer.learningRate, 0.01);
    for (let step = 0; step < 5; step++) {
      oracle.options.lr = step < 2 ? OPTIONS.lr : 0.01;
      oracle.train();
    }
    const want = new Map([...oracle.parameters].map(([name, values]) => [name, { values }]));
    closeTensors(await model.parameters(), want, 1e-5, 'after 2 steps at 0.001 and 3 at 0.01');
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(
        () => {
          trainer.learningRate = value;
        },
        (error: Error) => error instanceof ArgumentError && error.message === `learningRate: ${value}, ${POSITIVE}`,
      );
    assert.is(trainer.learningRate, 0.01);
  }));

test('the count of compilations is real: another activation and optimizer compile, another batch where sizes are constants', async () => {
  const activation = 'softplus' as const;
  const spec = { ...SPEC, encoder: SPEC.encoder.map((layer) => ({ ...layer, activation })) };
  const options = { ...OPTIONS, optimizer: 'sgd' as const };
  const others = await compilations(() => withTrainer({ ...SETUP, spec, options }, async () => undefined));
  assert.ok(others >= 3, `${others} pipelines`);
  const batch = await compilations(() =>
    withTrainer({ ...SETUP, options: { ...OPTIONS, batch: 3 } }, async () => undefined),
  );
  // Operands of whole quads, or not.
  assert.ok(device.adapter.software ? batch <= 3 : batch > 10, `${batch} pipelines`);
});

test('the KL weight is data: weight 0 trains as if there were no KL term', async () => {
  const spec = { ...SPEC, loss: { ...SPEC.loss, klWeight: 0 } };
  const got = await firstGradients({ ...SETUP, spec });
  await withTrainer({ ...SETUP, spec }, async (trainer) => {
    const oracle = new Train64(spec, INITIAL, { ...OPTIONS, images: IMAGES });
    const [report] = await trainSteps(trainer, 1);
    const { losses, gradients } = oracle.train();
    closeLosses(report?.train, losses, LOSS_LIMIT, 'step 1');
    assert.is(report?.train.loss, report?.train.bce);
    const want = new Map([...gradients].map(([name, values]) => [name, { values }]));
    closeTensors(got, want, 1e-5, 'gradient of step 1');
  });
});

// --- evaluation --------------------------------------------------------------------------------------------------------

test('evaluate: the same bits every time, of any images, in batches of its own', () =>
  withTrainer(SETUP, async (trainer) => {
    const oracle = new Train64(SPEC, INITIAL, { ...OPTIONS, images: IMAGES });
    const first = await trainer.evaluate();
    assert.equal(await trainer.evaluate(), first);
    closeLosses(first, oracle.evaluate(IMAGES), LOSS_LIMIT, 'the test set');
    // One image, and more than one batch with a short last one.
    for (const images of [firstImages(IMAGES, 1), repeated(131)]) {
      const got = await trainer.evaluate(images);
      closeLosses(got, oracle.evaluate(images), LOSS_LIMIT, `${images.count} images`);
      assert.equal(await trainer.evaluate(images), got);
    }
    assert.equal(await trainer.evaluate(), first, 'the test set is still what it was');
  }));

test('evaluate: two calls at the same time both see every image', async () => {
  const spec = { ...SPEC, inputs: 4, encoder: [], decoder: [{ units: 4, activation: 'sigmoid' as const }] };
  const model = await modelOf(spec);
  // More batches than are submitted together.
  const count = 128 * 60;
  const images = { shape: [count, 2, 2], values: Uint8Array.from(uniforms(1, count * 4, 0, 256)) };
  const settings = settingsFrom(OPTIONS, count);
  const evaluator = await Evaluator.create(model, model.machine.memory, images, settings, {
    fuse: true,
    keepGradients: false,
    part: 'whole',
  });
  const alone = await evaluator.run('test', 0);
  const together = await Promise.all([evaluator.run('test', 0), evaluator.run('test', 0), evaluator.run('test', 0)]);
  for (const each of together) assert.equal(each, alone);
  evaluator.dispose();
});

// --- what goes wrong ---------------------------------------------------------------------------------------------------

async function failure(work: () => Promise<unknown>): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was refused');
}

async function refused(
  work: () => Promise<unknown>,
  message: string | RegExp,
  kind: new (m: string) => Error = ArgumentError,
) {
  const error = await failure(work);
  assert.instance(error, kind);
  if (typeof message === 'string') assert.is(error.message, message);
  else assert.match(error.message, message);
}

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

const POSITIVE = 'must be a finite number above 0';
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
  // All of their errors are in test/unit/optimizer.test.ts and learning-rate.test.ts.
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

// --- memory ------------------------------------------------------------------------------------------------------------

test('dispose: the trainer gives back all but the model, the model the rest; using the trainer then is an error', async () => {
  const model = await createModel(device, SPEC);
  const { memory } = model.machine;
  const before = [memory.count, memory.bytes];
  const trainer = await createTrainer(model, DATASET, OPTIONS);
  await trainSteps(trainer, 2);
  await trainer.evaluate();
  await trainer.evaluate(firstImages(IMAGES, 3));
  await trainer.optimizerState();
  assert.ok(memory.bytes > 4 * model.layout.bytes);
  trainer.dispose();
  assert.equal([memory.count, memory.bytes], before);
  trainer.dispose();
  const message = 'this trainer was disposed; make a new one with createTrainer';
  const uses: ((trainer: Trainer) => Promise<unknown>)[] = [
    (each) => reportsOf(each, {}),
    (each) => each.evaluate(),
    (each) => each.evaluate(IMAGES),
    (each) => each.optimizerState(),
    async (each) => {
      each.learningRate = 1;
    },
  ];
  for (const use of uses) await refused(() => use(trainer), message);
  await model.parameters(); // the model still works
  const second = await createTrainer(model, DATASET, OPTIONS);
  model.dispose();
  assert.equal([memory.count, memory.bytes], [0, 0]);
  for (const use of uses.slice(0, 4))
    await refused(() => use(second), 'this model was disposed; make a new one with createModel');
  await refused(
    () => createTrainer(model, DATASET, OPTIONS),
    'this model was disposed; make a new one with createModel',
  );
  assert.equal([memory.count, memory.bytes], [0, 0]);
  device.check();
});

test('disposed between two epochs: the loop says so and the device stays whole', async () => {
  const trainer = await createTrainer(await modelOf(SPEC), DATASET, OPTIONS);
  await refused(async () => {
    for await (const _ of trainer.train({ epochs: 2 })) trainer.dispose();
  }, 'this trainer was disposed; make a new one with createTrainer');
  await device.gpu.queue.onSubmittedWorkDone();
  device.check();
});

/** The device with less room, which no adapter has so little of. */
const deviceWith = (bytes: number): Device => ({
  ...device,
  limits: { maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: bytes } as GPUSupportedLimits,
});

/** What does not fit: the limit, the data, the batch, and how the error calls it. */
const TOO_LARGE: [what: string, bytes: number, dataset: Dataset, batch: number, message: RegExp][] = [
  [
    'the batch',
    60_000,
    { ...DATASET, train: repeated(160) },
    160,
    /^buffer "training step scratch \d+" needs .* Use a smaller batch or narrower layers\.$/,
  ],
];

for (const [what, bytes, dataset, batch, message] of TOO_LARGE)
  test(`${what} exceed what the device binds: the error names buffer, need, limit and remedy, and memory is given back`, async () => {
    const model = await createModel(deviceWith(bytes), SPEC);
    const { memory } = model.machine;
    const before = [memory.count, memory.bytes];
    await refused(() => createTrainer(model, dataset, { ...OPTIONS, batch }), message, DeviceError);
    assert.equal([memory.count, memory.bytes], before);
    model.dispose();
    device.check();
  });

test('a dataset that no binding holds is trained and tested on in parts, to the same bits', async () => {
  const dataset: Dataset = { name: 'large', train: repeated(1950), test: repeated(1301) };
  const [whole, parts] = await Promise.all(
    [2 ** 27, 60_000].map(async (bytes) => {
      const model = await createModel(deviceWith(bytes), SPEC);
      model.loadParameters(INITIAL);
      const trainer = await createTrainer(model, dataset, OPTIONS);
      const [report] = await reportsOf(trainer, { epochs: 1 });
      const left = { train: report?.train, test: report?.test, parameters: await model.parameters() };
      const gathers = trainer.plan.dispatches.filter(({ kernel }) => kernel === 'gather').length;
      trainer.dispose();
      model.dispose();
      return { left, gathers };
    }),
  );
  assert.equal([whole?.gathers, parts?.gathers], [1, 4]);
  assert.equal(parts?.left, whole?.left);
});

usesDevice(test);
test.run();
