// Bytes that lie in several buffers and are read and written as one: no binding may exceed what a device binds, and Dawn
// makes dispatches that write one buffer wait for each other, wherever in it they write.

import type { Device } from './device.js';
import { allOf } from './faults.js';
import type { Memory } from './memory.js';
import { readBuffer } from './transfer.js';

/** Bytes `offset .. offset + bytes` of the whole. */
export interface Segment {
  name: string;
  offset: number;
  bytes: number;
}

export class SplitBuffer {
  /** Another one after each change: `write` sees to it for the host, whoever submits a program that changes it for the GPU. */
  version = 0;

  private constructor(
    readonly segments: readonly Segment[],
    /** One a segment. */
    readonly buffers: readonly GPUBuffer[],
  ) {}

  /** Allocates; whoever calls it waits for `memory.settled()`. */
  static create(
    memory: Memory,
    segments: readonly Segment[],
    options: { label: string; usage: GPUBufferUsageFlags; remedy: string },
  ): SplitBuffer {
    const buffers = segments.map(({ name, bytes }) =>
      memory.create({ ...options, label: `${options.label} of ${name}`, bytes }),
    );
    return new SplitBuffer(segments, buffers);
  }

  get bytes(): number {
    const last = this.segments.at(-1);
    return last ? last.offset + last.bytes : 0;
  }

  /** A copy of all bytes, after the work submitted before. All is submitted within this task. */
  async read(device: Device, memory: Memory): Promise<ArrayBuffer> {
    const parts = await allOf(
      this.buffers.map((buffer, index) => readBuffer(device, memory, buffer, this.segments[index]?.bytes ?? 0)),
    );
    const whole = new Uint8Array(this.bytes);
    parts.forEach((part, index) => {
      whole.set(new Uint8Array(part), this.segments[index]?.offset);
    });
    return whole.buffer;
  }

  /** @param values as many bytes as the whole has */
  write(queue: GPUQueue, values: ArrayBuffer | Float32Array<ArrayBuffer>): void {
    this.version++;
    const bytes =
      values instanceof ArrayBuffer ? new Uint8Array(values) : new Uint8Array(values.buffer, values.byteOffset);
    this.segments.forEach(({ offset, bytes: size }, index) => {
      const buffer = this.buffers[index];
      if (buffer) queue.writeBuffer(buffer, 0, bytes, offset, size);
    });
  }
}
