// Planted: test/unit/support/runner.test.ts sees how it is reported.
import { test } from 'uvu';

test.after(() => {
  throw new Error('planted: the teardown');
});
test('first', () => undefined);
test('fails', () => {
  throw new Error('planted: a test');
});
test.run();
