// Times every dispatch of a training step, and the host's part of it: by the GPU's own timestamps, one pass a dispatch, or
// where there are none (or browsers round them) by repeating each kernel. What it trains on the way is undone. Nothing of
// this exists, on the host or the GPU, until profileTrainer is called. The arithmetic is in report.ts.
import { ArgumentError } from '../errors.js';
import type { Device } from '../gpu/device.js';
import { allOf, workDone } from '../gpu/faults.js';
import type { Memory } from '../gpu/memory.js';
import { timeRepeated } from '../gpu/repeat.js';
import { isQuantized, MAX_QUERIES, type PassTime, Timestamps } from '../gpu/timestamps.js';
import { requireKnownKeys } from '../names.js';
import type { Stepper } from '../train/step/stepper.js';
import type { Trainer } from '../train/trainer.js';
import { measureCeilings } from './ceilings.js';
import {
  type Ceilings,
  type DispatchTimes,
  makeReport,
  median,
  type ProfileEvent,
  type ProfileReport,
} from './report.js';

/** How many steps are timed, and against what. */
export interface ProfileOptions {
  /** Steps to time; 50 by default. */
  steps?: number;
  /** Steps before them; 5 by default. */
  warmup?: number;
  /** Measure the device's limits too (true), or use those measured before; without, rows have no share of the roofline. */
  ceilings?: boolean | Ceilings;
}

/** A submit of the timed runs takes about so long: the trainer's own pace (src/train/step/pace.ts). */
const SUBMIT_MS = 60;
const MOST_STEPS_IN_SUBMIT = 32;
/** Fewer would give no median. */
const LEAST_SUBMITS = 5;
const SUBMITS_IN_FLIGHT = 2;
const REPETITION_SAMPLES = 7;

/**
 * Profiles `steps` training steps. The trainer is afterwards where it was: parameters, optimizer, counters. Profiling is a
 * separate call, so a trainer that is not profiled pays nothing.
 * @throws ArgumentError for options that make no sense, or while the trainer trains
 * @throws DeviceError when the device fails
 * @example
 * ```ts
 * const { rows, bottleneck } = await profileTrainer(trainer, { steps: 50, ceilings: true });
 * console.log(bottleneck.sentence, rows[0]?.median);
 * ```
 */
export async function profileTrainer(trainer: Trainer, options: ProfileOptions = {}): Promise<ProfileReport> {
  const { device, memory } = trainer.model.machine;
  return trainer.lend((stepper, restore) => profileStepper({ device, memory, stepper, restore }, options));
}

/** Steps to profile, and how to undo them. */
export interface Subject {
  device: Device;
  memory: Memory;
  stepper: Stepper;
  /** Brings everything that a step changes back to where it was. */
  restore: () => void;
}

/** The same for any stepper. */
export async function profileStepper(subject: Subject, options: ProfileOptions = {}): Promise<ProfileReport> {
  requireKnownKeys(options, ['steps', 'warmup', 'ceilings'], 'profile');
  const { steps = 50, warmup = 5, ceilings = false } = options;
  checkCount('steps', steps, 1);
  checkCount('warmup', warmup, 0);
  const { device, stepper } = subject;
  const limits = ceilings === true ? await measureCeilings(device) : ceilings || null;

  const size = await warmUp(subject, warmup, steps);
  const untimed = await runSteps(subject, steps, size, inOnePass(stepper));
  const timed = device.features.has('timestamp-query') ? await runTimed(subject, steps, size) : undefined;
  const quantized = timed !== undefined && isQuantized(timed.passes);
  const common = { adapter: device.adapter, plan: stepper.plan, steps, quantized, ceilings: limits };
  const host = { ...hostTimes(untimed), wallUntimed: untimed.wall };
  if (timed && !quantized) {
    const { dispatches, gaps } = timesOf(timed.passes, stepper.plan.dispatches.length, steps);
    const events = [...timed.run.events, ...gpuEvents(timed.passes, timed.run, stepper)];
    const step = { ...host, gaps, wall: timed.run.wall };
    return makeReport({ ...common, method: 'timestamps', dispatches, step, events });
  }
  const dispatches = await repeatEach(subject);
  const kernels = dispatches.reduce((sum, { samples }) => sum + median(samples), 0);
  const whole = await repeatStep(subject);
  const step = { ...host, gaps: Math.max(0, whole - kernels), wall: untimed.wall };
  return makeReport({ ...common, method: 'repetition', dispatches, step, events: untimed.events });
}

