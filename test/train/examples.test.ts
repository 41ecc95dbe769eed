// Examples that are no grey images of bytes (src/data/examples.ts): vectors, colour images, floats. They train as in f64
// (oracle/train64.ts), however they are stored; what no model can be trained on is refused. Limits: plan-equivalence.test.ts.
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/data/dataset.js';
import { type CheckedExamples, countOf, type Examples, shapeOfOne } from '../../src/data/examples.js';
import { fromHalf, halfBits } from '../../src/data/files/half.js';
import { ArgumentError } from '../../src/errors.js';
import { ae, conditionalVae, vae } from '../../src/model/presets.js';
import { fitScaling, scaled } from '../../src/model/scaling.js';
import type { ModelSpec } from '../../src/model/spec.js';
import type { TrainerOptions } from '../../src/train/options.js';
import { createTrainer } from '../../src/train/trainer.js';
import { usesDevice } from '../support/device.js';
import { uniforms } from '../support/limits/numbers.js';
import { Train64 } from '../support/oracle/train64.js';
import { closeLosses, closeTensors, modelOf, sameBits, trainSteps, withTrainer } from '../support/training/training.js';

const LOSS_LIMIT = 3e-5;
const RUN_LIMIT = 2e-6;
const STEPS = 6;
const OPTIONS = { batch: 10, lr: 2e-3, seed: 5 };
const LAYERS = { hidden: [17], latent: 5 };

type Make = (count: number, seed: number) => CheckedExamples;

const floats =
  (shape: readonly number[], low: number, high: number): Make =>
  (count, seed) => ({
    shape: [count, ...shape],
    values: uniforms(seed, count * shape.reduce((a, b) => a * b), low, high),
    labels: Uint8Array.from(uniforms(seed + 50, count, 0, 3)),
  });

const bytes =
  (shape: readonly number[]): Make =>
  (count, seed) => ({
    shape: [count, ...shape],
    values: Uint8Array.from(uniforms(seed, count * shape.reduce((a, b) => a * b), 0, 256)),
  });

const dataOf = (make: Make): Dataset<CheckedExamples> => ({ name: 'noise', train: make(37, 1), test: make(131, 2) });

/** Whole numbers, half of them 0. */
const counts: Make = (count, seed) => {
  const { shape, values } = floats([13], -4, 4)(count, seed);
  return { shape, values: values.map((value) => Math.max(0, Math.floor(value ** 2 * Math.sign(value)))) };
};

const CASES: Record<string, { spec: ModelSpec; data: Dataset<CheckedExamples>; fuse?: boolean }> = {
  'vectors of any numbers': {
    spec: ae({ ...LAYERS, pixels: 13, loss: 'mse', output: 'identity' }),
    data: dataOf(floats([13], -3, 3)),
  },
  'colour images of bytes': { spec: vae({ ...LAYERS, pixels: 75 }), data: dataOf(bytes([5, 5, 3])) },
  'images of floats, with labels': {
    spec: conditionalVae({ ...LAYERS, pixels: 49, classes: 3 }),
    data: dataOf(floats([7, 7], 0, 1)),
  },
  'floats in the range of -1..1': {
    spec: vae({ ...LAYERS, pixels: 49, loss: 'mse', range: '-1..1' }),
    data: dataOf(floats([7, 7], 0, 1)),
  },
  counts: { spec: vae({ ...LAYERS, pixels: 13, loss: 'poisson' }), data: dataOf(counts) },
  'counts, unfused': { spec: vae({ ...LAYERS, pixels: 13, loss: 'poisson' }), data: dataOf(counts), fuse: false },
};

for (const [title, { spec, data, fuse = true }] of Object.entries(CASES))
  test(`${title}: trained and evaluated as f64 does`, async () => {
    const parameters = await (await modelOf(spec)).parameters();
    await withTrainer({ spec, dataset: data, options: { ...OPTIONS, fuse }, parameters }, async (trainer, model) => {
      const oracle = new Train64(spec, parameters, { ...OPTIONS, images: data.train });
      const [report] = await trainSteps(trainer, 1);
      closeLosses(report?.train, oracle.train().losses, LOSS_LIMIT, 'step 1');
      await trainSteps(trainer, STEPS - 1);
      while (oracle.step < STEPS) oracle.train();
      const want = new Map([...oracle.parameters].map(([name, values]) => [name, { values }]));
      closeTensors(await model.parameters(), want, RUN_LIMIT, `after ${STEPS} steps`);
      closeLosses(await trainer.evaluate(), oracle.evaluate(data.test), LOSS_LIMIT, 'test');
      closeLosses(await trainer.evaluate(data.train), oracle.evaluate(data.train), LOSS_LIMIT, 'others');
    });
  });

