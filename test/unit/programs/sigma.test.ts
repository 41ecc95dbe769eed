// The line about a learned standard deviation.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sigmaText } from '../../../harness/lib/report/sigma.js';
import { vae } from '../../../src/model/presets.js';
import type { ModelSpec } from '../../../src/model/spec.js';

const spec = vae({ pixels: 2, hidden: [], latent: 1, loss: 'mse', variance: 'learned', output: 'identity' });
const scaledBy = (...scale: number[]): ModelSpec => ({
  ...spec,
  scaling: { kind: 'standard', offset: scale.map(() => 0), scale },
});
/** Of two numbers that are off by `share` sigma. */
const nll = (sigma: number, share: number) => share ** 2 + 2 * Math.log(sigma) + Math.log(2 * Math.PI);

for (const [what, given, units] of [
  ['plain numbers', spec, "0.0500 in the data's units (pixels: 0..1)"],
  ['pixels of -1..1', { ...spec, range: '-1..1' }, '0.0250 of pixels of 0..1'],
  ['one scale', scaledBy(4), "0.200 in the data's units"],
  ['the same scale for all', scaledBy(4, 4), "0.200 in the data's units"],
  [
    'a scale each',
    scaledBy(4, 2),
    "0.0500 of scaled numbers (standard), times each column's scale in the data's units",
  ],
] as [string, ModelSpec, string][])
  test(`${what}: the unit is told`, () => {
    const told = `the learned standard deviation of a number; those of the test set are off by 1.02 times that`;
    assert.is(sigmaText(given, 0.05, nll(0.05, 1.02)), `sigma     ${units}: ${told}`);
  });

test('errors far below sigma say that it has not settled', () => {
  assert.match(
    sigmaText(spec, 0.9, nll(0.9, 0.27)),
    / by 0\.27 times that; it is still falling: train longer, or with/,
  );
  assert.not.match(sigmaText(spec, 0.9, nll(0.9, 1.5)), /falling/);
});

test.run();
