// The batch's images: which rows of the dataset they are, in which order, and what becomes of their bytes.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shadesOf } from '../../src/data/examples.js';
import { fromHalf, halfBits } from '../../src/data/files/half.js';
import { type ExampleType, gather, gatherLabels } from '../../src/kernels/gather.js';
import { permute, philox, seedKey } from '../../src/random.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { countersOf, SEED, settingsOf } from '../support/kernels/step.js';
import { close } from '../support/limits/close.js';
import { uniforms } from '../support/limits/numbers.js';

interface Case {
  examples: number;
  pixels: number;
  /** Rows of the batch that the kernel is made for. */
  rows: number;
  /** Those that hold an image; the default is all. */
  live?: number;
  start?: number;
  epoch?: number;
  shuffle: boolean;
}

const bytesOf = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => philox([i, 0, 0, 98], seedKey(1))[0] >>> 24);

/** As many whole words as hold the bytes, as the trainer uploads them. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  return words;
}

/** Resident numbers of each type, and what the model is to see of them. */
const STORED: Record<ExampleType, (count: number) => { words: Uint32Array; numbers: Float32Array | Float64Array }> = {
  u8: (count) => {
    const bytes = bytesOf(count);
    return { words: wordsOf(bytes), numbers: Float32Array.from(bytes, (byte) => byte / 255) };
  },
  f16: (count) => {
    const halves = Uint16Array.from(uniforms(1, count, -300, 300), halfBits);
    return { words: wordsOf(new Uint8Array(halves.buffer)), numbers: Float64Array.from(halves, fromHalf) };
  },
  f32: (count) => {
    const numbers = Float32Array.from(uniforms(1, count, -300, 300));
    return { words: new Uint32Array(numbers.buffer), numbers };
  },
};
async function check(type: ExampleType, values: Case): Promise<void> {
  const { examples, pixels, rows, live = rows, start = 0, epoch = 0, shuffle } = values;
  const { words, numbers } = STORED[type](examples * pixels);
  const results = await runKernel(
    gather(type),
    { rows, pixels, shuffle, range: '0..1' },
    {
      images: words,
      settings: settingsOf({ examples, batch: rows }),
      counters: countersOf({ step: 5, epoch, start }),
      x: rows * pixels,
      progress: 7,
    },
  );
  const want = Float64Array.from({ length: rows * pixels }, (_, i) => {
    const row = Math.floor(i / pixels);
    if (row >= live) return 0;
    const image = shuffle ? permute(start + row, examples, SEED, epoch) : start + row;
    return numbers[image * pixels + (i % pixels)] ?? Number.NaN;
  });
  close(
    results.f32('x'),
    want,
    () => 0,
    (i) => `x[${Math.floor(i / pixels)}, ${i % pixels}]`,
  );
}

const CASES: [title: string, values: Case][] = [
  ['one image of one pixel', { examples: 1, pixels: 1, rows: 1, shuffle: true }],
  ['a workgroup of pixels', { examples: 9, pixels: 64, rows: 4, shuffle: true }],
  ['one pixel less than a workgroup', { examples: 9, pixels: 63, rows: 4, shuffle: true }],
  ['one pixel more than a workgroup', { examples: 9, pixels: 65, rows: 4, shuffle: true }],
  ['images that do not start on a word, unshuffled', { examples: 17, pixels: 31, rows: 15, start: 2, shuffle: false }],
  ['a whole odd epoch in one batch', { examples: 17, pixels: 31, rows: 17, epoch: 3, shuffle: true }],
  ['a short batch, shuffled', { examples: 300, pixels: 49, rows: 128, live: 44, start: 256, epoch: 1, shuffle: true }],
  ['a short batch, unshuffled', { examples: 300, pixels: 49, rows: 128, live: 44, start: 256, shuffle: false }],
  ['MNIST sizes', { examples: 1000, pixels: 784, rows: 128, start: 384, epoch: 2, shuffle: true }],
];
for (const type of ['u8', 'f16', 'f32'] as const)
  for (const [title, values] of CASES) test(`gather ${type}: ${title}`, () => check(type, values));

test('each of the 256 bytes becomes the f32 nearest to byte / 255, as on the host', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const results = await runKernel(
    gather('u8'),
    { rows: 1, pixels: 256, shuffle: false, range: '0..1' },
    { images: wordsOf(bytes), settings: settingsOf({ examples: 1 }), counters: countersOf(), x: 256, progress: 7 },
  );
  assert.equal([...results.f32('x')], [...shadesOf(bytes)]);
});

