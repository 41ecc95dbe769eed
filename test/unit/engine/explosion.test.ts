// When a loss counts as exploded (src/train/step/divergence.ts): also one that passes 0, as likelihoods of numbers do.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ExplosionWatch } from '../../../src/train/step/divergence.js';

/** Whether it is told of while these losses, one a step, go by. */
function told(losses: readonly number[]): boolean {
  const watch = new ExplosionWatch();
  return losses.map((loss) => watch.add(loss)).some(Boolean);
}

const steps = (count: number, loss: (step: number) => number) => Array.from({ length: count }, (_, step) => loss(step));

for (const [what, losses, want] of [
  ['falls', steps(200, (step) => 500 - step), false],
  ['falls, then is twenty times as large', [...steps(100, () => 50), ...steps(100, () => 1000)], true],
  ['falls past 0', steps(600, (step) => 500 - 2 * step), false],
  ['stays about 0', [...steps(50, () => 500), ...steps(400, (step) => (step % 2 ? 1 : -1))], false],
  ['is below 0', steps(200, (step) => -100 - step), false],
  ['is below 0, then far above', [...steps(100, () => -100), ...steps(100, () => 2000)], true],
] as const)
  test(`a loss that ${what}: ${want ? 'told of' : 'nothing'}`, () => assert.is(told(losses), want));

test.run();
