// Which dimensions of a code carry something (harness/lib/report/code-use.ts).
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { codeUseText, divergences } from '../../../harness/lib/report/code-use.js';

test('nats of each dimension, the mean over rows', () => {
  // At the prior; away from it by 2; of a variance of 1/e.
  const mean = Float32Array.of(0, 2, 0, 0, -2, 0);
  const logVar = Float32Array.of(0, 0, -1, 0, 0, -1);
  const [none, far, narrow = 0] = divergences({ mean, logVar }, 3);
  assert.equal([none, far], [0, 2]);
  assert.ok(Math.abs(narrow - 0.5 * Math.exp(-1)) < 1e-9, `${narrow}`);
});

test('in words: how many are used, which are not, at most sixteen of them', () => {
  assert.is(codeUseText([1, 2, 0.5]), 'code      3 of 3 dimensions are used, 3.500 nats together');
  assert.is(
    codeUseText([1, 0.0099, 2, 0]),
    'code      2 of 4 dimensions are used, 3.010 nats together; below 0.01 nats, so that they carry nothing: 1, 3',
  );
  assert.match(codeUseText(new Array(20).fill(0)), /nothing: 0, 1, .*, 15, \.\.\.$/);
});

test.run();
