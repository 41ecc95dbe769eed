// Every case of PyTorch's (test/support/models/family-parity.ts); a sample of them is in test/train.
import { test } from 'uvu';
import { usesDevice } from '../support/device.js';
import { CONVOLUTION_LIMIT, IMPORTANCE_LIMIT, testParity } from '../support/models/family-parity.js';
import { CONVOLUTION_CASES, FAMILY_CASES, IMPORTANCE_CASES } from '../support/models/family-reference.js';

testParity(test, FAMILY_CASES);
testParity(test, CONVOLUTION_CASES, CONVOLUTION_LIMIT);
testParity(test, IMPORTANCE_CASES, IMPORTANCE_LIMIT, IMPORTANCE_LIMIT);

usesDevice(test);
test.run();
