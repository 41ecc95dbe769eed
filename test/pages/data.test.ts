// The page of harness/web: own images in place of the digits, chosen or dropped. IDX files with and without labels, PNG and
// JPEG pictures, and what is none of them.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeNpy } from '../../harness/lib/plots/npy.js';
import type { State } from '../../harness/web/state.js';
import { heldOutRows } from '../../src/data/hold-out.js';
import { closeBrowser } from '../browser/page.js';
import { eventually, mean, openVisitor, SETUP, type Visitor } from '../browser/visitor.js';
import { idxFile } from '../support/programs/programs.js';

/** In the page. */
declare const latentgpuPage: State;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-page-data-'));

let visitor: Visitor;

test.before(async () => {
  visitor = await openVisitor();
  await visitor.visit(SETUP);
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
  fs.rmSync(folder, { recursive: true });
});

/** The first labels of Fashion-MNIST's training images. */
const FASHION = [9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9, 1, 0, 6, 4];

test('classes of Fashion-MNIST have their names, those of other images their numbers; twelve have twelve colours', async () => {
  const { page } = visitor;
  const labelled = async (labels: number[]) => {
    const [count, idx] = [labels.length, 'application/octet-stream'];
    const pixels = Uint8Array.from({ length: 784 * count }, (_, i) => (i * 31) % 256);
    await page.setInputFiles('#files', [
      { name: 'a-images-idx3-ubyte', mimeType: idx, buffer: Buffer.from(idxFile([count, 28, 28], pixels)) },
      { name: 'a-labels-idx1-ubyte', mimeType: idx, buffer: Buffer.from(idxFile([count], Uint8Array.from(labels))) },
    ]);
    await visitor.waitForData('own IDX files, 28x28');
    const wanted = new Set(heldOutRows(count, 0.1, 7).held.map((row) => labels[row] ?? 0));
    await page.waitForFunction((n) => document.querySelectorAll('#classes li').length === n, wanted.size);
    return { wanted: [...wanted].sort((a, b) => a - b), names: await page.locator('#classes li').allTextContents() };
  };
  const fashion = await labelled([
    ...FASHION,
    ...FASHION.toReversed(),
    ...Array.from({ length: 160 }, (_, i) => i % 10),
  ]);
  const names = [
    'T-shirt/top',
    'Trouser',
    'Pullover',
    'Dress',
    'Coat',
    'Sandal',
    'Shirt',
    'Sneaker',
    'Bag',
    'Ankle boot',
  ];
  assert.equal(
    fashion.names,
    fashion.wanted.map((label) => names[label]),
  );
  const twelve = await labelled(Array.from({ length: 600 }, (_, i) => i % 12));
  assert.equal(
    twelve.names,
    Array.from({ length: 12 }, (_, label) => String(label)),
  );
  const colours = await page
    .locator('#classes .swatch')
    .evaluateAll((all) => all.map((swatch) => getComputedStyle(swatch).backgroundColor));
  assert.is(new Set(colours).size, 12, colours.join(' '));
  await page.click('#digits');
  await visitor.waitForData('Built-in digits, 28x28');
});

test('own images: gzipped IDX files and PNG pictures; what is neither is told', async () => {
  const bytes = Uint8Array.from({ length: 40 * 12 * 10 }, (_, i) => (i * 37) % 256);
  const idx = gzipSync(idxFile([40, 12, 10], bytes));
  await visitor.page.setInputFiles('#files', { name: 'mine-idx3-ubyte.gz', mimeType: 'application/gzip', buffer: idx });
  await visitor.waitForData('own IDX files, 12x10');
  const held = heldOutRows(40, 0.1, 7).held.map((image) => Array.from(bytes.subarray(120 * image, 120 * image + 120)));
  const beside = Array.from({ length: 12 }, (_, y) => held.flatMap((image) => image.slice(10 * y, 10 * y + 10))).flat();
  assert.equal((await visitor.seen('#originals')).grey, beside, 'one image of ten is held out, and shown as it is');

  const text = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no image at all, only words') };
  await visitor.page.setInputFiles('#files', text);
  await visitor.page.waitForFunction(() => /^notes\.txt .*The data are as they were/.test(latentgpuPage.message));
  assert.is(await visitor.page.evaluate(() => latentgpuPage.phase), 'ready');
  assert.is(await visitor.page.textContent('#data-name'), 'own IDX files, 12x10');
  await visitor.trainTo(2);
  await visitor.fill('images', '100');
  await visitor.resetTo(); // data are made anew: from the files that could be used
  await visitor.waitForData('own IDX files, 12x10');

  const pictures = [0, 80, 160, 240].map((grey) => ({
    name: `${grey}.png`,
    mimeType: 'image/png',
    buffer: Buffer.from(encode({ width: 112, height: 56, channels: 1, data: new Uint8Array(112 * 56).fill(grey) })),
  }));
  await visitor.page.setInputFiles('#files', pictures);
  await visitor.waitForData('own pictures, 28x28');
  await visitor.waitForText('#status', 'Ready to train. Batches of 3: there are no more training images.');
  await visitor.trainTo(2);
  const { grey } = await visitor.seen('#originals');
  // Twice as wide as high: between black bars, as wide as the images are.
  const shade = [0, 80, 160, 240][heldOutRows(4, 0.1, 7).held[0] ?? 0];
  assert.equal([grey[0], grey[14 * 28 + 14], grey[27 * 28]], [0, shade, 0]);
  await visitor.page.click('#digits');
  await visitor.waitForData('Built-in digits, 28x28');
});