function checkCount(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least)
    throw new ArgumentError(`${name}: ${value}, must be an integer from ${least}`);
}

// --- steps ----------------------------------------------------------------------------------------------------------

/** @returns steps for a submit: as many as the trainer itself would take, but several submits in all */
async function warmUp(subject: Subject, warmup: number, steps: number): Promise<number> {
  const { stepper } = subject;
  const most = Math.max(1, Math.floor(MAX_QUERIES / 2 / stepper.plan.dispatches.length));
  await runSteps(subject, Math.max(1, warmup), Math.min(8, most), inOnePass(stepper));
  const { wall } = await runSteps(subject, 3, 1, inOnePass(stepper));
  const enough = Math.ceil(steps / LEAST_SUBMITS);
  return Math.max(1, Math.min(Math.round((SUBMIT_MS * 1000) / wall), MOST_STEPS_IN_SUBMIT, enough, most));
}

type EncodeSteps = (encoder: GPUCommandEncoder, steps: number) => void;

/** As training does it. */
function inOnePass({ program, plan }: Stepper): EncodeSteps {
  return (encoder, steps) => {
    const pass = encoder.beginComputePass({ label: plan.name });
    for (let i = 0; i < steps; i++) program.encode(pass);
    pass.end();
  };
}

/** What a run of steps took. Microseconds. */
interface Run {
  /** Of the host. */
  events: ProfileEvent[];
  /** A step's, from when one submit was done to when the next was: the median over submits. */
  wall: number;
}

/** Runs steps as the trainer does, two submits under way, with a note of what the host does. */
async function runSteps(
  { device, memory, stepper }: Subject,
  count: number,
  size: number,
  encodeSteps: EncodeSteps,
): Promise<Run> {
  const { queue } = device.gpu;
  const now = () => 1000 * performance.now();
  const events: ProfileEvent[] = [];
  const note = (name: string, start: number, submit: number, steps: number) =>
    events.push({ lane: 'host', name, start: start - zero, duration: now() - start, submit, args: { steps } });
  const walls: number[] = [];
  const inFlight: (() => Promise<void>)[] = [];
  const own = memory.part();
  await workDone(device);
  const zero = now();
  let last = zero;
  let done = 0;
  try {
    for (let submit = 0; done < count; submit++) {
      const { commands, steps, read } = own.watch('profiled steps', () => {
        const start = now();
        const encoded = stepper.encode(Math.min(size, count - done), encodeSteps);
        note('encode', start, submit, encoded.steps);
        return encoded;
      });
      own.watch('profiled steps', () => {
        const start = now();
        queue.submit([commands]);
        note('submit', start, submit, steps);
      });
      done += steps;
      const finished = allOf([own.settled(), workDone(device)]);
      finished.catch(() => undefined); // told in its turn
      inFlight.push(async () => {
        await finished.catch(async (error: unknown) => {
          await Promise.allSettled([read().sums]); // gives its buffer back
          throw error;
        });
        const start = now();
        walls.push((start - last) / steps);
        last = start;
        await read().sums;
        note('readback', start, submit, steps);
      });
      if (inFlight.length >= SUBMITS_IN_FLIGHT) await inFlight.shift()?.();
    }
    for (const finish of inFlight.splice(0)) await finish();
  } finally {
    await Promise.allSettled(inFlight.map((finish) => finish()));
    own.dispose();
  }
  return { events, wall: median(walls) };
}

/** The host's work a step. */
function hostTimes({ events }: Run): { encode: number; submit: number; readback: number } {
  const aStep = (wanted: string) =>
    median(events.filter(({ name }) => name === wanted).map(({ duration, args }) => duration / Number(args?.steps)));
  return { encode: aStep('encode'), submit: aStep('submit'), readback: aStep('readback') };
}

// --- by timestamps --------------------------------------------------------------------------------------------------

