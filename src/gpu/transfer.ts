// Bytes from the GPU to the host, outside the training loop.

import { ArgumentError, DeviceError } from '../errors.js';
import type { Device } from './device.js';
import { lossTold, messageOf, scoped } from './faults.js';
import type { Memory } from './memory.js';

/**
 * A copy of `bytes` bytes of `buffer` from `offset`; waits for the work submitted before. What is copied is submitted within
 * this task.
 */
export async function readBuffer(
  device: Device,
  memory: Memory,
  buffer: GPUBuffer,
  bytes: number,
  offset = 0,
): Promise<ArrayBuffer> {
  const own = memory.part();
  try {
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    const staging = own.create({
      label: `readback of ${buffer.label}`,
      bytes,
      usage,
      remedy: 'Ask for less at a time.',
    });
    own.watch(`a copy of buffer "${buffer.label}"`, () => {
      const encoder = device.gpu.createCommandEncoder({ label: 'readback' });
      encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
      device.gpu.queue.submit([encoder.finish()]);
    });
    await own.settled();
    await mapForReading(device, staging);
    return mappedBytes(device, staging).slice(0);
  } finally {
    own.dispose();
  }
}

/**
 * Maps a staging buffer.
 * @throws DeviceError if the device was lost or disposed, had an error, or does not map the buffer; ArgumentError if the
 *   buffer was destroyed meanwhile
 */
export async function mapForReading(device: Device, staging: GPUBuffer, bytes = staging.size): Promise<void> {
  const map = () => staging.mapAsync(GPUMapMode.READ, 0, bytes);
  const { value, fault } = scoped(device, map, ['validation']);
  const refused = await value.then(
    () => undefined,
    (error: unknown) => error ?? new Error(),
  );
  const found = await fault;
  if (refused) await lossTold(device);
  device.check();
  if (refused instanceof Error && refused.name === 'AbortError') throw givenBack(staging);
  if (refused || found)
    throw new DeviceError(
      `buffer "${staging.label}" cannot be read on ${device.adapter.name}: ${found?.text ?? messageOf(refused)}`,
      { cause: refused },
    );
}

/**
 * The first bytes of a staging buffer that was mapped, where they lie: they are gone when it is unmapped.
 * @throws DeviceError if the device was lost or disposed meanwhile; ArgumentError if the buffer was destroyed
 */
export function mappedBytes(device: Device, staging: GPUBuffer, bytes = staging.size): ArrayBuffer {
  device.check();
  try {
    return staging.getMappedRange(0, bytes);
  } catch {
    throw givenBack(staging);
  }
}

const givenBack = ({ label }: GPUBuffer) =>
  new ArgumentError(
    `buffer "${label}" was given back while it was being read; await what is under way before dispose()`,
  );
