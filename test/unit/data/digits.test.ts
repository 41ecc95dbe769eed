// The drawn digits (src/data/digits.ts): always the same bytes, the classes balanced, the sets disjoint, and as much like
// MNIST as numbers can tell: ink, size, place, strokes in one piece, and classes that a neighbour can tell apart.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { firstImages, type Images } from '../../../src/data/dataset.js';
import { digits } from '../../../src/data/digits.js';
import { checkDataset } from '../../../src/data/examples.js';
import { ArgumentError } from '../../../src/errors.js';

const SIDE = 28;
const SIZE = SIDE * SIDE;

/** FNV-1a, 32 bits. */
function hash(bytes: Uint8Array): string {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return (h >>> 0).toString(16).padStart(8, '0');
}
const image = (images: Images, i: number) => images.pixels.subarray(i * SIZE, (i + 1) * SIZE);

const before = process.cpuUsage();
const all = digits();
const { user, system } = process.cpuUsage(before);

test('60,000 and 10,000 images of 28x28, labelled, in under 5 s of one core', () => {
  checkDataset(all);
  assert.is(all.name, 'digits');
  assert.equal([all.train.count, all.train.height, all.train.width], [60_000, 28, 28]);
  assert.equal([all.test.count, all.test.height, all.test.width], [10_000, 28, 28]);
  assert.is(all.train.labels?.length, 60_000);
  const seconds = (user + system) / 1e6;
  assert.ok(seconds < 5, `${seconds} s`);
});

// If these change, every recorded result on `digits` does: change them only on purpose.
const GOLDEN: [seed: number, train: string, test: string][] = [
  [0, '45123d36', '632e1504'],
  [1, 'a235fc36', 'b719f8e6'],
  [2 ** 32, '0ffb8c6c', '7a60d932'],
  [Number.MAX_SAFE_INTEGER, '6a21d1bd', '34ac9434'],
];
for (const [seed, train, held] of GOLDEN)
  test(`seed ${seed} draws the same bytes as ever`, () => {
    const some = digits({ train: 100, test: 50, seed });
    assert.equal([hash(some.train.pixels), hash(some.test.pixels)], [train, held]);
  });

test('an image depends on the seed and its number alone', () => {
  const some = digits({ train: 37, test: 23 });
  assert.equal(some.train, firstImages({ ...all.train, pixels: all.train.pixels.slice(0, 37 * SIZE) }, 37));
  assert.equal(some.test, firstImages({ ...all.test, pixels: all.test.pixels.slice(0, 23 * SIZE) }, 23));
});

test('every class is there equally often, in every ten images', () => {
  for (const { labels = new Uint8Array() } of [all.train, all.test])
    for (let i = 0; i < labels.length; i += 10)
      if (new Set(labels.subarray(i, i + 10)).size !== 10) assert.unreachable(`images ${i}..${i + 9} repeat a class`);
});

test('no image is there twice, in one set or in both, or under another seed', () => {
  const seen = new Map<string, string>();
  const other = digits({ train: 2000, test: 1000, seed: 1 });
  const parts = { train: all.train, test: all.test, 'train of seed 1': other.train, 'test of seed 1': other.test };
  for (const [part, images] of Object.entries(parts))
    for (let i = 0; i < Math.min(images.count, 10_000); i++) {
      const bytes = Buffer.from(image(images, i)).toString('latin1');
      const twin = seen.get(bytes);
      if (twin) assert.unreachable(`image ${i} of ${part} is ${twin}`);
      seen.set(bytes, `image ${i} of ${part}`);
    }
});

test('ink is as in MNIST: mean 0.1307, deviation 0.3081, 80.9% of the pixels black', () => {
  for (const { pixels } of [all.train, all.test]) {
    let [sum, squares, black] = [0, 0, 0];
    for (const value of pixels) {
      sum += value / 255;
      squares += (value / 255) ** 2;
      if (value === 0) black++;
    }
    const mean = sum / pixels.length;
    const deviation = Math.sqrt(squares / pixels.length - mean ** 2);
    assert.ok(Math.abs(mean - 0.1307) < 0.01, `mean ${mean}`);
    assert.ok(Math.abs(deviation - 0.3081) < 0.01, `deviation ${deviation}`);
    assert.ok(Math.abs(black / pixels.length - 0.809) < 0.01, `black ${black / pixels.length}`);
  }
});

/** Where an image's ink lies: its box, its middle by mass, its whitest pixel. */
function ink(pixels: Uint8Array) {
  let [left, right, top, bottom, mass, x, y, whitest] = [SIDE, -1, SIDE, -1, 0, 0, 0, 0];
  for (let at = 0; at < SIZE; at++) {
    const value = pixels[at] ?? 0;
    if (value === 0) continue;
    const [col, row] = [at % SIDE, Math.floor(at / SIDE)];
    [left, right, top, bottom] = [Math.min(left, col), Math.max(right, col), Math.min(top, row), Math.max(bottom, row)];
    mass += value;
    x += value * (col + 0.5);
    y += value * (row + 0.5);
    whitest = Math.max(whitest, value);
  }
  return { left, right, top, bottom, x: x / mass, y: y / mass, whitest };
}

test('every digit is about 20 pixels high or wide, in the middle by its mass, white, and off the border', () => {
  for (let i = 0; i < 20_000; i++) {
    const at = ink(image(all.train, i));
    const where = `image ${i} (a ${i % 10}): ${JSON.stringify(at)}`;
    const size = 1 + Math.max(at.right - at.left, at.bottom - at.top);
    assert.ok(size >= 17 && size <= 23, where);
    assert.ok(at.left > 0 && at.top > 0 && at.right < SIDE - 1 && at.bottom < SIDE - 1, where);
    // Jitter of up to 1 pixel, and a digit with its mass near one end is kept inside.
    assert.ok(Math.abs(at.x - 14) < 2.5 && Math.abs(at.y - 14) < 2.5, where);
    assert.ok(at.whitest > 240, where);
  }
});

