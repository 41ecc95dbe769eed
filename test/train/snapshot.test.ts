// A run that is saved and restored goes on to the same bits as one that was not: parameters, optimizer, the report of the
// epoch that was interrupted. Every time through the bytes of a checkpoint, on a model and a trainer of their own.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/data/dataset.js';
import { holdOut } from '../../src/data/hold-out.js';
import { ArgumentError, TrainingError } from '../../src/errors.js';
import type { OptimizerSpec } from '../../src/model/optimizer.js';
import type { ModelSpec } from '../../src/model/spec.js';
import { createModel } from '../../src/train/model.js';
import type { TrainerOptions } from '../../src/train/options.js';
import { pretrain } from '../../src/train/pretrain.js';
import type { EpochReport } from '../../src/train/reports.js';
import { restoreTrainer } from '../../src/train/snapshot/restore.js';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from '../../src/train/snapshot/snapshot.js';
import { createTrainer, type OptimizerState, type Trainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { CONVOLUTIONAL } from '../support/models/convolution-models.js';
import { FAMILY, FAMILY_DATA } from '../support/models/family.js';
import { reportsOf, sameBits } from '../support/training/training.js';

/** 5 steps an epoch, the last of 5 images. */
const OPTIONS: TrainerOptions = { batch: 8, seed: 3 };
const EPOCHS = 3;

const specOf = (name: string): ModelSpec => {
  const spec = FAMILY[name];
  if (!spec) throw new Error(`no spec of ${name}`);
  return spec;
};

/** A report without what depends on the clock. */
const plain = (report: EpochReport | undefined) => {
  if (!report) return undefined;
  const { seconds: _, stepsPerSecond: __, ...rest } = report;
  return rest;
};

async function withModel<T>(spec: ModelSpec, options: TrainerOptions, work: (trainer: Trainer) => Promise<T>) {
  const model = await createModel(device, spec, { seed: 1 });
  try {
    return await work(await createTrainer(model, FAMILY_DATA, options));
  } finally {
    model.dispose();
  }
}

const throughBytes = (snapshot: Snapshot) => decodeSnapshot(encodeSnapshot(snapshot)).snapshot;

/** What a run came to. */
const outcome = async (trainer: Trainer, report: EpochReport | undefined) => ({
  report: plain(report),
  parameters: await trainer.model.parameters(),
  state: await kept(trainer),
});

/** Gradients are those of the last step, and no part of a snapshot. */
async function kept(trainer: Trainer): Promise<Omit<OptimizerState, 'gradients'>> {
  const { gradients: _, ...state } = await trainer.optimizerState();
  return state;
}

type Outcome = Awaited<ReturnType<typeof outcome>>;

function same(got: Outcome, want: Outcome): void {
  assert.equal(got.report, want.report);
  assert.ok(sameBits(got.parameters, want.parameters), 'parameters');
  assert.equal(Object.keys(got.state), Object.keys(want.state));
  for (const [name, tensors] of Object.entries(want.state))
    assert.ok(sameBits(got.state[name as keyof typeof want.state] ?? new Map(), tensors), name);
}

/** Three epochs straight, and the same stopped at `step`, restored, and taken to the end. */
async function comparePieces(spec: ModelSpec, options: TrainerOptions, step: number): Promise<void> {
  const want = await withModel(spec, options, async (trainer) =>
    outcome(trainer, (await reportsOf(trainer, { epochs: EPOCHS })).at(-1)),
  );
  const snapshot = await withModel(spec, options, async (trainer) => {
    await reportsOf(trainer, { epochs: EPOCHS, steps: step });
    return throughBytes(await trainer.snapshot());
  });
  const trainer = await restoreTrainer(device, snapshot, FAMILY_DATA);
  try {
    assert.is(trainer.step, step);
    const rest = await reportsOf(trainer, { epochs: EPOCHS - trainer.epochs });
    same(await outcome(trainer, rest.at(-1)), want);
  } finally {
    trainer.model.dispose();
  }
}

const OPTIMIZERS: OptimizerSpec[] = [
  { kind: 'adam' },
  { kind: 'adamw', weightDecay: 0.1 },
  { kind: 'sgd' },
  { kind: 'sgd', momentum: 0.9, nesterov: true },
  { kind: 'rmsprop' },
  { kind: 'rmsprop', momentum: 0.9 },
];

for (const optimizer of OPTIMIZERS)
  test(`${JSON.stringify(optimizer)}: saved inside an epoch, restored, the same bits`, () =>
    comparePieces(specOf('vae'), { ...OPTIONS, optimizer, clipNorm: 2 }, 7));

test('a learning rate that falls and a KL weight that rises: the same bits', () =>
  comparePieces(
    specOf('beta-vae'),
    { ...OPTIONS, schedule: { kind: 'cosine', steps: 11, warmup: 4 }, klWarmup: 9, reduction: 'sum', lr: 1e-4 },
    6,
  ));

for (const name of ['conditional-vae', 'iwae', 'denoising, gaussian', 'denoising, saltpepper, -1..1', 'sparse, rho'])
  test(`${name}: saved at an epoch's end, restored, the same bits`, () => comparePieces(specOf(name), OPTIONS, 10));

for (const name of ['batch norm', 'layer norm, group norm, pools, upsampling, dropout'])
  test(`${name}: saved inside an epoch, restored, the same bits, running statistics and what is dropped included`, () => {
    const spec = CONVOLUTIONAL[name];
    assert.ok(spec);
    return comparePieces(spec as ModelSpec, OPTIONS, 7);
  });

test('a snapshot that is asked for while it trains is of the steps submitted so far', async () => {
  const spec = specOf('vae');
  const taken: Promise<Snapshot>[] = [];
  const want = await withModel(spec, OPTIONS, async (trainer) => {
    const onStep = () => taken.push(trainer.snapshot().then(throughBytes));
    const reports = await reportsOf(trainer, { epochs: EPOCHS, onStep });
    return outcome(trainer, reports.at(-1));
  });
  const snapshots = await Promise.all(taken);
  assert.is(snapshots.length, 15);
  const steps = snapshots.map(({ step }) => step);
  assert.is(steps[0], 2, 'two submits of one step each are the first');
  assert.ok(new Set(steps).size >= 4, `of each epoch, and from inside one: ${steps}`);
  for (const snapshot of snapshots.filter(({ step }, index) => steps.indexOf(step) === index)) {
    const trainer = await restoreTrainer(device, snapshot, FAMILY_DATA);
    const rest = await reportsOf(trainer, { epochs: EPOCHS - trainer.epochs });
    same(await outcome(trainer, rest.at(-1)), want);
    trainer.model.dispose();
  }
});

test("a snapshot of an epoch's last step, before its report: the report comes first after the restore", async () => {
  const spec = specOf('vae');
  let due: Snapshot | undefined;
  const [want] = await withModel(spec, OPTIONS, async (trainer) => {
    const asked: Promise<void>[] = [];
    const keep = (taken: Snapshot) => {
      due = taken;
    };
    const onStep = (step: number) => {
      if (step === 5) asked.push(trainer.snapshot().then(keep));
    };
    const reports = await reportsOf(trainer, { onStep });
    await Promise.all(asked);
    return reports;
  });
  assert.equal([due?.step, due?.epochs, due?.epoch.images], [5, 0, 37]);
  const trainer = await restoreTrainer(device, throughBytes(due as Snapshot), FAMILY_DATA);
  try {
    assert.is(trainer.epochs, 0);
    const reports = await reportsOf(trainer, {});
    assert.equal(reports.map(plain), [plain(want)]);
    assert.is(trainer.step, 5, 'no step was done for it');
    assert.is(trainer.epochs, 1);
  } finally {
    trainer.model.dispose();
  }
});

test("a snapshot that is asked for before any loss of its epoch has arrived has not told that epoch's report", async () => {
  const whole = { ...OPTIONS, batch: FAMILY_DATA.train.count }; // an epoch is one step, submitted before any loss is there
  await withModel(specOf('vae'), whole, async (trainer) => {
    const taken: Promise<Snapshot>[] = [];
    const onSnapshot = (snapshot: Promise<Snapshot>) => taken.push(snapshot);
    await reportsOf(trainer, { epochs: EPOCHS, snapshotEvery: 1, onSnapshot });
    const told = (await Promise.all(taken)).map(({ step, epochs, epoch }) => [step, epochs, epoch.images]);
    const images = FAMILY_DATA.train.count;
    assert.equal(told, [
      [1, 0, images],
      [2, 1, images],
      [3, 2, images],
    ]);
  });
});

test('pretraining goes on in the layer and at the step of a snapshot', async () => {
  const spec = specOf('stacked');
  const options = { ...OPTIONS, epochs: 2 };
  const whole = await createModel(device, spec, { seed: 1 });
  const part = await createModel(device, spec, { seed: 1 });
  const again = await createModel(device, spec, { seed: 9 });
  try {
    const want: unknown[] = [];
    for await (const { seconds: _, stepsPerSecond: __, ...report } of pretrain(whole, FAMILY_DATA, options))
      want.push(report);
    let trainer: Trainer | undefined;
    let saved: Promise<Snapshot> | undefined;
    const stop = new AbortController();
    const onStep = (step: number) => {
      if (trainer?.options.layer !== 1 || step !== 8) return;
      saved = trainer.snapshot();
      stop.abort();
    };
    const onLayer = (each: Trainer) => {
      trainer = each;
    };
    for await (const _ of pretrain(part, FAMILY_DATA, { ...options, signal: stop.signal, onStep, onLayer }));
    const snapshot = throughBytes((await saved) as Snapshot);
    assert.is(snapshot.training.layer, 1);
    const got: unknown[] = [];
    for await (const { seconds: _, stepsPerSecond: __, ...report } of pretrain(again, FAMILY_DATA, {
      ...options,
      resume: snapshot,
    }))
      got.push(report);
    assert.equal(got, want.slice(snapshot.epochs + 2));
    assert.ok(sameBits(await again.parameters(), await whole.parameters()));
  } finally {
    for (const model of [whole, part, again]) model.dispose();
  }
});

test('restore: back to a snapshot, and the same steps give the same bits again', () =>
  withModel(specOf('vae'), OPTIONS, async (trainer) => {
    await reportsOf(trainer, { steps: 3 });
    const snapshot = await trainer.snapshot();
    const reports = () => reportsOf(trainer, { epochs: 2 });
    const first = await outcome(trainer, (await reports()).at(-1));
    trainer.learningRate = 0.5;
    await reportsOf(trainer, { steps: 2 });
    await trainer.restore(snapshot);
    assert.is(trainer.learningRate, 1e-3);
    same(await outcome(trainer, (await reports()).at(-1)), first);
  }));

test('other options than then: the weights, what the optimizer keeps and the step stay', async () => {
  const snapshot = await withModel(specOf('vae'), OPTIONS, async (trainer) => {
    await reportsOf(trainer, { steps: 7, epochs: 2 });
    return trainer.snapshot();
  });
  const overrides = { batch: 16, lr: 0.01, optimizer: { kind: 'rmsprop' } } as const;
  const trainer = await restoreTrainer(device, snapshot, FAMILY_DATA, overrides);
  try {
    assert.equal([trainer.step, trainer.learningRate, trainer.stepsPerEpoch], [7, 0.01, 3]);
    assert.ok(sameBits(await trainer.model.parameters(), snapshot.parameters));
    const { moment2 } = await trainer.optimizerState();
    assert.ok([...(moment2 ?? [])].every(([, { values }]) => values.every((value) => value === 0)));
    const [report] = await reportsOf(trainer, {});
    assert.equal([report?.epoch, report?.step], [3, 9]);
  } finally {
    trainer.model.dispose();
  }
});

// --- what does not fit -------------------------------------------------------------------------------------------------

async function refusal(work: () => Promise<unknown>): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was refused');
}

