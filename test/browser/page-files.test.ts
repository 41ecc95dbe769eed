// The page of harness/web: files that it takes and gives. Models saved and loaded, own images, links.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { decode, encode } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { closeBrowser } from './page.js';
import { assertSame, eventually, mean, openVisitor, type Pixels, shows, type Visitor } from './visitor.js';

/** In the page. */
declare const latentgpuPage: State;

/** Small enough for a hundred steps in seconds, with a code of more than two dimensions. */
const SETUP = '#images=600&preset=vae&hidden=64&latent=3&batch=32&lr=0.005&seed=7';
const SHOWN = 20;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-page-'));
const saved = path.join(folder, 'saved.safetensors');

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

test('a model that is saved and loaded into a fresh page reconstructs the same, bit for bit', async () => {
  await visitor.trainTo(30);
  const kept = await visitor.reconstructed(SHOWN);
  const download = visitor.page.waitForEvent('download');
  await visitor.page.click('#save');
  await (await download).saveAs(saved);
  // A fresh page with another set-up: the file brings its own.
  await visitor.visit('#images=600&preset=ae&hidden=16&latent=2&batch=32');
  await visitor.waitForPhase('ready');
  await visitor.page.setInputFiles('#model-file', saved);
  await visitor.page.waitForFunction(() => document.querySelector('#status')?.textContent?.startsWith('Loaded'));
  assert.is(await visitor.page.inputValue('[name=hidden]'), '64');
  assertSame(await visitor.reconstructed(SHOWN), kept, 'the reconstructions of what was saved');
  await visitor.eventuallySeen('#reconstructions', shows(kept, 10), 'the pictures of the loaded model');
});

test('own images: gzipped IDX files and PNG pictures; what is neither is told', async () => {
  const bytes = Uint8Array.from({ length: 40 * 12 * 10 }, (_, i) => (i * 37) % 256);
  const idx = gzipSync(Buffer.concat([Buffer.from([0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 12, 0, 0, 0, 10]), bytes]));
  await visitor.page.setInputFiles('#files', { name: 'mine-idx3-ubyte.gz', mimeType: 'application/gzip', buffer: idx });
  await visitor.waitForData('own IDX files, 12x10');
  const held = [1, 11, 21, 31].map((image) => Array.from(bytes.subarray(120 * image, 120 * image + 120)));
  const beside = Array.from({ length: 12 }, (_, y) => held.flatMap((image) => image.slice(10 * y, 10 * y + 10))).flat();
  assert.equal((await visitor.seen('#originals')).grey, beside, 'every tenth image is held out, and shown as it is');

  const text = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no image at all, only words') };
  await visitor.page.setInputFiles('#files', text);
  await visitor.waitForPhase('failed');
  assert.match((await visitor.page.textContent('#status')) ?? '', /notes\.txt/);

  await visitor.page.fill('[name=batch]', '2');
  await visitor.page.press('[name=batch]', 'Tab');
  assert.match(visitor.page.url(), /[#&]batch=2(&|$)/, 'the address follows');
  const pictures = [0, 80, 160, 240].map((grey) => ({
    name: `${grey}.png`,
    mimeType: 'image/png',
    buffer: Buffer.from(encode({ width: 56, height: 28, channels: 1, data: new Uint8Array(56 * 28).fill(grey) })),
  }));
  await visitor.page.setInputFiles('#files', pictures);
  await visitor.waitForData('own pictures, 28x28');
  const { grey } = await visitor.seen('#originals');
  // Twice as wide as high: between black bars, as wide as the images are.
  assert.equal([grey[0], grey[14 * 28 + 14], grey[27 * 28]], [0, 80, 0]);
  await visitor.page.click('#digits');
  await visitor.waitForData('Built-in digits, 28x28');
});

// --- pictures as files --------------------------------------------------------------------------------------------------

/** Each PNG button, what its file is called, and the pictures that it holds, from the top. */
const PNGS = [
  { press: '#reconstructions-png', what: 'reconstructions', pictures: ['#originals', '#damaged', '#reconstructions'] },
  { press: '#samples-png', what: 'samples', pictures: ['#samples'] },
  { press: '#walk-png', what: 'walk', pictures: ['#walk'] },
];
const SCALE = 4;

/** The pictures one below the other, each of their pixels as SCALE x SCALE. */
function enlarged(pictures: Pixels[]): number[] {
  const row = (grey: number[]) => grey.flatMap((value) => new Array<number>(SCALE).fill(value));
  return pictures.flatMap(({ width, height, grey }) =>
    Array.from({ length: SCALE * height }, (_, y) => {
      const from = width * Math.floor(y / SCALE);
      return row(grey.slice(from, from + width));
    }).flat(),
  );
}

function assertHolds(bytes: Uint8Array, pictures: Pixels[], name: string): void {
  const { width, height, channels, data } = decode(bytes);
  assert.equal(
    [width, height],
    [SCALE * (pictures[0]?.width ?? 0), SCALE * pictures.reduce((sum, picture) => sum + picture.height, 0)],
    `${name}: its size`,
  );
  const grey = Array.from({ length: width * height }, (_, i) => data[channels * i] ?? -1);
  assertSame(grey, enlarged(pictures), name);
  for (let i = 0; i < data.length; i += channels)
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2] || (channels === 4 && data[i + 3] !== 255))
      assert.unreachable(`${name}: pixel ${i / channels} is ${data.slice(i, i + channels)}, neither grey nor opaque`);
}

