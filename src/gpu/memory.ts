// The one owner of GPU memory: every buffer is made here, counted here, and destroyed here. Whoever makes several things on
// the GPU does so in a part of its own: what the device has against any of them is thrown by the part's `settled`, and if
// one fails, all go together.
import { ArgumentError, DeviceError } from '../errors.js';
import type { Device } from './device.js';
import { type Fault, faultError, scoped } from './faults.js';

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
  private readonly parts = new Set<Memory>();
  /** What the device has against what was made or done since the last `settled`. */
  private pending: Promise<DeviceError | undefined>[] = [];
  private disposed = false;

  constructor(
    private readonly device: Device,
    private readonly parent?: Memory,
  ) {}

  /** Memory that can be given back by itself; it goes with this one at the latest. @throws ArgumentError after dispose */
  part(): Memory {
    this.checkUsable('memory');
    const part = new Memory(this.device, this);
    this.parts.add(part);
    return part;
  }

  /** How many buffers exist now, those of the parts included. */
  get count(): number {
    return [...this.parts].reduce((sum, part) => sum + part.count, this.buffers.size);
  }

  /** Bytes of all buffers that exist now. */
  get bytes(): number {
    const own = [...this.buffers].reduce((sum, { size }) => sum + size, 0);
    return [...this.parts].reduce((sum, part) => sum + part.bytes, own);
  }

  /**
   * A zeroed buffer. Before it is used, `settled` must have been awaited: what the device has against it is told there.
   * @throws DeviceError if it exceeds what the device allocates or, for storage, binds
   */
  create({ label, bytes, usage, remedy }: BufferRequest): GPUBuffer {
    this.checkUsable(`buffer "${label}"`);
    const { adapter, gpu, limits } = this.device;
    const { maxBufferSize, maxStorageBufferBindingSize } = limits;
    const storage = (usage & GPUBufferUsage.STORAGE) !== 0;
    const [limit, name] =
      storage && maxStorageBufferBindingSize < maxBufferSize
        ? [maxStorageBufferBindingSize, 'maxStorageBufferBindingSize']
        : [maxBufferSize, 'maxBufferSize'];
    if (bytes > limit) {
      const [needed, allowed] = sizes(bytes, limit);
      throw new DeviceError(
        `buffer "${label}" needs ${needed}; ${adapter.name} allows ${allowed} (${name}). ${remedy}`,
      );
    }
    const { value: buffer, fault } = scoped(this.device, () => gpu.createBuffer({ label, size: bytes, usage }));
    this.expect(fault, (found) =>
      found.outOfMemory
        ? new DeviceError(
            `buffer "${label}" needs ${mebibytes(bytes)}, which ${adapter.name} does not have free. ${remedy}`,
          )
        : faultError(this.device, `buffer "${label}" of ${bytes} bytes`, found),
    );
    this.buffers.add(buffer);
    return buffer;
  }

  /**
   * Runs `work` at once; what the device has against it is told by `settled`.
   * @param what the thing that is made or done, for an error
   */
  watch<T>(what: string, work: () => T): T {
    this.checkUsable(what);
    const { value, fault } = scoped(this.device, work);
    this.expect(fault, (found) => faultError(this.device, what, found));
    return value;
  }

  private expect(fault: Promise<Fault | undefined>, told: (found: Fault) => DeviceError): void {
    this.pending.push(fault.then((found) => found && told(found)));
  }

  /**
   * Waits until the device has said of everything so far whether it is good.
   * @throws DeviceError naming the first thing that is not, once; ArgumentError if this was disposed meanwhile
   */
  async settled(): Promise<void> {
    const { pending } = this;
    this.pending = [];
    const failure = (await Promise.all(pending)).find((error) => error !== undefined);
    if (failure) throw failure;
    this.device.check();
    this.checkUsable('what is made');
  }

  private checkUsable(what: string): void {
    if (this.disposed)
      throw new ArgumentError(
        `${what} belongs to a model or trainer that was disposed; await what is under way before dispose()`,
      );
  }

  /** Only when the work that uses it has finished. */
  destroy(buffer: GPUBuffer): void {
    if (this.buffers.delete(buffer)) buffer.destroy();
  }

  /** Gives everything back, that of the parts too. Idempotent. */
  dispose(): void {
    this.disposed = true;
    for (const part of [...this.parts]) part.dispose();
    for (const buffer of [...this.buffers]) this.destroy(buffer);
    this.parent?.parts.delete(this);
  }
}
