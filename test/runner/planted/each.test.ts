// Planted: test/unit/support/runner.test.ts sees how it is reported.
import { test } from 'uvu';

let round = 0;
test.before.each(() => {
  round++;
  if (round === 1) throw new Error('planted: before each');
});
test.after.each(() => {
  if (round === 2) throw new Error('planted: after each');
});
test('first', () => undefined);
test('second', () => undefined);
test('third', () => undefined);
test.run();