/** Parameters after some steps from the same first ones. */
async function trained(spec: ModelSpec, dataset: Dataset<Examples>, more: TrainerOptions = {}) {
  const parameters = await firstOf(spec);
  return withTrainer({ spec, dataset, options: { ...OPTIONS, ...more }, parameters }, async (trainer, model) => {
    await trainSteps(trainer, STEPS);
    return model.parameters();
  });
}

const first = new Map<ModelSpec, Promise<Awaited<ReturnType<Awaited<ReturnType<typeof modelOf>>['parameters']>>>>();
function firstOf(spec: ModelSpec) {
  const known = first.get(spec) ?? modelOf(spec).then((model) => model.parameters());
  first.set(spec, known);
  return known;
}

test('a model with scaling is trained and evaluated on scaled numbers, whatever the units', async () => {
  const plain = ae({ ...LAYERS, pixels: 13, loss: 'mse', output: 'identity' });
  const raw = dataOf(floats([13], 100, 900));
  const scaling = fitScaling(raw.train.values, 13, 'standard');
  const of = (set: CheckedExamples) => ({ ...set, values: scaled(Float32Array.from(set.values), scaling) });
  const parameters = await firstOf(plain);
  const ended = (spec: ModelSpec, dataset: Dataset<CheckedExamples>) =>
    withTrainer({ spec, dataset, options: OPTIONS, parameters }, async (trainer, model) => {
      await trainSteps(trainer, STEPS);
      return { test: await trainer.evaluate(), parameters: await model.parameters() };
    });
  const got = await ended({ ...plain, scaling }, raw);
  const want = await ended(plain, { ...raw, train: of(raw.train), test: of(raw.test) });
  assert.equal(got.test, want.test);
  assert.ok(sameBits(got.parameters, want.parameters));
});

const changed = (data: Dataset<CheckedExamples>, change: (values: Float32Array) => Examples['values']) => {
  const part = (examples: CheckedExamples): Examples => ({
    ...examples,
    values: change(examples.values as Float32Array),
  });
  return { name: data.name, train: part(data.train), test: part(data.test) };
};

const VECTORS = CASES['vectors of any numbers'] as (typeof CASES)[string];

test('numbers of f64 are those of f32', async () => {
  const { spec, data } = VECTORS;
  const wide = changed(data, (values) => Float64Array.from(values));
  assert.ok(sameBits(await trained(spec, wide), await trained(spec, data)));
});

test('arrays of another realm are what they are', async () => {
  const { spec, data } = VECTORS;
  const Foreign = runInNewContext('Float32Array') as Float32ArrayConstructor;
  const foreign = changed(data, (values) => new Foreign(values));
  assert.not.instance(foreign.train.values, Float32Array);
  assert.ok(sameBits(await trained(spec, foreign), await trained(spec, data)));
});

test('stored as f16, numbers are the nearest that f16 has', async () => {
  const { spec, data } = VECTORS;
  const rounded = changed(data, (values) => values.map((value) => fromHalf(halfBits(value))));
  assert.ok(sameBits(await trained(spec, data, { store: 'f16' }), await trained(spec, rounded)));
});

test('any rank is a row of numbers', async () => {
  const { spec, data } = VECTORS;
  const flat = (examples: CheckedExamples) => ({ ...examples, shape: [countOf(examples), 1, 13, 1] });
  const other = { ...data, train: flat(data.train), test: flat(data.test) };
  assert.equal(shapeOfOne(other.train), [1, 13, 1]);
  assert.ok(sameBits(await trained(spec, other), await trained(spec, data)));
});

