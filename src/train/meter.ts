// The losses of the epoch under way, as they arrive from the GPU, a step behind what was submitted. A snapshot of some step
// waits here until the losses up to it have arrived.
import type { PlannedLoss } from '../plan/plan.js';
import { type Losses, LossMean, type LossSums } from './step/metrics.js';

interface Waiting {
  step: number;
  resolve: (sums: LossSums) => void;
  reject: (error: unknown) => void;
}

export class EpochMeter {
  /** Steps whose losses have arrived, from the first of training on. */
  step = 0;
  private mean: LossMean;
  private waiting: Waiting[] = [];

  constructor(private readonly losses: readonly PlannedLoss[]) {
    this.mean = new LossMean(losses);
  }

  /** Means over the epoch so far. */
  get value(): Losses {
    return this.mean.value;
  }

  /** Whether there are steps up to `step`, arrived or not, that no report of a whole epoch has told. */
  pending(step: number): boolean {
    return this.step < step || this.mean.state.images > 0;
  }

  /** Goes on at `step` with what its epoch has come to by then. */
  set(step: number, sums?: LossSums): void {
    this.step = step;
    this.mean = new LossMean(this.losses, sums);
  }

  add(sums: ArrayLike<number>, images: number): void {
    this.mean.add(sums, images);
    this.step++;
    const ready = this.waiting.filter(({ step }) => step === this.step);
    this.waiting = this.waiting.filter(({ step }) => step !== this.step);
    for (const { resolve } of ready) resolve(this.mean.state);
  }

  /** The sums at `step`, which may not have arrived yet. */
  at(step: number): Promise<LossSums> {
    if (step === this.step) return Promise.resolve(this.mean.state);
    return new Promise((resolve, reject) => {
      this.waiting.push({ step, resolve, reject });
    });
  }

  /** What is waited for will not come, nor will the losses of the steps that were submitted up to `step`. */
  fail(error: unknown, step: number): void {
    for (const { reject } of this.waiting) reject(error);
    this.waiting = [];
    this.set(step);
  }
}
