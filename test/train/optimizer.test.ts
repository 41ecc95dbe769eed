// Whole runs with each optimizer, schedule, clipping, KL warm-up and reduction against f64 on the host: 30 steps, many in
// one submit, so that what a replayed plan could freeze (a correction, a rate, a weight) would show. That oracle/optimizer64.ts is
// PyTorch is held in test/unit/support/optimizer64.test.ts.
//
// Limits, relative L2 a tensor. Adam's is that of plan-equivalence.test.ts. SGD moves by rate x gradient, whose error is
// that of a gradient, 1.4e-6 there; RMSprop divides by the gradient's own size, as Adam does.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Images } from '../../src/data/dataset.js';
import { vae } from '../../src/model/presets.js';
import type { TrainerOptions } from '../../src/train/options.js';
import type { Trainer } from '../../src/train/trainer.js';
import { usesDevice } from '../support/device.js';
import { uniforms } from '../support/limits/numbers.js';
import { learningRate64 } from '../support/oracle/optimizer64.js';
import { Train64 } from '../support/oracle/train64.js';
import { closeTensors, modelOf, relativeL2, sameBits, trainSteps, withTrainer } from '../support/training/training.js';

const RUN_LIMIT = 2e-6;
const STEPS = 30;
const SPEC = vae({ pixels: 49, hidden: [20], latent: 5, klWeight: 0.7 });

const images = (count: number, seed: number): Images => ({
  count,
  height: 7,
  width: 7,
  pixels: Uint8Array.from(uniforms(seed, count * 49, 0, 256)),
});
/** Four steps an epoch, of 10, 10, 10 and 7 images. */
const DATASET = { name: 'noise', train: images(37, 1), test: images(5, 2) };
const PARAMETERS = await (await modelOf(SPEC)).parameters();
const BASE = { batch: 10, seed: 5 };

type Options = TrainerOptions & { lr: number };

const onTrainer = <T>(options: Options, work: (trainer: Trainer) => Promise<T>): Promise<T> =>
  withTrainer({ spec: SPEC, dataset: DATASET, options: { ...BASE, ...options }, parameters: PARAMETERS }, work);

const oracleOf = (options: Options) => new Train64(SPEC, PARAMETERS, { ...BASE, ...options, images: DATASET.train });

const named = (values: ReadonlyMap<string, Float64Array>) =>
  new Map([...values].map(([name, each]) => [name, { values: each }]));

const RUNS: Options[] = [
  { lr: 2e-3, reduction: 'sum' },
  { lr: 2e-3, optimizer: { kind: 'adam', weightDecay: 0.05 }, schedule: { kind: 'cosine', steps: 25, warmup: 4 } },
  { lr: 2e-3, optimizer: { kind: 'adamw', weightDecay: 0.5 }, schedule: { kind: 'step', every: 5, factor: 0.6 } },
  { lr: 2e-3, optimizer: 'adamw', klWarmup: 12, clipNorm: 0.5 },
  { lr: 5e-3, optimizer: 'sgd', schedule: { kind: 'constant', warmup: 10 } },
  { lr: 1e-4, optimizer: { kind: 'sgd', momentum: 0.9 }, reduction: 'sum', clipNorm: 20 },
  {
    lr: 3e-3,
    optimizer: { kind: 'sgd', momentum: 0.8, nesterov: true, weightDecay: 0.1 },
    schedule: { kind: 'cosine', steps: 40, floor: 0.2 },
    klWarmup: 30,
  },
  { lr: 1e-3, optimizer: 'rmsprop', schedule: { kind: 'step', every: 7, warmup: 3 } },
  {
    lr: 5e-4,
    optimizer: { kind: 'rmsprop', alpha: 0.9, momentum: 0.7, weightDecay: 0.02 },
    clipNorm: 1,
    schedule: { kind: 'cosine', steps: 10, floor: 0.3 },
  },
];

for (const options of RUNS)
  for (const fuse of [true, false])
    test(`${fuse ? 'fused' : 'unfused'}: ${STEPS} steps with ${JSON.stringify(options)} are those of f64`, () =>
      onTrainer({ ...options, fuse }, async (trainer) => {
        await trainSteps(trainer, STEPS);
        const oracle = oracleOf(options);
        while (oracle.step < STEPS) oracle.train();
        closeTensors(await trainer.model.parameters(), named(oracle.parameters), RUN_LIMIT, `after ${STEPS} steps`);
      }));

