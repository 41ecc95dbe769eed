// Losses on their way from the GPU's ring to the host: copied at the end of a submit, read when they have arrived.

import { TrainingError } from '../errors.js';
import type { Device } from '../gpu/device.js';
import type { Memory } from '../gpu/memory.js';
import { mapForReading } from '../gpu/transfer.js';
import { F32_BYTES } from '../kernels/kernel.js';
import { LOSS_TERMS } from '../kernels/loss.js';

/** Entries of the ring; one submit never runs over its end. */
export const METRICS_CAPACITY = 1024;
const ENTRY_BYTES = LOSS_TERMS.length * F32_BYTES;

/** Nats an image, each term unweighted; `loss` = bce + KL weight x kl, with the whole weight also while it is warming up. */
export interface Losses {
  loss: number;
  bce: number;
  kl: number;
}

/** A running mean over images, in f64. */
export class LossMean {
  private bce = 0;
  private kl = 0;
  private images = 0;

  constructor(private readonly klWeight: number) {}

  /** Adds sums over `images` images. */
  add(bce: number, kl: number, images: number): void {
    this.bce += bce;
    this.kl += kl;
    this.images += images;
  }

  get value(): Losses {
    const bce = this.bce / this.images;
    const kl = this.kl / this.images;
    return { loss: bce + this.klWeight * kl, bce, kl };
  }
}

/** How many steps from `step` on may go in one submit. */
export const stepsBeforeWrap = (step: number): number => METRICS_CAPACITY - (step % METRICS_CAPACITY);

/** The sums of some steps, on their way. */
export interface PendingMetrics {
  step: number;
  count: number;
  /** [count, terms] once the steps are done. */
  sums: Promise<Float32Array>;
}

/** One staging buffer for each submit in flight, used again when it has been read. */
export class MetricsReader {
  private readonly free: GPUBuffer[] = [];

  constructor(
    private readonly device: Device,
    private readonly memory: Memory,
    private readonly ring: GPUBuffer,
  ) {}

  /** Encodes the copy of steps `step .. step + count`; call `read` of the result after the submit. */
  copy(encoder: GPUCommandEncoder, step: number, count: number): { read: () => PendingMetrics } {
    const staging = this.free.pop() ?? this.staging();
    const bytes = count * ENTRY_BYTES;
    encoder.copyBufferToBuffer(this.ring, (step % METRICS_CAPACITY) * ENTRY_BYTES, staging, 0, bytes);
    return { read: () => ({ step, count, sums: this.read(staging, bytes) }) };
  }

  private staging(): GPUBuffer {
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    return this.memory.create({ label: 'metrics readback', bytes: METRICS_CAPACITY * ENTRY_BYTES, usage, remedy: '' });
  }

  private async read(staging: GPUBuffer, bytes: number): Promise<Float32Array> {
    await mapForReading(this.device, staging, bytes);
    const sums = new Float32Array(staging.getMappedRange(0, bytes).slice(0));
    staging.unmap();
    this.free.push(staging);
    return sums;
  }

  dispose(): void {
    for (const staging of this.free) this.memory.destroy(staging);
  }
}

/**
 * Visits each step's sums with the number of its images.
 * @throws TrainingError at the first step whose loss is not a finite number
 */
export async function eachStep(
  pending: PendingMetrics,
  rows: (step: number) => number,
  visit: (step: number, bce: number, kl: number, images: number) => void,
): Promise<void> {
  const sums = await pending.sums;
  for (let index = 0; index < pending.count; index++) {
    const step = pending.step + index;
    const [bce = Number.NaN, kl = Number.NaN] = sums.subarray(index * LOSS_TERMS.length);
    if (!Number.isFinite(bce) || !Number.isFinite(kl))
      throw new TrainingError(
        `the loss of step ${step + 1} is not a finite number (bce ${bce}, kl ${kl}): training has diverged. Use a smaller learning rate`,
      );
    visit(step, bce, kl, rows(step));
  }
}

/** When a run fails, the steps under way still use its buffers: before these are freed, this must be awaited. */
export async function settled(pending: PendingMetrics[]): Promise<void> {
  await Promise.allSettled(pending.map(({ sums }) => sums));
}
