// A hundred losses of the device at seeded random steps: ten trainings of ten.
import { test } from 'uvu';
import * as library from '../../src/node.js';
import { openDevice } from '../../src/node.js';
import { assertRecovered, losingPlan, NEVER_LOST, trainLosing } from '../support/training/lost-runs.js';

const TRAININGS = 10;
const LOSSES = 10;

test(`${TRAININGS * LOSSES} losses: all recovered, bit for bit`, async () => {
  const device = await openDevice({ adapter: process.env.LATENTGPU_ADAPTER || 'swiftshader' });
  const want = await trainLosing(library, device, NEVER_LOST);
  for (let seed = 0; seed < TRAININGS; seed++) {
    const plan = losingPlan(LOSSES, seed);
    assertRecovered(plan, await trainLosing(library, device, plan), want);
  }
  device.dispose();
});

test.run();
