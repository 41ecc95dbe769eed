// The owner of GPU memory: what it counts, and what it says when the device has no memory left.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DeviceError } from '../../src/errors.js';
import type { Device } from '../../src/gpu/device.js';
import { Memory } from '../../src/gpu/memory.js';
import { device, usesDevice } from '../support/device.js';

const request = (label: string, bytes = 1024) => ({
  label,
  bytes,
  usage: GPUBufferUsage.STORAGE,
  remedy: 'Use less.',
});

/** The same device, which runs out of memory at the `nth` allocation. */
function runningOut(nth: number): Device {
  let buffers = 0;
  const filters: GPUErrorFilter[] = [];
  const gpu = {
    pushErrorScope: (filter: GPUErrorFilter) => filters.push(filter),
    popErrorScope: async () =>
      filters.pop() === 'out-of-memory' && buffers === nth ? new GPUOutOfMemoryError('planted') : null,
    createBuffer: (descriptor: GPUBufferDescriptor) => {
      buffers++;
      return device.gpu.createBuffer(descriptor);
    },
  };
  return { ...device, gpu: gpu as unknown as GPUDevice };
}

test('counts what exists', async () => {
  const memory = new Memory(device);
  const first = memory.create(request('first'));
  memory.create(request('second', 2048));
  await memory.settled();
  assert.equal([memory.count, memory.bytes], [2, 3072]);
  memory.destroy(first);
  memory.destroy(first); // once more changes nothing
  assert.equal([memory.count, memory.bytes], [1, 2048]);
  memory.dispose();
  assert.equal([memory.count, memory.bytes], [0, 0]);
});

test('a device without free memory: the error names the buffer, its size, the adapter and the remedy, once', async () => {
  const memory = new Memory(runningOut(2));
  for (const label of ['first', 'second', 'third']) memory.create(request(label, 3 * 2 ** 20));
  const error = await memory.settled().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.instance(error, DeviceError);
  assert.is(
    (error as Error).message,
    `buffer "second" needs 3.0 MiB, which ${device.adapter.name} does not have free. Use less.`,
  );
  await memory.settled();
  memory.dispose();
  device.check();
});

test('a buffer above the limit is refused before it is made', () => {
  const memory = new Memory({
    ...device,
    limits: { maxBufferSize: 4096, maxStorageBufferBindingSize: 2048 } as GPUSupportedLimits,
  });
  assert.throws(
    () => memory.create(request('large', 2049)),
    (error: Error) =>
      error instanceof DeviceError &&
      error.message ===
        `buffer "large" needs 2049 bytes; ${device.adapter.name} allows 2048 bytes (maxStorageBufferBindingSize). Use less.`,
  );
  assert.is(memory.count, 0);
});

usesDevice(test);
test.run();
