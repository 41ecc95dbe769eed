// Formulas of shaders/lib at the places where the plain way of writing them loses all digits.
import { test } from 'uvu';
import { type Kernel, linearGrid, WORKGROUP } from '../../src/kernels/kernel.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import { LOG_ONE_PLUS, sigmoidLimit, TINY, ULP } from '../support/limits/tolerance.js';
import source from './formulas.wgsl';

const formulas: Kernel<{ count: number }> = {
  name: 'formulas',
  sources: [source],
  bindings: { x: 'read', logs: 'write', directions: 'write', sigmoids: 'write' },
  constants: ({ count }) => ({ WORKGROUP, COUNT: count }),
  grid: ({ count }) => linearGrid(count),
  flops: () => 0,
};

/** A WGSL constant's nearest f32 neighbours count too: below 1, and below and above each eighth of a turn. */
const CORNERS = [1 / 8, 1 / 4, 3 / 8, 1 / 2, 5 / 8, 3 / 4, 7 / 8, 1].flatMap((x) => [x - 2 ** -24, x, x + 2 ** -23]);
const SMALL = [0, 2 ** -120, 1e-30, 2 ** -60, 2 ** -25, 2 ** -24, 2 ** -23, 1e-6, 1e-3];

async function valuesAt(numbers: readonly number[]) {
  const x = Float32Array.from([...numbers.filter((value) => value <= 1), ...uniforms(1, 500, 0, 1)]);
  const count = x.length;
  const results = await runKernel(formulas, { count }, { x, logs: count, directions: 2 * count, sigmoids: count });
  return { x, results };
}

test('log_one_plus from 0 to 1, and where 1 + v is 1 in f32', async () => {
  const { x, results } = await valuesAt([...SMALL, ...CORNERS]);
  const want = Float64Array.from(x, Math.log1p);
  // The first term of the series that is left out is counted in LOG_ONE_PLUS.
  close(
    results.f32('logs'),
    want,
    (i) => LOG_ONE_PLUS * ULP * (want[i] ?? 0) + TINY,
    (i) => `log(1 + ${x[i]})`,
  );
});

test('cos_sin_turns in each quarter and at its edges', async () => {
  const { x, results } = await valuesAt([...SMALL, ...CORNERS]);
  const want = Float64Array.from({ length: 2 * x.length }, (_, i) => {
    const angle = 2 * Math.PI * (x[Math.floor(i / 2)] ?? 0);
    return i % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
  });
  // 6 ulps of 1: see normalAndLimit in test/support/limits/tolerance.ts. WGSL's own cos and sin may be off by 2^-11.
  close(
    results.f32('directions'),
    want,
    () => 6 * ULP,
    (i) => `${i % 2 ? 'sin' : 'cos'} of ${x[Math.floor(i / 2)]} turns`,
  );
});

test('sigmoid near 0, and symmetric', async () => {
  const { x, results } = await valuesAt([...SMALL, -1e-3, -(2 ** -24), -1, -20, -87, -88, -100, -1e4, -1e38]);
  const want = Float64Array.from(x, (value) => 1 / (1 + Math.exp(-value)));
  close(
    results.f32('sigmoids'),
    want,
    (i) => sigmoidLimit(x[i] ?? 0),
    (i) => `sigmoid(${x[i]})`,
  );
});

usesDevice(test);
test.run();
