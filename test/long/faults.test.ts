// Every call of the device goes wrong, one after the other.
import { test } from 'uvu';
import { testFaults } from '../support/training/fault-scenarios.js';

testFaults(test, () => true);
test.run();
