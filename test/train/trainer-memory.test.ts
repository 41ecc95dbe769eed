// A trainer's memory (src/train/trainer.ts): what dispose gives back, and data and models that the device does not bind.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dataset, firstImages } from '../../src/data/dataset.js';
import { DeviceError } from '../../src/errors.js';
import type { Device } from '../../src/gpu/device.js';
import { createModel } from '../../src/train/model.js';
import { createTrainer, type Trainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { DATASET, IMAGES, INITIAL, OPTIONS, SPEC } from '../support/models/reference.js';
import { refused, repeated } from '../support/training/trainers.js';
import { modelOf, reportsOf, trainSteps } from '../support/training/training.js';

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
