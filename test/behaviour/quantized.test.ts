// A VQ-VAE goes on using its codebook: dead vectors are drawn anew, so that the perplexity stays a share of it, and images come back.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { digits } from '../../src/data/digits.js';
import { vqVae } from '../../src/model/presets.js';
import { createTrainer } from '../../src/train/trainer.js';
import { usesDevice } from '../support/device.js';
import { floatsOf, meanImageError, meanSquaredError, withModel } from '../support/training/behaviour.js';
import { trainSteps } from '../support/training/training.js';

const DATA = digits({ train: 2000, test: 500, seed: 1 });
const TEST = floatsOf(DATA.test);
/** What a code that tells nothing allows. */
const ERROR_LIMIT = meanImageError(floatsOf(DATA.train), TEST, 784);
const CODES = 64;
/** Of the codebook, as its perplexity; more than half of the places are blank and share few vectors. */
const SHARE = 0.2;

test(`the perplexity stays above ${SHARE} of the codebook, and images come back`, () =>
  withModel(vqVae({ channels: [8, 16], latent: 8, codes: CODES }), async (model) => {
    const trainer = await createTrainer(model, DATA, { batch: 32, lr: 3e-3, seed: 2 });
    try {
      const { perplexity: before = Number.NaN } = await trainer.evaluate();
      const reports = await trainSteps(trainer, 200);
      const { perplexity = Number.NaN } = reports.at(-1)?.test ?? {};
      const error = meanSquaredError(await model.reconstruct(TEST), TEST);
      const told = `perplexity ${before} before, ${perplexity} after; error ${error}, of the mean image ${ERROR_LIMIT}`;
      console.log(told);
      assert.ok(before < SHARE * CODES, told);
      assert.ok(perplexity > SHARE * CODES, told);
      assert.ok(error < ERROR_LIMIT / 2, told);
    } finally {
      trainer.dispose();
    }
  }));

usesDevice(test);
test.run();
