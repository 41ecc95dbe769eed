// The damage that a denoising autoencoder is shown: each kind against its host twin, in both ranges of pixels, and fresh
// each step.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CorruptionStream } from '../../src/graph/operations/ops.js';
import { corrupt } from '../../src/kernels/layers/corrupt.js';
import { corruptPixel } from '../../src/model/corrupt.js';
import { CORRUPTIONS, type CorruptionSpec, RANGES } from '../../src/model/spec.js';
import { STREAM } from '../../src/random.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { progressOf, SEED, settingsOf } from '../support/kernels/step.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import { normalAndLimit, ULP } from '../support/limits/tolerance.js';

const COUNTS = [1, 63, 64, 65, 17 * 31, 128 * 784];
const STEP = 12345;

async function damaged(
  x: Float32Array,
  corruption: CorruptionSpec,
  { range = '0..1' as (typeof RANGES)[number], stream = 'corruption' as CorruptionStream, step = STEP } = {},
): Promise<Float32Array> {
  const shape = { count: x.length, corruption, range, stream };
  const bound = { x, settings: settingsOf(), progress: progressOf({ step }), y: x.length };
  return (await runKernel(corrupt, shape, bound)).f32('y');
}

for (const kind of CORRUPTIONS)
  for (const range of RANGES)
    for (const count of COUNTS)
      test(`${kind}, pixels of ${range}, ${count}`, async () => {
        const corruption = { kind, amount: 0.3 };
        const [low, span] = range === '0..1' ? [0, 1] : [-1, 2];
        const grey = uniforms(1, count, 0, 1);
        const x = grey.map((value) => low + span * value);
        const noise = { seed: SEED, step: STEP, stream: STREAM.corruption };
        const want = Float64Array.from(x, (value, i) =>
          kind === 'gaussian'
            ? value + span * corruptPixel(0, i, corruption, noise)
            : // Undamaged pixels are what they were, bit for bit.
              low + span * corruptPixel((value - low) / span, i, corruption, noise),
        );
        // The noise's own error; amount in f32, two products, a sum.
        const limit = (i: number) => {
          const { eps, limit: own } = normalAndLimit(SEED, STREAM.corruption, STEP, i);
          return span * 0.3 * (own + 3 * ULP * Math.abs(eps)) + ULP * Math.abs(want[i] ?? 0);
        };
        const got = await damaged(x, corruption, { range });
        // (x - low) / span of an f32 and back is off by roundings of f64 only.
        close(got, want, kind === 'gaussian' ? limit : () => 1e-15);
      });

test('shares: 0.3 of the pixels are masked; 0.15 are black and 0.15 white', async () => {
  const count = 128 * 784;
  const grey = new Float32Array(count).fill(0.5);
  const share = (values: Float32Array, wanted: number) => values.filter((value) => value === wanted).length / count;
  // Five standard deviations of a binomial share.
  const near = (got: number, p: number) =>
    assert.ok(Math.abs(got - p) < 5 * Math.sqrt((p * (1 - p)) / count), `${got}, want ${p}`);
  const masked = await damaged(grey, { kind: 'mask', amount: 0.3 });
  near(share(masked, 0), 0.3);
  near(share(masked, 0.5), 0.7);
  const salted = await damaged(grey, { kind: 'saltpepper', amount: 0.3 });
  near(share(salted, 0), 0.15);
  near(share(salted, 1), 0.15);
  near(share(salted, 0.5), 0.7);
});

test('fresh each step, and evaluation has noise of its own', async () => {
  const grey = new Float32Array(640).fill(0.5);
  const corruption: CorruptionSpec = { kind: 'gaussian', amount: 0.3 };
  const first = await damaged(grey, corruption);
  assert.equal(await damaged(grey, corruption), first, 'the same for the same step');
  for (const other of [{ step: STEP + 1 }, { stream: 'evaluationCorruption' as const }])
    assert.ok(
      (await damaged(grey, corruption, other)).every((value, i) => value !== first[i]),
      JSON.stringify(other),
    );
});

usesDevice(test);
test.run();
