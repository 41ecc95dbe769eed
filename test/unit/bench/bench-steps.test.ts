// How the benchmark times steps, on a trainer and a clock of the test's own: what is checked first, how the steps are cut
// into rounds and submits, which sizes are left out, and that its products are the plan's.
import { type Trainer, vae } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { expectedSeconds } from '../../../harness/lib/bench/bench-products.js';
import { stepRow, tooLong } from '../../../harness/lib/bench/bench-steps.js';
import { expectedMs, layersOf, seedProducts, sweepOf } from '../../../harness/lib/bench/sizes.js';
import { BenchError, CHECKED_STEPS, lossFault, timeSteps } from '../../../harness/lib/bench/steps.js';
import { trainingPlan } from '../../support/models/plans.js';

const BATCH = 4;
const STEP_MS = 10;
const HOST_MS = 0.25;

/** A trainer whose steps take 10 ms each, one after the other, and whose loss is `loss` of the step. */
function pretended(loss: (step: number) => number) {
  let now = 0;
  let free = 0;
  let step = 0;
  const submits: number[] = [];
  let inFlight = 0;
  let most = 0;
  const submit = (count: number) => {
    now += HOST_MS * count;
    free = Math.max(free, now) + STEP_MS * count;
    submits.push(count);
    most = Math.max(most, ++inFlight);
    const [from, end] = [step, free];
    step += count;
    const rows = Array.from({ length: count }, (_, i) => loss(from + i));
    const sums = {
      // biome-ignore lint/suspicious/noThenProperty: the device is done when it is awaited
      then(done: (sums: Float32Array) => void) {
        inFlight--;
        now = Math.max(now, end);
        // Two terms of weights 1 and 2, and how many losses were not finite.
        done(Float32Array.from(rows.flatMap((value) => [(value * BATCH) / 2, (value * BATCH) / 4, 0])));
      },
    };
    return { step: from, count, losses: [{ weight: 1 }, { weight: 2 }], sums };
  };
  const stepper = { submit, rows: () => BATCH };
  const trainer = {
    model: { spec: vae() },
    lend: (work: (lent: unknown) => Promise<unknown>) => work(stepper),
  } as unknown as Trainer;
  return { trainer, clock: () => now, submits, most: () => most };
}

const falling = (step: number) => 543 - 2 * step;

test('steps are checked one by one, then timed in five rounds with two submits under way', async () => {
  const { trainer, clock, submits, most } = pretended(falling);
  const { steps, ms, hostUs, loss } = await timeSteps(trainer, { steps: 100, seconds: 20, now: clock });
  assert.is(steps, 100);
  assert.equal(submits.slice(0, CHECKED_STEPS), Array(CHECKED_STEPS).fill(1));
  // 60 ms a submit at 10.25 ms a step: 6, 6, 6 and 2 make a round of 20.
  assert.equal(submits.slice(CHECKED_STEPS), Array(5).fill([6, 6, 6, 2]).flat());
  assert.is(most(), 2);
  const want = STEP_MS + (6 * HOST_MS) / 20; // the first submit of a round finds the device idle
  for (const [name, got] of Object.entries(ms))
    assert.ok(Math.abs(got - want) < 1e-6, `${name}: ${got}, must be ${want}`);
  assert.ok(Math.abs(hostUs - 1000 * HOST_MS) < 1e-6, `${hostUs} us`);
  assert.equal(loss, { first: 543, checked: 543 - 14, last: 543 - 2 * 107 });
});

test('the budget bounds the steps, and at least one a round is taken', async () => {
  const few = await timeSteps(pretended(falling).trainer, { steps: 100, seconds: 0.3, now: pretended(falling).clock });
  assert.is(few.steps % 5, 0);
  const { trainer, clock } = pretended(falling);
  assert.is((await timeSteps(trainer, { steps: 1000, seconds: 0.3, now: clock })).steps, 30);
  const least = pretended(falling);
  assert.is((await timeSteps(least.trainer, { steps: 1, seconds: 20, now: least.clock })).steps, 5);
});