const REFUSED: [what: string, spec: ModelSpec, change: (data: Dataset<CheckedExamples>) => unknown, text: string][] = [
  [
    'numbers beyond 0..1 for bce',
    ae({ ...LAYERS, pixels: 13 }),
    (data) => changed(data, (values) => values.map((_, i) => (i === 30 ? -0.5 : 0.5))),
    'noise.train: -0.5 (example 2), but the bce loss takes numbers of 0..1: scale them, or use the mse loss',
  ],
  [
    'numbers below 0 for poisson',
    ae({ ...LAYERS, pixels: 13, loss: 'poisson' }),
    (data) => changed(data, (values) => values.map((_, i) => (i === 30 ? -1 : 3))),
    'noise.train: -1 (example 2), but the poisson loss takes counts, numbers >= 0: leave out what is none, or use the mse loss',
  ],
  [
    'bytes for poisson',
    ae({ ...LAYERS, pixels: 13, loss: 'poisson' }),
    (data) => changed(data, (values) => Uint8Array.from(values, () => 3)),
    'noise.train: bytes, which stand for 0..1, must be counts for the poisson loss; for example Float32Array.from(values)',
  ],
  [
    'other sizes than the model takes',
    ae({ ...LAYERS, pixels: 14, loss: 'mse' }),
    (data) => data,
    'noise.train: 13 features, but the model takes 14',
  ],
  [
    'an infinite number',
    VECTORS.spec,
    (data) => changed(data, (values) => Float64Array.from(values, (value, i) => (i === 30 ? 1e39 : value))),
    'noise.train.values[2, 4] is 1e+39, must be finite in f32; leave such examples out',
  ],
  [
    'a plain array',
    VECTORS.spec,
    (data) => ({ ...data, test: { shape: [1, 13], values: Array(13).fill(0) } }),
    'noise.test.values are an Array, must be a typed array of numbers, for example a Float32Array',
  ],
  [
    'a shape without a count',
    VECTORS.spec,
    (data) => ({ ...data, test: { ...data.test, shape: [13] } }),
    'noise.test.shape is [13], must be [count, features], [count, height, width] or [count, height, width, channels]',
  ],
  [
    'a shape that does not fit',
    VECTORS.spec,
    (data) => ({ ...data, test: { ...data.test, shape: [130, 13] } }),
    'noise.test.values has 1703 numbers, must have 1690 (shape [130, 13])',
  ],
  [
    'bytes beside floats',
    VECTORS.spec,
    (data) => ({ ...data, test: { shape: [1, 13], values: new Uint8Array(13) } }),
    'noise: training examples are a Float32Array but test examples are a Uint8Array; bytes stand for 0..1, so they must be of one type',
  ],
  [
    'labels of another length',
    VECTORS.spec,
    (data) => ({ ...data, train: { ...data.train, labels: new Uint8Array(3) } }),
    'noise.train.labels has 3 entries, must have one for each of the 37 examples',
  ],
];
for (const [what, spec, change, text] of REFUSED)
  test(`refused: ${what}`, async () => {
    const model = await modelOf(spec);
    try {
      await createTrainer(model, change(VECTORS.data) as Dataset<Examples>, OPTIONS);
    } catch (error) {
      assert.instance(error, ArgumentError);
      assert.is((error as Error).message, text);
      return;
    }
    assert.unreachable('nothing was refused');
  });

test('examples of more than a mebibyte, which go to the device in pieces, with a last piece of odd bytes', async () => {
  const model = await modelOf(ae({ pixels: 35, hidden: [5], latent: 2 }));
  // Rows of one shade, 251 of them in turn: one that lies elsewhere on the device is told by its loss. 1,085,035 bytes.
  const [count, shades] = [31_001, 251];
  const values = Uint8Array.from({ length: count * 35 }, (_, at) => (Math.floor(at / 35) * 7) % shades);
  const few = await model.scores(values.subarray(0, shades * 35)); // 35,140 bytes as numbers
  const want = Float32Array.from({ length: count }, (_, row) => few[row % shades] ?? 0);
  assert.equal(await model.scores(values), want);
  const part = { shape: [count, 35], values };
  const trainer = await createTrainer(model, { name: 'shades', train: part, test: part }, OPTIONS);
  const { loss } = await trainer.evaluate();
  const mean = want.reduce((sum, score) => sum + score, 0) / count;
  // Sums of 128 rows and 35 pixels in f32, in another order: a random walk of sqrt(128 * 35) roundings.
  const limit = Math.sqrt(128 * 35) * 2 ** -24 * mean;
  assert.ok(Math.abs(loss - mean) <= limit, `${loss} of the evaluation, ${mean} of the scores`);
  trainer.dispose();
  model.dispose();
});

test('refused: numbers too large for f16', async () => {
  const { spec, data } = VECTORS;
  const model = await modelOf(spec);
  const large = changed(data, (values) => values.map((value, i) => (i === 7 ? 65520 : value)));
  await createTrainer(model, large, { ...OPTIONS, store: 'f16' }).then(
    () => assert.unreachable('nothing was refused'),
    (error: Error) =>
      assert.is(
        error.message,
        'store: "f16" holds numbers up to 65504, but the data have 65520; use "f32", or scale the data',
      ),
  );
});

usesDevice(test);
test.run();
