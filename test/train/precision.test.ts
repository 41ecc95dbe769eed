// Training in f16: gradients beside those of f32, steps that overflow, snapshots, and devices that have no f16.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArgumentError } from '../../src/errors.js';
import type { ModelSpec } from '../../src/model/spec.js';
import { createModel } from '../../src/train/model.js';
import type { TrainerOptions } from '../../src/train/options.js';
import { restoreTrainer } from '../../src/train/snapshot/restore.js';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from '../../src/train/snapshot/snapshot.js';
import { createTrainer, type Trainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { FAMILY, FAMILY_DATA } from '../support/models/family.js';
import { checkHalfGradients } from '../support/models/half-parity.js';
import { reportsOf, sameBits, trainSteps } from '../support/training/training.js';

const HALF: TrainerOptions = { batch: 8, precision: 'f16' };
/** Of a sum over the batch and pixels of small variance, gradients are so large that the first scales overflow. */
const OVERFLOWING = 'vae, gaussian pixels of -1..1';
const SUMMED: TrainerOptions = { ...HALF, reduction: 'sum' };

/** Two layers to the code, the second of which makes any number finite. */
const SATURATED: ModelSpec = {
  inputs: 49,
  encoder: [
    { units: 12, activation: 'relu' },
    { units: 8, activation: 'sigmoid' },
  ],
  code: { kind: 'deterministic', units: 4, activation: 'identity' },
  decoder: [{ units: 49, activation: 'sigmoid' }],
  loss: { reconstruction: 'mse' },
};

const specOf = (name: string) => {
  const spec = FAMILY[name];
  if (!spec) throw new Error(`no ${name} in the family`);
  return spec;
};

/** Runs `work` with a trainer of a model of its own. */
async function training<T>(
  of: string | ModelSpec,
  options: TrainerOptions,
  work: (trainer: Trainer) => Promise<T>,
): Promise<T> {
  const model = await createModel(device, typeof of === 'string' ? specOf(of) : of, { seed: 1 });
  try {
    return await work(await createTrainer(model, FAMILY_DATA, options));
  } finally {
    model.dispose();
  }
}

const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'nothing',
    (error: Error) => `${error.name}: ${error.message}`,
  );

test('a precision that there is not is refused by name', async () => {
  const said = await refusal(training('vae', { precision: 'f8' as 'f16' }, async () => undefined));
  assert.is(said, `${ArgumentError.name}: precision: "f8", must be one of f32, f16`);
});

if (!device.features.has('shader-f16'))
  test('a device without f16 is told, and what to do', async () => {
    const said = await refusal(training('vae', HALF, async () => undefined));
    assert.is(
      said,
      `ArgumentError: precision: "f16" needs a device with the feature "shader-f16", which ${device.adapter.name} has not; use "f32", or another adapter`,
    );
  });
