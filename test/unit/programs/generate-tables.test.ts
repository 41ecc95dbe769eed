import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spread } from '../../../harness/lib/generate/codes.js';
import { type Cost, costTable } from '../../../harness/lib/generate/compress.js';
import { readGenerateOptions } from '../../../harness/lib/options/generate-options.js';

for (const [count, most] of [
  [1, 1],
  [7, 7],
  [7, 10],
  [11, 10],
  [60, 20],
  [10_000, 2000],
] as const)
  test(`${most} of ${count} points: different ones, in order, one from each stretch`, () => {
    const chosen = spread(count, most);
    assert.is(chosen.length, Math.min(count, most));
    assert.is(new Set(chosen).size, chosen.length);
    chosen.forEach((index, at) => {
      const [from, to] = [at, at + 1].map((stretch) => Math.floor((stretch * count) / chosen.length));
      assert.ok(index >= Number(from) && index < Number(to), `point ${at} is image ${index}, of ${from} to ${to}`);
    });
  });

for (const classes of [2, 5, 10])
  test(`points of ${classes} classes in turn, or sorted, have all classes about as often`, () => {
    const count = 10_000;
    const most = 2000;
    for (const [order, labelOf] of [
      ['in turn', (index: number) => index % classes],
      ['sorted', (index: number) => Math.floor((index * classes) / count)],
    ] as const) {
      const counts = Array(classes).fill(0);
      for (const index of spread(count, most)) counts[labelOf(index)]++;
      // An even spread to within a quarter; points in step with the classes would give some of them none.
      for (const each of counts)
        assert.ok(Math.abs(each - most / classes) < most / classes / 4, `${order}: ${counts.join(', ')}`);
    }
  });

const float: Cost = { bits: 32, bitsPerImage: 256, bitsPerPixel: 256 / 784, entropyBits: null, mse: 0.01, psnr: 20 };
const eight: Cost = { ...float, bits: 8, bitsPerImage: 64, bitsPerPixel: 64 / 784, entropyBits: 59.94, mse: 0.0101 };
const sizes = { pixels: 784, latent: 8, images: 10_000, from: 5000 };

test('the costs as a table: columns stand under their heads', () => {
  assert.equal(costTable([float, { ...eight, psnr: 19.957 }], sizes).split('\n'), [
    '',
    '10,000 test images of 784 pixels (6,272 bits as bytes), codes of 8 numbers;',
    "each number's range, from 5,000 training images, is cut into 2^bits equal cells",
    'bits a number   bits an image   bits a pixel   entropy, bits       MSE   PSNR, dB',
    '        float             256          0.327               -   0.01000      20.00',
    '            8              64          0.082            59.9   0.01010      19.96',
    '',
  ]);
});

test('the table says what a class costs, and why an entropy is missing; one number is not "numbers"', () => {
  const conditional = costTable([float, eight], { ...sizes, classes: 10 });
  assert.match(conditional, /\nthe class, which the decoder is told, costs 3\.3 bits more\n$/);
  const few = costTable([float, { ...eight, entropyBits: null }], { ...sizes, images: 20, latent: 1 });
  assert.match(few, /\n-: 20 images are too few for the entropy of so many cells\n$/);
  assert.match(few, /codes of 1 number;/);
  assert.not.match(costTable([float, eight], sizes), /class|-:/);
});

test('a flag that shapes one output is refused where --only leaves that output out', () => {
  for (const [flag, value, text] of [
    ['--compress', '8', '--compress is given, but --only does not name it; write --only compress,... or leave one out'],
    ['--walk', '0,1', '--walk is given, but --only does not name it; write --only walk,... or leave one out'],
    ['--axes', '0,1', '--axes is given, but --only does not name grid; write --only grid,... or leave one out'],
  ] as const)
    assert.throws(
      () => readGenerateOptions(['--run', 'runs/first', '--only', 'samples', flag, value]),
      (error: Error) => error.name === 'ArgumentError' && error.message === text,
    );
  const both = readGenerateOptions(['--run', 'runs/first', '--only', 'grid,walk', '--axes', '1,0', '--walk', '3,4']);
  assert.equal(
    [both?.only, both?.axes, both?.walk],
    [
      ['walk', 'grid'],
      [1, 0],
      [3, 4],
    ],
  );
});

test.run();
