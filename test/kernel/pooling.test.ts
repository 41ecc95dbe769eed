// Pooling and upsampling of feature maps against f64, there and back: windows that overlap, touch and leave gaps, padding, equal
// numbers and NaN, and maps of one row or one number.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PoolWindow, Upsampling } from '../../src/graph/operations/map-operations.js';
import { pooledSize } from '../../src/graph/operations/pooling.js';
import {
  avgPool2d,
  avgPool2dGradient,
  maxPool2d,
  maxPool2dGradient,
  upsample,
  upsampleGradient,
} from '../../src/kernels/layers/pooling.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import { DIVISION, TINY, ULP } from '../support/limits/tolerance.js';
import { meaningOf } from '../support/oracle/interpret-op.js';

const WINDOWS: { examples: number; channels: number; window: PoolWindow }[] = [
  { examples: 1, channels: 1, window: { height: 1, width: 1, kernel: 1, stride: 1, padding: 0 } },
  { examples: 2, channels: 3, window: { height: 6, width: 4, kernel: 2, stride: 2, padding: 0 } },
  { examples: 2, channels: 3, window: { height: 7, width: 5, kernel: 2, stride: 2, padding: 0 } },
  { examples: 1, channels: 5, window: { height: 7, width: 9, kernel: 3, stride: 2, padding: 1 } },
  { examples: 3, channels: 2, window: { height: 5, width: 5, kernel: 3, stride: 1, padding: 1 } },
  { examples: 2, channels: 1, window: { height: 8, width: 9, kernel: 2, stride: 3, padding: 1 } },
  { examples: 1, channels: 2, window: { height: 1, width: 11, kernel: 4, stride: 3, padding: 2 } },
  { examples: 4, channels: 16, window: { height: 28, width: 28, kernel: 2, stride: 2, padding: 0 } },
];

const SCALES: { examples: number; channels: number; scale: Upsampling }[] = (['nearest', 'bilinear'] as const).flatMap(
  (mode) => [
    { examples: 1, channels: 1, scale: { mode, height: 1, width: 1, factor: 3 } },
    { examples: 2, channels: 3, scale: { mode, height: 4, width: 5, factor: 1 } },
    { examples: 3, channels: 2, scale: { mode, height: 3, width: 7, factor: 2 } },
    { examples: 1, channels: 5, scale: { mode, height: 5, width: 2, factor: 3 } },
    { examples: 1, channels: 1, scale: { mode, height: 2, width: 3, factor: 4 } },
    { examples: 2, channels: 16, scale: { mode, height: 14, width: 14, factor: 2 } },
  ],
);

const absolute = (values: Float32Array) => values.map(Math.abs);

for (const { examples, channels, window } of WINDOWS) {
  const { height, width, kernel, stride, padding } = window;
  const out = pooledSize(window, 'test');
  const shape = { examples, channels, window, out };
  const [inputs, outputs] = [
    [examples * height * width, channels],
    [examples * out.height * out.width, channels],
  ] as const;
  const name = `${examples} x ${height}x${width}x${channels}, kernel ${kernel}, stride ${stride}, padding ${padding}`;
  const count = (of: readonly [number, number]) => of[0] * of[1];
  // Few different numbers: in most windows several are the largest.
  const few = uniforms(1, count(inputs)).map((value) => Math.round(2 * value));
  const x = uniforms(2, count(inputs));
  const dy = uniforms(3, count(outputs));

  for (const [what, values] of [
    ['', x],
    [', equal numbers', few],
    [', all below zero', x.map((value) => value - 2)],
  ] as const) {
    test(`max_pool2d ${name}${what}`, async () => {
      const got = (await runKernel(maxPool2d, shape, { x: values, y: dy.length })).f32('y');
      close(got, meaningOf({ op: 'max_pool2d', window }, [{ shape: inputs, values }]), () => 0);
    });

    test(`max_pool2d_gradient ${name}${what}: the first of the largest`, async () => {
      const got = (await runKernel(maxPool2dGradient, shape, { dy, x: values, dx: x.length })).f32('dx');
      const meaning = (of: Float32Array) =>
        meaningOf({ op: 'max_pool2d_gradient', window }, [
          { shape: outputs, values: of },
          { shape: inputs, values },
        ]);
      const sums = meaning(absolute(dy));
      close(got, meaning(dy), (i) => kernel ** 2 * ULP * (sums[i] ?? 0)); // as many windows at most
    });
  }

  test(`avg_pool2d ${name}`, async () => {
    const got = (await runKernel(avgPool2d, shape, { x, y: dy.length })).f32('y');
    const meaning = (values: Float32Array) => meaningOf({ op: 'avg_pool2d', window }, [{ shape: inputs, values }]);
    const sums = meaning(absolute(x));
    close(got, meaning(x), (i) => (kernel ** 2 + DIVISION) * ULP * (sums[i] ?? 0) + TINY);
  });

  test(`avg_pool2d_gradient ${name}`, async () => {
    const got = (await runKernel(avgPool2dGradient, shape, { dy, dx: x.length })).f32('dx');
    const meaning = (values: Float32Array) =>
      meaningOf({ op: 'avg_pool2d_gradient', window }, [{ shape: outputs, values }]);
    const sums = meaning(absolute(dy));
    close(got, meaning(dy), (i) => (kernel ** 2 + DIVISION) * ULP * (sums[i] ?? 0) + TINY);
  });
}