/** Presses and looks at the pictures in one task: between tasks the worker may show another frame. */
async function pressed(press: string, pictures: string[]): Promise<{ name: string; bytes: Buffer; shown: Pixels[] }> {
  const coming = visitor.page.waitForEvent('download');
  const shown = await visitor.page.evaluate(
    ([button, ...selectors]) => {
      document.querySelector<HTMLButtonElement>(button ?? '')?.click();
      return selectors.map((selector) => {
        const canvas = document.querySelector<HTMLCanvasElement>(`${selector} canvas`);
        const copy = new OffscreenCanvas(canvas?.width ?? 1, canvas?.height ?? 1);
        const context = copy.getContext('2d');
        if (canvas) context?.drawImage(canvas, 0, 0);
        const { data, width, height } = context?.getImageData(0, 0, copy.width, copy.height) ?? new ImageData(1, 1);
        return { width, height, grey: Array.from({ length: width * height }, (_, i) => data[4 * i] ?? -1) };
      });
    },
    [press, ...pictures],
  );
  const download = await coming;
  return { name: download.suggestedFilename(), bytes: fs.readFileSync(await download.path()), shown };
}

const isDrawn = ({ grey }: Pixels) => Math.max(...grey) > 50;

for (const [when, preset] of [
  ['', 'denoising'],
  [', also while the model learns', 'vae'],
] as const)
  test(`each picture can be downloaded, and the file shows what the page shows${when}`, async () => {
    await visitor.visit(SETUP.replace('vae', preset));
    await visitor.page.click('#train');
    await visitor.waitForStep(5);
    if (when === '') {
      await visitor.page.click('#train');
      await visitor.waitForPhase('paused');
    }
    for (const { press, what, pictures } of PNGS) {
      const present = pictures.filter((picture) => preset === 'denoising' || picture !== '#damaged');
      await visitor.eventuallySeen(present.at(-1) ?? '', isDrawn, `${what} are drawn`);
      const { name, bytes, shown } = await pressed(press, present);
      assert.match(name, new RegExp(`^latentgpu-${what}-${preset}-step-\\d+\\.png$`));
      if (when === '') assert.is(name.match(/\d+/)?.[0], String(await visitor.stepShown()));
      assert.ok(shown.every(isDrawn), `${name}: something is to be seen`);
      assertHolds(bytes, shown, name);
    }
    if (when === '') return;
    assert.is(await visitor.page.evaluate(() => latentgpuPage.phase), 'training', 'all the while');
    await visitor.page.click('#train');
    await visitor.waitForPhase('paused');
  });

// --- the link -----------------------------------------------------------------------------------------------------------

test('the link is copied, says so, and opens the same set-up', async () => {
  const context = visitor.page.context();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await visitor.visit(SETUP);
  await visitor.page.selectOption('[name=preset]', 'sparse');
  await visitor.waitForData('Built-in digits, 28x28');
  const chosen = await visitor.page.evaluate(() => latentgpuPage.setup);
  await visitor.page.click('#link');
  await visitor.waitForText('#link', 'Copied');
  await visitor.page.click('#link');
  const address = await visitor.page.evaluate(() => navigator.clipboard.readText());
  await visitor.waitForText('#link', 'Copy link');
  await context.clearPermissions();
  await visitor.visit(new URL(address).hash);
  assert.is(address, visitor.page.url());
  assert.equal(await visitor.page.evaluate(() => latentgpuPage.setup), chosen);
  assert.is(await visitor.page.inputValue('[name=preset]'), 'sparse');
});

for (const [where, clipboard] of [
  ['without permission', { writeText: 'no' }],
  ['without a clipboard', undefined],
] as const)
  test(`${where}, the button says where the link is`, async () => {
    await visitor.page.evaluate((kind) => {
      const refuse = () => Promise.reject(new DOMException('Write permission denied.', 'NotAllowedError'));
      Object.defineProperty(navigator, 'clipboard', { value: kind && { writeText: refuse }, configurable: true });
    }, clipboard);
    await visitor.page.click('#link');
    await visitor.waitForText('#link', 'The address bar has it');
    await visitor.waitForText('#link', 'Copy link');
  });

// --- dropped files ------------------------------------------------------------------------------------------------------