// The controls: each run above tells its option from its absence by far more than its limit.
const PLANTED: [what: string, options: Options, other: Partial<Options>][] = [
  ['a schedule that is left out', RUNS[1] as Options, { schedule: { kind: 'constant' } }],
  ['a warm-up that is left out', RUNS[4] as Options, { schedule: { kind: 'constant' } }],
  ['a warm-up longer by one step', RUNS[4] as Options, { schedule: { kind: 'constant', warmup: 11 } }],
  ['L2 for decoupled decay', RUNS[2] as Options, { optimizer: { kind: 'adam', weightDecay: 0.5 } }],
  ['no clipping', RUNS[5] as Options, { clipNorm: 1e6 }],
  ["no clipping of AdamW's", RUNS[3] as Options, { clipNorm: 1e6 }],
  ["no clipping of RMSprop's", RUNS[8] as Options, { clipNorm: 1e6 }],
  ['no Nesterov', RUNS[6] as Options, { optimizer: { kind: 'sgd', momentum: 0.8, weightDecay: 0.1 } }],
  ['no KL warm-up', RUNS[6] as Options, { klWarmup: 0 }],
  ['a sum for a mean', RUNS[4] as Options, { reduction: 'sum' }],
];
for (const [what, options, other] of PLANTED)
  test(`the control: ${what} is seen`, () => {
    const [one, two] = [oracleOf(options), oracleOf({ ...options, ...other })];
    while (one.step < STEPS) [one, two].map((oracle) => oracle.train());
    const distances = [...one.parameters].map(([name, values]) => relativeL2(two.parameters.get(name) ?? [], values));
    assert.ok(Math.min(...distances) > 50 * RUN_LIMIT, `${what}: ${Math.min(...distances)}`);
  });

// --- what each step's rate is ------------------------------------------------------------------------------------------

/** SGD's step is its rate times the gradient, so the rate can be read off a parameter. */
async function ratesOfSteps(trainer: Trainer, count: number): Promise<number[]> {
  const rates: number[] = [];
  for (let step = 0; step < count; step++) {
    const before = (await trainer.model.parameters()).get('decoder.2.bias')?.values ?? [];
    await trainSteps(trainer, 1);
    const after = (await trainer.model.parameters()).get('decoder.2.bias')?.values ?? [];
    const gradient = (await trainer.optimizerState()).gradients?.get('decoder.2.bias')?.values ?? [];
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
    const moved = Array.from(before, (value, i) => value - (after[i] ?? 0));
    rates.push(dot(moved, gradient) / dot(gradient, gradient));
  }
  return rates;
}

test("the rate of every step, as it reaches the parameters, is its schedule's", () => {
  const schedule = { kind: 'cosine', steps: 6, floor: 0.1, warmup: 3 } as const;
  const options: Options = { lr: 0.5, optimizer: 'sgd', schedule, keepGradients: true };
  return onTrainer(options, async (trainer) => {
    const rates = await ratesOfSteps(trainer, 11);
    for (const [step, rate] of rates.entries()) {
      const want = learningRate64(options, step);
      assert.ok(Math.abs(rate / want - 1) < 1e-3, `step ${step}: ${rate}, want ${want}`);
    }
  });
});

test('learningRate: another one is what the schedule multiplies from the next step on', () => {
  const schedule = { kind: 'step', every: 2, factor: 0.5 } as const;
  const options: Options = { lr: 0.5, optimizer: 'sgd', schedule, keepGradients: true };
  return onTrainer(options, async (trainer) => {
    await trainSteps(trainer, 3);
    trainer.learningRate = 0.2;
    const [rate = 0] = await ratesOfSteps(trainer, 1);
    assert.ok(Math.abs(rate / 0.1 - 1) < 1e-3, `${rate}`);
  });
});

