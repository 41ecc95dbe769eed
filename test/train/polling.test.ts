// What Dawn itself asks setImmediate for goes through the engine's own way of waiting (src/node/polling.ts): if the binding
// changes how it asks, threads spin again, and only this says so.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openDevice } from '../../src/node/adapters.js';

test("while the GPU works, no look of Dawn's reaches Node's own setImmediate", async () => {
  const immediate = globalThis.setImmediate;
  const [native, own] = [new Set<unknown>(), new Set<unknown>()];
  const isNative = (task: unknown) => /\[native code\]/.test(Function.prototype.toString.call(task));
  globalThis.setImmediate = Object.assign((task: () => void) => {
    (isNative(task) ? native : own).add(task);
    return immediate(task);
  }, immediate);
  const device = await openDevice({ adapter: process.env.LATENTGPU_ADAPTER ?? 'auto' });
  const buffer = device.gpu.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  await buffer.mapAsync(GPUMapMode.READ);
  device.dispose();
  assert.is(native.size, 0);
  assert.ok(own.size > 0, 'nothing waited by setImmediate: this test sees nothing');
});

test.run();
