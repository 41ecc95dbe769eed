// Devices that are lost at seeded random steps. Each round opens a device and compiles its kernels: LATENTGPU_LOSSES=100 does as
// many by hand.
import { test } from 'uvu';
import { loseDevices } from '../support/lost-runs.js';

const COUNT = Number(process.env.LATENTGPU_LOSSES ?? 25);

test(`${COUNT} losses: all recovered, bit for bit`, () => loseDevices(COUNT, 2));

test.run();