test('max_pool2d: a NaN is seen, wherever it stands in its window', async () => {
  const window = { height: 2, width: 8, kernel: 2, stride: 2, padding: 0 };
  const x = new Float32Array(16).fill(1);
  for (const place of [0, 3, 12]) x[place] = Number.NaN; // of the windows 0, 1 and 2
  const shape = { examples: 1, channels: 1, window, out: { height: 1, width: 4 } };
  const y = (await runKernel(maxPool2d, shape, { x, y: 4 })).f32('y');
  assert.equal([...y], [Number.NaN, Number.NaN, Number.NaN, 1]);
  const dx = (await runKernel(maxPool2dGradient, shape, { dy: Float32Array.of(1, 2, 3, 4), x, dx: 16 })).f32('dx');
  assert.equal([dx[0], dx[3], dx[12], dx[6]], [1, 2, 3, 4]);
});

for (const { examples, channels, scale } of SCALES) {
  const { height, width, factor, mode } = scale;
  const shape = { examples, channels, scale };
  const [inputs, outputs] = [
    [examples * height * width, channels],
    [examples * factor ** 2 * height * width, channels],
  ] as const;
  const name = `${mode} ${examples} x ${height}x${width}x${channels}, factor ${factor}`;
  const x = uniforms(1, inputs[0] * channels);
  const dy = uniforms(2, outputs[0] * channels);
  // A share is off by its division and, taken from 1, by a rounding of 1; two shares an axis. No x and no dy is above 1.
  const SHARE = (1 + DIVISION) * ULP;
  const exact = mode === 'nearest';

  test(`upsample ${name}`, async () => {
    const got = (await runKernel(upsample, shape, { x, y: dy.length })).f32('y');
    const meaning = (values: Float32Array) => meaningOf({ op: 'upsample', scale }, [{ shape: inputs, values }]);
    // Of each axis, a product and a sum.
    close(got, meaning(x), () => (exact ? 0 : 4 * SHARE + 4 * ULP));
  });

  test(`upsample_gradient ${name}`, async () => {
    const got = (await runKernel(upsampleGradient, shape, { dy, dx: x.length })).f32('dx');
    const meaning = (values: Float32Array) =>
      meaningOf({ op: 'upsample_gradient', scale }, [{ shape: outputs, values }]);
    const sums = meaning(absolute(dy));
    const terms = exact ? factor ** 2 : (2 * factor) ** 2;
    // Each term has two shares, their product and that with dy; and they are added up.
    const weights = exact ? 0 : 2 * SHARE + 2 * ULP;
    close(got, meaning(dy), (i) => terms * (weights + ULP * (sums[i] ?? 0)));
  });
}

usesDevice(test);
test.run();
