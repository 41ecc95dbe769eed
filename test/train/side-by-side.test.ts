// Trainings beside each other: two on one device, two on two devices of one process. None of them notices the other: each
// gives the bits that it gives alone.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Device } from '../../src/gpu/device.js';
import { vae } from '../../src/model/presets.js';
import { openDevice } from '../../src/node/adapters.js';
import { createModel } from '../../src/train/model.js';
import type { EpochReport } from '../../src/train/reports.js';
import { createTrainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { DATASET } from '../support/models/reference.js';
import { sameBits } from '../support/training/training.js';

const SPECS = {
  small: vae({ pixels: 100, hidden: [8], latent: 2 }),
  large: vae({ pixels: 100, hidden: [16, 8], latent: 3 }),
};
type Name = keyof typeof SPECS;
const EPOCHS = 3;

interface Trained {
  losses: unknown[];
  parameters: Awaited<ReturnType<Awaited<ReturnType<typeof createModel>>['parameters']>>;
}

const lossesOf = ({ step, train, test }: EpochReport) => ({ step, train, test });

/** @param between called after each epoch */
async function train(on: Device, name: Name, between: (epoch: number) => Promise<void> | undefined): Promise<Trained> {
  const model = await createModel(on, SPECS[name], { seed: 7 });
  const trainer = await createTrainer(model, DATASET, { batch: 16, seed: 5 });
  try {
    const losses: unknown[] = [];
    for await (const report of trainer.train({ epochs: EPOCHS })) {
      losses.push(lossesOf(report));
      await between(report.epoch);
    }
    return { losses, parameters: await model.parameters() };
  } finally {
    trainer.dispose();
    model.dispose();
  }
}

function signal(): { given: Promise<void>; give: () => void } {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}

const alone = new Map<Name, Promise<Trained>>();

/** What it gives when nothing else is on the device. */
function trainedAlone(name: Name): Promise<Trained> {
  const known = alone.get(name) ?? train(device, name, () => undefined);
  alone.set(name, known);
  return known;
}

async function checkAlike(name: Name, got: Trained): Promise<void> {
  const want = await trainedAlone(name);
  assert.equal(got.losses, want.losses, name);
  assert.ok(sameBits(got.parameters, want.parameters), `${name}: parameters`);
}

test('two trainers on one device, at the same time', async () => {
  for (const name of ['small', 'large'] as const) await trainedAlone(name);
  const [small, large] = await Promise.all([
    train(device, 'small', () => undefined),
    train(device, 'large', () => undefined),
  ]);
  await checkAlike('small', small);
  await checkAlike('large', large);
});

test('two trainers on one device, an epoch each in turn', async () => {
  for (const name of ['small', 'large'] as const) await trainedAlone(name);
  const trained = Array.from({ length: EPOCHS }, () => ({ small: signal(), large: signal() }));
  // Waits until the other has trained as many epochs.
  const inTurn = (mine: Name, other: Name) => (epoch: number) => {
    trained[epoch - 1]?.[mine].give();
    return trained[epoch - 1]?.[other].given;
  };
  const [small, large] = await Promise.all([
    train(device, 'small', inTurn('small', 'large')),
    train(device, 'large', inTurn('large', 'small')),
  ]);
  await checkAlike('small', small);
  await checkAlike('large', large);
});

test('one is made, trained and disposed while the other trains', async () => {
  for (const name of ['small', 'large'] as const) await trainedAlone(name);
  let other: Trained | undefined;
  const large = await train(device, 'large', async (epoch) => {
    if (epoch === 1) other = await train(device, 'small', () => undefined);
  });
  await checkAlike('large', large);
  if (other) await checkAlike('small', other);
  else assert.unreachable('the other was trained');
});

test('one is disposed in the midst of the steps of the other, which go on', async () => {
  await trainedAlone('large');
  const model = await createModel(device, SPECS.small);
  const trainer = await createTrainer(model, DATASET, { batch: 16 });
  const reports = trainer.train({ epochs: 2 });
  await reports.next();
  await reports.return();
  let steps = 0;
  const model2 = await createModel(device, SPECS.large, { seed: 7 });
  const second = await createTrainer(model2, DATASET, { batch: 16, seed: 5 });
  const losses: unknown[] = [];
  const onProgress = () => {
    if (++steps !== 2) return;
    trainer.dispose();
    model.dispose();
  };
  for await (const report of second.train({ epochs: EPOCHS, onProgress })) losses.push(lossesOf(report));
  assert.ok(steps > 2);
  await checkAlike('large', { losses, parameters: await model2.parameters() });
  second.dispose();
  model2.dispose();
});

test('two devices in one process, at the same time; then one is disposed while the other trains', async () => {
  const adapter = process.env.LATENTGPU_ADAPTER || 'swiftshader';
  for (const name of ['small', 'large'] as const) await trainedAlone(name);
  const second = await openDevice({ adapter });
  const third = await openDevice({ adapter });
  const [small, large] = await Promise.all([
    train(second, 'small', () => undefined),
    train(device, 'large', async (epoch) => {
      if (epoch === 1) third.dispose();
    }),
  ]);
  second.dispose();
  await checkAlike('small', small);
  await checkAlike('large', large);
  await checkAlike('large', await train(device, 'large', () => undefined));
});

usesDevice(test);
test.run();
