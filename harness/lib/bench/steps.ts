// Times training steps of a trainer: first a few whose losses must be what an untrained model's are and must fall, then
// many, two submits under way as in training. Serves the programs and the page: it imports types only.
import type { Trainer } from 'latentgpu';
import { type Spread, spreadOf } from './statistics.js';

export interface StepOptions {
  /** Steps to time at most; at least LEAST_STEPS are. */
  steps: number;
  /** Seconds that the timed steps may take; no more than three are used. */
  seconds: number;
  now?: () => number;
}

export interface StepTiming {
  /** Steps that were timed. */
  steps: number;
  /** Milliseconds a step; samples are rounds of steps. */
  ms: Spread;
  /** The host's encoding and submitting, microseconds a step. */
  hostUs: number;
  /** The loss of an image: of the first step, of the last of the checked ones, and of the last timed one. */
  loss: { first: number; checked: number; last: number };
}

/** A step that is not to be timed, because its losses are wrong. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}

/** Steps before those that are timed; their losses are looked at. */
export const CHECKED_STEPS = 8;
/** Each a sample; the GPU is idle between them. */
const ROUNDS = 5;
export const LEAST_STEPS = ROUNDS;
/** All rounds together, where the budget is larger. */
const TARGET_SECONDS = 3;
/** Of the checked steps, those that say how long a step takes; the first ones also compile. */
const ESTIMATING_STEPS = 3;
const SUBMIT_MS = 60;
const MOST_STEPS_IN_SUBMIT = 32;
const SUBMITS_IN_FLIGHT = 2;
/** An untrained sigmoid output says 0.5 of every pixel. */
const UNTRAINED_TOLERANCE = 0.05;

/** Nats an image of a model that knows nothing: 543 for 784 pixels. */
export const untrainedLoss = (pixels: number): number => pixels * Math.LN2;

/**
 * Times steps of a fresh trainer; it is afterwards where it was.
 * @throws BenchError if the losses are not those of an untrained model that learns
 */
export function timeSteps(trainer: Trainer, { steps, seconds, now }: StepOptions): Promise<StepTiming> {
  const clock = now ?? (() => performance.now());
  return trainer.lend(async (stepper) => {
    const { losses, ms: about } = await checkedSteps(stepper, trainer.model.spec.inputs, clock);
    const target = Math.min(TARGET_SECONDS, seconds);
    const count = Math.max(LEAST_STEPS, Math.min(steps, Math.floor((1000 * target) / about)));
    const aRound = Math.ceil(count / ROUNDS);
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await timedRound(stepper, aRound, about, clock));
    const [first = Number.NaN, checked = Number.NaN] = [losses[0], losses.at(-1)];
    const last = rounds.at(-1)?.last ?? Number.NaN;
    if (!(last < first))
      throw new BenchError(
        `the loss after ${CHECKED_STEPS + ROUNDS * aRound} steps is ${last}, must be below step 1's ${first}`,
      );
    return {
      steps: ROUNDS * aRound,
      ms: spreadOf(rounds.map(({ ms }) => ms)),
      hostUs: spreadOf(rounds.flatMap(({ hostUs }) => hostUs)).median,
      loss: { first, checked, last },
    };
  });
}

/** @returns what is wrong with the losses of the first steps; undefined if nothing is */
export function lossFault(losses: readonly number[], pixels: number): string | undefined {
  const [first = Number.NaN, last = Number.NaN] = [losses[0], losses.at(-1)];
  const untrained = untrainedLoss(pixels);
  const wrong = losses.findIndex((loss) => !Number.isFinite(loss));
  if (wrong >= 0) return `the loss of step ${wrong + 1} is ${losses[wrong]}, must be finite; nothing was timed`;
  if (Math.abs(first - untrained) > UNTRAINED_TOLERANCE * untrained)
    return (
      `the loss of step 1 is ${first.toFixed(1)} nats an image, must be within 5% of an untrained model's ` +
      `${untrained.toFixed(1)} (${pixels} ln 2); nothing was timed`
    );
  if (last < first) return undefined;
  return (
    `the loss went from ${first.toFixed(1)} to ${last.toFixed(1)} in ${losses.length} steps, must fall; ` +
    'nothing was timed'
  );
}

/**
 * How far a peer's losses may be from this engine's, relatively. Both round to f32, some compute 0.999^t with an error that 1 - 0.999^t
 * makes large, and eight steps of Adam multiply all of it. A learning rate that is 10% off is more than twice as far by step 4.
 */
export const AGREEMENT = 3e-3;

