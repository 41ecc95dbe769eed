// Bytes between host and GPU, outside the training loop.

import type { Device } from './device.js';
import type { Memory } from './memory.js';

/** A copy of `bytes` bytes of `buffer` from `offset`; waits for the work submitted before. */
export async function readBuffer(
  device: Device,
  memory: Memory,
  buffer: GPUBuffer,
  bytes: number,
  offset = 0,
): Promise<ArrayBuffer> {
  const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
  const staging = memory.create({ label: 'readback', bytes, usage, remedy: 'Ask for less at a time.' });
  try {
    const encoder = device.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
    device.gpu.queue.submit([encoder.finish()]);
    await mapForReading(device, staging);
    return staging.getMappedRange().slice(0);
  } finally {
    memory.destroy(staging);
  }
}

/** Maps a staging buffer; a lost device or an error on it is thrown as such rather than as a failed map. */
export async function mapForReading(device: Device, staging: GPUBuffer, bytes = staging.size): Promise<void> {
  try {
    await staging.mapAsync(GPUMapMode.READ, 0, bytes);
  } catch (error) {
    await Promise.resolve(); // device.lost settles right after
    device.check();
    throw error;
  }
  device.check();
}
