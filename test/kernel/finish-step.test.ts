// The end of a step: sums of the loss terms over the live rows, where in the ring they go, and the counters of the next step.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FinishShape, finishScaledStep, finishStep } from '../../src/kernels/finish-step.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { type CountersValues, countersOf, progressOf, settingsOf } from '../support/kernels/step.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import { reductionLimit } from '../support/limits/tolerance.js';

const LANES = 128;

/** Numbers in the ring: a sum a term, and the count of losses that are not finite. */
const ringOf = ({ capacity, parts }: FinishShape) => capacity * (parts.length + 1);

/** Runs the kernel on a ring filled with -1 and checks all of it. */
async function finish(shape: FinishShape, counters: CountersValues, examples: number, batch: number) {
  const { parts, stride, capacity } = shape;
  const terms = parts.length;
  const rows = Math.min(batch, examples - counters.start);
  const { step } = counters;
  const losses = uniforms(1, terms * stride, -1, 3);
  const results = await runKernel(finishStep, shape, {
    losses,
    settings: settingsOf({ examples, batch }),
    progress: progressOf({ step, rows }),
    metrics: ringOf(shape),
    counters: countersOf(counters),
  });
  const want = new Float64Array(ringOf(shape)).fill(Number.NaN);
  const limit = new Float64Array(ringOf(shape));
  const entry = (step % capacity) * (terms + 1);
  for (let term = 0; term < terms; term++) {
    const given = parts[term] ?? 'rows';
    const count = given === 'rows' ? rows : given;
    const live = [...losses.subarray(term * stride, term * stride + count)];
    want[entry + term] = live.reduce((sum, value) => sum + value, 0);
    const absolute = live.reduce((sum, value) => sum + Math.abs(value), 0);
    limit[entry + term] = reductionLimit(count, LANES, absolute);
  }
  const metrics = results.f32('metrics');
  const written = metrics.subarray(entry, entry + terms);
  close(
    written,
    want.subarray(entry, entry + terms),
    (i) => limit[entry + i] ?? 0,
    (i) => `term ${i}`,
  );
  assert.is(metrics[entry + terms], 0, 'losses that are not finite');
  // 1e38 is the runner's poison: the other entries are as they were.
  const untouched = [...metrics.subarray(0, entry), ...metrics.subarray(entry + terms + 1)];
  assert.ok(
    untouched.every((value) => value > 9e37),
    'no other entry of the ring was written',
  );
  const [after, epoch, start] = results.u32('counters');
  return { step: after, epoch, start };
}

const shapeOf = (rows: number, capacity = 4): FinishShape => ({
  parts: ['rows', 'rows'],
  rows,
  stride: rows + 3,
  capacity,
});
const START = { step: 0, epoch: 0, start: 0 };

for (const rows of [1, 127, 128, 129, 500])
  test(`finish_step adds up ${rows} rows`, async () => {
    await finish(shapeOf(rows), START, 10 * rows, rows);
  });

test('finish_step adds up the live rows of a short batch only', async () => {
  await finish(shapeOf(128), { step: 2, epoch: 0, start: 256 }, 300, 128);
});

for (const parts of [
  ['rows'],
  [5, 'rows'],
  ['rows', 1, 20],
  [20, 19, 18, 'rows'],
  [1, 2, 3, 4],
] satisfies FinishShape['parts'][])
  test(`finish_step with terms of ${parts.join(', ')}`, async () => {
    await finish({ ...shapeOf(17), parts }, { step: 1, epoch: 0, start: 0 }, 100, 17);
  });

test('finish_step refuses a loss of five terms', () =>
  assert.throws(
    () => finishStep.sizes?.({ ...shapeOf(1), parts: [1, 1, 1, 1, 1] }),
    'a loss of 5 terms, must have at most 4',
  ));

for (const step of [0, 3, 4, 5, 4_000_003])
  test(`finish_step writes step ${step} into a ring of 4`, async () => {
    await finish(shapeOf(8), { step, epoch: 0, start: 0 }, 100, 8);
  });