test('an epoch gathers each image once, and another epoch in another order', async () => {
  const examples = 300;
  // One pixel an image, the image's number in it.
  const bytes = Uint8Array.from({ length: examples }, (_, i) => i % 256);
  const orders = [];
  for (const epoch of [0, 1]) {
    const order: number[] = [];
    for (const start of [0, 128, 256]) {
      const live = Math.min(128, examples - start);
      const results = await runKernel(
        gather('u8'),
        { rows: 128, pixels: 1, shuffle: true, range: '0..1' },
        {
          images: wordsOf(bytes),
          settings: settingsOf({ examples }),
          counters: countersOf({ epoch, start }),
          x: 128,
          progress: 7,
        },
      );
      order.push(...Array.from(results.f32('x').subarray(0, live), (value) => Math.round(value * 255)));
    }
    orders.push(order);
  }
  const [first = [], second = []] = orders;
  const sorted = (list: readonly number[]) => list.toSorted((a, b) => a - b);
  assert.equal(sorted(first), sorted([...bytes]));
  assert.equal(sorted(second), sorted([...bytes]));
  assert.not.equal(first, second);
});

test('pixels of -1..1: black is -1, white 1, and rows without an image are zero', async () => {
  const results = await runKernel(
    gather('u8'),
    { rows: 2, pixels: 4, shuffle: false, range: '-1..1' },
    {
      images: wordsOf(Uint8Array.of(0, 255, 51, 102)),
      settings: settingsOf({ examples: 1, batch: 2 }),
      counters: countersOf(),
      x: 8,
      progress: 7,
    },
  );
  // A division, a product (exact), a sum.
  const grey = (byte: number) => Math.fround(2 * Math.fround(byte / 255) - 1); // twice a number is exact
  assert.equal([...results.f32('x')], [-1, 1, grey(51), grey(102), 0, 0, 0, 0]);
});

for (const [rows, classes, live, start, shuffle] of [
  [1, 1, 1, 0, true],
  [6, 10, 6, 0, true],
  [7, 10, 5, 295, false],
  [128, 10, 44, 256, true],
] as const)
  test(`labels of ${live} of ${rows} rows from ${start}, ${classes} classes${shuffle ? ', shuffled' : ''}`, async () => {
    const examples = 300;
    const labels = bytesOf(examples).map((byte) => byte % classes);
    const epoch = 2;
    const results = await runKernel(
      gatherLabels,
      { rows, classes, shuffle },
      {
        labels: wordsOf(labels),
        settings: settingsOf({ examples, batch: rows }),
        counters: countersOf({ step: 5, epoch, start }),
        one_hot: rows * classes,
      },
    );
    const want = Array.from({ length: rows * classes }, (_, i) => {
      const position = start + Math.floor(i / classes);
      const image = shuffle ? permute(position % examples, examples, SEED, epoch) : position;
      return Number(Math.floor(i / classes) < live && labels[image] === i % classes);
    });
    assert.equal([...results.f32('one_hot')], want);
  });

test('of a dataset in parts, a dispatch fetches the rows of its part, the first one also those without an image', async () => {
  const [pixels, rows, live, examples] = [7, 8, 6, 20];
  const bytes = bytesOf(examples * pixels);
  const written = new Array(rows).fill(0);
  for (const [first, count] of [
    [0, 8],
    [8, 8],
    [16, 4],
  ] as const) {
    const results = await runKernel(
      gather('u8'),
      { rows, pixels, shuffle: true, range: '0..1', part: { first, count, of: examples } },
      {
        images: wordsOf(bytes.subarray(first * pixels, (first + count) * pixels)),
        settings: settingsOf({ examples, batch: rows }),
        counters: countersOf({ step: 5, epoch: 2, start: examples - live }),
        x: rows * pixels,
        progress: 7,
      },
    );
    const x = results.f32('x');
    for (let row = 0; row < rows; row++) {
      const image = row < live ? permute(examples - live + row, examples, SEED, 2) : 0;
      const own = image >= first && image < first + count;
      for (let column = 0; column < pixels; column++) {
        const value = x[row * pixels + column] ?? Number.NaN;
        const want = row < live ? Math.fround((bytes[image * pixels + column] ?? Number.NaN) / 255) : 0;
        if (own) assert.is(value, want, `x[${row}, ${column}]`);
        else assert.ok(value > 1e37, `x[${row}, ${column}] was not to be written, is ${value}`);
      }
      written[row] += Number(own);
    }
  }
  assert.equal(written, new Array(rows).fill(1));
});

usesDevice(test);
test.run();
