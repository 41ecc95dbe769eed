// Planted: test/unit/support/runner.test.ts sees how it is reported.
import { test } from 'uvu';

test('first', () => undefined);
test('waits for what never comes', () => new Promise(() => undefined));
test('last', () => undefined);
test.run();
