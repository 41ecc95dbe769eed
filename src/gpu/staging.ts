// Staging buffers that are used over and over, for what is read again and again: one made for each time would cost the system
// as much as the copy.
import type { Device } from './device.js';
import { allOf } from './faults.js';
import type { Memory } from './memory.js';
import { mapForReading, mappedBytes } from './transfer.js';

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

/** They go with `memory`. */
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
