// Planted: test/unit/support/runner.test.ts sees how it is reported.
import { test } from 'uvu';

test('first', () => undefined);
test('crashes', () => process.abort());
test('last', () => undefined);
test.run();
