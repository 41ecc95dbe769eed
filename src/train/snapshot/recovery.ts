// What a trainer keeps on the host against the loss of its GPU: its state of some seconds ago. When to take it, and the last
// one that was taken; how it is read and written back is the trainer's business.
import { ArgumentError } from '../../errors.js';
import type { LossSums } from '../step/metrics.js';
import type { LossScaling } from '../step/step-state.js';

/** A trainer's state as bytes, ready to be written back. */
export interface SavedState {
  step: number;
  epochs: number;
  sums: LossSums;
  learningRate: number;
  scaling: LossScaling;
  /** `changes` of the model. */
  changes: number;
  /** Parameters, then what the optimizer keeps. */
  buffers: ArrayBuffer[];
}

/** How often a trainer saves its state: by the clock or by steps. */
export type SaveInterval =
  | {
      /** By the clock. */
      seconds: number;
    }
  | {
      /** Of training. */
      steps: number;
    };

/** What a trainer does about a lost GPU. */
export interface RecoveryOptions {
  /**
   * How often in all a lost GPU is opened anew, and training goes on from the state that was last saved; 3 by default. 0:
   * nothing is saved, and a loss ends training.
   */
  recoveries?: number;
  /** How often the state is saved on the host while training goes on; { seconds: 30 } by default. */
  saveEvery?: SaveInterval;
}

const DEFAULT_RECOVERIES = 3;
const DEFAULT_INTERVAL: SaveInterval = { seconds: 30 };

/** @throws ArgumentError naming the option that is wrong */
export function recoveryFrom({
  recoveries = DEFAULT_RECOVERIES,
  saveEvery = DEFAULT_INTERVAL,
}: RecoveryOptions): Required<RecoveryOptions> {
  if (!Number.isInteger(recoveries) || recoveries < 0)
    throw new ArgumentError(`recoveries: ${recoveries}, must be an integer from 0 on`);
  const { seconds, steps } = saveEvery as { seconds?: number; steps?: number };
  const good =
    steps === undefined ? Number(seconds) > 0 : seconds === undefined && Number.isInteger(steps) && steps > 0;
  if (!good)
    throw new ArgumentError(
      `saveEvery: ${JSON.stringify(saveEvery)}, must be { seconds } above 0 or { steps }, a positive integer`,
    );
  return { recoveries, saveEvery };
}

export class StateKeeper {
  last: SavedState | undefined;
  private lastTime = performance.now();
  private taking: Promise<unknown> | undefined;

  constructor(
    private readonly take: () => Promise<SavedState>,
    private readonly interval: SaveInterval,
  ) {}

  /** Takes the state if it is time and none is on its way; nobody needs to wait for it. */
  considerAt(step: number): void {
    if (this.taking || !this.due(step)) return;
    this.taking = this.now()
      // A state that cannot be taken (the GPU is lost, a weight is not finite) is not kept; training itself meets the cause.
      .catch(() => undefined)
      .finally(() => {
        this.taking = undefined;
      });
  }

  /** What it is at this moment. */
  async now(): Promise<SavedState> {
    this.lastTime = performance.now();
    const state = await this.take();
    this.last = state;
    return state;
  }

  /** What is on its way has arrived or failed. */
  async settled(): Promise<void> {
    await this.taking;
  }

  private due(step: number): boolean {
    if ('steps' in this.interval) return step - (this.last?.step ?? 0) >= this.interval.steps;
    return performance.now() - this.lastTime >= this.interval.seconds * 1000;
  }
}