// --- dropped files ------------------------------------------------------------------------------------------------------

/** Into a folder of this test's own. */
function written(name: string, bytes: Uint8Array): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, bytes);
  return file;
}

/** A model that takes a batch of a single image. */
const FEW = '#images=600&preset=ae&hidden=16&latent=2&batch=1';

const isOver = () => visitor.page.evaluate(() => document.querySelector('#drop')?.classList.contains('over'));
const isWelcome = () => eventually(isOver, (is) => is === true, 'the place to drop on is marked');
const isWelcomeNoMore = () => eventually(isOver, (is) => is === false, 'the place to drop on is as it was');

test('files dragged over the page are welcome, and go away again if they are not dropped', async () => {
  await visitor.visit(FEW);
  const images = written('away-idx3-ubyte', idxFile([20, 6, 6], new Uint8Array(720)));
  const before = await visitor.page.evaluate(() => latentgpuPage.generation);
  await visitor.dragFiles('#curves', [images], 'leave', isWelcome);
  await isWelcomeNoMore();
  assert.is(await visitor.page.evaluate(() => latentgpuPage.generation), before);
});

test('.npy, .npz and .csv of grey images are chosen as IDX files are; what else they hold is told', async () => {
  const choose = (...files: [name: string, bytes: Uint8Array | string][]) =>
    visitor.page.setInputFiles(
      '#files',
      files.map(([name, bytes]) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) })),
    );
  const pixels = Uint8Array.from({ length: 30 * 6 * 5 }, (_, i) => (i * 37) % 256);
  await choose(
    ['some.npy', encodeNpy(pixels, [30, 6, 5])],
    ['labels.npy', encodeNpy(new Uint8Array(30).fill(3), [30])],
  );
  await visitor.waitForData('some.npy, labels.npy, 6x5');
  const besideBy = (seed: number) => {
    const held = heldOutRows(30, 0.1, seed).held.map((image) =>
      Array.from(pixels.subarray(30 * image, 30 * image + 30)),
    );
    return Array.from({ length: 6 }, (_, y) => held.flatMap((image) => image.slice(5 * y, 5 * y + 5))).flat();
  };
  assert.not.equal(besideBy(1), besideBy(5));
  assert.equal((await visitor.seen('#originals')).grey, besideBy(1), 'what the seed draws is held out');
  await visitor.fill('seed', '5');
  await visitor.eventuallySeen('#originals', ({ grey }) => String(grey) === String(besideBy(5)), 'another seed');
  await visitor.fill('seed', '1');
  await visitor.eventuallySeen(
    '#originals',
    ({ grey }) => String(grey) === String(besideBy(1)),
    'the first seed again',
  );
  await choose(['numpy.npz', fs.readFileSync('test/unit/data/numpy-stored.npz')]);
  await visitor.waitForData('numpy.npz, 3x2');
  const header = `label,${[...Array(16).keys()].map((i) => `pixel${i}`).join(',')}`;
  const row = (label: number) => [label, ...[...Array(16).keys()].map((i) => 9 * i + label)].join(',');
  await choose(
    ['t_train.csv', [header, ...[1, 2, 3, 1].map(row)].join('\n')],
    ['t_test.csv', [header, ...[2, 3].map(row)].join('\n')],
  );
  await visitor.waitForData('t_train.csv, t_test.csv, 4x4');
  for (const [file, told] of [
    [
      ['labels.npy', encodeNpy(Uint8Array.of(1, 2), [2])],
      /^No examples among the files \(labels\.npy has shape \[2\]\)/,
    ],
    [
      ['one.npy', encodeNpy(new Uint8Array(4), [1, 2, 2])],
      /^one\.npy has only one image: training and testing need at least two/,
    ],
  ] as [[string, Uint8Array | string], RegExp][]) {
    await choose(file);
    const message = await eventually(
      () => visitor.page.evaluate(() => latentgpuPage.message),
      (text) => told.test(text),
      `${file[0]} is told`,
    );
    assert.match(message, /The data are as they were\.$/);
  }
  assert.is(await visitor.page.textContent('#data-name'), 't_train.csv, t_test.csv, 4x4');
});

