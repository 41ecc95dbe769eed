// Adam against torch.optim.Adam's formula in f64, at step counts where the bias corrections are 0.1 and 0.001, where only
// the second still counts, and where both are 1: a correction that is frozen, or off by one step, shows.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { adam } from '../../src/kernels/adam.js';
import { close } from '../support/close.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernel-runner.js';
import { uniforms } from '../support/numbers.js';
import { progressOf, settingsOf } from '../support/step.js';
import { DIVISION, SQRT, TINY, ULP } from '../support/tolerance.js';

const [LEARNING_RATE, BETA1, BETA2, EPSILON] = [1e-3, 0.9, 0.999, 1e-8];
/** f64 to f32, of a constant. */
const CONSTANT = 0.5;
/**
 * 1 - beta^t = 1 - exp(-a), a = t |log beta|, in ulps. a has a constant and a product. Up to a = 1/2 an error of a arrives
 * whole, the series ends in a product (1), its bracket is a difference (1) of 1 and at most a/2 = 1/4 that is within 6 ulps
 * (a, a division, two products): 5 and what is left out, below 1. Beyond, exp(-a) <= 0.61 is within 3 + 2a ulps of at most
 * 0.61 / 0.39 of the result, which is largest at a = 1/2, and the difference is 1 more: 7.5, and 1 for a's own error.
 */
const CORRECTION = 9;

interface State {
  w: Float32Array;
  m: Float32Array;
  v: Float32Array;
}

/** torch.optim.Adam, single tensor: step `t` counts from 1. */
function reference({ w, m, v }: State, gradient: Float32Array, t: number) {
  const want = { w: new Float64Array(w), m: new Float64Array(m), v: new Float64Array(v) };
  const limit = { w: new Float64Array(w.length), m: new Float64Array(w.length), v: new Float64Array(w.length) };
  const correction1 = 1 - BETA1 ** t;
  const correction2 = 1 - BETA2 ** t;
  gradient.forEach((g, i) => {
    const [m0, v0] = [m[i] ?? 0, v[i] ?? 0];
    const m1 = BETA1 * m0 + (1 - BETA1) * g;
    const v1 = BETA2 * v0 + (1 - BETA2) * g * g;
    const denominator = Math.sqrt(v1) / Math.sqrt(correction2) + EPSILON;
    const update = ((LEARNING_RATE / correction1) * m1) / denominator;
    want.m[i] = m1;
    want.v[i] = v1;
    want.w[i] = (w[i] ?? 0) - update;
    // Two products with a constant each (g^2 one product more), and a sum; all of v is positive.
    const mLimit = (1 + CONSTANT) * ULP * (Math.abs(BETA1 * m0) + Math.abs((1 - BETA1) * g)) + ULP * Math.abs(m1);
    const vUlps = 2 + CONSTANT + 1;
    limit.m[i] = mLimit + TINY;
    limit.v[i] = vUlps * ULP * v1 + TINY;
    // A root halves the error of what is under it; then epsilon is added.
    const denominatorUlps = vUlps / 2 + SQRT + (CORRECTION / 2 + SQRT) + DIVISION + 1;
    const stepUlps = CONSTANT + CORRECTION + DIVISION;
    const updateLimit =
      (stepUlps + 1 + denominatorUlps + DIVISION) * ULP * Math.abs(update) +
      ((LEARNING_RATE / correction1) * mLimit) / denominator;
    limit.w[i] = updateLimit + ULP * Math.abs(want.w[i] ?? 0);
  });
  return { want, limit };
}

async function check(count: number, t: number): Promise<void> {
  const state = {
    w: uniforms(1, count, -0.05, 0.05),
    m: t === 1 ? new Float32Array(count) : uniforms(2, count, -0.01, 0.01),
    v: t === 1 ? new Float32Array(count) : uniforms(3, count, 0, 1e-4),
  };
  const gradient = uniforms(4, count, -0.1, 0.1);
  // Padding, and weights that the loss does not depend on: nothing may move.
  const still = [0, count - 1];
  for (const i of still) state.m[i] = state.v[i] = gradient[i] = 0;
  const bound = { gradient, settings: settingsOf(), progress: progressOf({ step: t - 1 }), ...state };
  const results = await runKernel(adam, { count }, bound);
  const { want, limit } = reference(state, gradient, t);
  for (const name of ['m', 'v', 'w'] as const)
    close(
      results.f32(name),
      want[name],
      (i) => limit[name][i] ?? 0,
      (i) => `${name}[${i}]`,
    );
  for (const i of still) assert.is(results.f32('w')[i], state.w[i]);
}

for (const t of [1, 2, 1000, 100_000]) test(`adam, step ${t}`, () => check(1028, t));
// A workgroup updates 4 x 256 numbers.
for (const count of [4, 1020, 1024, 17 * 31 * 4, 512 * 785]) test(`adam, ${count} numbers`, () => check(count, 3));

test('adam refuses a count that is not a whole number of quads', () => {
  assert.throws(() => adam.constants({ count: 6 }), 'adam: 6 numbers, must be a multiple of 4');
});

usesDevice(test);
test.run();
