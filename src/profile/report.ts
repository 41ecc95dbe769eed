// What a profile says, as plain JSON, and the arithmetic that gets there: from the times of each dispatch and of the
// host's part to medians, shares, rates, the share of the roofline, and a sentence about the bottleneck. It measures
// nothing and prints no table.
import type { AdapterSummary } from '../gpu/device.js';
import type { Dispatch, Plan } from '../plan/plan.js';
import { showTensors } from '../plan/print.js';

/** Limits of the device, measured by src/profile/ceilings.ts. */
export interface Ceilings {
  /** f32 multiply-adds, counted as two operations. */
  fmaGflops: number;
  /** GB/s of reads alone. */
  readGbs: number;
  /** GB/s of writes alone. */
  writeGbs: number;
  /** Bytes read and bytes written, both counted. */
  copyGbs: number;
  /** An empty dispatch in a pass with others. */
  dispatchUs: number;
  /** A dispatch in a pass with others that reads what the one before wrote, so that it must wait for it. */
  dependentUs: number;
  /** An empty dispatch in a pass of its own. */
  passUs: number;
}

/** One dispatch of the plan. Times are microseconds. */
export interface ProfileRow {
  /** In the plan, from 0. */
  index: number;
  /** The layer: "encoder.0". */
  label: string;
  /** Its name: "matmul_tiled+adam". */
  kernel: string;
  /** Of a matmul: how the product is computed, as in a model's `variants`. */
  variant?: string;
  /** Its tensors: reads -> writes. */
  shapes: string;
  /** Workgroups. */
  grid: [number, number, number];
  /** Invocations of one. */
  workgroup: [number, number, number];
  /** How often it was timed; by repetition, each sample is the mean of many calls. */
  calls: number;
  /** Each measured time. */
  samples: number[];
  /** Of the samples. */
  median: number;
  /** 95th percentile of the samples. */
  p95: number;
  /** Of the sum of all kernels. */
  share: number;
  /** Floating point operations and least memory traffic of a call. */
  flops: number;
  /** Each tensor read once, written once. */
  bytes: number;
  /** 10^9 operations a second, at the median. */
  gflops: number;
  /** 10^9 bytes a second, at the median. */
  gbs: number;
  /** flops / bytes */
  intensity: number;
  /** Of what the nearer ceiling allows; above 1 if caches serve more than memory could. null without ceilings. */
  roofline: number | null;
}

/** Microseconds a step. */
export interface StepTimes {
  /** Sum of the rows' medians. */
  kernels: number;
  /** Between one dispatch's end and the next one's begin. */
  gaps: number;
  /** The host's own work: encoding, submitting, and fetching the losses when they have arrived. */
  encode: number;
  /** queue.submit. */
  submit: number;
  /** Fetching the losses. */
  readback: number;
  /** With timing and without. */
  wall: number;
  /** As training runs it, in one pass. */
  wallUntimed: number;
}

/** Something that happened in the measured steps; microseconds from a common zero. */
export interface ProfileEvent {
  /** Who did it. */
  lane: 'gpu' | 'host';
  /** Kernel, or what the host did. */
  name: string;
  /** Microseconds from the common zero. */
  start: number;
  /** Microseconds. */
  duration: number;
  /** Which submit it belongs to, from 0. */
  submit: number;
  /** What a trace shows beside it. */
  args?: Record<string, unknown>;
}

/** What a step waits for. */
export interface Bottleneck {
  /** Kernels, the dispatches between them, or the host. */
  what: 'gpu' | 'dispatch' | 'host';
  /** The same for people, with numbers. */
  sentence: string;
}

/** Where a training step's time goes; plain JSON. */
export interface ProfileReport {
  /** What was timed. */
  adapter: AdapterSummary;
  /** The plan's name. */
  plan: string;
  /** How many were timed. */
  steps: number;
  /** timestamps of the GPU, or the host's clock over many calls. */
  method: 'timestamps' | 'repetition';
  /** The device has timestamps, but too coarse ones. */
  quantized: boolean;
  /** A dispatch each, in the plan's order. */
  rows: ProfileRow[];
  /** A whole step. */
  step: StepTimes;
  /** What to change first. */
  bottleneck: Bottleneck;
  /** What rows are compared with; null if not asked for. */
  ceilings: Ceilings | null;
  /** Host and GPU events of the measured steps; by repetition, of the host only. */
  events: ProfileEvent[];
}

/** What was measured of a dispatch. */
export interface DispatchTimes {
  samples: number[];
  calls: number;
}

export interface Measured extends Pick<ProfileReport, 'adapter' | 'steps' | 'method' | 'quantized' | 'ceilings'> {
  plan: Plan;
  /** In the plan's order. */
  dispatches: DispatchTimes[];
  step: Omit<StepTimes, 'kernels'>;
  events: ProfileEvent[];
}

export function makeReport(measured: Measured): ProfileReport {
  const { adapter, plan, steps, method, quantized, ceilings, events } = measured;
  const timed = measured.dispatches.map((times) => ({ ...times, median: median(times.samples) }));
  const kernels = timed.reduce((sum, times) => sum + times.median, 0);
  const rows = plan.dispatches.map((dispatch, index) =>
    rowOf(dispatch, index, timed[index] ?? { samples: [], calls: 0 }, kernels, ceilings),
  );
  const step = { kernels, ...measured.step };
  const bottleneck = findBottleneck(step, rows, ceilings);
  return { adapter, plan: plan.name, steps, method, quantized, rows, step, bottleneck, ceilings, events };
}