const LARGEST = 3.4028234663852886e38;
const NOT_FINITE = [Number.NaN, -Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

test('finish_step counts the losses of live rows that are not finite, of all terms, and no others', async () => {
  const shape = shapeOf(200);
  const losses = new Float32Array(2 * shape.stride).fill(1);
  // Finite, at the edge of what is.
  losses.set([LARGEST, -LARGEST, 1e-45, 0, -0], 10);
  NOT_FINITE.forEach((value, i) => {
    losses[i * 49] = value; // rows 0, 49, 98 and 147 of the first term
  });
  losses[shape.stride + 149] = Number.NaN; // the last live row of the second term
  losses[150] = Number.NaN; // a dead row
  const results = await runKernel(finishStep, shape, {
    losses,
    settings: settingsOf({ examples: 150, batch: 200 }),
    progress: progressOf({ step: 0, rows: 150 }),
    metrics: ringOf(shape),
    counters: countersOf(),
  });
  assert.is(results.f32('metrics')[2], 5);
});

const COUNTERS: [title: string, examples: number, batch: number, before: CountersValues, after: CountersValues][] = [
  ['inside an epoch', 300, 100, { step: 6, epoch: 2, start: 0 }, { step: 7, epoch: 2, start: 100 }],
  ['before a short last batch', 300, 128, { step: 1, epoch: 0, start: 128 }, { step: 2, epoch: 0, start: 256 }],
  ['after a short last batch', 300, 128, { step: 2, epoch: 0, start: 256 }, { step: 3, epoch: 1, start: 0 }],
  [
    'after an epoch that the batches fill exactly',
    300,
    100,
    { step: 2, epoch: 0, start: 200 },
    { step: 3, epoch: 1, start: 0 },
  ],
  ['where an epoch is one batch', 128, 128, { step: 9, epoch: 9, start: 0 }, { step: 10, epoch: 10, start: 0 }],
  ['where the last batch is one image', 257, 128, { step: 1, epoch: 0, start: 128 }, { step: 2, epoch: 0, start: 256 }],
];
for (const [title, examples, batch, before, after] of COUNTERS)
  test(`finish_step counts on ${title}`, async () => {
    assert.equal(await finish(shapeOf(128), before, examples, batch), after);
  });

/** The counters' scaling after a step of a scaled loss, and what is told of losses that are not finite. */
async function scalingAfter(before: { lossScale: number; good: number; skipped: number }, overflow: 0 | 1, loss = 1) {
  const shape = shapeOf(8);
  const results = await runKernel(finishScaledStep, shape, {
    losses: new Float32Array(2 * shape.stride).fill(loss),
    settings: settingsOf({ examples: 100, batch: 8 }),
    progress: progressOf({ rows: 8 }),
    metrics: ringOf(shape),
    counters: countersOf(before),
    scaling: Uint32Array.of(0, overflow),
  });
  const [step, , start, , good, skipped] = results.u32('counters');
  assert.equal([step, start], [1, 8], 'a step that updates nothing counts as one');
  const [, , notFinite] = results.f32('metrics');
  return { lossScale: results.f32('counters')[3], good, skipped, notFinite };
}

for (const [title, overflow, before, after, told = 0] of [
  ['an overflow halves it', 1, [2 ** 16, 7, 2], [2 ** 15, 0, 3]],
  ['an overflow above the least', 1, [2 ** -23, 7, 2], [2 ** -24, 0, 3]],
  ['an overflow leaves the least, and is told', 1, [2 ** -24, 7, 2], [2 ** -24, 0, 3], -1],
  ['a good step counts', 0, [2 ** 16, 7, 2], [2 ** 16, 8, 2]],
  ['the 2000th good step doubles it', 0, [2 ** 16, 1999, 2], [2 ** 17, 0, 2]],
  ['and leaves the largest', 0, [2 ** 24, 1999, 0], [2 ** 24, 0, 0]],
] as const)
  test(`the loss scale: ${title}`, async () => {
    const named = ([lossScale, good, skipped]: readonly [number, number, number]) => ({ lossScale, good, skipped });
    assert.equal(await scalingAfter(named(before), overflow), { ...named(after), notFinite: told });
  });

test('the loss scale: of losses that are not finite, too, they are told', async () => {
  const least = { lossScale: 2 ** -24, good: 0, skipped: 2 };
  assert.is((await scalingAfter(least, 1, Number.NaN)).notFinite, 16);
});

usesDevice(test);
test.run();
