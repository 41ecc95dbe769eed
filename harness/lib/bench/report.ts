// What a benchmark says, as plain JSON: the file of --json.
import type { AdapterSummary, KernelRow, NumberType } from 'latentgpu/node';
import type { ContestResult } from './contest.js';
import type { PeerModel } from './peer-models.js';
import type { ProductSize, StepSize } from './sizes.js';
import type { Spread } from './statistics.js';

export interface StepRow extends StepSize {
  /** 784-512-256-64-... */
  layers: string;
  parameters: number;
  dispatches: number;
  /** Of one step, by the plan. */
  flops: number;
  /** Steps that were timed. */
  steps: number;
  /** Milliseconds a step. */
  ms: Spread;
  /** By the median, as are gflops and share. */
  imagesPerSecond: number;
  gflops: number;
  /** Of the measured multiply-add ceiling. */
  share: number;
  /** The host's encoding and submitting, microseconds a step. */
  hostUs: number;
  /** Nats an image. */
  loss: { first: number; checked: number; last: number };
}

/** A size that was not timed, and why. */
export interface LeftOut {
  what: string;
  why: string;
}

export interface StepReport {
  rows: StepRow[];
  leftOut: LeftOut[];
  /** Microseconds a seed step costs the host on Dawn's null backend, where nothing is computed; null where there is none. */
  nullHostUs: number | null;
}

export interface ProductRow extends ProductSize {
  flops: number;
  variants: (Pick<KernelRow, 'kernel' | 'median' | 'gflops' | 'worst' | 'best' | 'default'> & {
    name: string;
    share: number;
  })[];
  refused: { name: string; reason: string }[];
}

export interface ProductReport {
  rows: ProductRow[];
  leftOut: LeftOut[];
}

export interface PeerReport {
  model: PeerModel;
  batch: number;
  rounds: number;
  /** The first is this engine. */
  results: (ContestResult & { device: string; version: string; loss: { first: number; last: number } } & {
    /** By how much the losses without noise differ from this engine's at most, relatively; 0 of the engine itself. */
    disagreement: number;
  })[];
  leftOut: LeftOut[];
}

export interface RowReport {
  rows: number;
  rounds: number;
  /** Milliseconds for all rows; the first is the trainer's evaluation of them. */
  results: ContestResult[];
  /** The program's memory at its highest, all programs' parts and the rows included. */
  peakBytes: number;
  /** What the rows themselves take. */
  rowBytes: number;
}

export interface Series {
  /** "width x1" against rows, "batch 128" against width. */
  name: string;
  against: 'batch' | 'width';
  points: { x: number; ms: number }[];
  /** Of ms = c x^e. */
  exponent: number;
  /** Of ms = a + b x, for batches. */
  line: { a: number; b: number } | null;
}

export interface BenchReport {
  /** ISO 8601. */
  date: string;
  adapter: AdapterSummary;
  versions: Record<string, string>;
  /** What the matmuls of steps and products read; f32 of those of other libraries. */
  precision: NumberType;
  /** f32 multiply-adds, measured at the beginning. */
  ceilingGflops: number;
  steps?: StepReport;
  products?: ProductReport;
  peers?: PeerReport;
  scaling?: Series[];
  through?: RowReport;
}
