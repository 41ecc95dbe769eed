// The one owner of GPU memory: every buffer is made here, counted here, and destroyed here.
import { DeviceError } from '../errors.js';
import type { Device } from './device.js';

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Two sizes to compare: in MiB, or in bytes if in MiB they look the same. */
const sizes = (...bytes: [number, number]): string[] =>
  mebibytes(bytes[0]) === mebibytes(bytes[1]) ? bytes.map((b) => `${b} bytes`) : bytes.map(mebibytes);

export interface BufferRequest {
  /** What it is for, as an error should call it. */
  label: string;
  bytes: number;
  usage: GPUBufferUsageFlags;
  /** What the user can do if it is too large. */
  remedy: string;
}

export class Memory {
  private readonly buffers = new Set<GPUBuffer>();
  /** Bytes of all buffers that exist now. */
  bytes = 0;
  private allocated: Promise<unknown> = Promise.resolve();
  private failure = '';

  constructor(private readonly device: Device) {}

  /** How many buffers exist now. */
  get count(): number {
    return this.buffers.size;
  }

  /**
   * A zeroed buffer.
   * @throws DeviceError if it exceeds what the device allocates or, for storage, binds
   */
  create({ label, bytes, usage, remedy }: BufferRequest): GPUBuffer {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    const storage = (usage & GPUBufferUsage.STORAGE) !== 0;
    const [limit, name] =
      storage && maxStorageBufferBindingSize < maxBufferSize
        ? [maxStorageBufferBindingSize, 'maxStorageBufferBindingSize']
        : [maxBufferSize, 'maxBufferSize'];
    if (bytes > limit) {
      const [needed, allowed] = sizes(bytes, limit);
      throw new DeviceError(
        `buffer "${label}" needs ${needed}; ${this.device.adapter.name} allows ${allowed} (${name}). ${remedy}`,
      );
    }
    const { gpu, adapter } = this.device;
    gpu.pushErrorScope('out-of-memory');
    const buffer = gpu.createBuffer({ label, size: bytes, usage });
    this.allocated = gpu.popErrorScope().then((error) => {
      if (error)
        this.failure ||= `buffer "${label}" needs ${mebibytes(bytes)}, which ${adapter.name} does not have free. ${remedy}`;
    }, ignoreLoss);
    this.buffers.add(buffer);
    this.bytes += bytes;
    return buffer;
  }

  /**
   * Waits until the device has said of every buffer whether there is memory for it.
   * @throws DeviceError naming the first one for which there is none
   */
  async settled(): Promise<void> {
    await this.allocated;
    const failure = this.failure;
    this.failure = '';
    if (failure) throw new DeviceError(failure);
  }

  /** Only when the work that uses it has finished. */
  destroy(buffer: GPUBuffer): void {
    if (!this.buffers.delete(buffer)) return;
    this.bytes -= buffer.size;
    buffer.destroy();
  }

  dispose(): void {
    for (const buffer of [...this.buffers]) this.destroy(buffer);
  }
}

/** A lost device answers no scope; `device.check()` reports the loss. */
function ignoreLoss(): void {}
