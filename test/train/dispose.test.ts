// What is disposed: twice is as good as once, in any order; what is used afterwards, or was under way, says so in words.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LatentGpuError } from '../../src/errors.js';
import type { Device } from '../../src/gpu/device.js';
import { mapForReading, mappedBytes } from '../../src/gpu/transfer.js';
import { linear } from '../../src/model/presets.js';
import { openDevice } from '../../src/node/adapters.js';
import { profileTrainer } from '../../src/profile/profile.js';
import { createModel } from '../../src/train/model.js';
import { pretrain } from '../../src/train/pretrain.js';
import { createTrainer } from '../../src/train/trainer.js';
import { device as shared, usesDevice } from '../support/device.js';
import { DATASET, IMAGES } from '../support/models/reference.js';
import { reportsOf } from '../support/training/training.js';

/** Few kernels: each device compiles its own. */
const SPEC = linear({ pixels: 100, latent: 2 });
const adapter = process.env.LATENTGPU_ADAPTER || 'swiftshader';

async function made(device: Device) {
  const model = await createModel(device, SPEC);
  const trainer = await createTrainer(model, DATASET, { batch: 8 });
  return { device, model, trainer };
}

/** On a device of its own if that is what will be disposed. */
const madeFor = async (what: string) => made(what === 'device' ? await openDevice({ adapter }) : shared);

type Made = Awaited<ReturnType<typeof made>>;

/** The message of the library's error that it ends with. */
async function messageOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    assert.instance(error, LatentGpuError, String(error));
    return (error as Error).message;
  }
  return 'no error';
}

const VALUES = new Float32Array(100);

/** Everything that a model and a trainer do on the device. */
const OF_MODEL: Record<string, (made: Made) => unknown> = {
  encode: ({ model }) => model.encode(VALUES),
  decode: ({ model }) => model.decode(new Float32Array(2)),
  reconstruct: ({ model }) => model.reconstruct(VALUES),
  parameters: ({ model }) => model.parameters(),
  loadParameters: ({ model }) => model.loadParameters(new Map()),
  createTrainer: ({ model }) => createTrainer(model, DATASET, { batch: 8 }),
  pretrain: ({ model }) => pretrain(model, DATASET, { batch: 8 }).next(),
};
const OF_TRAINER: Record<string, (made: Made) => unknown> = {
  train: ({ trainer }) => reportsOf(trainer, { steps: 1 }),
  evaluate: ({ trainer }) => trainer.evaluate(),
  'evaluate of images': ({ trainer }) => trainer.evaluate(IMAGES),
  optimizerState: ({ trainer }) => trainer.optimizerState(),
  snapshot: ({ trainer }) => trainer.snapshot(),
  learningRate: ({ trainer }) => {
    trainer.learningRate = 0.5;
  },
  profileTrainer: ({ trainer }) => profileTrainer(trainer, { steps: 1 }),
};

test('a trainer, its model and its device: dispose twice is as good as once', async () => {
  const all = await madeFor('device');
  const { memory } = all.model.machine;
  const own = await createModel(all.device, SPEC);
  const before = [own.machine.memory.count, own.machine.memory.bytes];
  const trainer = await createTrainer(own, DATASET, { batch: 8 });
  trainer.dispose();
  trainer.dispose();
  assert.equal([own.machine.memory.count, own.machine.memory.bytes], before, 'the model keeps what is its own');
  await own.parameters();
  all.model.dispose(); // before its trainer
  all.trainer.dispose();
  all.model.dispose();
  assert.equal([memory.count, memory.bytes], [0, 0]);
  all.device.dispose();
  all.device.dispose();
  own.dispose(); // after its device
  own.dispose();
  assert.equal([own.machine.memory.count, own.machine.memory.bytes], [0, 0]);
});

for (const [what, uses, dispose, said] of [
  [
    'trainer',
    OF_TRAINER,
    ({ trainer }: Made) => trainer.dispose(),
    'this trainer was disposed; make a new one with createTrainer',
  ],
  [
    'model',
    { ...OF_MODEL, ...OF_TRAINER },
    ({ model }: Made) => model.dispose(),
    'this model was disposed; make a new one with createModel',
  ],
  [
    'device',
    { ...OF_MODEL, ...OF_TRAINER, createModel: ({ device }: Made) => createModel(device, SPEC) },
    ({ device }: Made) => device.dispose(),
    /the device was disposed.* open a new one with openDevice/,
  ],
] as const)
  test(`a ${what} that is used after dispose() says so, whatever is asked of it`, async () => {
    const all = await madeFor(what);
    dispose(all);
    const told: Record<string, string> = {};
    for (const [name, use] of Object.entries(uses)) told[name] = await messageOf(() => use(all));
    for (const [name, message] of Object.entries(told)) assert.match(message, said, `${name}: ${message}`);
    all.trainer.dispose();
    all.model.dispose();
  });

for (const what of ['device', 'buffer'] as const)
  test(`a ${what} that is given back between the mapping of a buffer and its reading: an error that says so`, async () => {
    const device = await openDevice({ adapter });
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    const staging = device.gpu.createBuffer({ label: 'staging', size: 16, usage });
    await mapForReading(device, staging);
    if (what === 'device') device.dispose();
    else staging.destroy();
    const message = await messageOf(() => mappedBytes(device, staging));
    assert.match(
      message,
      what === 'device' ? /the device was disposed/ : /"staging" was given back while it was being read/,
    );
    device.dispose();
  });

for (const [what, dispose, said] of [
  [
    'device',
    ({ device }: Made) => device.dispose(),
    /the device was disposed.*await what is under way before dispose\(\)/,
  ],
  ['model', ({ model }: Made) => model.dispose(), /disposed|dispose\(\)/],
  ['trainer', ({ trainer }: Made) => trainer.dispose(), /disposed|dispose\(\)/],
] as const) {
  test(`a ${what} that is disposed between two submits: training ends with an error that says so`, async () => {
    const all = await madeFor(what);
    const onProgress = ({ step }: { step: number }) => {
      if (step >= 3) dispose(all);
    };
    const message = await messageOf(() => reportsOf(all.trainer, { epochs: 10, onProgress }));
    assert.match(message, said, message);
    all.model.dispose();
  });

  test(`a ${what} that is disposed while calls are under way: they end with an error that says so, or were done`, async () => {
    const all = await madeFor(what);
    const { model, trainer } = all;
    const calls = [
      () => reportsOf(trainer, { epochs: 10 }),
      () => trainer.snapshot(),
      // Of a trainer that goes, these are independent.
      () => trainer.evaluate(IMAGES),
      () => model.reconstruct(VALUES),
      () => model.parameters(),
      () => createTrainer(model, DATASET, { batch: 16 }),
    ].map(messageOf);
    dispose(all);
    for (const [index, message] of (await Promise.all(calls)).entries())
      if (what === 'trainer' && index >= 2) assert.is(message, 'no error');
      else assert.match(message, said, `${index}: ${message}`);
    const { memory } = model.machine;
    model.dispose();
    if (what !== 'trainer') assert.is(memory.count, 0, 'nothing is made after that');
  });
}

usesDevice(test);
test.run();
