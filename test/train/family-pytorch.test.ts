// A sample of PyTorch's cases (test/support/models/family-parity.ts): between them each kind of code and of loss, both epilogues of a
// layer, corruption, labels, each optimizer, clipping and a schedule. test/families has all of them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { usesDevice } from '../support/device.js';
import { CONVOLUTION_LIMIT, IMPORTANCE_LIMIT, testParity } from '../support/models/family-parity.js';
import { CONVOLUTION_CASES, FAMILY_CASES, IMPORTANCE_CASES } from '../support/models/family-reference.js';

const SAMPLE = [
  'gelu, elu',
  'gaussian pixels of -1..1',
  'sparsity and l1',
  'salt and pepper of -1..1',
  'conditional',
  'sgd, nesterov, weight decay',
  'rmsprop, momentum',
  'clipped, l2',
  'cosine schedule, floor, warm-up, adamw',
  'kl annealing',
  'learned variance of -1..1',
  'learned variance, clipped',
  'counts',
  'colour',
  'standardised vectors',
];

const cases = FAMILY_CASES.filter(({ name }) => SAMPLE.includes(name));
test('every case of the sample is there', () => assert.is(cases.length, SAMPLE.length));
testParity(test, cases);

const convolutions = CONVOLUTION_CASES.filter(({ name }) => ['conv-vae', 'vq-vae', 'vq-vae of vectors'].includes(name));
test('convolutional and quantised cases are there', () => assert.is(convolutions.length, 3));
testParity(test, convolutions, CONVOLUTION_LIMIT);

const SAMPLES = ['iwae', 'learned variance of -1..1'];
const samples = IMPORTANCE_CASES.filter(({ name }) => SAMPLES.includes(name));
test('both cases of several samples are there', () => assert.is(samples.length, SAMPLES.length));
testParity(test, samples, IMPORTANCE_LIMIT, IMPORTANCE_LIMIT);

usesDevice(test);
test.run();
