// Planted: test/unit/support/runner.test.ts sees how it is reported.
import { test } from 'uvu';

test('first', () => undefined);
setInterval(() => undefined, 1e6); // what is not closed keeps the process
test.run();
