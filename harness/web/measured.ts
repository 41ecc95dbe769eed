// What training reports, as the curves keep it.
import type { Losses } from 'latentgpu';

/** A step's losses, or the test set's after it. */
export interface Measured {
  step: number;
  losses: Losses;
}

/** More points than a chart has pixels help nobody: at that many, neighbours are joined. */
const MOST_MEASURED = 1200;

/** With one more at the end, and no more than can be seen. */
export function measuredWith(measured: Measured[], more: Measured): Measured[] {
  measured.push(more);
  return measured.length < MOST_MEASURED ? measured : joined(measured);
}

/**
 * The test losses beside a run's steps, one for each or null: a test loss belongs to the first report at or after its step. Both are
 * in order.
 */
export function testColumn(steps: readonly number[], tested: readonly Measured[]): (number | null)[] {
  const column: (number | null)[] = steps.map(() => null);
  let at = 0;
  for (const { step, losses } of tested) {
    while (at < steps.length && (steps[at] ?? 0) < step) at++;
    if (at < steps.length) column[at] = losses.loss;
  }
  return column;
}

/** Half as many, each the mean of two neighbours. */
function joined(measured: Measured[]): Measured[] {
  const half: Measured[] = [];
  for (let i = 1; i < measured.length; i += 2) {
    const [a, b] = [measured[i - 1], measured[i]];
    if (!a || !b) continue;
    const losses = Object.entries(b.losses).map(([term, value]) => {
      const other = a.losses[term as keyof typeof a.losses] ?? value;
      return [term, (other + value) / 2];
    });
    half.push({ step: b.step, losses: Object.fromEntries(losses) });
  }
  return half;
}