test('IDX files dropped anywhere on the page become its data', async () => {
  const bytes = Uint8Array.from({ length: 20 * 36 }, (_, i) => (i * 29) % 256);
  await visitor.dragFiles('#curves', [written('mine-idx3-ubyte', idxFile([20, 6, 6], bytes))], 'drop', isWelcome);
  await isWelcomeNoMore();
  await visitor.waitForData('own IDX files, 6x6');
  const held = heldOutRows(20, 0.1, 1).held.map((image) => Array.from(bytes.subarray(36 * image, 36 * image + 36)));
  const beside = Array.from({ length: 6 }, (_, y) => held.flatMap((image) => image.slice(6 * y, 6 * y + 6))).flat();
  assert.equal((await visitor.seen('#originals')).grey, beside);
});

/** Grey in every pixel, with edges, gradients and fine detail. */
const PICTURE = Uint8Array.from({ length: 784 }, (_, i) => {
  const [x, y] = [i % 28, Math.floor(i / 28)];
  return x < 14 ? 9 * x + (y % 2) * 60 : (x * y * 7) % 256;
});

test('PNG pictures that are dropped show pixel by pixel', async () => {
  const bytes = encode({ width: 28, height: 28, channels: 1, data: PICTURE });
  const files = [written('a.png', bytes), written('b.png', bytes)];
  await visitor.dragFiles('#drop', files, 'drop');
  await visitor.waitForData('own pictures, 28x28');
  assert.equal((await visitor.seen('#originals')).grey, Array.from(PICTURE));
});

test('JPEG pictures that are dropped show as nearly as their file says', async () => {
  const coded = await visitor.page.evaluate(async (grey) => {
    const canvas = new OffscreenCanvas(28, 28);
    const picture = new ImageData(28, 28);
    grey.forEach((value, i) => {
      picture.data.set([value, value, value, 255], 4 * i);
    });
    canvas.getContext('2d')?.putImageData(picture, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 });
    return Array.from(new Uint8Array(await blob.arrayBuffer()));
  }, Array.from(PICTURE));
  const bytes = Uint8Array.from(coded);
  assert.equal(Array.from(bytes.subarray(0, 2)), [0xff, 0xd8], 'a JPEG file');
  await visitor.dragFiles('#drop', [written('a.jpg', bytes), written('b.jpg', bytes)], 'drop');
  await visitor.waitForData('own pictures, 28x28');
  const { grey } = await visitor.seen('#originals');
  const limit = jpegLimit(bytes);
  const off = grey.map((value, i) => Math.abs(value - (PICTURE[i] ?? Number.NaN)));
  console.log(`  JPEG: off by ${Math.max(...off)} of 255 at most, ${mean(off).toFixed(2)} in the mean`);
  for (const [i, value] of off.entries()) {
    const most = limit(i % 28, Math.floor(i / 28));
    assert.ok(value <= most, `pixel ${i} is off by ${value}, at most ${most}`);
  }
});

/**
 * How far a pixel of a JPEG file can be from the picture: each coefficient of an 8x8 block is rounded to a multiple of its
 * step, which the file says, so it is off by half of that at most; a pixel is the sum of the coefficients times the basis
 * functions of the cosine transform (ITU-T T.81, A.3.3). On top of that, whole numbers: of brightness on the way in and out,
 * and of the transform either way, less than 1 each.
 */