const BESIDE = [-SIDE, -1, 1, SIDE];
const AROUND = [...BESIDE, -SIDE - 1, -SIDE + 1, SIDE - 1, SIDE + 1];

/** How many separate regions the pixels that `belongs` picks are in, going from one to another by `steps`. */
function regions(pixels: Uint8Array, belongs: (value: number) => boolean, steps: number[]): number {
  const left = new Set<number>();
  for (let at = 0; at < SIZE; at++) if (belongs(pixels[at] ?? 0)) left.add(at);
  let count = 0;
  for (const first of left) {
    count++;
    const open = [first];
    left.delete(first);
    for (let at = open.pop(); at !== undefined; at = open.pop())
      for (const step of steps) if (left.delete(at + step)) open.push(at + step);
  }
  return count;
}
const pieces = (pixels: Uint8Array) => regions(pixels, (value) => value > 127, AROUND);
/** Enclosed regions without ink. */
const holes = (pixels: Uint8Array) => regions(pixels, (value) => value <= 127, BESIDE) - 1;

test('strokes are not broken: hardly any digit is in two pieces, none in more', () => {
  const counts = Array.from({ length: 20_000 }, (_, i) => pieces(image(all.train, i)));
  assert.ok(Math.max(...counts) <= 2, `image ${counts.findIndex((n) => n > 2)} is in more than two pieces`);
  const two = counts.filter((n) => n === 2).length;
  assert.ok(two < 20_000 / 100, `${two} of 20,000 are in two pieces`);
});

test('what is labelled 0 has one hole, 8 two, and 1, 5 and 7 none, but for slips of the pen', () => {
  for (const [digit, want] of [
    [0, 1],
    [1, 0],
    [5, 0],
    [7, 0],
    [8, 2],
  ] as const) {
    const counts: number[] = [];
    for (let i = 0; i < 10_000; i++) if (all.train.labels?.[i] === digit) counts.push(holes(image(all.train, i)));
    const right = counts.filter((n) => n === want).length / counts.length;
    assert.ok(right > 0.8, `${right} of those labelled ${digit} have ${want} holes`);
  }
});

/** The label of the nearest of the first `count` training images, by squared distance. */
function nearest(wanted: Uint8Array, count: number): number {
  let [best, label] = [Number.POSITIVE_INFINITY, -1];
  for (let i = 0; i < count; i++) {
    let distance = 0;
    const offset = i * SIZE;
    for (let at = 0; at < SIZE && distance < best; at++)
      distance += ((all.train.pixels[offset + at] ?? 0) - (wanted[at] ?? 0)) ** 2;
    if (distance < best) [best, label] = [distance, all.train.labels?.[i] ?? -1];
  }
  return label;
}

test('labels are right: the nearest of 2,000 training images has the class of nearly every test image', () => {
  const asked = 500;
  let right = 0;
  for (let i = 0; i < asked; i++) if (nearest(image(all.test, i), 2000) === all.test.labels?.[i]) right++;
  // On MNIST itself about 0.91.
  assert.ok(right / asked > 0.95, `${right} of ${asked}`);
});

/** How much images differ: the variance of a pixel over the images, 0..1, summed over the pixels. */
function variance(images: Uint8Array[]): number {
  const sums = new Float64Array(SIZE);
  let squares = 0;
  for (const pixels of images)
    for (let at = 0; at < SIZE; at++) {
      const value = (pixels[at] ?? 0) / 255;
      sums[at] = (sums[at] ?? 0) + value;
      squares += value * value;
    }
  return squares / images.length - sums.reduce((sum, each) => sum + (each / images.length) ** 2, 0);
}

test('digits differ nearly as much as those of MNIST, whose variance is 52.7, and those of one class do too', () => {
  const some = Array.from({ length: 10_000 }, (_, i) => image(all.train, i));
  const total = variance(some);
  assert.ok(total > 44 && total < 55, `all digits: ${total}`);
  for (let digit = 0; digit < 10; digit++) {
    const within = variance(some.filter((_, i) => i % 10 === digit));
    // Well below would be one drawing over and over; above, classes that cannot be told apart.
    assert.ok(within > (digit === 1 ? 18 : 26) && within < 46, `digit ${digit}: ${within}`);
  }
});

const INTEGER = 'must be an integer from';
const BAD: [options: Parameters<typeof digits>[0], text: string][] = [
  ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1_000_001].flatMap(
    (value): [Parameters<typeof digits>[0], string][] => [
      [{ train: value, test: 1 }, `digits: train is ${value}, ${INTEGER} 1 to 1000000`],
      [{ train: 1, test: value }, `digits: test is ${value}, ${INTEGER} 1 to 1000000`],
    ],
  ),
  ...[-1, 0.5, Number.NaN, 2 ** 53].map((seed): [Parameters<typeof digits>[0], string] => [
    { train: 1, test: 1, seed },
    `digits: seed is ${seed}, ${INTEGER} 0 to 9007199254740991`,
  ]),
];
for (const [options, text] of BAD)
  test(`refused: ${text}`, () =>
    assert.throws(
      () => digits(options),
      (error: Error) => {
        assert.instance(error, ArgumentError);
        assert.is(error.message, text);
        return true;
      },
    ));

test.run();
