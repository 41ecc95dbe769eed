// What the page's benchmark says: plain JSON, made in a worker of its own and shown by panels/benchmark.ts.
import type { AdapterSummary } from 'latentgpu';
import type { ProductSize, StepSize } from '../../lib/bench/sizes.js';
import type { StepTiming } from '../../lib/bench/steps.js';

/** Name of the worker that benchmarks: its file is that of the session's worker, which is large. */
export const BENCHMARK = 'latentgpu benchmark';

export interface BenchStep extends StepSize, StepTiming {
  dispatches: number;
  flops: number;
  imagesPerSecond: number;
  gflops: number;
  /** Of the measured multiply-add ceiling. */
  share: number;
}

export interface BenchProduct extends ProductSize {
  variant: string;
  /** Microseconds. */
  us: number;
  gflops: number;
  share: number;
}

export interface PageReport {
  /** ISO 8601. */
  date: string;
  userAgent: string;
  adapter: AdapterSummary;
  ceilingGflops: number;
  steps: BenchStep[];
  products: BenchProduct[];
}

export type BenchMessage = { doing: string } | { report: PageReport } | { failed: string };
