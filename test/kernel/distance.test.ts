// The distance from a wanted number and its gradient, element by element, against f64.
import { test } from 'uvu';
import { distance, distanceGradient } from '../../src/kernels/losses/distance.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';
import { ULP } from '../support/limits/tolerance.js';

const WANTED = 0.75;

for (const count of [1, 63, 64, 65, 1000])
  test(`distance of ${count} numbers`, async () => {
    const x = uniforms(1, count, -2, 3);
    x[0] = WANTED;
    const dy = uniforms(2, count);
    const shape = { count, wanted: WANTED };
    const want = Float64Array.from(x, (value) => Math.abs(value - WANTED));
    const forward = await runKernel(distance, shape, { x, y: count });
    close(forward.f32('y'), want, (i) => ULP * (want[i] ?? 0)); // one difference
    const back = await runKernel(distanceGradient, shape, { dy, x, dx: count });
    const slopes = Float64Array.from(x, (value, i) => (dy[i] ?? 0) * Math.sign(value - WANTED));
    close(back.f32('dx'), slopes, () => 0); // at the wanted number itself 0
  });

usesDevice(test);
test.run();
