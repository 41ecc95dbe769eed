// Counting numbers that are not finite: every pattern of bits that is none, at every place of a lane's stride, and no others.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countNotFinite } from '../../src/kernels/not-finite.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { uniforms } from '../support/limits/numbers.js';

const LARGEST = 3.4028234663852886e38;

/** As bits: quiet and signalling NaN of both signs and of every payload's ends, both infinities. */
const NOT_FINITE = [0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff, 0x7f800000, 0xff800000];

async function count(values: Float32Array): Promise<number | undefined> {
  const results = await runKernel(countNotFinite, { count: values.length }, { values, count: 1 });
  return results.f32('count')[0];
}

for (const size of [1, 255, 256, 257, 1000])
  test(`${size} numbers: all finite, one that is not, none that is`, async () => {
    const values = uniforms(1, size, -1, 1);
    values.set([LARGEST, -LARGEST, 1e-45, -0].slice(0, size));
    assert.is(await count(values), 0);
    for (const at of new Set([0, size >> 1, size - 1])) {
      const other = values.slice();
      other[at] = Number.NaN;
      assert.is(await count(other), 1, `element ${at}`);
    }
    assert.is(await count(new Float32Array(size).fill(Number.NEGATIVE_INFINITY)), size);
  });

test('every kind of NaN and both infinities', async () => {
  for (const bits of NOT_FINITE) {
    const values = new Float32Array(10);
    new Uint32Array(values.buffer)[3] = bits;
    assert.is(await count(values), 1, bits.toString(16));
  }
});

usesDevice(test);
test.run();