test('another model, other options or other data are refused by name of what differs', async () => {
  const snapshot = await withModel(specOf('vae'), OPTIONS, (trainer) => trainer.snapshot());
  const cases: [spec: ModelSpec, options: TrainerOptions, message: string][] = [
    [
      { ...specOf('vae'), initialization: 'he' },
      OPTIONS,
      `the snapshot of step 0 does not fit: the model's initialization is "he", was absent`,
    ],
    [specOf('vae'), { ...OPTIONS, seed: 4 }, 'the snapshot of step 0 does not fit: seed is 4, was 3'],
    [specOf('vae'), { ...OPTIONS, batch: 9 }, 'the snapshot of step 0 does not fit: batch is 9, was 8'],
  ];
  for (const [spec, options, message] of cases) {
    const error = await withModel(spec, options, (trainer) => refusal(() => trainer.restore(snapshot)));
    assert.instance(error, ArgumentError);
    assert.is(error.message, message);
  }
  const { train } = FAMILY_DATA;
  const pixels = train.pixels.slice();
  pixels[100] = (pixels[100] ?? 0) ^ 1;
  const datasets: [dataset: Dataset, message: string][] = [
    [
      { ...FAMILY_DATA, train: { ...train, pixels } },
      'the pixels of the train images are others (their SHA-256 differs)',
    ],
    [holdOut(FAMILY_DATA, 0.2), 'train.count is 30, was 37'],
    [{ ...FAMILY_DATA, validation: train }, 'validation images are given, and were not then'],
  ];
  for (const [dataset, message] of datasets) {
    const error = await refusal(() => restoreTrainer(device, snapshot, dataset));
    assert.is(error.message, `the snapshot of step 0 does not fit: ${message}`);
  }
});

test('weights that are not finite are not saved: the error names tensor and step', () =>
  withModel(specOf('vae'), { ...OPTIONS, lr: 1e30, optimizer: 'sgd' }, async (trainer) => {
    await refusal(() => reportsOf(trainer, {}));
    const error = await refusal(() => trainer.snapshot());
    assert.instance(error, TrainingError);
    assert.match(error.message, /^\d+ of the \d+ weights of ".+" are not finite numbers after step \d+: training has /);
    assert.is((await trainer.lastSnapshot())?.step, 0, 'what was saved before is kept');
  }));

usesDevice(test);
test.run();
