// What every timed size of a benchmark must say of itself, in the program's JSON and in the page's: its numbers follow from
// the plan that it runs and from the time that it took.
import { vae } from 'latentgpu';
import * as assert from 'uvu/assert';
import type { StepRow } from '../../../harness/lib/bench/report.js';
import { layersOf } from '../../../harness/lib/bench/sizes.js';
import { trainingPlan } from '../models/plans.js';

export const near = (got: number, want: number, what: string): void =>
  assert.ok(Math.abs(got - want) <= 1e-9 * Math.abs(want), `${what}: ${got}, must be ${want}`);

type Timed = Pick<StepRow, 'batch' | 'width' | 'ms' | 'dispatches' | 'flops' | 'imagesPerSecond' | 'gflops' | 'share'>;

export function addsUp(row: Timed, ceilingGflops: number): void {
  const plan = trainingPlan(vae(layersOf(row.width)), row.batch, { fuse: true });
  assert.is(row.dispatches, plan.dispatches.length);
  const flops = plan.dispatches.reduce((sum, dispatch) => sum + dispatch.flops, 0);
  // The end of the step adds up a part a tile of the loss and the KL term; how many follows from the adapter's variant. The
  // smallest tile has 8 rows and 16 columns.
  const parts = Math.ceil(row.batch / 8) * row.width * Math.ceil((784 + 128) / 16);
  assert.ok(Math.abs(row.flops - flops) <= parts, `${row.flops} operations, must be ${flops} +- ${parts}`);
  near(row.imagesPerSecond, row.batch / (row.ms.median / 1000), 'images/s');
  near(row.gflops, row.flops / (row.ms.median / 1000) / 1e9, 'GFLOP/s');
  near(row.share, row.gflops / ceilingGflops, 'share');
}
