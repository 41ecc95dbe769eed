// A device that is lost while a trainer trains, and while it does not: it goes on to the same bits, as often as it is allowed
// to. A hundred losses are in test/long/lost-device.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DeviceError } from '../../src/errors.js';
import { openDevice } from '../../src/node/adapters.js';
import * as library from '../../src/node.js';
import { createModel, type Model } from '../../src/train/model.js';
import { createTrainer, type Trainer } from '../../src/train/trainer.js';
import { FAMILY, FAMILY_DATA } from '../support/models/family.js';
import { assertRecovered, losingPlan, NEVER_LOST, trainLosing } from '../support/training/lost-runs.js';
import { reportsOf, sameBits } from '../support/training/training.js';

const ADAPTER = process.env.LATENTGPU_ADAPTER || 'swiftshader';

test('lost at two seeded steps: the same losses, reports, weights and moments', async () => {
  const device = await openDevice({ adapter: ADAPTER });
  const want = await trainLosing(library, device, NEVER_LOST);
  const plan = losingPlan(2, 77);
  assertRecovered(plan, await trainLosing(library, device, plan), want);
  device.dispose();
});

async function onOwnDevice(options: object, work: (trainer: Trainer, model: Model) => Promise<void>): Promise<void> {
  const device = await openDevice({ adapter: ADAPTER });
  try {
    const spec = FAMILY.linear; // few kernels, which each device compiles anew
    if (!spec) throw new Error('no linear model in the family');
    const model = await createModel(device, spec, { seed: 1 });
    await work(await createTrainer(model, FAMILY_DATA, { batch: 8, ...options }), model);
  } finally {
    device.dispose();
  }
}

async function lose({ device }: Model): Promise<void> {
  device.gpu.destroy();
  while (!device.lost) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function refusal(work: () => Promise<unknown>): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was refused');
}

test('lost between two calls: the next call goes on where the last one ended', () =>
  onOwnDevice({}, async (trainer, model) => {
    await reportsOf(trainer, { epochs: 2 });
    const before = await model.parameters();
    await lose(model);
    assert.instance(await refusal(() => model.parameters()), DeviceError);
    assert.is(await trainer.revive(), true);
    assert.ok(sameBits(await model.parameters(), before), 'restored');
    assert.is((await reportsOf(trainer, {}))[0]?.step, 15);
  }));

test('weights that were loaded since are not replaced by older ones: the loss is told', () =>
  onOwnDevice({}, async (trainer, model) => {
    await reportsOf(trainer, {});
    model.loadParameters(await model.parameters());
    await lose(model);
    assert.is(await trainer.revive(), false);
    const error = await refusal(() => reportsOf(trainer, {}));
    assert.instance(error, DeviceError);
    assert.match(error.message, /was lost/);
  }));

test('more losses than `recoveries` allows: an error that says so, and the last state is there', () =>
  onOwnDevice({ recoveries: 2, saveEvery: { steps: 1 } }, async (trainer, model) => {
    let losses = 0;
    const onStep = (step: number) => {
      if (step % 7 === 0) {
        losses++;
        model.device.gpu.destroy();
      }
    };
    const error = await refusal(() => reportsOf(trainer, { epochs: 20, onStep }));
    assert.instance(error, DeviceError);
    assert.match(
      error.message,
      /was lost .* Training has recovered from 2 losses, as many as `recoveries` allows\. `lastSnapshot` of the trainer is of step \d+\.$/s,
    );
    assert.is(losses, 3);
    const saved = await trainer.lastSnapshot();
    // Steps are submitted ahead of what has been told, to the end of the epoch at most.
    assert.ok(saved && saved.step > 0 && saved.step <= 25, `step ${saved?.step}`);
  }));

test('a GPU that cannot be opened again is not counted among the recoveries, however often it is tried', () =>
  onOwnDevice({ recoveries: 1 }, async (trainer, model) => {
    await reportsOf(trainer, {});
    await lose(model);
    const { device } = model;
    const { renew } = device;
    device.renew = () => Promise.reject(new DeviceError('no adapter is offered any more'));
    for (let time = 0; time < 2; time++)
      assert.is((await refusal(() => trainer.revive())).message, 'no adapter is offered any more');
    device.renew = renew;
    assert.is(await trainer.revive(), true);
    await lose(model);
    const { message } = await refusal(() => trainer.revive());
    assert.match(message, /^the device ".+" was lost \(.+\): .* Training has recovered from 1 loss, as many as/s);
  }));

test('recoveries: 0: nothing is saved, and a loss ends training', () =>
  onOwnDevice({ recoveries: 0 }, async (trainer, model) => {
    const onStep = (step: number) => step === 3 && model.device.gpu.destroy();
    const error = await refusal(() => reportsOf(trainer, { epochs: 5, onStep }));
    assert.match(error.message, /was lost/);
    assert.is(await trainer.lastSnapshot(), undefined);
  }));

test.run();
