// Trainings of 50 steps with everything that people turn at its extremes: learning rates of 1e-6 to 1, 1 to 20 layers of 1
// to 512 units, every activation, loss and optimizer, constant images. Each ends with finite weights or is stopped and says so.
// LATENTGPU_FUZZ=500 does as many by hand.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { usesDevice } from '../support/device.js';
import { fuzz } from '../support/training/fuzz.js';

const COUNT = Number(process.env.LATENTGPU_FUZZ ?? 30);

test(`${COUNT} trainings: none ends in silent NaN`, async () => {
  const { finite, stopped } = await fuzz(Array.from({ length: COUNT }, (_, index) => index));
  console.log(`${finite} ended with finite weights, ${stopped} were stopped`);
  assert.is(finite + stopped, COUNT);
});

usesDevice(test);
test.run();