function jpegLimit(bytes: Uint8Array): (x: number, y: number) => number {
  const at = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xdb); // DQT; the first table is brightness's
  assert.is((bytes[at + 4] ?? -1) >> 4, 0, 'steps of 8 bits');
  const steps = bytes.subarray(at + 5, at + 69);
  const basis = (u: number, x: number) => (u === 0 ? Math.SQRT1_2 : Math.cos(((2 * x + 1) * u * Math.PI) / 16)) / 2;
  return (x, y) => {
    let sum = 4;
    for (const [k, [u, v]] of ZIGZAG.entries())
      sum += ((steps[k] ?? 0) / 2) * Math.abs(basis(u, x % 8) * basis(v, y % 8));
    return sum;
  };
}

/** Of the coefficients in a file's order: [across, down]. From one diagonal to the next, to and fro. */
const ZIGZAG = Array.from({ length: 64 }, (_, i) => [i % 8, Math.floor(i / 8)] as const).sort(
  ([u1, v1], [u2, v2]) => u1 + v1 - (u2 + v2) || ((u1 + v1) % 2 === 0 ? u1 - u2 : v1 - v2),
);

// --- labels -------------------------------------------------------------------------------------------------------------

test('own images with their labels: the colours of the map, and what a conditional model draws', async () => {
  // Three kinds: the upper, the middle and the lower third is white.
  const labels = Uint8Array.from({ length: 300 }, (_, i) => i % 3);
  const pixels = Uint8Array.from({ length: 300 * 36 }, (_, i) => {
    const [image, row] = [Math.floor(i / 36), Math.floor((i % 36) / 6)];
    return Math.floor(row / 2) === labels[image] ? 255 : (image * 37) % 60;
  });
  await visitor.visit('#images=300&preset=conditionalVae&hidden=32&latent=2&batch=30&lr=0.01');
  const files = [
    written('own-labels-idx1-ubyte', idxFile([300], labels)),
    written('own-idx3-ubyte', idxFile([300, 6, 6], pixels)),
  ];
  await visitor.dragFiles('#drop', files, 'drop');
  await visitor.waitForData('own IDX files, 6x6');
  assert.equal(await visitor.page.locator('#classes li').allTextContents(), ['0', '1', '2']);
  await visitor.trainTo(150);
  for (const label of [0, 1, 2]) {
    await visitor.page.selectOption('#decoded-class', String(label));
    // Until then the picture of an earlier step may stand there.
    await visitor.eventuallySeen(
      '#decoded',
      ({ grey }) => {
        const thirds = [0, 1, 2].map((third) => mean(grey.slice(12 * third, 12 * third + 12)));
        return grey.length === 36 && thirds.every((shade, third) => (third === label ? shade > 200 : shade < 100));
      },
      `class ${label} is white where it must be, and dark elsewhere`,
    );
  }
  const counts = await visitor.pointsOfClasses();
  assert.is(counts.length, 3);
  for (const [label, count] of counts.entries()) assert.ok(count > 10, `class ${label}: ${count} pixels on the map`);
});

test('a conditional model has as many classes as the labels, and none without labels', async () => {
  const { page } = visitor;
  await visitor.visit('#images=300&preset=conditionalVae&hidden=16&latent=2&batch=30');
  const images = written('letters-idx3-ubyte', idxFile([60, 6, 6], new Uint8Array(60 * 36)));
  const labels = Uint8Array.from({ length: 60 }, (_, i) => i % 26);
  await page.setInputFiles('#files', [images, written('letters-labels-idx1-ubyte', idxFile([60], labels))]);
  await visitor.waitForData('own IDX files, 6x6');
  assert.is(await page.evaluate(() => latentgpuPage.classes), 26);
  assert.is(await page.locator('#decoded-class option').count(), 26);
  await page.setInputFiles('#files', [images]);
  await visitor.waitForPhase('failed');
  assert.match(
    (await page.textContent('#status')) ?? '',
    /^A conditional VAE .* no labels: .* choose another kind of model\.$/,
  );
  await page.selectOption('[name=preset]', 'vae');
  await visitor.waitForData('own IDX files, 6x6');
  await visitor.trainTo(2);
});

test('labels that are not as many as the images are told in one line', async () => {
  const files = [
    written('few-labels-idx1-ubyte', idxFile([39], new Uint8Array(39))),
    written('many-idx3-ubyte', idxFile([40, 6, 6], new Uint8Array(40 * 36))),
  ];
  await visitor.dragFiles('#drop', files, 'drop');
  await visitor.waitForText(
    '#status',
    'few-labels-idx1-ubyte has 39 labels, must have one for each of the 40 images in many-idx3-ubyte. The data are as they were.',
  );
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
