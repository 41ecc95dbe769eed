// The heavier a VAE's KL term, the less its code tells; and a beta-VAE of beta 1 is the VAE.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { digits } from '../../src/data/digits.js';
import { betaVae, vae } from '../../src/model/presets.js';
import type { ModelSpec } from '../../src/model/spec.js';
import { usesDevice } from '../support/device.js';
import { rises, withTrained } from '../support/training/behaviour.js';
import { sameBits } from '../support/training/training.js';

const DATA = digits({ train: 2000, test: 500, seed: 1 });
const SIZES = { hidden: [128], latent: 16 };
const TRAINING = { batch: 64, steps: 120, lr: 2e-3 };
const BETAS = [0.5, 1, 4];

const train = (spec: ModelSpec) =>
  withTrained(spec, DATA, TRAINING, async ({ model, losses }) => ({ losses, parameters: await model.parameters() }));

type Run = Awaited<ReturnType<typeof train>>;
let runs: Promise<Run[]> | undefined;
/** One for each of BETAS. */
const betaRuns = () =>
  (runs ??= (async () => {
    const results: Run[] = [];
    for (const beta of BETAS) results.push(await train(betaVae({ ...SIZES, beta })));
    return results;
  })());

test('KL falls as beta grows', async () => {
  const kl = (await betaRuns()).map(({ losses }) => losses.kl ?? Number.NaN);
  // Measured: 19.9, 13.3 and 3.3 nats.
  assert.ok(rises(kl.toReversed()), `KL ${kl} for beta ${BETAS}`);
});

test('beta 1 is the VAE, bit for bit', async () => {
  const [half, one] = await betaRuns();
  if (!half || !one) throw new Error('two runs');
  const plain = await train(vae(SIZES));
  assert.equal(one.losses, plain.losses);
  assert.ok(sameBits(one.parameters, plain.parameters), 'parameters');
  assert.not(sameBits(half.parameters, plain.parameters), 'another beta leads elsewhere');
});

usesDevice(test);
test.run();
