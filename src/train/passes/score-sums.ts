// What rows' losses over some draws come to: the mean of each term, and the importance-weighted bound of log p(x).
// Arithmetic in f64; nothing of a GPU.
import { F32_BYTES } from '../../kernels/kernel.js';
import { type LossTerm, type ModelSpec, reconstructionTerm } from '../../model/spec.js';
import type { Plan } from '../../plan/plan.js';
import { EVALUATION_BATCH } from '../step/step-state.js';

/** [n] each: the losses of each row. */
export type Scores = {
  /** The sum of the terms with their weights: the larger, the odder. */
  loss: Float32Array;
  /** -log p(x) by the importance-weighted bound, in nats, where it was asked for. */
  iwae?: Float32Array;
} & { [Term in LossTerm]?: Float32Array };

/** How many of each. */
export interface ScoreCounts {
  rows: number;
  /** Draws that the terms are the mean over. */
  samples: number;
  /** Draws of the bound; 0: it is not asked for. */
  iwae: number;
}

/** Which rows, and in which draw, from 0. */
export interface ScoredRows {
  first: number;
  count: number;
  draw: number;
}

export class ScoreSums {
  /** Of each term, [rows]. */
  private readonly sums: readonly Float64Array[];
  private readonly bound: LogSumExp;

  constructor(
    private readonly spec: ModelSpec,
    private readonly plan: Pick<Plan, 'losses' | 'lossBytes'>,
    private readonly counts: ScoreCounts,
  ) {
    this.sums = plan.losses.map(() => new Float64Array(counts.rows));
    this.bound = new LogSumExp(counts.iwae > 0 ? counts.rows : 0);
  }

  /** @param values of each batch: its losses as the plan has them, then, if the bound is asked for, log p(z) - log q(z|x) */
  add(values: Float32Array, { first, count, draw }: ScoredRows): void {
    const { losses, lossBytes } = this.plan;
    const { samples, iwae } = this.counts;
    const ofLosses = lossBytes / F32_BYTES;
    const stride = ofLosses / losses.length;
    const perBatch = ofLosses + (iwae > 0 ? EVALUATION_BATCH : 0);
    const likelihood = losses.findIndex(({ term }) => term === reconstructionTerm(this.spec));
    const { weight = 1 } = losses[likelihood] ?? {};
    for (let row = 0; row < count; row++) {
      const at = Math.floor(row / EVALUATION_BATCH) * perBatch + (row % EVALUATION_BATCH);
      if (draw < samples)
        this.sums.forEach((sum, term) => {
          sum[first + row] = (sum[first + row] ?? 0) + (values[at + term * stride] ?? 0);
        });
      if (draw < iwae)
        this.bound.add(first + row, (values[at + ofLosses] ?? 0) - weight * (values[at + likelihood * stride] ?? 0));
    }
  }

  get scores(): Scores {
    const { rows, samples, iwae } = this.counts;
    const { losses } = this.plan;
    const means = this.sums.map((sum) => sum.map((value) => value / samples));
    const loss = Float32Array.from({ length: rows }, (_, row) =>
      losses.reduce((total, { weight }, term) => total + weight * (means[term]?.[row] ?? 0), 0),
    );
    const named = Object.fromEntries(losses.map(({ term }, index) => [term, Float32Array.from(means[index] ?? [])]));
    if (iwae === 0) return { loss, ...named };
    // What the squared error leaves out of a Gaussian's -log p; a learned variance leaves out nothing.
    const { variance } = this.spec.loss;
    const rest = typeof variance !== 'number' ? 0 : (this.spec.inputs / 2) * Math.log(2 * Math.PI * variance);
    const bound = Float32Array.from({ length: rows }, (_, row) => rest + Math.log(iwae) - this.bound.at(row));
    return { loss, ...named, iwae: bound };
  }
}

/** log(sum of exp), a sum each, as the terms come: the greatest stands apart, so that nothing overflows. */
class LogSumExp {
  private readonly greatest: Float64Array;
  private readonly total: Float64Array;

  constructor(count: number) {
    this.greatest = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
    this.total = new Float64Array(count);
  }

  add(index: number, log: number): void {
    const before = this.greatest[index] ?? 0;
    const greatest = Math.max(before, log);
    if (greatest === Number.NEGATIVE_INFINITY) return; // exp of it is 0
    this.total[index] = (this.total[index] ?? 0) * Math.exp(before - greatest) + Math.exp(log - greatest);
    this.greatest[index] = greatest;
  }

  at(index: number): number {
    return (this.greatest[index] ?? 0) + Math.log(this.total[index] ?? 0);
  }
}
