// close() guards every comparison with f64: these are the cases in which it must fail, and what it then says.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { close } from '../../support/limits/close.js';

const limit = () => 0.5;

/** The message of the failure; fails itself if there is none. */
function failure(run: () => void): string {
  let message = '';
  try {
    run();
  } catch (error) {
    message = (error as Error).message;
  }
  assert.ok(message, 'close() accepted what it must refuse');
  return message;
}

test('equal and nearly equal numbers pass, up to the limit itself', () => {
  close([1, 2, -3], Float32Array.of(1, 2, -3), () => 0);
  close([1.5, 1.5], [1, 2], limit);
  close([], [], limit);
});

for (const [name, got, want] of [
  ['too large', 2.51, 2],
  ['too small', 1.49, 2],
  ['NaN instead of a number', Number.NaN, 2],
  ['a number instead of NaN', 2, Number.NaN],
  ['NaN on both sides', Number.NaN, Number.NaN],
  ['infinite instead of a number', Number.POSITIVE_INFINITY, 2],
] as const)
  for (const at of [0, 1, 2])
    test(`${name}, element ${at} of 3, fails`, () => {
      const values = (value: number) => [2, 2, 2].map((other, i) => (i === at ? value : other));
      const message = failure(() => close(values(got), values(want), limit, (i) => `c[${i}]`));
      assert.ok(message.startsWith(`c[${at}]: got ${got}, want ${want}`), message);
    });

test('a limit that is NaN or negative lets nothing pass', () => {
  failure(() => close([1], [1], () => Number.NaN));
  failure(() => close([1], [1], () => -1));
});

test('each element has its own limit', () => {
  const limits = [0, 1, 2];
  close([0, 1, 2], [0, 0, 0], (i) => limits[i] ?? 0);
  assert.match(
    failure(() => close([0, 1.5, 2], [0, 0, 0], (i) => limits[i] ?? 0)),
    /^\[1\].* limit 1/,
  );
});

test('lengths must agree, in either direction', () => {
  assert.match(
    failure(() => close([1, 2], [1], limit)),
    /2 elements, must be 1/,
  );
  assert.match(
    failure(() => close([], [1], limit)),
    /0 elements, must be 1/,
  );
});

test('the message has the limit, the error and the neighbours', () => {
  const message = failure(() => close([10, 11, 12.75, 13, 14, 15], [10, 11, 12, 13, 14, 15], limit, (i) => `x[${i}]`));
  assert.match(message, /^x\[2\]: got 12.75, want 12, off by 0.75, limit 0.5/);
  for (const i of [0, 1, 3, 4]) assert.ok(message.includes(`x[${i}] got ${10 + i}, want ${10 + i}`), message);
  assert.not.match(message, /x\[5\]/);
});

test.run();
