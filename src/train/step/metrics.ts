// Losses on their way from the GPU's ring to the host: copied at the end of a submit, read when they have arrived.

import type { TrainingError } from '../../errors.js';
import type { Device } from '../../gpu/device.js';
import type { Memory } from '../../gpu/memory.js';
import { Staging } from '../../gpu/transfer.js';
import { F32_BYTES } from '../../kernels/kernel.js';
import type { LossTerm } from '../../model/spec.js';
import type { PlannedLoss } from '../../plan/plan.js';
import { metricsColumns } from '../../plan/tensors.js';

/** Entries of the ring; one submit never runs over its end. */
export const METRICS_CAPACITY = 1024;

/**
 * Means over images. `loss` is the sum of the model's terms with their full weights; while the KL term warms up
 * (`klWarmup`), what is minimised weighs it less. The terms themselves, those that the model has, are unweighted: bce, kl
 * and sparsity in nats (of kl what counts: with free bits or a capacity not the divergence itself; with several samples log q(z|x) -
 * log p(z), and importance beside it, LossTerm of model/spec.ts), mse the squared error summed over pixels, l1 the sum of |z|,
 * commitment the squared distance summed over the code; perplexity is how many vectors of the codebook a batch uses, its mean over
 * batches.
 */
export type Losses = {
  /** The weighted sum of the terms. */
  loss: number;
} & { [Term in LossTerm]?: number };

/** What a mean over images is made of: each term's sum, in the plan's order. */
export interface LossSums {
  /** [terms], unweighted. */
  sums: number[];
  /** How many they are sums over. */
  images: number;
}

/** A running mean over images, in f64. */
export class LossMean {
  private readonly sums: number[];
  private images: number;

  /** @param from what it goes on from; nothing by default */
  constructor(
    private readonly losses: readonly PlannedLoss[],
    from: LossSums = { sums: losses.map(() => 0), images: 0 },
  ) {
    this.sums = [...from.sums];
    this.images = from.images;
  }

  get state(): LossSums {
    return { sums: [...this.sums], images: this.images };
  }

  /** Adds the terms' sums over `images` images, in the plan's order. */
  add(sums: ArrayLike<number>, images: number): void {
    for (let term = 0; term < this.sums.length; term++) this.sums[term] = (this.sums[term] ?? 0) + (sums[term] ?? 0);
    this.images += images;
  }

  get value(): Losses {
    const means = this.sums.map((sum) => sum / this.images);
    const loss = this.losses.reduce((total, { weight }, index) => total + weight * (means[index] ?? 0), 0);
    return { loss, ...Object.fromEntries(this.losses.map(({ term }, index) => [term, means[index]])) };
  }
}

/** OVERFLOWS_ANYWAY of shaders/step/finish/adjust_loss_scale.wgsl, where else is the number of losses that are not finite. */
const OVERFLOWS_ANYWAY = -1;

/** How many steps from `step` on may go in one submit. */
export const stepsBeforeWrap = (step: number): number => METRICS_CAPACITY - (step % METRICS_CAPACITY);

/** The sums of some steps, on their way. */
export interface PendingMetrics {
  step: number;
  count: number;
  losses: readonly PlannedLoss[];
  /** [count, terms + 1] once the steps are done: sums, and how many losses were not finite, or OVERFLOWS_ANYWAY. */
  sums: Promise<Float32Array>;
}

/** Staging buffers that are made before they are needed: training has two submits in flight. */
const READY = 2;

/** Reads what submits leave in the ring. */
export class MetricsReader {
  /** Why some steps' losses never came. */
  failure: unknown;

  private readonly staging: Staging;
  private readonly entryBytes: number;

  constructor(
    device: Device,
    memory: Memory,
    /** [METRICS_CAPACITY, terms + 1] */
    private readonly ring: GPUBuffer,
    private readonly losses: readonly PlannedLoss[],
  ) {
    this.entryBytes = metricsColumns(losses.length) * F32_BYTES;
    const request = { label: 'metrics', bytes: METRICS_CAPACITY * this.entryBytes, remedy: '' };
    this.staging = new Staging(device, memory, request, READY);
  }

  /** Encodes the copy of steps `step .. step + count`; call `read` of the result after the submit. */
  copy(encoder: GPUCommandEncoder, step: number, count: number): { read: () => PendingMetrics } {
    const offset = (step % METRICS_CAPACITY) * this.entryBytes;
    const copied = this.staging.copy(encoder, { buffer: this.ring, offset, bytes: count * this.entryBytes });
    const read = () => {
      const sums = copied((bytes) => new Float32Array(bytes.slice(0)));
      // It may fail before its turn to be awaited has come.
      sums.catch((error: unknown) => {
        this.failure ??= error;
      });
      return { step, count, losses: this.losses, sums };
    };
    return { read };
  }
}

/**
 * Visits each step's sums with the number of its images.
 * @param fault what to throw at the first step (from 0) of which a loss is not a finite number, or (`anyway`) whose gradients
 *   overflow at the least scale of the loss; and what the losses were
 * @throws TrainingError
 */
export async function eachStep(
  pending: PendingMetrics,
  rows: (step: number) => number,
  visit: (sums: Float32Array, images: number, step: number) => void,
  fault: (step: number, told: string, anyway: boolean) => TrainingError,
): Promise<void> {
  const { losses } = pending;
  const columns = metricsColumns(losses.length);
  const all = await pending.sums;
  for (let index = 0; index < pending.count; index++) {
    const step = pending.step + index;
    const sums = all.subarray(index * columns, index * columns + losses.length);
    const bad = all[index * columns + losses.length];
    if (bad !== 0 || !sums.every(Number.isFinite)) {
      const told = losses.map(({ term }, at) => `${term} ${sums[at]}`).join(', ');
      throw fault(step, told, bad === OVERFLOWS_ANYWAY);
    }
    visit(sums, rows(step), step);
  }
}

/** When a run fails, the steps under way still use its buffers: before these are freed, this must be awaited. */
export async function settled(pending: PendingMetrics[]): Promise<void> {
  await Promise.allSettled(pending.map(({ sums }) => sums));
}
