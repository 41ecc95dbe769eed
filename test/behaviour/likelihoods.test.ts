// A VAE that learns its variance finds the noise of the data; one of counts knows more of them than their mean rates.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { vae } from '../../src/model/presets.js';
import { learnedSigma, type ModelSpec } from '../../src/model/spec.js';
import { normalAt, philox, seedKey, unit } from '../../src/random.js';
import { usesDevice } from '../support/device.js';
import { poissonNll } from '../support/oracle/interpret.js';
import { type Training, withTrained } from '../support/training/behaviour.js';

const NUMBERS = 16;
const CODE = 2;
const TRAINED = 2000;
const TESTED = 1000;
const SEED = 5;

const CODES = 90;
const LOADINGS = 91;
const NOISE = 92;

/** [TRAINED + TESTED, NUMBERS], on a plane of CODE dimensions. */
const signal = Float32Array.from({ length: (TRAINED + TESTED) * NUMBERS }, (_, at) => {
  const [row, column] = [Math.floor(at / NUMBERS), at % NUMBERS];
  let sum = 0;
  for (let code = 0; code < CODE; code++)
    sum += normalAt(SEED, CODES, 0, row * CODE + code) * normalAt(SEED, LOADINGS, 0, code * NUMBERS + column);
  return sum;
});

const datasetOf = (values: Float32Array) => ({
  name: 'made up',
  train: { shape: [TRAINED, NUMBERS], values: values.subarray(0, TRAINED * NUMBERS) },
  test: { shape: [TESTED, NUMBERS], values: values.subarray(TRAINED * NUMBERS) },
});

const STEPS = 6000;
const TRAINING: Training = { batch: 100, lr: 5e-3, schedule: { kind: 'cosine', steps: STEPS }, steps: STEPS };

const learned = (output: 'identity'): ModelSpec =>
  vae({ pixels: NUMBERS, hidden: [], latent: CODE, loss: 'mse', variance: 'learned', output });

// The errors of all numbers make up sigma, which is their root mean square once it has settled. A code of CODE dimensions has
// to do with the noise in so many directions only: there the error is between none and, if the code also carries the noise of
// the sample, twice that of the data. So sigma^2 lies between (NUMBERS - CODE) / NUMBERS and (NUMBERS + CODE) / NUMBERS of the
// noise's; that of the sample has a relative deviation of 1 / sqrt(2 n), of which four are allowed.
const SAMPLING = 4 / Math.sqrt(2 * TRAINED * NUMBERS);
const LEAST = Math.sqrt((NUMBERS - CODE) / NUMBERS) * (1 - SAMPLING);
const MOST = Math.sqrt((NUMBERS + CODE) / NUMBERS) * (1 + SAMPLING);

for (const noise of [0.1, 0.5])
  test(`a learned sigma is that of the noise, ${noise}`, async () => {
    const values = signal.map((value, at) => value + noise * normalAt(SEED, NOISE, 0, at));
    await withTrained(learned('identity'), datasetOf(values), TRAINING, async ({ model, losses }) => {
      const [logSigma = Number.NaN] = (await model.parameters()).get('log_sigma')?.values ?? [];
      const sigma = learnedSigma(logSigma);
      console.log(`noise ${noise}: sigma ${sigma.toFixed(4)}, test loss ${losses.loss.toFixed(2)} nats`);
      assert.ok(sigma > LEAST * noise && sigma < MOST * noise, `${sigma}, must be ${LEAST} to ${MOST} times ${noise}`);
    });
  });

/** A Poisson number of a rate below 50 or so, by adding up chances until the drawn one is reached. */
function countOf(rate: number, at: number): number {
  const [word] = philox([at, 0, 0, 93], seedKey(SEED));
  const drawn = unit(word ?? 0);
  let [count, chance] = [0, Math.exp(-rate)];
  for (let sum = chance; sum < drawn && count < 1000; sum += chance) chance *= rate / ++count;
  return count;
}

test('a VAE of counts tells them better than the mean rate of each number, and not better than the true rates', async () => {
  const logRates = signal.map((value) => 1 + Math.tanh(value));
  const counts = logRates.map((l, at) => countOf(Math.exp(l), at));
  const dataset = datasetOf(counts);
  const nll = (logRate: (at: number) => number) => {
    const rows = Array.from({ length: TESTED }, (_, row) => {
      let sum = 0;
      for (let at = row * NUMBERS; at < (row + 1) * NUMBERS; at++)
        sum += poissonNll(logRate(at), dataset.test.values[at] ?? 0);
      return sum;
    });
    const mean = rows.reduce((sum, value) => sum + value, 0) / TESTED;
    const variance = rows.reduce((sum, value) => sum + (value - mean) ** 2, 0) / TESTED;
    return { mean, deviation: Math.sqrt(variance / TESTED) };
  };
  const means = Float64Array.from({ length: NUMBERS }, (_, column) => {
    let sum = 0;
    for (let row = 0; row < TRAINED; row++) sum += dataset.train.values[row * NUMBERS + column] ?? 0;
    return sum / TRAINED;
  });
  const constant = nll((at) => Math.log(means[at % NUMBERS] ?? 0)).mean;
  const truth = nll((at) => logRates[TRAINED * NUMBERS + at] ?? 0);
  const spec = vae({ pixels: NUMBERS, hidden: [32], latent: CODE, loss: 'poisson' });
  await withTrained(spec, dataset, TRAINING, async ({ losses }) => {
    console.log(
      `nats a row: bound of the VAE ${losses.loss.toFixed(2)}, mean rates ${constant.toFixed(2)}, true rates ${truth.mean.toFixed(2)}`,
    );
    assert.ok(losses.loss < constant, `${losses.loss} nats, mean rates ${constant}`);
    // What rates are known costs nothing: no bound on -log p(x) is below their -log p(x | rates), but for the sample's sake.
    assert.ok(losses.loss > truth.mean - 4 * truth.deviation, `${losses.loss} nats, true rates ${truth.mean}`);
  });
});

usesDevice(test);
test.run();
