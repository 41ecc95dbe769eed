// Calls of the device that go wrong: the first and the last of every operation. All of them:
// test/long/faults.test.ts.
import { test } from 'uvu';
import { testFaults } from '../support/fault-scenarios.js';

testFaults(test, (nth, count) => nth === 1 || nth === count);
test.run();