for (const [what, loss, told] of [
  [
    'not that of an untrained model',
    () => 300,
    /step 1 is 300\.0 nats an image, must be within 5% .* 543\.4 \(784 ln 2\)/,
  ],
  ['not falling', () => 543, /from 543\.0 to 543\.0 in 8 steps, must fall/],
  ['not finite', (step: number) => (step === 5 ? Number.NaN : falling(step)), /step 6 is NaN, must be finite/],
  [
    'rising later',
    (step: number) => (step > 20 ? 600 : falling(step)),
    /the loss after \d+ steps is 600, must be below/,
  ],
] as const)
  test(`a loss that is ${what} is an error, not a time`, async () => {
    const { trainer, clock, submits } = pretended(loss);
    const error = await timeSteps(trainer, { steps: 50, seconds: 20, now: clock }).catch((thrown) => thrown);
    assert.instance(error, BenchError);
    assert.match(error.message, told);
    if (what !== 'rising later') assert.is(submits.length, CHECKED_STEPS, 'nothing was timed');
  });

test('a loss that falls is no fault', () => assert.is(lossFault([544, 543.9], 784), undefined));

test('a sweep goes from small to large', () => {
  assert.equal(sweepOf([128, 32, 32], [2, 1]), [
    { batch: 32, width: 1 },
    { batch: 128, width: 1 },
    { batch: 32, width: 2 },
    { batch: 128, width: 2 },
  ]);
});

test('a time is expected from the next smaller batch, else from the next smaller width', () => {
  const known = [
    { batch: 32, width: 1, ms: 3 },
    { batch: 64, width: 1, ms: 5 },
  ];
  assert.is(expectedMs({ batch: 256, width: 1 }, known), 20);
  assert.is(expectedMs({ batch: 32, width: 2 }, known), 12);
  assert.is(expectedMs({ batch: 128, width: 4 }, known), 160);
  assert.is(expectedMs({ batch: 16, width: 1 }, known), undefined);
  assert.is(expectedMs({ batch: 16, width: 1 }, []), undefined);
});

test('what would take longer than the budget is left out, with the budget that it needs', () => {
  const known = [{ batch: 1024, width: 1, ms: 1000 }];
  const budget = { steps: 100, seconds: 20 };
  assert.is(tooLong({ batch: 1024, width: 1 }, known, budget), undefined);
  assert.is(
    tooLong({ batch: 2048, width: 1 }, known, budget),
    'about 2.00 s a step, so 13 steps would take longer than --seconds 20; give --seconds 26',
  );
  assert.is(tooLong({ batch: 2048, width: 1 }, known, { steps: 100, seconds: 26 }), undefined);
});

test('products: expected from the largest before, and 0 where that is not smaller', () => {
  const timed = { flops: 2 * 256 ** 3, variants: [{ median: 1e5 }, { median: 3e5 }] } as never;
  assert.is(expectedSeconds({ m: 512, n: 512, k: 512 }, [timed]), 9 * 0.4 * 8);
  assert.is(expectedSeconds({ m: 256, n: 256, k: 256 }, [timed]), 0);
  assert.is(expectedSeconds({ m: 512, n: 512, k: 512 }, []), 0);
});

test("the seed products are the plan's matmuls: the same forms, sizes and operations", () => {
  const plan = trainingPlan(vae(layersOf(1)), 128, { fuse: true });
  const products = plan.dispatches.flatMap(({ sizes: { m, n, k }, constants: { TRANSPOSE_A, TRANSPOSE_B } }) =>
    k === undefined ? [] : [`${TRANSPOSE_A ? 'T' : 'N'}${TRANSPOSE_B ? 'T' : 'N'} ${m} ${n} ${k}`],
  );
  const named = seedProducts().map(({ form, m, n, k }) => `${form} ${m} ${n} ${k}`);
  assert.equal([...new Set(named)].sort(), [...new Set(products)].sort());
  assert.is(new Set(named).size, named.length, 'each once');
});

test('what follows from a timing adds up', () => {
  const plan = trainingPlan(vae(layersOf(2)), 64, { fuse: true });
  const trainer = { plan, model: { spec: vae(layersOf(2)), parameterCount: 7 } } as unknown as Trainer;
  const ms = { median: 20, min: 19, max: 21 };
  const loss = { first: 543, checked: 500, last: 400 };
  const row = stepRow({ batch: 64, width: 2 }, trainer, 50, { steps: 10, ms, hostUs: 100, loss });
  assert.is(row.layers, '784-1024-512-128-512-1024-784');
  assert.is(row.imagesPerSecond, 3200);
  assert.is(
    row.flops,
    plan.dispatches.reduce((sum, { flops }) => sum + flops, 0),
  );
  assert.ok(Math.abs(row.gflops - row.flops / 0.02 / 1e9) < 1e-9);
  assert.ok(Math.abs(row.share - row.gflops / 50) < 1e-12);
});

test.run();
