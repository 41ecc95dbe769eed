// A submit of training steps that the device drops: the error names the steps, nothing goes on as if they had been done, and
// from a snapshot training goes on to the bits of one that lost nothing.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DeviceError } from '../../src/errors.js';
import { createModel } from '../../src/train/model.js';
import { createTrainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { DATASET, SPEC } from '../support/models/reference.js';
import { FaultyGpu } from '../support/training/faulty-gpu.js';
import { reportsOf, sameBits } from '../support/training/training.js';

test('a dropped submit is told with its steps; training goes on only from a snapshot, to the same bits', async () => {
  const faulty = new FaultyGpu(device);
  const model = await createModel(faulty.device, SPEC);
  const trainer = await createTrainer(model, DATASET, { batch: 16, recoveries: 0 });
  await reportsOf(trainer, { steps: 1 });
  const snapshot = await trainer.snapshot();
  await reportsOf(trainer, { steps: 3 });
  const want = await model.parameters();

  await trainer.restore(snapshot);
  faulty.plant({ operation: 'submit', nth: 1, kind: 'validation' });
  const messages: string[] = [];
  for (let time = 0; time < 3; time++)
    try {
      await reportsOf(trainer, { steps: 3 });
    } catch (error) {
      assert.instance(error, DeviceError);
      messages.push((error as Error).message.split('\n')[0] ?? '');
    }
  assert.is(messages.length, 3);
  assert.match(
    messages[0] ?? '',
    /refuses training step 2: validation error: .*"planted"\] used in submit while destroyed/,
  );
  const missing =
    'an earlier training step failed, and steps are missing since then: make a new trainer, or restore this one';
  assert.equal(messages.slice(1), [missing, missing]);

  await trainer.restore(snapshot);
  await reportsOf(trainer, { steps: 3 });
  assert.ok(sameBits(await model.parameters(), want));
  trainer.dispose();
  model.dispose();
});

usesDevice(test);
test.run();
