// What the loss does within epochs, for the curves: means over bins of so many steps each. Which steps share a bin follows
// from their numbers alone, so that a run that was resumed has the same curve as one that was not.
import type { Losses } from 'latentgpu/node';
import type { TracePoint } from '../plots/plots.js';

/** Points of a curve, more or less. */
const POINTS = 300;

/** As it stands in a checkpoint. */
export interface TraceState {
  /** Steps of a bin. */
  size: number;
  points: TracePoint[];
  /** Sums over the steps of the bin that is not yet full. */
  open: { [Key in keyof Losses]?: number };
}

export class Trace {
  private state: TraceState;
  private step = 0;
  /** Those who wait for what it is at a step. */
  private waiting: { step: number; resolve: (state: TraceState) => void }[] = [];

  private constructor(state: TraceState, step: number) {
    this.state = state;
    this.step = step;
  }

  /** @param steps of the whole run */
  static start(steps: number): Trace {
    return new Trace({ size: Math.max(1, Math.ceil(steps / POINTS)), points: [], open: {} }, 0);
  }

  static from(state: TraceState, step: number): Trace {
    return new Trace(structuredClone(state), step);
  }

  get points(): readonly TracePoint[] {
    return this.state.points;
  }

  /** What it is by now. */
  get now(): TraceState {
    return structuredClone(this.state);
  }

  add(step: number, losses: Losses): void {
    const { size, points, open } = this.state;
    for (const [key, value] of Object.entries(losses) as [keyof Losses, number][]) open[key] = (open[key] ?? 0) + value;
    if (step % size === 0) {
      const means = Object.fromEntries(Object.entries(open).map(([key, sum]) => [key, sum / size]));
      points.push({ step, losses: means as Losses });
      this.state.open = {};
    }
    this.step = step;
    for (const { resolve } of this.waiting.filter((one) => one.step === step)) resolve(this.now);
    this.waiting = this.waiting.filter((one) => one.step !== step);
  }

  /** What it is after `step`, of which the losses may not have come yet. */
  at(step: number): Promise<TraceState> {
    if (step === this.step) return Promise.resolve(this.now);
    return new Promise((resolve) => {
      this.waiting.push({ step, resolve });
    });
  }

  /** Back to what it was. */
  reset(state: TraceState, step: number): void {
    this.state = structuredClone(state);
    this.step = step;
    this.waiting = [];
  }
}
