// Planted: test/unit/support/runner.test.ts sees how it is reported.
import { test } from 'uvu';

let thing: { close(): void } | undefined;
test.before(() => {
  throw new Error('planted: the set-up');
});
test.after(() => (thing as { close(): void }).close());
test('first', () => undefined);
test('last', () => undefined);
test.run();
