// Images and data sets (src/data/dataset.ts): cutting them short, and the message for every way in which their fields
// can disagree.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkImages, type Dataset, firstImages, type Images } from '../../../src/data/dataset.js';
import { checkDataset } from '../../../src/data/examples.js';
import { holdOut } from '../../../src/data/hold-out.js';
import { ArgumentError } from '../../../src/errors.js';

const images = (count: number, height = 2, width = 3): Images => ({
  count,
  height,
  width,
  pixels: Uint8Array.from({ length: count * height * width }, (_, i) => i),
  labels: Uint8Array.from({ length: count }, (_, i) => i),
});
const message = (text: string) => (error: Error) => {
  assert.instance(error, ArgumentError);
  assert.is(error.message, text);
  return true;
};

for (const [asked, kept] of [
  [1, 1],
  [3, 3],
  [4, 4],
  [5, 4],
  [1e9, 4],
] as const)
  test(`the first ${asked} of 4 images are ${kept}`, () => {
    const all = images(4);
    const first = firstImages(all, asked);
    checkImages(first, 'first');
    assert.is(first.count, kept);
    assert.equal([first.height, first.width], [2, 3]);
    assert.equal([...first.pixels], [...all.pixels].slice(0, kept * 6));
    assert.equal([...(first.labels ?? [])], [0, 1, 2, 3].slice(0, kept));
    assert.is(first.pixels.buffer, all.pixels.buffer, 'memory is shared');
  });

test('images without labels stay without', () => {
  const { labels: _, ...bare } = images(4);
  assert.not('labels' in firstImages(bare, 2));
  checkImages(bare, 'bare');
});

const UNFIT: [change: Partial<Images>, text: string][] = [
  ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY].flatMap((value) =>
    (['count', 'height', 'width'] as const).map((field): [Partial<Images>, string] => [
      { [field]: value },
      `t.${field} is ${value}, must be a positive integer`,
    ]),
  ),
  [{ pixels: new Uint8Array(23) }, 't.pixels has 23 bytes, must have 24 (4 images of 2x3)'],
  [{ pixels: new Uint8Array(25) }, 't.pixels has 25 bytes, must have 24 (4 images of 2x3)'],
  ...[
    [new Float32Array(24), 'a Float32Array'],
    [Array(24).fill(0), 'an Array'],
    [undefined, 'undefined'],
  ].map(([pixels, kind]): [Partial<Images>, string] => [
    { pixels: pixels as unknown as Uint8Array },
    `t.pixels are ${kind}, must be a Uint8Array of 0 (black) to 255 (white); multiply values of 0..1 by 255, or give examples of numbers: { values, shape }`,
  ]),
  [
    { labels: new Int32Array(4) as unknown as Uint8Array },
    't.labels are an Int32Array, must be a Uint8Array of classes; use Uint8Array.from(labels)',
  ],
  [{ labels: new Uint8Array(3) }, 't.labels has 3 entries, must have one for each of the 4 images'],
  [{ labels: new Uint8Array(5) }, 't.labels has 5 entries, must have one for each of the 4 images'],
];
for (const [change, text] of UNFIT)
  test(`refused: ${text}`, () => assert.throws(() => checkImages({ ...images(4), ...change }, 't'), message(text)));

test('refused: an ArrayBuffer as pixels, in words that help', () =>
  assert.throws(
    () => checkImages({ ...images(4), pixels: new ArrayBuffer(24) as unknown as Uint8Array }, 't'),
    message(
      't.pixels are an ArrayBuffer, must be a Uint8Array of 0 (black) to 255 (white); use new Uint8Array(buffer)',
    ),
  ));

const SETS: [what: string, change: Partial<Dataset>, text: string][] = [
  [
    'no training images',
    { train: undefined as never },
    'd.train: undefined, must be images: { count, height, width, pixels }',
  ],
  [
    'bare bytes for test images',
    { test: new Uint8Array(12) as never },
    'd.test: a Uint8Array, must be images: { count, height, width, pixels }',
  ],
  [
    'no test images',
    { test: undefined as never },
    'd.test is missing, must be the examples that the test loss is of; hold some of the training examples out: const { train, validation: test } = holdOut(dataset, 0.1)',
  ],
  [
    'validation images of another size',
    { validation: images(2, 3, 3) },
    'd: training examples are 2x3 but validation examples are 3x3; they must have one size',
  ],
  [
    'training images',
    { train: { ...images(4), count: 5 } },
    'd.train.pixels has 24 bytes, must have 30 (5 images of 2x3)',
  ],
  ['test images', { test: { ...images(2), count: 1 } }, 'd.test.pixels has 12 bytes, must have 6 (1 images of 2x3)'],
  [
    'heights that differ',
    { test: images(2, 3, 3) },
    'd: training examples are 2x3 but test examples are 3x3; they must have one size',
  ],
  [
    'widths that differ',
    { test: images(2, 2, 4) },
    'd: training examples are 2x3 but test examples are 2x4; they must have one size',
  ],
  [
    'the same number of pixels in another shape',
    { test: images(2, 3, 2) },
    'd: training examples are 2x3 but test examples are 3x2; they must have one size',
  ],
];
for (const [what, change, text] of SETS)
  test(`refused: ${what}`, () =>
    assert.throws(() => checkDataset({ name: 'd', train: images(4), test: images(2), ...change }), message(text)));

for (const [value, kind] of [
  [undefined, 'undefined'],
  [null, 'null'],
  [new Uint8Array(4), 'a Uint8Array'],
  ['digits', 'a String'],
] as const)
  test(`refused: ${kind} for a data set`, () =>
    assert.throws(
      () => checkDataset(value as unknown as Dataset),
      message(`dataset: ${kind}, must be { name, train, test }; for example digits({ train: 2560, test: 512 })`),
    ));

test('a data set without a name is called one', () =>
  assert.throws(
    () => checkDataset({ train: images(4), test: { ...images(4), count: 0 } } as unknown as Dataset),
    message('dataset.test.count is 0, must be a positive integer'),
  ));

test('what the message about missing test images advises works', () => {
  const all = { name: 'd', train: images(4) } as Dataset;
  const { train, validation: test } = holdOut(all, 0.25);
  checkDataset({ name: 'd', train, test: test as Images });
});

test('a data set whose parts agree passes, as examples', () => {
  const checked = checkDataset({ name: 'd', train: images(4), test: images(2) });
  assert.equal(checked.train.shape, [4, 2, 3]);
  assert.equal(checked.test.shape, [2, 2, 3]);
});

test.run();
