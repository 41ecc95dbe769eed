// harness/lib/generate/quantise.ts: cells, what they stand for and what they cost, against values that can be worked out by hand.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  dequantise,
  entropyBits,
  meanSquaredError,
  psnr,
  quantise,
  rangesOf,
} from '../../../harness/lib/generate/quantise.js';

/** Half the distance between neighbouring f32 numbers around 1. */
const ROUNDING = 2 ** -24;

test('ranges are those of each column', () => {
  const { low, high } = rangesOf(Float32Array.of(3, -1, 0, 5, -1, 0, -4, 2, 0), 3);
  assert.equal(
    [[...low], [...high]],
    [
      [-4, -1, 0],
      [5, 2, 0],
    ],
  );
});

test('cells of two columns, counted by hand: from the low end of each, which has its own width', () => {
  const ranges = { low: Float32Array.of(0, -2), high: Float32Array.of(4, 2) };
  const rows = Float32Array.of(0, -2, 0.999, -0.001, 1, 0, 2.5, 1.5, 4, 2);
  assert.equal([...quantise(rows, ranges, 2)], [0, 0, 0, 1, 1, 2, 2, 3, 3, 3]);
  assert.equal([...quantise(rows, ranges, 1)], [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
  assert.equal([...dequantise(Uint16Array.of(0, 0, 3, 3, 1, 2), ranges, 2)], [0.5, -1.5, 3.5, 1.5, 1.5, 0.5]);
});

for (const bits of [1, 2, 3, 5, 8, 12, 16])
  test(`${bits} bits: within the range nothing is off by more than half a cell, and somewhere it is nearly that`, () => {
    const ranges = { low: Float32Array.of(-3, 0.25), high: Float32Array.of(5, 1) };
    const n = 4099; // a prime: no multiple of the cells
    const rows = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) rows.set([-3 + (8 * i) / (n - 1), 0.25 + (0.75 * i) / (n - 1)], 2 * i);
    const cells = quantise(rows, ranges, bits);
    assert.ok(cells.every((cell) => cell < 2 ** bits));
    const back = dequantise(cells, ranges, bits);
    const worst = [0, 0];
    back.forEach((value, at) => {
      worst[at % 2] = Math.max(worst[at % 2] ?? 0, Math.abs(value - (rows[at] ?? Number.NaN)));
    });
    for (const [column, width] of [8, 0.75].entries()) {
      const half = width / 2 ** bits / 2;
      const off = worst[column] ?? Number.NaN;
      // The result is rounded to f32, at most at the size of the range's larger end.
      assert.ok(off <= half + 5 * ROUNDING, `column ${column}: ${off}, half a cell is ${half}`);
      // The lowest value of all is exactly half a cell below its middle.
      assert.ok(off >= half - 5 * ROUNDING, `column ${column}: ${off}, half a cell is ${half}`);
    }
    if (bits <= 8) assert.is(new Set(cells).size, 2 ** bits, 'every cell is used');
  });

test('the ends of the range are in the outermost cells, and so is all beyond them', () => {
  const ranges = { low: Float32Array.of(-1), high: Float32Array.of(1) };
  const rows = Float32Array.of(-1e30, -1.5, -1, 1, 1.5, 1e30);
  for (const bits of [1, 4, 16]) {
    const top = 2 ** bits - 1;
    assert.equal([...quantise(rows, ranges, bits)], [0, 0, 0, top, top, top], `${bits} bits`);
  }
});

test('a dimension that never changes comes back as it was', () => {
  const rows = Float32Array.of(0.1, 3, 0.1, 4, 0.1, 5);
  const ranges = rangesOf(rows, 2);
  const cells = quantise(rows, ranges, 3);
  assert.equal([...cells], [0, 0, 0, 4, 0, 7]);
  const back = dequantise(cells, ranges, 3);
  assert.equal([back[0], back[2], back[4]], [rows[0], rows[0], rows[0]]);
  // Elsewhere it does change: that is one cell too, and costs nothing.
  assert.equal([...quantise(Float32Array.of(0, 4, 1, 4, -1, 4), ranges, 3)], [0, 4, 0, 4, 0, 4]);
});

test('entropy: of equal shares, of halves and quarters, of a constant; columns add up', () => {
  const column = (...cells: number[]) => entropyBits(Uint16Array.from(cells), 1);
  assert.is(column(0, 1, 2, 3, 4, 5, 6, 7), 3);
  assert.is(column(9, 9, 9, 9), 0);
  assert.is(column(0, 0, 0, 0, 1, 1, 2, 3), 1.75); // 1/2 + 1/4 * 2 + 2 * 1/8 * 3
  // The same numbers twice over, and a second column of 1 bit that is not to be mixed with the first.
  assert.is(entropyBits(Uint16Array.of(0, 0, 1, 0, 2, 1, 3, 1), 2), 3);
  assert.is(entropyBits(Uint16Array.of(0, 0, 1, 1), 2), 2); // not independent, but counted as if
  const p = 1 / 10;
  const want = -p * Math.log2(p) - (1 - p) * Math.log2(1 - p);
  const got = column(1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  assert.ok(Math.abs(got - want) <= 8 * Number.EPSILON, `${got} is not ${want}`);
});

test('mean squared error a number, and its PSNR', () => {
  assert.is(meanSquaredError(Float32Array.of(0, 1, 2, 3), Float32Array.of(0, 1, 4, 3)), 1);
  assert.is(meanSquaredError(Float32Array.of(0.5, 0.5), Float32Array.of(0, 1)), 0.25);
  assert.is(psnr(1), -0);
  assert.is(psnr(0.01), 20);
  assert.ok(Math.abs(psnr(0.25) - 20 * Math.log10(2)) <= 16 * Number.EPSILON);
  assert.is(psnr(0), Number.POSITIVE_INFINITY);
});

test.run();
