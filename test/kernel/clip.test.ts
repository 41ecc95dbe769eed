// Clipping by the norm of all gradients: the sum of squares in two stages and the factor that follows, against f64, for
// norms below and above the limit and for numbers whose squares f32 cannot hold.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { clipParts, clipScale, scaledSquareSums, squareSums, unscale } from '../../src/kernels/clip.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { progressOf, settingsOf } from '../support/kernels/step.js';
import { uniforms } from '../support/limits/numbers.js';
import { DIVISION, SQRT, ULP } from '../support/limits/tolerance.js';
import { clipScale64 } from '../support/oracle/optimizer64.js';

const LANES = 128;

async function scaleOf(gradient: Float32Array, clipNorm: number) {
  const count = gradient.length;
  const parts = clipParts(count);
  const first = await runKernel(squareSums, { count }, { gradient, sums: 2 * parts });
  const bound = { sums: first.f32('sums').slice(), settings: settingsOf({ clipNorm }), clip: 1 };
  return { parts, scale: (await runKernel(clipScale, { parts }, bound)).f32('clip')[0] ?? Number.NaN };
}

/**
 * In ulps. A square has 1 (in y the scaling is exact) and meets at most these additions: 4 within its quad, those of its
 * lane, 7 in the workgroup's tree, and again 1 and 7 in the second stage; all are positive. The root halves that and has
 * its own; 1 for the addition of 1e-6, 0.5 each for it and the limit as f32, a division, and in y's branch two products.
 */
const limitUlps = (count: number, parts: number) =>
  (1 + 4 + Math.ceil(count / 4 / (LANES * parts)) + 7 + 1 + 7) / 2 + SQRT + 1 + 0.5 + 0.5 + DIVISION + 2;

async function check(gradient: Float32Array, clipNorm: number): Promise<number> {
  const { parts, scale } = await scaleOf(gradient, clipNorm);
  const want = clipScale64([gradient], clipNorm);
  const limit = limitUlps(gradient.length, parts) * ULP * want;
  assert.ok(Math.abs(scale - want) <= limit, `got ${scale}, want ${want}, limit ${limit}`);
  return scale;
}

const values = (count: number, size: number) => uniforms(7, count, -1, 1).map((value) => value * size);

// A workgroup strides over 4 x 128 numbers, the second stage over 128 workgroups.
for (const count of [4, 508, 512, 516, 4 * 128 * 128 - 4, 4 * 128 * 128 + 4, 512 * 785])
  for (const [title, clipNorm, changes] of [
    ['below', 1e6, false],
    ['above', 1e-2, true],
  ] as const)
    test(`${count} gradients with a norm ${title} the limit`, async () => {
      const scale = await check(values(count, 1), clipNorm);
      assert.is(scale < 1, changes);
      if (!changes) assert.is(scale, 1);
    });

test('at the limit itself, as in PyTorch, 1e-6 too much is added', async () => {
  const gradient = Float32Array.of(3e-3, 0, 0, 4e-3);
  const scale = await check(gradient, 5e-3);
  assert.ok(scale < 1 && scale > 0.9997);
});

// 2^49 and its square are where the second sum takes over; 1.8e19 is where a square overflows, 3e38 is the largest f32.
for (const size of [1e-30, 1e-20, 2 ** 48, 2 ** 49, 2 ** 50, 1e19, 2e19, 1e30, 3e38])
  for (const count of [4, 512 * 785])
    for (const clipNorm of [1e-3, 1, 1e30])
      test(`${count} gradients of size ${size}, clipped to ${clipNorm}`, async () => {
        // Results that f32 flushes to zero are told from wrong ones in the tests at other sizes.
        if (clipScale64([values(count, size)], clipNorm) > 2 ** -120) await check(values(count, size), clipNorm);
        else assert.ok((await scaleOf(values(count, size), clipNorm)).scale <= 2 ** -120);
      });

test('one gradient of 1e25 among small ones, and gradients that are all zero', async () => {
  const gradient = values(2048, 1);
  gradient[1033] = 1e25;
  await check(gradient, 1);
  assert.is(await check(new Float32Array(2048), 1), 1);
});

test('a reduction gives the same bits twice', async () => {
  const gradient = values(512 * 785, 1);
  assert.is((await scaleOf(gradient, 1)).scale, (await scaleOf(gradient, 1)).scale);
});

test('a count that is not a whole number of quads is refused', () => {
  assert.throws(() => squareSums.sizes?.({ count: 6 }), 'square_sums: 6 numbers, must be a multiple of 4');
});

/** What becomes of gradients that are `scale` times those of the loss. */
async function unscaled(gradient: Float32Array, scale: number, clipNorm?: number) {
  const count = gradient.length;
  const parts = clipParts(count);
  const progress = progressOf({ lossScale: scale });
  const first = await runKernel(scaledSquareSums, { count }, { gradient, progress, sums: 4 * parts });
  const sums = first.f32('sums').slice();
  const settings = settingsOf(clipNorm === undefined ? {} : { clipNorm });
  const shape = { parts, clip: clipNorm !== undefined };
  const results = await runKernel(unscale, shape, { sums, settings, progress, scaling: 2 });
  return { parts, factor: results.f32('scaling')[0] ?? Number.NaN, overflow: results.u32('scaling')[1] };
}

for (const scale of [2 ** -24, 1, 2 ** 16, 2 ** 24])
  for (const clipNorm of [undefined, 1e6, 1e-2])
    test(`a loss scale of ${scale} is undone, with a limit of ${clipNorm}`, async () => {
      const gradient = values(516, 1);
      const scaled = gradient.map((value) => value * scale);
      const { parts, factor, overflow } = await unscaled(scaled, scale, clipNorm);
      const want = (clipNorm === undefined ? 1 : clipScale64([gradient], clipNorm)) / scale;
      const limit = (limitUlps(gradient.length, parts) + DIVISION) * ULP * want;
      assert.ok(Math.abs(factor - want) <= limit, `got ${factor}, want ${want}, limit ${limit}`);
      assert.is(overflow, 0);
    });

for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
  for (const at of [0, 515, 4 * 128 * 128 + 2])
    test(`one gradient of ${bad} among many, at ${at}, is an overflow`, async () => {
      const gradient = values(4 * 128 * 128 + 4, 1);
      gradient[at] = bad;
      assert.is((await unscaled(gradient, 2 ** 16, 1)).overflow, 1);
    });

usesDevice(test);
test.run();
