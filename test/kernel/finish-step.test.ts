// The end of a step: sums of the loss terms over the live rows, where in the ring they go, and the next step's counters.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FinishShape, finishStep } from '../../src/kernels/finish-step.js';
import { close } from '../support/close.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernel-runner.js';
import { uniforms } from '../support/numbers.js';
import { type ProgressValues, progressOf, settingsOf } from '../support/step.js';
import { reductionLimit } from '../support/tolerance.js';

const LANES = 128;

/** Runs the kernel on a ring filled with -1 and checks all of it. */
async function finish(shape: FinishShape, progress: ProgressValues, examples: number, batch: number) {
  const { terms, rowStride, capacity } = shape;
  const losses = uniforms(1, terms * rowStride, -1, 3);
  const results = await runKernel(finishStep, shape, {
    losses,
    settings: settingsOf({ examples, batch }),
    progress: progressOf(progress),
    metrics: capacity * terms,
  });
  const want = new Float64Array(capacity * terms).fill(Number.NaN);
  const limit = new Float64Array(capacity * terms);
  const entry = (progress.step % capacity) * terms;
  for (let term = 0; term < terms; term++) {
    const live = [...losses.subarray(term * rowStride, term * rowStride + progress.rows)];
    want[entry + term] = live.reduce((sum, value) => sum + value, 0);
    const absolute = live.reduce((sum, value) => sum + Math.abs(value), 0);
    limit[entry + term] = reductionLimit(progress.rows, LANES, absolute);
  }
  const metrics = results.f32('metrics');
  const written = metrics.subarray(entry, entry + terms);
  close(
    written,
    want.subarray(entry, entry + terms),
    (i) => limit[entry + i] ?? 0,
    (i) => `term ${i}`,
  );
  // 1e38 is the runner's poison: the other entries are as they were.
  const untouched = [...metrics.subarray(0, entry), ...metrics.subarray(entry + terms)];
  assert.ok(
    untouched.every((value) => value > 9e37),
    'no other entry of the ring was written',
  );
  const [step, epoch, start, rows] = results.u32('progress');
  return { step, epoch, start, rows };
}

const shapeOf = (rows: number, capacity = 4): FinishShape => ({ terms: 2, rows, rowStride: rows + 3, capacity });

for (const rows of [1, 127, 128, 129, 500])
  test(`finish_step adds up ${rows} rows`, async () => {
    await finish(shapeOf(rows), { step: 0, epoch: 0, start: 0, rows }, 10 * rows, rows);
  });

test('finish_step adds up the live rows of a short batch only', async () => {
  await finish(shapeOf(128), { step: 2, epoch: 0, start: 256, rows: 44 }, 300, 128);
});

for (const terms of [1, 2, 3])
  test(`finish_step with ${terms} terms`, async () => {
    await finish({ ...shapeOf(17), terms }, { step: 1, epoch: 0, start: 0, rows: 17 }, 100, 17);
  });

for (const step of [0, 3, 4, 5, 4_000_003])
  test(`finish_step writes step ${step} into a ring of 4`, async () => {
    await finish(shapeOf(8), { step, epoch: 0, start: 0, rows: 8 }, 100, 8);
  });

const COUNTERS: [title: string, examples: number, batch: number, before: ProgressValues, after: ProgressValues][] = [
  [
    'inside an epoch',
    300,
    100,
    { step: 6, epoch: 2, start: 0, rows: 100 },
    { step: 7, epoch: 2, start: 100, rows: 100 },
  ],
  [
    'before a short last batch',
    300,
    128,
    { step: 1, epoch: 0, start: 128, rows: 128 },
    { step: 2, epoch: 0, start: 256, rows: 44 },
  ],
  [
    'after a short last batch',
    300,
    128,
    { step: 2, epoch: 0, start: 256, rows: 44 },
    { step: 3, epoch: 1, start: 0, rows: 128 },
  ],
  [
    'after an epoch that the batches fill exactly',
    300,
    100,
    { step: 2, epoch: 0, start: 200, rows: 100 },
    { step: 3, epoch: 1, start: 0, rows: 100 },
  ],
  [
    'where an epoch is one batch',
    128,
    128,
    { step: 9, epoch: 9, start: 0, rows: 128 },
    { step: 10, epoch: 10, start: 0, rows: 128 },
  ],
  [
    'where the last batch is one image',
    257,
    128,
    { step: 1, epoch: 0, start: 128, rows: 128 },
    { step: 2, epoch: 0, start: 256, rows: 1 },
  ],
];
for (const [title, examples, batch, before, after] of COUNTERS)
  test(`finish_step counts on ${title}`, async () => {
    assert.equal(await finish(shapeOf(128), before, examples, batch), after);
  });

usesDevice(test);
test.run();
