// Calls of the device that go wrong: the first two and the last of every operation. All of them:
// test/long/faults.test.ts.
import { test } from 'uvu';
import { testFaults } from '../support/training/fault-scenarios.js';

testFaults(test, (nth, count) => nth <= 2 || nth === count);
test.run();
