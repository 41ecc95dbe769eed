// The f16 copies of the weights (src/train/weights/weight-copies.ts): whoever changed the weights, the next step of a trainer computes
// with them. Held, to the bit, against a fresh trainer that goes on from a snapshot of that moment: all its copies are new.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { updates, uses } from '../../src/plan/plan.js';
import { createModel } from '../../src/train/model.js';
import type { TrainerOptions } from '../../src/train/options.js';
import { pretrain } from '../../src/train/pretrain.js';
import { restoreTrainer } from '../../src/train/snapshot/restore.js';
import { createTrainer, type Trainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { FAMILY, FAMILY_DATA } from '../support/models/family.js';
import { sameBits, trainSteps } from '../support/training/training.js';

const SPEC = FAMILY.stacked;
/** So large a rate that one step changes the f16 of nearly every weight. */
const HALF: TrainerOptions = { batch: 8, lr: 0.02, precision: 'f16' };

/** Steps of another trainer on the same model. */
async function another({ model }: Trainer, options: TrainerOptions): Promise<void> {
  const other = await createTrainer(model, FAMILY_DATA, options);
  try {
    await trainSteps(other, 3);
  } finally {
    other.dispose();
  }
}

const CHANGES: [what: string, change: (trainer: Trainer) => Promise<unknown>][] = [
  ['its own steps', (trainer) => trainSteps(trainer, 2)],
  [
    'weights that are loaded',
    async ({ model }) => {
      const halved = [...(await model.parameters())].map(([name, { shape, values }]) => [
        name,
        { shape, values: values.map((value) => value / 2) },
      ]);
      model.loadParameters(Object.fromEntries(halved));
    },
  ],
  [
    'a snapshot of before',
    async (trainer) => {
      const before = await trainer.snapshot();
      await trainSteps(trainer, 2);
      await trainer.restore(before);
    },
  ],
  ['a trainer of f32', (trainer) => another(trainer, { ...HALF, precision: 'f32' })],
  ['another trainer of f16', (trainer) => another(trainer, HALF)],
  [
    'pretraining',
    async ({ model }) => {
      for await (const _ of pretrain(model, FAMILY_DATA, { ...HALF, steps: 2 }));
    },
  ],
  [
    'steps that are undone',
    (trainer) =>
      trainer.lend(async (stepper) => {
        await stepper.submit(2).sums;
      }),
  ],
];

if (!SPEC) throw new Error('no stacked in the family');

if (!device.features.has('shader-f16'))
  test('without f16 a plan has no copies', async () => {
    const model = await createModel(device, SPEC);
    const { plan } = await createTrainer(model, FAMILY_DATA, { batch: 8 });
    assert.not.ok(uses(plan, 'halves') || plan.refresh);
    model.dispose();
  });
else {
  for (const [what, change] of CHANGES)
    test(`after ${what} a step reads the weights as they are`, async () => {
      const model = await createModel(device, SPEC, { seed: 1 });
      const trainer = await createTrainer(model, FAMILY_DATA, HALF);
      assert.ok(updates(trainer.plan, 'halves') && trainer.plan.refresh);
      await trainSteps(trainer, 2);
      await change(trainer);
      const snapshot = await trainer.snapshot();
      const fresh = await restoreTrainer(device, snapshot, FAMILY_DATA);
      try {
        for (const each of [trainer, fresh]) await trainSteps(each, 1);
        const [got, want] = [await trainer.model.parameters(), await fresh.model.parameters()];
        assert.not.ok(sameBits(want, snapshot.parameters), 'the step changes the weights');
        assert.ok(sameBits(got, want));
      } finally {
        model.dispose();
        fresh.model.dispose();
      }
    });
}

usesDevice(test);
test.run();
