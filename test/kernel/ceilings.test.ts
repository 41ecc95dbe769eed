// The kernels that measure the device's limits do all the work that their times are divided by. Numbers are small integers
// and halves: exact in any order.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { copyBandwidth, dependent, fma, lanesOf, readBandwidth, writeBandwidth } from '../../src/kernels/ceilings.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';

const GROUPS = 2;
const LANES = lanesOf(GROUPS);

const numbers = (quads: number) => Float32Array.from({ length: 4 * quads }, (_, i) => i % 1009);

/** One lane alone, one quad a lane, a last round that is short. */
for (const quads of [1, LANES, 2 * LANES + 3]) {
  const shape = { groups: GROUPS, quads };
  test(`copy: all of ${quads} quads`, async () => {
    const source = numbers(quads);
    const results = await runKernel(copyBandwidth, shape, { source, target_buffer: 4 * quads });
    assert.equal(results.f32('target_buffer'), source);
  });

  test(`read: all of ${quads} quads`, async () => {
    const source = numbers(quads);
    const want = new Float32Array(LANES);
    for (const [i, value] of source.entries())
      want[Math.floor(i / 4) % LANES] = (want[Math.floor(i / 4) % LANES] ?? 0) + value;
    const results = await runKernel(readBandwidth, shape, { source, out: LANES });
    assert.equal(results.f32('out'), want);
  });

  test(`write: all of ${quads} quads`, async () => {
    const results = await runKernel(writeBandwidth, shape, { target_buffer: 4 * quads });
    assert.equal(
      results.f32('target_buffer'),
      Float32Array.from({ length: 4 * quads }, (_, i) => Math.floor(i / 4)),
    );
  });
}

test('multiply-add: eight chains of four, as often as asked', async () => {
  const [a, b] = [0.5, 0.5];
  const iterations = 2;
  const chain = (start: number) => {
    let c = start;
    for (let i = 0; i < 4 * iterations; i++) c = c * a + b;
    return c;
  };
  const want = Float32Array.from({ length: LANES }, (_, id) =>
    Array.from({ length: 8 }, (_, k) => chain(id + k)).reduce((sum, c) => sum + c, 0),
  );
  const factor = Float32Array.of(a, b, 0, 0);
  const results = await runKernel(fma, { groups: GROUPS, iterations }, { factor, out: LANES });
  assert.equal(results.f32('out'), want);
});

test('dependent: one more than what was there, and the rest as it was', async () => {
  const results = await runKernel(dependent, {}, { out: Float32Array.of(41, 7) });
  assert.equal(results.f32('out'), Float32Array.of(42, 7));
});

usesDevice(test);
test.run();