/** @returns where a peer's losses are not this engine's, from the same weights, on the same batch, without noise; or nothing */
export function agreementFault(losses: readonly number[], ours: readonly number[]): string | undefined {
  if (losses.length !== ours.length)
    return `${losses.length} losses without noise, must be ${ours.length}; nothing was timed`;
  const at = ours.findIndex((own, index) => !(Math.abs((losses[index] ?? Number.NaN) - own) <= AGREEMENT * own));
  if (at < 0) return undefined;
  return (
    `the loss of step ${at + 1} without noise is ${losses[at]}, must be within ${100 * AGREEMENT}% of this engine's ` +
    `${ours[at]}: the same weights, the same batch; nothing was timed`
  );
}

/** What `Trainer.lend` lends. */
export type Stepper = Parameters<Parameters<Trainer['lend']>[0]>[0];
type Pending = ReturnType<Stepper['submit']>;

/** The loss of an image in each of the steps of a submit. */
async function lossesOf(stepper: Stepper, { step, count, losses, sums }: Pending): Promise<number[]> {
  const all = await sums;
  const columns = losses.length + 1;
  return Array.from({ length: count }, (_, index) => {
    const notFinite = all[index * columns + losses.length] ?? 0;
    if (notFinite !== 0) return Number.NaN;
    const sum = losses.reduce((total, { weight }, term) => total + weight * (all[index * columns + term] ?? 0), 0);
    return sum / stepper.rows(step + index);
  });
}

/** The losses of the first steps, one by one. */
export async function firstLosses(stepper: Stepper): Promise<number[]> {
  const losses: number[] = [];
  while (losses.length < CHECKED_STEPS) losses.push(...(await lossesOf(stepper, stepper.submit(1))));
  return losses;
}

/**
 * The first steps, one by one: their losses, and about how many milliseconds one takes.
 * @throws BenchError if they are not those of an untrained model that learns
 */
export async function checkedSteps(
  stepper: Stepper,
  pixels: number,
  now = () => performance.now(),
): Promise<{ losses: number[]; ms: number }> {
  const losses: number[] = [];
  const times: number[] = [];
  for (let step = 0; step < CHECKED_STEPS; step++) {
    const start = now();
    losses.push(...(await lossesOf(stepper, stepper.submit(1))));
    times.push(now() - start);
  }
  const fault = lossFault(losses, pixels);
  if (fault !== undefined) throw new BenchError(fault);
  return { losses, ms: Math.max(1e-3, Math.min(...times.slice(-ESTIMATING_STEPS))) };
}

export interface Round {
  /** Milliseconds a step. */
  ms: number;
  /** The host's microseconds a step, of each submit. */
  hostUs: number[];
  /** The loss of the last step. */
  last: number;
}

/**
 * Steps with two submits under way, from the first submit until the last loss has arrived.
 * @param about milliseconds that a step takes, for the size of a submit
 */
export async function timedRound(
  stepper: Stepper,
  count: number,
  about: number,
  now = () => performance.now(),
): Promise<Round> {
  const size = Math.max(1, Math.min(Math.round(SUBMIT_MS / about), MOST_STEPS_IN_SUBMIT));
  const hostUs: number[] = [];
  const inFlight: Pending[] = [];
  let last = Number.NaN;
  const finish = async () => {
    const pending = inFlight.shift();
    if (pending) last = (await lossesOf(stepper, pending)).at(-1) ?? Number.NaN;
  };
  const began = now();
  for (let done = 0; done < count; ) {
    const start = now();
    const pending = stepper.submit(Math.min(size, count - done));
    hostUs.push((1000 * (now() - start)) / pending.count);
    inFlight.push(pending);
    done += pending.count;
    if (inFlight.length >= SUBMITS_IN_FLIGHT) await finish();
  }
  while (inFlight.length > 0) await finish();
  return { ms: (now() - began) / count, hostUs, last };
}

/** Steps in one submit of `timeHost`. */
const HOST_STEPS = 10;
const HOST_SUBMITS = 30;

/** Microseconds that the host takes for a step, whatever the device computes: for Dawn's null backend, which computes nothing. */
export function timeHost(trainer: Trainer, now = () => performance.now()): Promise<number> {
  return trainer.lend(async (stepper) => {
    const samples: number[] = [];
    for (let submit = 0; submit < HOST_SUBMITS; submit++) {
      const start = now();
      const pending = stepper.submit(HOST_STEPS);
      samples.push((1000 * (now() - start)) / pending.count);
      await pending.sums;
    }
    return spreadOf(samples).median;
  });
}