else {
  for (const name of ['vae', 'ae, mse', 'conditional-vae', 'iwae'])
    test(`${name}: gradients are those of f32 but for their roundings`, () => checkHalfGradients(specOf(name)));

  test('a step that overflows updates nothing; the scale is halved until one does not', () =>
    training(OVERFLOWING, SUMMED, async (trainer) => {
      const before = await trainer.model.parameters();
      await trainSteps(trainer, 1);
      assert.ok(sameBits(await trainer.model.parameters(), before), 'the first step overflows');
      assert.equal((await trainer.snapshot()).scaling, { scale: 2 ** 15, good: 0, skipped: 1 });
      for (const tensors of Object.values(await trainer.optimizerState()).slice(1))
        for (const { values } of tensors?.values() ?? []) assert.ok(values.every((value) => value === 0));
      await trainSteps(trainer, 9);
      const { scale = 0, good = 0, skipped = 0 } = (await trainer.snapshot()).scaling ?? {};
      assert.ok(skipped < 10 && good > 0, `${skipped} skipped, ${good} good`);
      assert.is(scale, 2 ** (16 - skipped));
      assert.not.ok(sameBits(await trainer.model.parameters(), before), 'later steps do not');
    }));

  test('activations that overflow although the loss is finite end training, with the scale, the step and what to do', () =>
    training(SATURATED, HALF, async (trainer) => {
      const before = await trainer.model.parameters();
      // Of any image sums far beyond 65504, from weights within it; the sigmoid of the next layer makes 1 of them.
      const large = new Map([...before].map(([name, { shape, values }]) => [name, { shape, values: values.slice() }]));
      large.get('encoder.0.weight')?.values.fill(60_000);
      large.get('encoder.2.weight')?.values.fill(1);
      trainer.model.loadParameters(large);
      const said = await refusal(trainSteps(trainer, 60));
      assert.match(
        said,
        /^TrainingError: the gradients of step (\d+) overflow f16 although the loss is finite \(mse [\d.]+\) and scaled by 5\.96\S*e-8 \(2\^-24\), the least: .*Use --precision f32 \(precision: 'f32'\), or a lower learning rate/,
      );
    }));

  test('before the first step there are no gradients, and none that is not a number', () =>
    training('vae', HALF, async (trainer) => {
      const { gradients } = await trainer.optimizerState();
      assert.ok(gradients && gradients.size > 0);
      for (const { values } of gradients.values()) assert.ok(values.every((value) => value === 0));
    }));

  test('two runs give the same bits; so does one that is saved after an overflow and restored', async () => {
    const whole = () =>
      training(OVERFLOWING, SUMMED, async (trainer) => {
        await trainSteps(trainer, 15);
        return { parameters: await trainer.model.parameters(), scaling: (await trainer.snapshot()).scaling };
      });
    const [one, other] = [await whole(), await whole()];
    assert.ok(sameBits(one.parameters, other.parameters));
    const snapshot = await training(OVERFLOWING, SUMMED, async (trainer) => {
      await trainSteps(trainer, 7);
      return decodeSnapshot(encodeSnapshot(await trainer.snapshot())).snapshot;
    });
    assert.ok((snapshot.scaling?.skipped ?? 0) > 0);
    const trainer = await restoreTrainer(device, snapshot, FAMILY_DATA);
    try {
      await trainSteps(trainer, 8);
      assert.ok(sameBits(await trainer.model.parameters(), one.parameters));
      assert.equal((await trainer.snapshot()).scaling, one.scaling);
    } finally {
      trainer.model.dispose();
    }
  });

  test('a snapshot whose scaling makes no sense is refused', () =>
    training('vae', HALF, async (trainer) => {
      const snapshot = await trainer.snapshot();
      for (const scaling of [
        { scale: 3, good: 0, skipped: 0 },
        { scale: 2, good: 0, skipped: -1 },
        { scale: -2, good: 0, skipped: 0 },
      ])
        assert.throws(() => decodeSnapshot(encodeSnapshot({ ...snapshot, scaling })), /"scaling" is .*a power of two/);
    }));

  test('a snapshot of another precision is refused, unless it is meant', async () => {
    const taken = await training('vae', HALF, async (trainer): Promise<Snapshot> => {
      await trainSteps(trainer, 2);
      return trainer.snapshot();
    });
    await training('vae', { batch: 8 }, async (trainer) => {
      assert.match(await refusal(trainer.restore(taken)), /precision is absent, was "f16"/);
      await trainer.restore(taken, { precision: 'f32' });
      const [report] = await reportsOf(trainer, { steps: 1 });
      assert.is(report?.step, 3);
      assert.is((await trainer.snapshot()).scaling, undefined);
    });
  });

  test('losses and gradients that are told are without the scale', async () => {
    const told = (options: TrainerOptions) =>
      training('ae, mse', options, async (trainer) => {
        const [report] = await trainSteps(trainer, 1);
        return { loss: report?.train.loss ?? Number.NaN, state: await trainer.optimizerState() };
      });
    const [half, whole] = [await told({ ...HALF, clipNorm: 1e-3 }), await told({ batch: 8, clipNorm: 1e-3 })];
    assert.ok(Math.abs(half.loss / whole.loss - 1) < 2 ** -8, `${half.loss}, ${whole.loss}`);
    const norm = ({ state }: typeof half) =>
      Math.hypot(...[...(state.gradients?.values() ?? [])].flatMap(({ values }) => [...values]));
    assert.ok(Math.abs(norm(half) / norm(whole) - 1) < 2 ** -6, `${norm(half)}, ${norm(whole)}`);
    const moved = ({ state }: typeof half) =>
      Math.hypot(...[...(state.moment1?.values() ?? [])].flatMap(({ values }) => [...values]));
    assert.ok(Math.abs(moved(half) / 1e-4 - 1) < 2 ** -6, `clipped to 1e-3, times 1 - beta1: ${moved(half)}`);
  });
}

usesDevice(test);
test.run();
