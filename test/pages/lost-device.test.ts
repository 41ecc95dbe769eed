// A device that is lost in a page, while a trainer trains there.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeBrowser, inPage } from '../browser/page.js';
import {
  assertRecovered,
  type LostOutcome,
  losingPlan,
  NEVER_LOST,
  trainLosing,
} from '../support/training/lost-runs.js';

test('four losses of the device in Chromium: all recovered, bit for bit', async () => {
  const plan = losingPlan(4, 5);
  const { value, complaints } = await inPage<LostOutcome[]>(`async (lib) => {
    const trainLosing = ${trainLosing.toString()};
    const device = await lib.openDevice();
    const outcomes = [];
    for (const plan of ${JSON.stringify([NEVER_LOST, plan])}) outcomes.push(await trainLosing(lib, device, plan));
    device.dispose();
    return outcomes;
  }`);
  assert.equal(complaints, []);
  const [want, got] = value;
  assert.ok(want && got);
  assertRecovered(plan, got, want);
});

test.after(closeBrowser);
test.run();
