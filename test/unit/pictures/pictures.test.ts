import { decode } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { imageGrid, picturedRows } from '../../../harness/lib/plots/pictures.js';

const GAP = 190;

/** Rows of grey values. */
function rows(png: Uint8Array): number[][] {
  const { width, height, data, channels, depth } = decode(png);
  assert.equal([channels, depth, data.length], [1, 8, width * height]);
  return Array.from({ length: height }, (_, y) => [...data.subarray(y * width, (y + 1) * width)]);
}

const refused = (run: () => unknown, text: RegExp) =>
  assert.throws(run, (error: Error) => error.name === 'ArgumentError' && text.test(error.message));

test('a grid has every pixel in its place, lines between cells and grey where no image is', () => {
  // Three images of two rows of three: the value says which image, row and column.
  const images = Float32Array.from({ length: 18 }, (_, i) => i / 255);
  const g = GAP;
  assert.equal(rows(imageGrid(images, { width: 3, height: 2, columns: 2, scale: 1, gap: 1 })), [
    [g, g, g, g, g, g, g, g, g],
    [g, 0, 1, 2, g, 6, 7, 8, g],
    [g, 3, 4, 5, g, 9, 10, 11, g],
    [g, g, g, g, g, g, g, g, g],
    [g, 12, 13, 14, g, g, g, g, g],
    [g, 15, 16, 17, g, g, g, g, g],
    [g, g, g, g, g, g, g, g, g],
  ]);
});

test('each pixel becomes a square of scale x scale', () => {
  const picture = rows(imageGrid(Float32Array.of(0, 1), { width: 2, height: 1, columns: 1, scale: 3, gap: 0 }));
  assert.equal(picture, Array(3).fill([0, 0, 0, 255, 255, 255]));
});

test('values round to the nearest grey; outside 0..1 is clipped, NaN is black', () => {
  const values = Float32Array.of(-0.5, 0, 100.4 / 255, 100.6 / 255, 1, 7, Number.NaN, Number.POSITIVE_INFINITY);
  const picture = rows(imageGrid(values, { width: 8, height: 1, columns: 1, scale: 1, gap: 0 }));
  assert.equal(picture, [[0, 0, 100, 101, 255, 255, 0, 255]]);
});

for (const [side, scale] of [
  [1, 84],
  [10, 8],
  [28, 3],
  [64, 1],
  [300, 1],
] as const)
  test(`an image of ${side}x${side} is enlarged ${scale} times`, () => {
    const { width, height } = decode(
      imageGrid(new Float32Array(side * side), { width: side, height: side, columns: 1 }),
    );
    assert.equal([width, height], [side * scale + 4, side * scale + 4]);
  });

test('rows of images stand below each other, two or three of them', () => {
  const greys = [
    [10, 20, 30],
    [40, 50, 60],
    [70, 80, 90],
  ];
  const images = greys.map((row) => Float32Array.from(row, (grey) => grey / 255));
  for (const count of [2, 3]) {
    const picture = picturedRows(images.slice(0, count), { width: 1, height: 1, scale: 1, gap: 0 });
    assert.equal(rows(picture), greys.slice(0, count));
  }
});

test('sizes that do not fit are refused by name', () => {
  const size = { width: 2, height: 2, columns: 1 };
  refused(
    () => imageGrid(new Float32Array(5), size),
    /5 values cannot be images of 2x2; give a positive multiple of 4/,
  );
  refused(() => imageGrid(new Float32Array(0), size), /0 values/);
  refused(
    () => imageGrid(new Float32Array(4), { ...size, columns: 0 }),
    /columns is 0, must be an integer of at least 1/,
  );
  refused(() => imageGrid(new Float32Array(4), { ...size, scale: 1.5 }), /scale is 1.5/);
  refused(() => imageGrid(new Float32Array(4), { ...size, gap: -1 }), /gap is -1, must be an integer of at least 0/);
  refused(
    () => picturedRows([new Float32Array(8), new Float32Array(8), new Float32Array(4)], size),
    /a row of 8 values and one of 4; all rows must have as many images/,
  );
});

test.run();
