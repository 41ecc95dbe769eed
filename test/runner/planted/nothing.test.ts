// Planted: test/unit/support/runner.test.ts sees how it is reported.
import { test } from 'uvu';

test('is never run', () => undefined);
