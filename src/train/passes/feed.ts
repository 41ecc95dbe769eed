// Rows on their way to the GPU: what becomes of them (bytes become numbers, numbers are scaled, labels are put beside them) is
// done for some rows at a time, when a pass takes them, and never lies in memory for all.
import { shadesInto } from '../../data/examples.js';
import type { Rows } from './rows.js';

/** Rows that a pass takes, some at a time. */
export interface Feed<Numbers = Float32Array<ArrayBuffer>> {
  count: number;
  /** Numbers of a row. */
  columns: number;
  /** [count, columns] from row `first` on, for the GPU to copy at once: the next call may use the same memory. */
  take(first: number, count: number): Numbers;
}

/** Rows whose bytes become numbers on the GPU. */
export type ByteFeed = Feed<Uint8Array<ArrayBuffer>>;

/** @param columns of `rows` */
export function feedOf({ count, values }: Rows, columns: number): Feed {
  let scratch = new Float32Array();
  return {
    count,
    columns,
    take(first, some) {
      const taken = values.subarray(first * columns, (first + some) * columns);
      if (taken instanceof Float32Array && isOwn(taken)) return taken;
      if (scratch.length < taken.length) scratch = new Float32Array(taken.length);
      const own = scratch.subarray(0, taken.length);
      if (taken instanceof Uint8Array) return shadesInto(own, taken);
      own.set(taken);
      return own;
    },
  };
}

/** @param columns of `rows` */
export const byteFeedOf = ({ count, values }: Rows<Uint8Array>, columns: number): ByteFeed => ({
  count,
  columns,
  take(first, some) {
    const taken = values.subarray(first * columns, (first + some) * columns);
    return isOwn(taken) ? taken : taken.slice();
  },
});

/** Dawn aborts when it is handed memory that threads share. */
function isOwn(values: Float32Array): values is Float32Array<ArrayBuffer>;
function isOwn(values: Uint8Array): values is Uint8Array<ArrayBuffer>;
function isOwn({ buffer }: Float32Array | Uint8Array): boolean {
  return buffer instanceof ArrayBuffer;
}

/** Of each of `rows`, with `width` numbers, those from column `from` on. */
export const columnsOf = (rows: Float32Array, width: number, from: number, columns: number): Feed => ({
  count: rows.length / width,
  columns,
  take: (first, count) => someColumns(rows.subarray(first * width, (first + count) * width), width, from, columns),
});

/** @param rows [n, width] @returns [n, columns] */
export function someColumns(
  rows: Float32Array,
  width: number,
  from: number,
  columns: number,
): Float32Array<ArrayBuffer> {
  const taken = new Float32Array((rows.length / width) * columns);
  for (let row = 0, to = 0; to < taken.length; row += width, to += columns)
    taken.set(rows.subarray(row + from, row + from + columns), to);
  return taken;
}

/** Each row's numbers after `change`, which is given whole rows. */
export const changed = (feed: Feed, change: (rows: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>): Feed => ({
  ...feed,
  take: (first, count) => change(feed.take(first, count)),
});

/** Each row with its label behind it, as one-hot. @param labels [count] below `classes` */
export const labelled = (feed: Feed, labels: ArrayLike<number>, classes: number): Feed => ({
  count: feed.count,
  columns: feed.columns + classes,
  take(first, count) {
    const { columns } = feed;
    const width = columns + classes;
    const rows = feed.take(first, count);
    const joined = new Float32Array(count * width);
    for (let row = 0; row < count; row++) {
      joined.set(rows.subarray(row * columns, (row + 1) * columns), row * width);
      joined[row * width + columns + (labels[first + row] ?? 0)] = 1;
    }
    return joined;
  },
});
