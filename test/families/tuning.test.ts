// The tuner on convolutions, whose operands and results are not of the sizes of a product; the rest of it: test/train/tune-matmuls.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ModelSpec } from '../../src/model/spec.js';
import { tuneMatmuls } from '../../src/profile/tune-matmuls.js';
import { createModel } from '../../src/train/model.js';
import { createTrainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { CONVOLUTIONAL } from '../support/models/convolution-models.js';
import { FAMILY_DATA } from '../support/models/family.js';
import { trainSteps } from '../support/training/training.js';

const BATCH = 8;

for (const name of ['conv-vae', 'grouped and dilated'])
  test(`${name}: products are timed on what they read and write, and what is chosen trains`, async () => {
    const spec = CONVOLUTIONAL[name] as ModelSpec;
    const { choices, refused, variants } = await tuneMatmuls(device, spec, { batch: BATCH, budgetMs: 30_000 });
    assert.equal(refused, []);
    for (const result of ['y', 'x', 'weight'])
      assert.ok(
        choices.some(({ shape }) => shape.includes(` ${result} of `)),
        result,
      );
    const model = await createModel(device, spec, { variants });
    try {
      await trainSteps(await createTrainer(model, FAMILY_DATA, { batch: BATCH }), 2);
      for (const { shape, variant } of choices) assert.is(model.variants[shape], variant);
    } finally {
      model.dispose();
    }
  });

usesDevice(test);
test.run();
