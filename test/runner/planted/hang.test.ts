// Planted: test/unit/support/runner.test.ts sees how it is reported.
import { test } from 'uvu';

test('first', () => undefined);
test('hangs', () => new Promise((resolve) => void setTimeout(resolve, 1e9)));
test.run();
