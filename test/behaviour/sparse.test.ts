// A sparse autoencoder's code is the nearer to zero the more its penalty asks for it, and still tells images apart.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { digits } from '../../src/data/digits.js';
import { type SparseOptions, sparse } from '../../src/model/presets.js';
import { usesDevice } from '../support/device.js';
import { floatsOf, meanImageError, meanSquaredError, rises, withTrained } from '../support/training/behaviour.js';

const DATA = digits({ train: 2000, test: 500, seed: 1 });
const TRAIN = floatsOf(DATA.train);
const TEST = floatsOf(DATA.test);
/** What a code that tells nothing allows. */
const ERROR_LIMIT = meanImageError(TRAIN, TEST, 784);
const SIZES = { hidden: [128], latent: 32, loss: 'mse' as const };
const TRAINING = { batch: 32, steps: 300, lr: 3e-3 };

interface Measured {
  /** Share of the test images' codes below 1% of the largest of them. */
  nearZero: number;
  /** Mean over images and dimensions. */
  activation: number;
  /** Mean square a pixel. */
  error: number;
}

const measure = (penalty: SparseOptions): Promise<Measured> =>
  withTrained({ ...sparse({ ...SIZES, ...penalty }), initialization: 'xavier' }, DATA, TRAINING, async ({ model }) => {
    const codes = (await model.encode(TEST)).mean;
    const largest = codes.reduce((most, z) => Math.max(most, z), 0);
    return {
      nearZero: codes.filter((z) => z < 0.01 * largest).length / codes.length,
      activation: codes.reduce((sum, z) => sum + z, 0) / codes.length,
      error: meanSquaredError(await model.decode(codes), TEST),
    };
  });

async function measureAll(penalties: readonly SparseOptions[]): Promise<Measured[]> {
  const results: Measured[] = [];
  for (const penalty of penalties) results.push(await measure(penalty));
  for (const { error } of results) assert.ok(error < ERROR_LIMIT, `error ${error}, of the mean image ${ERROR_LIMIT}`);
  return results;
}

const TARGETS = [0.3, 0.1, 0.03];
/** By ratio: 0.05 is nearer to 0.03 than to 0.1. */
const nearestTarget = (activation: number) =>
  TARGETS.toSorted((p, q) => Math.abs(Math.log(activation / p)) - Math.abs(Math.log(activation / q)))[0];

test('l1: the heavier, the more of the code is near zero', async () => {
  // Measured: near zero 0.50, 0.70, 0.84; error 0.018, 0.022, 0.031, where the limit is 0.058.
  const results = await measureAll([{ l1: 0.02 }, { l1: 0.1 }, { l1: 0.5 }]);
  const shares = results.map(({ nearZero }) => nearZero);
  assert.ok(rises(shares), `near zero: ${shares}`);
});

test('rho: the smaller, the more of the code is near zero, and the mean activation follows it', async () => {
  // Measured: near zero 0.01, 0.14, 0.33; mean activation 0.299, 0.110, 0.039, unasked 0.84; error 0.032, 0.032, 0.047.
  const results = await measureAll(TARGETS.map((rho) => ({ rho, sparsityWeight: 10 })));
  const shares = results.map(({ nearZero }) => nearZero);
  assert.ok(rises(shares), `near zero: ${shares}`);
  results.forEach(({ activation }, i) => {
    assert.is(nearestTarget(activation), TARGETS[i], `mean activation ${activation}`);
  });
  const { activation } = await measure({ rho: 0.03, sparsityWeight: 0 });
  assert.is.not(nearestTarget(activation), 0.03, `unasked, mean activation ${activation}`);
});

usesDevice(test);
test.run();