const idx = (shape: number[], values: Uint8Array) => {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  for (const [axis, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  return Buffer.concat([header, values]);
};

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
  const images = written('away-idx3-ubyte', idx([20, 6, 6], new Uint8Array(720)));
  const before = await visitor.page.evaluate(() => latentgpuPage.generation);
  await visitor.dragFiles('#curves', [images], 'leave', isWelcome);
  await isWelcomeNoMore();
  assert.is(await visitor.page.evaluate(() => latentgpuPage.generation), before);
});

test('IDX files dropped anywhere on the page become its data', async () => {
  const bytes = Uint8Array.from({ length: 20 * 36 }, (_, i) => (i * 29) % 256);
  await visitor.dragFiles('#curves', [written('mine-idx3-ubyte', idx([20, 6, 6], bytes))], 'drop', isWelcome);
  await isWelcomeNoMore();
  await visitor.waitForData('own IDX files, 6x6');
  const held = [1, 11].map((image) => Array.from(bytes.subarray(36 * image, 36 * image + 36)));
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

test('a model that is dropped is loaded, with its set-up', async () => {
  await visitor.visit(SETUP);
  await visitor.trainTo(20);
  const kept = await visitor.reconstructed(SHOWN);
  const model = written('kept.safetensors', (await visitor.downloaded('#save')).bytes);
  await visitor.visit('#images=600&preset=ae&hidden=16&latent=2&batch=32');
  await visitor.dragFiles('#map', [model], 'drop');
  await visitor.waitForText('#status', 'Loaded kept.safetensors.');
  assertSame(await visitor.reconstructed(SHOWN), kept, 'the reconstructions of the dropped model');
  await visitor.eventuallySeen('#reconstructions', shows(kept, 10), 'the pictures of the dropped model');

  // Also while there is no model to load it into, as data are being made.
  await visitor.page.click('#train');
  await visitor.waitForStep(25);
  await visitor.page.evaluate(() => document.querySelector<HTMLButtonElement>('#digits')?.click());
  await visitor.dragFiles('#map', [model], 'drop');
  await visitor.waitForText('#status', 'Loaded kept.safetensors.');
  assertSame(await visitor.reconstructed(SHOWN), kept, 'the reconstructions of what was dropped meanwhile');

  await visitor.dragFiles('#map', [written('broken.safetensors', Buffer.from('words'))], 'drop');
  await visitor.page.waitForFunction(() =>
    document.querySelector('#status')?.textContent?.startsWith('broken.safetensors: '),
  );
  assertSame(await visitor.reconstructed(SHOWN), kept, 'the model is as it was');
});

// --- own labels ---------------------------------------------------------------------------------------------------------

test('own images with their labels: the colours of the map, and what a conditional model draws', async () => {
  // Three kinds: the upper, the middle and the lower third is white.
  const labels = Uint8Array.from({ length: 300 }, (_, i) => i % 3);
  const pixels = Uint8Array.from({ length: 300 * 36 }, (_, i) => {
    const [image, row] = [Math.floor(i / 36), Math.floor((i % 36) / 6)];
    return Math.floor(row / 2) === labels[image] ? 255 : (image * 37) % 60;
  });
  await visitor.visit('#images=300&preset=conditionalVae&hidden=32&latent=2&batch=30&lr=0.01');
  const files = [
    written('own-labels-idx1-ubyte', idx([300], labels)),
    written('own-idx3-ubyte', idx([300, 6, 6], pixels)),
  ];
  await visitor.dragFiles('#drop', files, 'drop');
  await visitor.waitForData('own IDX files, 6x6');
  assert.equal(await visitor.page.locator('#classes li').allTextContents(), ['0', '1', '2']);
  await visitor.trainTo(150);
  for (const label of [0, 1, 2]) {
    await visitor.page.selectOption('#decoded-class', String(label));
    const { grey } = await visitor.eventuallySeen(
      '#decoded',
      ({ grey }) => {
        const thirds = [0, 1, 2].map((third) => mean(grey.slice(12 * third, 12 * third + 12)));
        return grey.length === 36 && thirds.indexOf(Math.max(...thirds)) === label;
      },
      `class ${label} is white where it must be`,
    );
    assert.ok(mean(grey.slice(12 * label, 12 * label + 12)) > 200, `class ${label} has learnt its third`);
  }
  const counts = await visitor.pointsOfClasses();
  assert.is(counts.length, 3);
  for (const [label, count] of counts.entries()) assert.ok(count > 10, `class ${label}: ${count} pixels on the map`);
});

test('labels that are not as many as the images are told in one line', async () => {
  const files = [
    written('few-labels-idx1-ubyte', idx([39], new Uint8Array(39))),
    written('many-idx3-ubyte', idx([40, 6, 6], new Uint8Array(40 * 36))),
  ];
  await visitor.dragFiles('#drop', files, 'drop');
  await visitor.waitForPhase('failed');
  assert.is(
    await visitor.page.textContent('#status'),
    'few-labels-idx1-ubyte has 39 labels, must have one for each of the 40 images in many-idx3-ubyte',
  );
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
