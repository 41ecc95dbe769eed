// Every case of PyTorch's (test/support/family-parity.ts); a sample of them is in test/train.
import { test } from 'uvu';
import { usesDevice } from '../support/device.js';
import { testParity } from '../support/family-parity.js';
import { FAMILY_CASES } from '../support/family-reference.js';

testParity(test, FAMILY_CASES);

usesDevice(test);
test.run();
