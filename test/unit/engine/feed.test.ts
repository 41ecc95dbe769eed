// Rows on their way to the GPU, some at a time.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { byteFeedOf, changed, columnsOf, feedOf, labelled } from '../../../src/train/passes/feed.js';

test('bytes become shades, numbers stay where they lie', () => {
  const bytes = feedOf({ count: 3, values: Uint8Array.of(0, 255, 51, 102, 1, 254) }, 2);
  assert.equal(Array.from(bytes.take(1, 2)), Array.from(Float32Array.of(51 / 255, 102 / 255, 1 / 255, 254 / 255)));
  assert.equal(Array.from(bytes.take(0, 1)), [0, 1]);
  const values = Float32Array.of(1, 2, 3, 4);
  assert.is(feedOf({ count: 2, values }, 2).take(1, 1).buffer, values.buffer);
});

test('rows whose bytes become numbers on the GPU stay where they lie', () => {
  const values = Uint8Array.of(0, 255, 51, 102);
  const taken = byteFeedOf({ count: 2, values }, 2).take(1, 1);
  assert.equal([taken.buffer, [...taken]], [values.buffer, [51, 102]]);
});

test('memory that threads share is copied, which Dawn aborts on', () => {
  const values = new Float32Array(new SharedArrayBuffer(16));
  values.set([1, 2, 3, 4]);
  const bytes = new Uint8Array(new SharedArrayBuffer(4));
  bytes.set([1, 2, 3, 4]);
  for (const taken of [
    feedOf({ count: 2, values }, 2).take(1, 1),
    byteFeedOf({ count: 2, values: bytes }, 2).take(1, 1),
  ]) {
    assert.instance(taken.buffer, ArrayBuffer);
    assert.equal(Array.from(taken), [3, 4]);
  }
});

test('some columns of rows that have more', () => {
  const feed = columnsOf(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), 3, 1, 2);
  assert.equal([feed.count, feed.columns], [3, 2]);
  assert.equal(Array.from(feed.take(1, 2)), [5, 6, 8, 9]);
});

test('changes and labels belong to their rows, wherever a pass begins', () => {
  const rows = feedOf({ count: 3, values: Float32Array.of(1, 2, 3, 4, 5, 6) }, 2);
  const feed = labelled(
    changed(rows, (some) => some.map((x) => 10 * x)),
    [2, 0, 1],
    3,
  );
  assert.is(feed.columns, 5);
  assert.equal(Array.from(feed.take(1, 2)), [30, 40, 1, 0, 0, 50, 60, 0, 1, 0]);
});

test.run();
