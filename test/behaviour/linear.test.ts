// A linear autoencoder finds the subspace of the principal components: its error is the smallest that a code of its size
// allows, and its decoder spans what the covariance's first eigenvectors span.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { digits } from '../../src/data/digits.js';
import { linear } from '../../src/model/presets.js';
import type { ModelSpec } from '../../src/model/spec.js';
import type { Model } from '../../src/train/model.js';
import { usesDevice } from '../support/device.js';
import {
  covariance,
  dot,
  type Eigenpair,
  largestEigenpairs,
  largestPrincipalAngle,
  orthonormal,
} from '../support/oracle/eigen.js';
import { floatsOf, meanSquaredError, type Training, withModel, withTrained } from '../support/training/behaviour.js';

const PIXELS = 784;
const LATENT = 6;
const DATA = digits({ train: 1000, test: 10, seed: 1 });
const IMAGES = floatsOf(DATA.train);
/** PyTorch's parameters are large for a layer of so few inputs; the descent from there takes several times as long. */
const SPEC: ModelSpec = { ...linear({ latent: LATENT }), initialization: 'xavier' };
const STEPS = 1000;
const TRAINING: Training = {
  batch: 250,
  lr: 3e-3,
  optimizer: { kind: 'sgd', momentum: 0.9 },
  schedule: { kind: 'cosine', steps: STEPS },
  steps: STEPS,
};

const matrix = covariance(IMAGES, PIXELS);
const components = largestEigenpairs(matrix, LATENT + 1);
const trace = Array.from({ length: PIXELS }, (_, i) => matrix.values[i * PIXELS + i] as number).reduce((a, b) => a + b);
/** The smallest mean square error a pixel with a code of `latent`: what is left of the variance (Eckart & Young 1936). */
const optimum = (latent: number) =>
  (trace - components.slice(0, latent).reduce((sum, { value }) => sum + value, 0)) / PIXELS;

/** Columns of the decoder's weight [pixels, latent]. */
async function decoderBasis(model: Model): Promise<Float64Array[]> {
  const { values } = (await model.parameters()).get('decoder.0.weight') ?? { values: new Float32Array() };
  return orthonormal(
    Array.from({ length: LATENT }, (_, j) =>
      Float64Array.from({ length: PIXELS }, (_, i) => values[i * LATENT + j] ?? 0),
    ),
  );
}

/** How far from the optimum: the error's excess as a share of it, and the subspaces' angle in degrees. */
async function distance(model: Model): Promise<{ excess: number; angle: number }> {
  const error = meanSquaredError(await model.reconstruct(IMAGES), IMAGES);
  const wanted = components.slice(0, LATENT).map(({ vector }) => vector);
  return { excess: error / optimum(LATENT) - 1, angle: largestPrincipalAngle(await decoderBasis(model), wanted) };
}

test('the oracle finds the known eigenvectors of the second difference', () => {
  const size = 40;
  const values = Float64Array.from({ length: size * size }, (_, at) => {
    const away = Math.abs((at % size) - Math.floor(at / size));
    return away === 0 ? 2 : away === 1 ? -1 : 0;
  });
  largestEigenpairs({ size, values }, 3).forEach(({ value, vector }, i) => {
    const step = ((size - i) * Math.PI) / (size + 1);
    assert.ok(Math.abs(value - (2 - 2 * Math.cos(step))) < 1e-9);
    const exact = vector.map((_, at) => Math.sin((at + 1) * step) * Math.sqrt(2 / (size + 1)));
    assert.ok(Math.abs(Math.abs(dot(vector, exact)) - 1) < 1e-9);
  });
});

test('the subspace is one: the variances at its border differ', () => {
  const [inside, outside] = components.slice(LATENT - 1) as [Eigenpair, Eigenpair];
  assert.ok(outside.value < 0.9 * inside.value);
});

test('an untrained linear autoencoder, or one with a code smaller by one, does not pass', () =>
  withModel(SPEC, async (model) => {
    const { excess, angle } = await distance(model);
    assert.ok(excess > 0.02 && angle > 5);
    assert.ok(optimum(LATENT - 1) / optimum(LATENT) - 1 > 0.02);
  }));

test('a linear autoencoder reconstructs as well as the principal components, and spans them', () =>
  withTrained(SPEC, DATA, TRAINING, async ({ model }) => {
    const { excess, angle } = await distance(model);
    // Measured: 0.0008 and 2.0 degrees.
    // Nothing is better than the optimum: it would be no optimum. Rounding of the model's f32 is far smaller.
    assert.ok(excess > -1e-5, `the error is ${-excess} of the optimum below it`);
    assert.ok(excess < 0.02, `the error is ${excess} of the optimum above it`);
    assert.ok(angle < 5, `the subspaces are ${angle} degrees apart`);
  }));

usesDevice(test);
test.run();
