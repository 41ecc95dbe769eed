// The device under test: opened once a process, on the adapter that LATENTGPU_ADAPTER names (the runner sets it), or on Deno's
// own; disposed when the last test file that uses it is through, or Node would never exit.
import type { Test } from 'uvu';
import { type Device, openDevice as openOwn } from '../../src/gpu/device.js';
import { openDevice } from '../../src/node/adapters.js';

const { LATENTGPU_ADAPTER: adapter } = process.env;

/** Deno has a WebGPU of its own, as browsers do. */
const inDeno = 'Deno' in globalThis;

export const device: Device = inDeno ? await openOwn() : await openDevice({ adapter: adapter || 'swiftshader' });

let users = 0;

/** To be called by each test file that needs the device, before test.run(). */
export function usesDevice(test: Test): void {
  users++;
  test.after(() => {
    users--;
    if (users === 0) device.dispose();
  });
}