test('without lr, the learning rate is the default of the optimizer', async () => {
  const rateOf = (optimizer: TrainerOptions['optimizer']) => {
    const options = { ...BASE, ...(optimizer && { optimizer }) };
    const setup = { spec: SPEC, dataset: DATASET, options, parameters: PARAMETERS };
    return withTrainer(setup, async ({ learningRate }) => learningRate);
  };
  const rates = [];
  for (const kind of [undefined, 'adam', 'adamw', 'sgd', { kind: 'rmsprop' }] as const) rates.push(await rateOf(kind));
  assert.equal(rates, [1e-3, 1e-3, 1e-3, 1e-2, 1e-2]);
});

// --- clipping ----------------------------------------------------------------------------------------------------------

test('clipNorm above every norm changes nothing, bit for bit; below, the step is no longer than rate x clipNorm', async () => {
  const options: Options = { lr: 0.01, optimizer: 'sgd' };
  const run = (clipNorm?: number) =>
    onTrainer({ ...options, ...(clipNorm && { clipNorm }) }, async (trainer) => {
      await trainSteps(trainer, 5);
      return trainer.model.parameters();
    });
  assert.ok(sameBits(await run(1e4), await run()));
  const moved = await onTrainer({ ...options, clipNorm: 0.25 }, async (trainer) => {
    await trainSteps(trainer, 1);
    const after = await trainer.model.parameters();
    const squares = [...after].flatMap(([name, { values }]) =>
      Array.from(values, (value, i) => (value - (PARAMETERS.get(name)?.values[i] ?? 0)) ** 2),
    );
    return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
  });
  assert.ok(Math.abs(moved / (0.01 * 0.25) - 1) < 1e-3, `moved by ${moved}`);
});

test('the gradients that are told are those before clipping and weight decay', () => {
  const options: Options = { lr: 1e-3, optimizer: { kind: 'sgd', weightDecay: 0.5 }, clipNorm: 1e-3 };
  return onTrainer(options, async (trainer) => {
    await trainSteps(trainer, 1);
    const { gradients } = oracleOf(options).train();
    const told = (await trainer.optimizerState()).gradients ?? new Map();
    closeTensors(told, named(gradients), 1.4e-6, 'gradient of step 1');
  });
});

// --- state and rewinding -------------------------------------------------------------------------------------------------

test('an optimizer keeps what it needs, and no more', async () => {
  const kept = (optimizer: TrainerOptions['optimizer']) =>
    onTrainer({ lr: 1e-3, ...(optimizer && { optimizer }) }, async (trainer) => {
      await trainSteps(trainer, 1);
      const bytes = trainer.model.machine.memory.bytes;
      return { names: Object.keys(await trainer.optimizerState()).join(' '), bytes };
    });
  const none = await kept(undefined);
  const sgd = await kept('sgd');
  const momentum = await kept({ kind: 'sgd', momentum: 0.5 });
  const rmsprop = await kept('rmsprop');
  assert.is(none.names, 'moment1 moment2');
  assert.is(sgd.names, '');
  assert.is(momentum.names, 'moment1');
  assert.is(rmsprop.names, 'moment2');
  const { bytes } = (await modelOf(SPEC)).layout;
  assert.equal(
    [none, momentum, rmsprop].map((each) => each.bytes - sgd.bytes),
    [2 * bytes, bytes, bytes],
  );
});

test('rewound to any step, that step is to the bit what it was in the unbroken run', async () => {
  const options: Options = {
    lr: 2e-3,
    optimizer: { kind: 'rmsprop', momentum: 0.5 },
    schedule: { kind: 'cosine', steps: 20, floor: 0.1, warmup: 5 },
    klWarmup: 11,
  };
  const unbroken = await onTrainer(options, async (trainer) => {
    await trainSteps(trainer, 14);
    return trainer.model.parameters();
  });
  await onTrainer(options, async (trainer) => {
    for (let step = 0; step < 14; step++) {
      await trainer.lend(async (stepper, restore) => {
        await stepper.submit(3).sums;
        restore();
        stepper.rewind(1);
        await stepper.submit(1).sums;
      });
      await trainSteps(trainer, 1);
    }
    assert.ok(sameBits(await trainer.model.parameters(), unbroken));
  });
});

usesDevice(test);
test.run();
