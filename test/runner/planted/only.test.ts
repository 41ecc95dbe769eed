// Planted: test/unit/support/runner.test.ts sees how it is reported.
import { test } from 'uvu';

test('left out', () => undefined);
test.only('only', () => undefined);
test.skip('skipped', () => undefined);
test.run();
