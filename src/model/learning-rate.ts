// The learning rate over a run, as plain data: lr times a factor that follows from the step's number alone. The GPU
// computes the same from its own step counter (shaders/lib/step/learning_rate.wgsl); the host does for the first step.
import { ArgumentError } from '../errors.js';
import { requireCount, requireKnownKeys, requireNumber, requireOneOf } from './values.js';

/** What every schedule may begin with. */
export interface Warmup {
  /**
   * The rate rises linearly in the first N steps: step t (from 0) has (t + 1) / N of lr, and the schedule counts from
   * step N on. PyTorch's SequentialLR of LinearLR(start_factor = 1/N, total_iters = N - 1) and the schedule, milestone N.
   * 0 if absent: none.
   */
  warmup?: number;
}

/** How the learning rate changes from step to step; t counts steps from 0. */
export type ScheduleSpec = (
  | {
      /** The rate stays lr. */
      kind: 'constant';
    }
  | {
      /** PyTorch's StepLR, by steps: factor^floor(t / every). */
      kind: 'step';
      /** Steps from one rate to the next. */
      every: number;
      /** 0.1 if absent. */
      factor?: number;
    }
  /**
   * PyTorch's CosineAnnealingLR, by steps: floor + (1 - floor) (1 + cos(pi t / steps)) / 2, and `floor` from then on
   * (PyTorch's rises again). `floor` is a share of lr, eta_min / lr; 0 if absent.
   * Source: Loshchilov & Hutter 2017, "SGDR".
   */
  | {
      /** From lr to floor x lr along a cosine. */
      kind: 'cosine';
      /** How many it takes. */
      steps: number;
      /** The last rate as a share of lr; 0 if absent. */
      floor?: number;
    }
) &
  Warmup;

/** Names of the schedules. */
export type ScheduleKind = ScheduleSpec['kind'];

/** With nothing left to a default. */
export type Schedule = (
  | {
      /** The rate stays lr. */
      kind: 'constant';
    }
  | {
      /** factor^floor(t / every). */
      kind: 'step';
      /** Steps from one rate to the next. */
      every: number;
      /** Of two rates. */
      factor: number;
    }
  | {
      /** From lr to floor x lr along a cosine. */
      kind: 'cosine';
      /** How many it takes. */
      steps: number;
      /** The last rate as a share of lr. */
      floor: number;
    }
) &
  Required<Warmup>;

/** In the order in which shaders/lib/step/learning_rate.wgsl numbers them. */
export const SCHEDULES: readonly ScheduleKind[] = ['constant', 'step', 'cosine'];

const DEFAULTS = {
  constant: { kind: 'constant', warmup: 0 },
  step: { kind: 'step', every: undefined, factor: 0.1, warmup: 0 },
  cosine: { kind: 'cosine', steps: undefined, floor: 0, warmup: 0 },
} as const;

/**
 * A schedule from a description that may come from a JSON file; constant if there is none.
 * @throws ArgumentError with the path of what is wrong: `schedule.every: 0, must be an integer from 1 to 2^32 - 1`
 */
export function resolveSchedule(given: unknown = { kind: 'constant' }): Schedule {
  if (typeof given !== 'object' || given === null)
    throw new ArgumentError(
      `schedule: ${JSON.stringify(given)}, must be an object with kind ${SCHEDULES.join(', ')} (see ScheduleSpec)`,
    );
  const { kind } = given as { kind?: ScheduleKind };
  requireOneOf(kind, SCHEDULES, 'schedule.kind');
  requireKnownKeys(given, Object.keys(DEFAULTS[kind as ScheduleKind]), 'schedule');
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const schedule = { ...DEFAULTS[kind as ScheduleKind], ...present } as Schedule;
  requireCount(schedule.warmup, 'schedule.warmup', 0);
  if (schedule.kind === 'step') {
    requireCount(schedule.every, 'schedule.every', 1);
    requireNumber(schedule.factor, 'schedule.factor', 'a number above 0 and at most 1', (f) => f > 0 && f <= 1);
  }
  if (schedule.kind === 'cosine') {
    requireCount(schedule.steps, 'schedule.steps', 1);
    requireNumber(schedule.floor, 'schedule.floor', 'a number from 0 to 1', (f) => f >= 0 && f <= 1);
  }
  return schedule;
}

/** What lr is multiplied by in step `step`, from 0. Twin of rate_factor() in shaders/lib/step/learning_rate.wgsl. */
export function rateFactor(schedule: Schedule, step: number): number {
  const { warmup } = schedule;
  if (step < warmup) return (step + 1) / warmup;
  const t = step - warmup;
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'step':
      return schedule.factor ** Math.floor(t / schedule.every);
    case 'cosine': {
      const left = Math.max(0, schedule.steps - t) / schedule.steps;
      return schedule.floor + (1 - schedule.floor) * Math.sin((Math.PI / 2) * left) ** 2;
    }
  }
}

/** What the KL term's weight is multiplied by in step `step`, from 0: it rises linearly from 0 in `warmup` steps. */
export const klFactor = (warmup: number, step: number): number => (step < warmup ? step / warmup : 1);
