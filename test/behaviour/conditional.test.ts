// A conditional VAE draws the digit that it is asked for. The judge is a classifier trained on the real images.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { digits } from '../../src/data/digits.js';
import { conditionalVae } from '../../src/model/presets.js';
import { usesDevice } from '../support/device.js';
import { uniforms } from '../support/limits/numbers.js';
import { agreement, trainClassifier } from '../support/oracle/classifier.js';
import { floatsOf, withTrained } from '../support/training/behaviour.js';

const DATA = digits({ train: 4000, test: 1000, seed: 1 });
const SPEC = conditionalVae({ hidden: [128], latent: 3 });
const TRAINING = { batch: 64, steps: 300, lr: 6e-3 };
const SAMPLES = 500;
/** Ten classes: an answer that knows nothing of the question is right as often. */
const CHANCE = 0.1;
/** Four standard deviations of a share of `SAMPLES` answers, each right with that chance. */
const CHANCE_LIMIT = 4 * Math.sqrt((CHANCE * (1 - CHANCE)) / SAMPLES);

const classify = trainClassifier(DATA.train, 8);
const asked = Uint8Array.from({ length: SAMPLES }, (_, i) => i % 10);

test('the classifier knows digits that it was not trained on', () => {
  const right = agreement(classify(floatsOf(DATA.test)), DATA.test.labels ?? []);
  // Measured: 0.965.
  assert.ok(right >= 0.95, `${right} right`);
});

test('samples are of the class that was asked for, and of no other labels', () =>
  withTrained(SPEC, DATA, TRAINING, async ({ model }) => {
    const answers = classify(await model.sample(SAMPLES, { seed: 3, labels: asked }));
    const right = agreement(answers, asked);
    const order = uniforms(4, SAMPLES);
    const shuffled = [...asked.keys()]
      .sort((i, j) => (order[i] as number) - (order[j] as number))
      .map((i) => asked[i] as number);
    const byChance = agreement(answers, shuffled);
    // Measured: 0.98 and 0.09.
    assert.ok(right >= 0.9, `${right} of the samples are what was asked for`);
    assert.ok(Math.abs(byChance - CHANCE) < CHANCE_LIMIT, `${byChance} agree with shuffled labels`);
  }));

usesDevice(test);
test.run();
