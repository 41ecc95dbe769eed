// The end of a step: sums of the loss terms over the live rows, where in the ring they go, and the next step's counters.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FinishShape, finishStep } from '../../src/kernels/finish-step.js';
import { resolveSchedule, type Schedule, type ScheduleSpec } from '../../src/model/learning-rate.js';
import { progressBytes, type StepSettings } from '../../src/train/step-state.js';
import { close } from '../support/close.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernel-runner.js';
import { uniforms } from '../support/numbers.js';
import { learningRate64 } from '../support/optimizer64.js';
import { type ProgressValues, progressOf, settingsOf } from '../support/step.js';
import { DIVISION, expUlps, reductionLimit, TINY, ULP } from '../support/tolerance.js';

const LANES = 128;

/** Numbers in the ring: a sum a term, and the count of losses that are not finite. */
const ringOf = ({ capacity, terms }: FinishShape) => capacity * (terms + 1);

/** Runs the kernel on a ring filled with -1 and checks all of it. */
async function finish(shape: FinishShape, progress: ProgressValues, examples: number, batch: number) {
  const { terms, rowStride, capacity } = shape;
  const losses = uniforms(1, terms * rowStride, -1, 3);
  const results = await runKernel(finishStep, shape, {
    losses,
    settings: settingsOf({ examples, batch }),
    progress: progressOf(progress),
    metrics: ringOf(shape),
  });
  const want = new Float64Array(ringOf(shape)).fill(Number.NaN);
  const limit = new Float64Array(ringOf(shape));
  const entry = (progress.step % capacity) * (terms + 1);
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
  assert.is(metrics[entry + terms], 0, 'losses that are not finite');
  // 1e38 is the runner's poison: the other entries are as they were.
  const untouched = [...metrics.subarray(0, entry), ...metrics.subarray(entry + terms + 1)];
  assert.ok(
    untouched.every((value) => value > 9e37),
    'no other entry of the ring was written',
  );
  const [step, epoch, start, rows] = results.u32('progress');
  const [rateFactor, klFactor, rowScale] = results.f32('progress').subarray(4);
  return { counters: { step, epoch, start, rows }, rateFactor, klFactor, rowScale };
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

const LARGEST = 3.4028234663852886e38;
const NOT_FINITE = [Number.NaN, -Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

test('finish_step counts the losses of live rows that are not finite, of all terms, and no others', async () => {
  const shape = shapeOf(200);
  const losses = new Float32Array(shape.terms * shape.rowStride).fill(1);
  // Finite, at the edge of what is.
  losses.set([LARGEST, -LARGEST, 1e-45, 0, -0], 10);
  NOT_FINITE.forEach((value, i) => {
    losses[i * 49] = value; // rows 0, 49, 98 and 147 of the first term
  });
  losses[shape.rowStride + 149] = Number.NaN; // the last live row of the second term
  losses[150] = Number.NaN; // a dead row
  const results = await runKernel(finishStep, shape, {
    losses,
    settings: settingsOf({ examples: 150, batch: 200 }),
    progress: progressOf({ step: 0, epoch: 0, start: 0, rows: 150 }),
    metrics: ringOf(shape),
  });
  assert.is(results.f32('metrics')[shape.terms], 5);
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
    assert.equal((await finish(shapeOf(128), before, examples, batch)).counters, after);
  });

// --- the factors of the next step ----------------------------------------------------------------------------------------

const roundedUp = (x: number) => Number(!Number.isInteger(x) || Math.fround(x) !== x);

/** lib/learning_rate.wgsl's warm-ups: two whole numbers that f32 may have to round, and a division. */
const shareLimit = (a: number, b: number) => (roundedUp(a) + roundedUp(b) + DIVISION) * ULP * (a / b);

/** How far rate_factor may be from the true factor of step `t`. */
function rateLimit(schedule: Schedule, t: number): number {
  if (t < schedule.warmup) return shareLimit(t + 1, schedule.warmup);
  const n = t - schedule.warmup;
  if (schedule.kind === 'constant') return 0;
  if (schedule.kind === 'step') {
    // exp of a product of a count and a constant, whose errors arrive times the exponent.
    const times = Math.floor(n / schedule.every);
    const exponent = Math.abs(times * Math.log(schedule.factor));
    return ULP * schedule.factor ** times * (expUlps(exponent) + exponent * (roundedUp(times) + 0.5 + 1)) + TINY;
  }
  // The angle's share is one of whole numbers; cos_sin_turns is within 6 ulps of 1 for the angle that it is given, and of
  // its result where that is small; two products, the floor, its difference from 1, and a sum.
  const left = Math.max(0, schedule.steps - n);
  const angle = (Math.PI / 2) * (left / schedule.steps);
  const sine = Math.sin(angle);
  const sineLimit =
    (Math.PI / 2) * shareLimit(left, schedule.steps) * Math.cos(angle) + 6 * ULP * Math.min(1, 2 * angle);
  const above = (1 - schedule.floor) * sine * sine;
  return (1 - schedule.floor) * 2 * sine * sineLimit + (0.5 + 1 + 2) * ULP * above + ULP * (above + 2 * schedule.floor);
}

const SCHEDULES: ScheduleSpec[] = [
  { kind: 'constant' },
  { kind: 'constant', warmup: 7 },
  { kind: 'step', every: 3, factor: 0.7 },
  { kind: 'step', every: 250_000, warmup: 1000 },
  { kind: 'step', every: 10, factor: 1 },
  { kind: 'cosine', steps: 1 },
  { kind: 'cosine', steps: 1000 },
  { kind: 'cosine', steps: 1000, floor: 0.1, warmup: 5 },
  { kind: 'cosine', steps: 1_200_000, floor: 1 / 3, warmup: 20_000_003 },
];
// Of the step that begins: the first ones, both sides of every change above, and late ones.
const STEPS = [1, 2, 3, 4, 5, 6, 7, 8, 250, 499, 500, 501, 999, 1000, 1001, 1004, 1005, 1006, 1_000_000, 19_999_999];

for (const given of SCHEDULES)
  test(`finish_step: the learning rate of ${JSON.stringify(given)}`, async () => {
    const schedule = resolveSchedule(given);
    for (const step of [...STEPS, 20_000_002, 20_000_003, 20_600_003, 21_200_002, 21_200_003, 2 ** 31]) {
      const { rateFactor } = await factors(step, { schedule });
      const want = learningRate64({ lr: 1, schedule: given }, step);
      close(
        [rateFactor],
        [want],
        () => rateLimit(schedule, step),
        () => `factor of step ${step}`,
      );
    }
  });

/** What finish_step leaves for step `step`. */
async function factors(step: number, changes: Partial<StepSettings>, rows = 8) {
  const progress = { step: step - 1, epoch: 0, start: 0, rows };
  const settings = settingsOf({ examples: 4 * rows, batch: rows, ...changes });
  const shape = shapeOf(rows);
  const losses = new Float32Array(shape.terms * shape.rowStride);
  const bound = { losses, settings, progress: progressOf(progress), metrics: ringOf(shape) };
  const results = await runKernel(finishStep, shape, bound);
  const [rateFactor = Number.NaN, klFactor = Number.NaN, rowScale = Number.NaN] = results.f32('progress').subarray(4);
  return { rateFactor, klFactor, rowScale };
}

test('finish_step: the KL term is warmed up linearly from 0, then whole', async () => {
  for (const warmup of [0, 1, 2, 10, 30_000_001])
    for (const step of [1, 2, 9, 10, 11, 1_000_000, 20_000_003, 30_000_000, 30_000_001]) {
      const { klFactor } = await factors(step, { klWarmup: warmup });
      const want = step < warmup ? step / warmup : 1;
      close(
        [klFactor],
        [want],
        () => (step < warmup ? shareLimit(step, warmup) : 0),
        () => `${warmup}, step ${step}`,
      );
    }
});

test('finish_step: of a mean each image counts its share of the live rows, of a sum it counts whole', async () => {
  for (const rows of [1, 3, 128]) {
    const { rowScale } = await factors(1, { reduction: 'mean' }, rows);
    close([rowScale], [1 / rows], () => (DIVISION * ULP) / rows);
    assert.is((await factors(1, { reduction: 'sum' }, rows)).rowScale, 1);
  }
  // The next batch has 44 live rows of 128.
  const settings = settingsOf({ examples: 300, batch: 128, reduction: 'mean' });
  const progress = progressOf({ step: 1, epoch: 0, start: 128, rows: 128 });
  const shape = shapeOf(128);
  const bound = { losses: new Float32Array(262), settings, progress, metrics: ringOf(shape) };
  const results = await runKernel(finishStep, shape, bound);
  close([results.f32('progress')[6] ?? Number.NaN], [1 / 44], () => (DIVISION * ULP) / 44);
});

test("the host's progress of any step is the GPU's, up to rounding", async () => {
  const settings = { examples: 300, batch: 128, reduction: 'mean' as const, klWarmup: 700 };
  for (const given of SCHEDULES) {
    const schedule = resolveSchedule(given);
    for (const step of [1, 2, 3, 500, 1005]) {
      const shape = shapeOf(128);
      const results = await runKernel(finishStep, shape, {
        losses: new Float32Array(262),
        settings: settingsOf({ ...settings, schedule }),
        progress: progressBytes(step - 1, { ...settings, schedule }),
        metrics: ringOf(shape),
      });
      const host = progressBytes(step, { ...settings, schedule });
      assert.equal([...results.u32('progress').subarray(0, 4)], [...new Uint32Array(host, 0, 4)]);
      const want = new Float32Array(host, 16);
      const limits = [rateLimit(schedule, step), shareLimit(step, 700), DIVISION * ULP].map(
        (limit, i) => limit + ULP * (want[i] ?? 0), // the host's own rounding to f32
      );
      close(results.f32('progress').subarray(4), want, (i) => limits[i] ?? 0);
    }
  }
});

usesDevice(test);
test.run();
