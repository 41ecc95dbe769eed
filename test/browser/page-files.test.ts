// The page of harness/web: files that it takes and gives. Models saved and loaded, own images, links.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeBrowser } from './page.js';
import { assertSame, openVisitor, shows, type Visitor } from './visitor.js';

/** Small enough for a hundred steps in seconds, with a code of more than two dimensions. */
const SETUP = '#images=600&preset=vae&hidden=64&latent=3&batch=32&lr=0.005&seed=7';
const SHOWN = 20;
const saved = path.join(os.tmpdir(), `latentgpu-page-${process.pid}.safetensors`);

let visitor: Visitor;

test.before(async () => {
  visitor = await openVisitor();
  await visitor.visit(SETUP);
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
  fs.rmSync(saved, { force: true });
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

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
