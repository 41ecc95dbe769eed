// Dropout against f64, element by element: which are left out is told by the seed, the step, the layer and the element alone.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dropout } from '../../src/kernels/layers/dropout.js';
import { STREAM, uniformAt } from '../../src/random.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { progressOf, SEED, settingsOf } from '../support/kernels/step.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import { ULP } from '../support/limits/tolerance.js';
import { meaningOf } from '../support/oracle/interpret-op.js';

const STEP = 3;

async function run(x: Float32Array, probability: number, layer: number): Promise<Float32Array> {
  const bound = { x, settings: settingsOf(), progress: progressOf({ step: STEP, rows: 1 }), y: x.length };
  return (await runKernel(dropout, { count: x.length, probability, layer }, bound)).f32('y');
}

for (const count of [1, 3, 4, 255, 256, 257, 17 * 31, 128 * 256])
  for (const [probability, layer] of [
    [0, 0],
    [0.5, 1],
    [0.1, 2],
  ] as const)
    test(`dropout ${probability} of ${count}, layer ${layer}`, async () => {
      const x = uniforms(1, count);
      const want = meaningOf({ op: 'dropout', probability, layer }, [{ shape: [count], values: x }], {
        seed: SEED,
        step: STEP,
      });
      // The factor is a constant, rounded; a product.
      close(await run(x, probability, layer), want, (i) => 1.5 * ULP * Math.abs(want[i] ?? 0));
    });

test('a probability of 0 changes no bit', async () => {
  const x = uniforms(1, 500);
  assert.equal([...(await run(x, 0, 4))], [...x]);
});

test('as many are left out as the probability says', () => {
  const count = 40_000;
  const share = (probability: number) =>
    Array.from({ length: count }, (_, i) => uniformAt(1, STREAM.dropout, 0, i, 5)).filter((u) => u < probability)
      .length / count;
  // Four standard deviations of a binomial share.
  for (const p of [0.1, 0.5, 0.9])
    assert.ok(Math.abs(share(p) - p) < 4 * Math.sqrt((p * (1 - p)) / count), `${p}: ${share(p)}`);
});

test('every layer and every step has its own', async () => {
  const ones = new Float32Array(256).fill(1);
  const [one, other] = [await run(ones, 0.5, 1), await run(ones, 0.5, 2)];
  const same = one.filter((value, i) => value === other[i]).length;
  assert.ok(Math.abs(same - 128) < 4 * Math.sqrt(64), `${same} of 256 alike`);
  const bound = { x: ones, settings: settingsOf(), progress: progressOf({ step: STEP + 1, rows: 1 }), y: 256 };
  const later = (await runKernel(dropout, { count: 256, probability: 0.5, layer: 1 }, bound)).f32('y');
  assert.not.equal([...later], [...one]);
});

usesDevice(test);
test.run();
