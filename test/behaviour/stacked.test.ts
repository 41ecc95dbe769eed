// Pretraining layer by layer starts the deep autoencoder 784-1000-500-250-30 of sigmoid layers, the real one, where it can
// learn. From random parameters it stays long at the mean image (about 191 nats here): gradients fade on their way down.
// Hinton & Salakhutdinov 2006.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { digits } from '../../src/data/digits.js';
import { stacked } from '../../src/model/presets.js';
import { pretrain } from '../../src/train/pretrain.js';
import { usesDevice } from '../support/device.js';
import { trainFurther, withModel, withTrained } from '../support/training/behaviour.js';

const DATA = digits({ train: 1024, test: 256, seed: 1 });
const SPEC = stacked();
const OPTIONS = { batch: 32, lr: 1e-3 };
const LAYERS = 4;
/** Pretraining and fine-tuning together, and random initialisation alone. A step of a layer is cheaper than one of the whole. */
const STEPS = 320;
const LAYER_STEPS = 30;

test('at an equal number of steps, pretraining and fine-tuning end below random initialisation', async () => {
  const random = await withTrained(SPEC, DATA, { ...OPTIONS, steps: STEPS }, async ({ losses }) => losses.loss);
  const pretrained = await withModel(SPEC, async (model) => {
    let steps = 0;
    for await (const { step } of pretrain(model, DATA, { ...OPTIONS, steps: LAYER_STEPS, seed: 2 })) steps += step;
    assert.is(steps, LAYERS * LAYER_STEPS);
    return (await trainFurther(model, DATA, { ...OPTIONS, steps: STEPS - steps })).loss;
  });
  // Measured: 174.0 and 181.2 nats.
  assert.ok(pretrained < random, `${pretrained} nats pretrained, ${random} from random parameters`);
});

usesDevice(test);
test.run();