async function runTimed(subject: Subject, steps: number, size: number): Promise<{ run: Run; passes: PassTime[][] }> {
  const { device, memory, stepper } = subject;
  const { dispatches } = stepper.plan;
  // One more where the ring of metrics ends.
  const submits = Math.ceil(steps / size) + Math.ceil(steps / 1024) + 1;
  const timestamps = await Timestamps.create(device, memory, size * dispatches.length, submits);
  const encodeSteps: EncodeSteps = (encoder, count) => {
    let index = 0;
    for (let step = 0; step < count; step++)
      for (const [at, { label }] of dispatches.entries()) {
        const pass = timestamps.beginPass(encoder, label, index++);
        stepper.program.encodeDispatch(pass, at);
        pass.end();
      }
    timestamps.resolve(encoder, index);
  };
  try {
    const run = await runSteps(subject, steps, size, encodeSteps);
    return { run, passes: await timestamps.read() };
  } finally {
    timestamps.dispose();
  }
}

/** Microseconds: the samples of each of `count` dispatches, and the time between dispatches, a step. */
function timesOf(submits: PassTime[][], count: number, steps: number): { dispatches: DispatchTimes[]; gaps: number } {
  const dispatches = Array.from({ length: count }, (): DispatchTimes => ({ samples: [], calls: 0 }));
  const gaps: number[] = [];
  for (const passes of submits) {
    let gap = 0;
    let last: PassTime | undefined;
    for (const [index, pass] of passes.entries()) {
      const times = dispatches[index % count];
      if (!times) continue;
      times.samples.push((pass.end - pass.begin) / 1000);
      times.calls++;
      if (last) gap += Math.max(0, pass.begin - last.end) / 1000;
      last = pass;
      if ((index + 1) % count === 0) {
        gaps.push(gap);
        gap = 0;
      }
    }
  }
  return { dispatches, gaps: steps > 0 ? median(gaps) : 0 };
}

/** The GPU's clock has its own zero: no pass began before its submit, and the one that waited least began right with it. */
function gpuEvents(submits: PassTime[][], run: Run, { plan }: Stepper): ProfileEvent[] {
  const starts = run.events.filter(({ name }) => name === 'submit').map(({ start }) => start);
  const shifts = submits.map((passes, submit) => (starts[submit] ?? 0) - (passes[0]?.begin ?? 0) / 1000);
  const shift = Math.max(...shifts);
  const perStep = plan.dispatches.length;
  let step = 0;
  return submits.flatMap((passes, submit) => {
    const first = step;
    step += passes.length / perStep;
    return passes.map(({ begin, end }, index): ProfileEvent => {
      const at = index % perStep;
      const { label = '', kernel = '', grid = [] } = plan.dispatches[at] ?? {};
      const args = { kernel, grid: grid.join('x'), dispatch: at, step: first + Math.floor(index / perStep) };
      return {
        lane: 'gpu',
        name: label,
        start: begin / 1000 + shift,
        duration: (end - begin) / 1000,
        submit,
        args,
      };
    });
  });
}

// --- by repetition --------------------------------------------------------------------------------------------------

/** Each dispatch many times over on the data that it has in a step: those before it have run, each at least once. */
async function repeatEach({ device, stepper, restore }: Subject): Promise<DispatchTimes[]> {
  const { program, plan } = stepper;
  const results: DispatchTimes[] = [];
  restore();
  for (const [index, { bindings }] of plan.dispatches.entries()) {
    // What updates in place (the optimizer, the counters) would wander off; the others write the same again and again.
    const inPlace = bindings.some(({ access }) => access === 'read_write');
    const encode = (encoder: GPUCommandEncoder, times: number) => {
      const pass = encoder.beginComputePass();
      program.encodeDispatch(pass, index, times);
      pass.end();
    };
    const options = { samples: REPETITION_SAMPLES, ...(inPlace && { prepare: restore }) };
    const { samples, times } = await timeRepeated(device, encode, options);
    results.push({ samples, calls: samples.length * times });
    if (inPlace) restore();
  }
  return results;
}

/** Microseconds of a whole step, from many. */
async function repeatStep({ device, stepper, restore }: Subject): Promise<number> {
  const encodeSteps = inOnePass(stepper);
  const options = { samples: REPETITION_SAMPLES, prepare: restore, most: 256 };
  const { samples } = await timeRepeated(device, encodeSteps, options);
  restore();
  return median(samples);
}
