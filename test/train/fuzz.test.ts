// A few of the trainings of test/long/fuzz.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { usesDevice } from '../support/device.js';
import { CASES_A_MODEL, fuzz } from '../support/training/fuzz.js';

test('3 trainings with whatever can be turned: finite weights, or stopped', async () => {
  const { finite, stopped } = await fuzz([0, CASES_A_MODEL, 2 * CASES_A_MODEL]);
  assert.is(finite + stopped, 3);
});

usesDevice(test);
test.run();