function rowOf(
  dispatch: Dispatch,
  index: number,
  { samples, calls }: DispatchTimes,
  kernels: number,
  ceilings: Ceilings | null,
): ProfileRow {
  const { label, kernel, variant, grid, workgroup, flops, bytes } = dispatch;
  const middle = median(samples);
  const row = {
    index,
    label,
    kernel,
    ...(variant !== undefined && { variant }),
    shapes: showTensors(dispatch),
    grid: [grid[0], grid[1], grid[2]] satisfies [number, number, number],
    workgroup: [workgroup, 1, 1] satisfies [number, number, number],
    calls,
    samples,
    median: middle,
    p95: quantile(samples, 0.95),
    share: ratio(middle, kernels),
    ...rates(flops, bytes, middle),
  };
  return { ...row, roofline: ceilings && rooflineShare(row, ceilings) };
}

/** Rates of `flops` operations and `bytes` of traffic in `us` microseconds. */
export function rates(
  flops: number,
  bytes: number,
  us: number,
): Pick<ProfileRow, 'flops' | 'bytes' | 'gflops' | 'gbs' | 'intensity'> {
  const perSecond = (count: number) => ratio(count, us * 1000); // a count in a microsecond is a million a second
  return { flops, bytes, gflops: perSecond(flops), gbs: perSecond(bytes), intensity: ratio(flops, bytes) };
}

/** What memory gives at best: reads and writes differ, and a kernel does both. */
export const bestGbs = ({ readGbs, writeGbs, copyGbs }: Ceilings): number => Math.max(readGbs, writeGbs, copyGbs);

/** How near a kernel comes to the ceiling that it meets first: arithmetic, or memory. */
export function rooflineShare({ gflops, gbs }: Pick<ProfileRow, 'gflops' | 'gbs'>, ceilings: Ceilings): number {
  return Math.max(ratio(gflops, ceilings.fmaGflops), ratio(gbs, bestGbs(ceilings)));
}

/** Which ceiling a kernel of this arithmetic intensity meets first. */
export function limitOf({ intensity }: Pick<ProfileRow, 'intensity'>, ceilings: Ceilings): 'arithmetic' | 'memory' {
  return intensity * bestGbs(ceilings) > ceilings.fmaGflops ? 'arithmetic' : 'memory';
}

/**
 * Where a step's time goes, of the run without timing: kernels; or time in which no kernel runs, as far as the host's own
 * work explains it; or the rest of that, the latency of dispatches and submits. The largest of the three it is.
 */
export function findBottleneck(
  step: StepTimes,
  rows: readonly ProfileRow[],
  ceilings: Ceilings | null = null,
): Bottleneck {
  const { kernels, encode, submit, readback, wallUntimed } = step;
  // On a GPU that is the CPU, or with timing's own cost in the kernels, they can seem to take more than the step.
  const idle = Math.max(0, wallUntimed - kernels);
  const host = Math.min(idle, encode + submit + readback);
  const dispatch = idle - host;
  const wall = `a step's ${microseconds(wallUntimed)}`;
  if (kernels >= host && kernels >= dispatch) {
    const most = rows.reduce<ProfileRow | undefined>(
      (best, row) => (row.median > (best?.median ?? 0) ? row : best),
      undefined,
    );
    return {
      what: 'gpu',
      sentence: `The GPU is the bottleneck: kernels take ${percent(Math.min(1, kernels / wallUntimed))} of ${wall}${mostText(most, ceilings)}.`,
    };
  }
  if (host >= dispatch)
    return {
      what: 'host',
      sentence:
        `The host is the bottleneck: the GPU has nothing to do for ${percent(idle / wallUntimed)} of ${wall}, and ` +
        `encoding, submitting and reading back take ${microseconds(encode + submit + readback)}.`,
    };
  return {
    what: 'dispatch',
    sentence:
      `Dispatch latency is the bottleneck: kernels take ${percent(kernels / wallUntimed)} of ${wall}, the host's work ` +
      `${microseconds(encode + submit + readback)}; the rest passes between the ${rows.length} dispatches. Fewer and ` +
      'larger ones (a larger batch) would help.',
  };
}

function mostText(row: ProfileRow | undefined, ceilings: Ceilings | null): string {
  if (!row) return '';
  const name = `${row.kernel} of ${row.label}`;
  const near =
    ceilings && row.roofline !== null ? `, at ${percent(row.roofline)} of what ${limitOf(row, ceilings)} allows` : '';
  return `; the largest is ${name} (${percent(row.share)} of the kernels${near})`;
}

/** The value that `share` of the sorted samples lie below, interpolated; 0 of none. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** 0 where there is nothing to divide by: a kernel that took no time that the clock could see. */
const ratio = (a: number, b: number): number => (b > 0 ? a / b : 0);

const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;

/** 870 us, 12.3 ms */
export function microseconds(us: number): string {
  if (us < 9.95) return `${us.toFixed(1)} us`;
  return us < 999.5 ? `${us.toFixed(0)} us` : `${(us / 1000).toPrecision(3)} ms`;
}
