// How long a piece of GPU work takes where the GPU's own clock cannot be read: the same work many times in one submit, the
// host's clock around it, divided. What a submit costs by itself is measured first and taken off.
import type { Device } from './device.js';
import { allOf, watched, workDone } from './faults.js';

/** Encodes the work `times` times. */
export type EncodeTimes = (encoder: GPUCommandEncoder, times: number) => void;

export interface RepeatOptions {
  /** Measurements; 5 by default. */
  samples?: number;
  /** A measurement takes at least so long, if `most` allows; 20 by default. */
  targetMs?: number;
  /** Repetitions in a measurement at most; 16,384 by default. */
  most?: number;
  /** Called before each submit, its own work not measured. */
  prepare?: () => void;
}

export interface Repeated {
  /** Microseconds of the work done once, one entry a measurement. */
  samples: number[];
  /** How often it was done in each. */
  times: number;
}

/** A measurement is at least so many times what an empty submit takes. */
const TIMES_EMPTY = 10;
const EMPTY_SUBMITS = 7;

export async function timeRepeated(
  device: Device,
  encode: EncodeTimes,
  { samples = 5, targetMs = 20, most = 16_384, prepare }: RepeatOptions = {},
): Promise<Repeated> {
  const measure = async (times: number) => {
    prepare?.();
    await workDone(device);
    return timeSubmit(device, (encoder) => encode(encoder, times));
  };
  const empties: number[] = [];
  for (let i = 0; i < EMPTY_SUBMITS; i++) empties.push(await timeSubmit(device, () => undefined));
  const empty = Math.min(...empties);
  const target = Math.max(targetMs, TIMES_EMPTY * empty);

  let times = 1;
  await measure(1); // the driver may do more at a pipeline's first use
  for (;;) {
    // The quicker of two: if other work held one up, it would seem that fewer repetitions are enough.
    const took = Math.min(await measure(times), await measure(times));
    if (took >= target || times >= most) break;
    // At most tenfold at once: the first measurements are mostly the submit itself.
    const wanted = Math.ceil((1.2 * target * times) / Math.max(took - empty, took / 10));
    times = Math.min(Math.max(wanted, times + 1), 10 * times, most);
  }
  const results: number[] = [];
  for (let i = 0; i < samples; i++) results.push((Math.max(0, (await measure(times)) - empty) * 1000) / times);
  return { samples: results, times };
}

/** Milliseconds from submit to done, encoding not counted. */
async function timeSubmit(device: Device, encode: (encoder: GPUCommandEncoder) => void): Promise<number> {
  const { gpu } = device;
  const commands = await watched(device, 'repeated work', () => {
    const encoder = gpu.createCommandEncoder({ label: 'repeated work' });
    encode(encoder);
    return encoder.finish();
  });
  let started = 0;
  const submitted = watched(device, 'repeated work', () => {
    started = performance.now();
    gpu.queue.submit([commands]);
  });
  const done = workDone(device).then(() => performance.now() - started);
  const [, took] = await allOf([submitted, done]);
  return took;
}
