// The device under test: opened once a process, on the adapter that LATENTGPU_ADAPTER names (test/run.mjs sets it), and
// disposed when the last test file that uses it is through, or Node would never exit.
import type { Test } from 'uvu';
import type { Device } from '../../src/gpu/device.js';
import { openDevice } from '../../src/node/adapters.js';

export const device: Device = await openDevice({ adapter: process.env.LATENTGPU_ADAPTER || 'swiftshader' });

let users = 0;

/** To be called by each test file that needs the device, before test.run(). */
export function usesDevice(test: Test): void {
  users++;
  test.after(() => {
    users--;
    if (users === 0) device.dispose();
  });
}
