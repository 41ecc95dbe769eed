// Steps up to the end of an epoch: submitted ahead of what has arrived, at most two submits in flight; every step's losses
// are told as they arrive. What comes before and after, an epoch's report and recovery, is trainer.ts's business.

import type { EpochMeter } from './meter.js';
import { badLossScale, badTrainingLoss, type ExplosionWatch } from './step/divergence.js';
import { eachStep, type Losses, LossMean, type PendingMetrics, settled } from './step/metrics.js';
import type { Pace } from './step/pace.js';
import type { Stepper } from './step/stepper.js';

const SUBMITS_IN_FLIGHT = 2;

/** What training tells on its way. */
export interface RunListener {
  /** A step's losses, in order. `step` counts from 1. */
  step(step: number, losses: Losses): void;
  /** Some steps have arrived: means over them. */
  arrived(step: number, recent: Losses): void;
  /** The running mean of the loss is ten times its best. */
  exploded(step: number, seen: { mean: number; best: number }): void;
  /** After each submit. */
  submitted(step: number): void;
}

export interface RunParts {
  stepper: Stepper;
  meter: EpochMeter;
  pace: Pace;
  watch: ExplosionWatch;
}

export interface RunLimits {
  /** Steps done in all when it ends. */
  end: number;
  /** No submit goes over a multiple of it, so that a snapshot can be taken there. */
  snapshotEvery: number;
  signal: AbortSignal | undefined;
}

/**
 * Trains until step `end`, or until `signal` aborts; resolves when all that was submitted has arrived.
 * @throws TrainingError when a loss is not finite, or gradients overflow f16 whatever the loss is scaled by; DeviceError when the device fails
 */
export async function runSteps(
  { stepper, meter, pace, watch }: RunParts,
  { end, snapshotEvery, signal }: RunLimits,
  listener: RunListener,
): Promise<void> {
  const { losses } = stepper.plan;
  const fault = (step: number, told: string, anyway: boolean) =>
    anyway ? badLossScale(step + 1, told) : badTrainingLoss(step + 1, told);
  const arrive = async (pending: PendingMetrics) => {
    const recent = new LossMean(losses);
    const visit = (sums: Float32Array, images: number, before: number) => {
      meter.add(sums, images);
      recent.add(sums, images);
      const single = new LossMean(losses);
      single.add(sums, images);
      const told = single.value;
      const seen = watch.add(told.loss);
      if (seen) listener.exploded(before + 1, seen);
      listener.step(before + 1, told);
    };
    await eachStep(pending, stepper.rows, visit, fault);
    pace.arrived(pending.count);
    listener.arrived(meter.step, recent.value);
  };
  const inFlight: PendingMetrics[] = [];
  pace.resume();
  try {
    while (stepper.step < end && !signal?.aborted) {
      const most = Math.min(end - stepper.step, snapshotEvery - (stepper.step % snapshotEvery));
      inFlight.push(stepper.submit(Math.min(pace.next, most)));
      listener.submitted(stepper.step);
      const oldest = inFlight.length >= SUBMITS_IN_FLIGHT ? inFlight.shift() : undefined;
      if (oldest) await arrive(oldest);
    }
    for (const rest of inFlight) await arrive(rest);
  } catch (error) {
    await settled(inFlight);
    meter.fail(error, stepper.step);
    throw error;
  }
}
