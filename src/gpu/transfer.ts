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
    await lossTold(device);
    device.check();
    throw error;
  }
  device.check();
}

/** Dawn tells of a loss right after it fails the maps, Chromium some tasks later; a map may also fail for other reasons. */
const LOSS_TOLD_MS = 200;

async function lossTold({ gpu }: Device): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, LOSS_TOLD_MS);
  });
  await Promise.race([gpu.lost, late]);
  clearTimeout(timer);
}
