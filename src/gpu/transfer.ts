// Bytes from the GPU to the host.

import { ArgumentError, DeviceError } from '../errors.js';
import type { Device } from './device.js';
import { allOf, lossTold, messageOf, scoped } from './faults.js';
import type { Memory } from './memory.js';

export interface StagingRequest {
  /** What is read, for an error. */
  label: string;
  /** The most that is read at once. */
  bytes: number;
  /** What the user can do if it is too large. */
  remedy: string;
}

/** Where the bytes to read lie on the GPU. */
export interface Copied {
  buffer: GPUBuffer;
  offset?: number;
  bytes: number;
}

/** Waits for a copy, and gives `use` the bytes where they lie: they are gone when it returns. */
export type ReadCopy = <T>(use: (bytes: ArrayBuffer) => T) => Promise<T>;

/**
 * Staging buffers that are used over and over, for what is read again and again: one made for each time would cost the system as
 * much as the copy. They go with `memory`.
 */
export class Staging {
  private readonly free: GPUBuffer[];

  /** @param ready how many are made at once; others when they are needed */
  constructor(
    private readonly device: Device,
    private readonly memory: Memory,
    private readonly request: StagingRequest,
    ready = 0,
  ) {
    this.free = Array.from({ length: ready }, () => this.make());
  }

  /** Encodes a copy; what it gives is to be called after the submit, in the same task. */
  copy(encoder: GPUCommandEncoder, { buffer, offset = 0, bytes }: Copied): ReadCopy {
    const staging = this.free.pop() ?? this.make();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
    return (use) => this.read(staging, bytes, use);
  }

  private make(): GPUBuffer {
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    return this.memory.create({ ...this.request, label: `readback of ${this.request.label}`, usage });
  }

  private async read<T>(staging: GPUBuffer, bytes: number, use: (bytes: ArrayBuffer) => T): Promise<T> {
    try {
      // What the device has against the work before the copy, before what became of the copy.
      await allOf([this.memory.settled(), mapForReading(this.device, staging, bytes)]);
      const used = use(mappedBytes(this.device, staging, bytes));
      staging.unmap();
      this.free.push(staging);
      return used;
    } catch (error) {
      this.memory.destroy(staging);
      throw error;
    }
  }
}

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
    const staging = new Staging(device, own, { label: buffer.label, bytes, remedy: 'Ask for less at a time.' });
    const read = own.watch(`a copy of buffer "${buffer.label}"`, () => {
      const encoder = device.gpu.createCommandEncoder({ label: 'readback' });
      const copied = staging.copy(encoder, { buffer, offset, bytes });
      device.gpu.queue.submit([encoder.finish()]);
      return copied;
    });
    return await read((mapped) => mapped.slice(0));
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
