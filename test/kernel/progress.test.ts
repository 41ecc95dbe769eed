// What the first dispatch of a step (gather) finds from the counters for all the others: how many rows are live, and the
// factors of the learning rate, of the KL term and of each image.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gather } from '../../src/kernels/gather.js';
import { resolveSchedule, type Schedule, type ScheduleSpec } from '../../src/model/learning-rate.js';
import { countersBytes, type StepSettings } from '../../src/train/step/step-state.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { countersOf, settingsOf } from '../support/kernels/step.js';
import { close } from '../support/limits/close.js';
import { DIVISION, expUlps, TINY, ULP } from '../support/limits/tolerance.js';
import { learningRate64 } from '../support/oracle/optimizer64.js';

/** Runs gather on images of one pixel. */
function begun(settings: ArrayBuffer, counters: Uint32Array | ArrayBuffer, rows: number) {
  const shape = { rows, pixels: 1, shuffle: false, range: '0..1' } as const;
  const images = new Uint32Array(1024);
  return runKernel(gather('u8'), shape, { images, settings, counters, x: rows, progress: 7 });
}

/** What there is of step `step`. */
async function factors(step: number, changes: Partial<StepSettings>, rows = 8) {
  const settings = settingsOf({ examples: 4 * rows, batch: rows, ...changes });
  const results = await begun(settings, countersOf({ step }), rows);
  assert.equal([...results.u32('progress').subarray(0, 2)], [step, rows]);
  const [rateFactor = Number.NaN, klFactor = Number.NaN, rowScale = Number.NaN] = results.f32('progress').subarray(2);
  return { rateFactor, klFactor, rowScale };
}

const roundedUp = (x: number) => Number(!Number.isInteger(x) || Math.fround(x) !== x);

/** lib/step/learning_rate.wgsl's warm-ups: two whole numbers that f32 may have to round, and a division. */
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
  test(`the learning rate of ${JSON.stringify(given)}`, async () => {
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

test('the KL term is warmed up linearly from 0, then whole', async () => {
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

test('of a mean each image counts its share of the live rows, of a sum it counts whole', async () => {
  for (const rows of [1, 3, 128]) {
    const { rowScale } = await factors(1, { reduction: 'mean' }, rows);
    close([rowScale], [1 / rows], () => (DIVISION * ULP) / rows);
    assert.is((await factors(1, { reduction: 'sum' }, rows)).rowScale, 1);
  }
  // The last batch of 300 images has 44.
  const settings = settingsOf({ examples: 300, batch: 128, reduction: 'mean' });
  const results = await begun(settings, countersOf({ step: 2, start: 256 }), 128);
  assert.is(results.u32('progress')[1], 44);
  close([results.f32('progress')[4] ?? Number.NaN], [1 / 44], () => (DIVISION * ULP) / 44);
});

test("the host's counters of any step are those of an unbroken run", () => {
  const counters = { step: 0, epoch: 0, start: 0 };
  for (let step = 0; step < 10; step++) {
    assert.equal(new Uint32Array(countersBytes(step, { examples: 300, batch: 128 })), countersOf(counters));
    const last = counters.start + 128 >= 300;
    Object.assign(counters, {
      step: step + 1,
      epoch: counters.epoch + Number(last),
      start: last ? 0 : counters.start + 128,
    });
  }
});

usesDevice(test);
test.run();
