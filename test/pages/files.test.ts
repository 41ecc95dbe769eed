// The page of harness/web: what it gives away and takes back. Models saved, loaded and dropped, pictures, links. Own images are
// in data.test.ts.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decode } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { closeBrowser } from '../browser/page.js';
import { assertSame, openVisitor, type Pixels, SETUP, shows, type Visitor } from '../browser/visitor.js';
import { idxFile } from '../support/programs/programs.js';

/** In the page. */
declare const latentgpuPage: State;

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

/** Into a folder of this test's own. */
function written(name: string, bytes: Uint8Array): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, bytes);
  return file;
}

test('a model that is dropped is loaded, with its set-up', async () => {
  await visitor.visit(SETUP);
  await visitor.trainTo(20);
  const kept = await visitor.reconstructed(SHOWN);
  const { name, bytes } = await visitor.downloaded('#save');
  assert.match(name, /^latentgpu-vae-step-\d+\.safetensors$/);
  const model = written('kept.safetensors', bytes);
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

test('a loaded model begins at step 0, and one for other images is refused before anything is given up', async () => {
  const { page } = visitor;
  await visitor.visit(SETUP);
  await visitor.trainTo(20);
  const model = written('kept.safetensors', (await visitor.downloaded('#save')).bytes);
  await visitor.trainTo(30);
  await page.setInputFiles('#model-file', model);
  await visitor.waitForText('#status', 'Loaded kept.safetensors.');
  assert.equal(await page.evaluate(() => [latentgpuPage.step, latentgpuPage.trained.length]), [0, 0]);
  const { loss = Number.NaN } = (await page.evaluate(() => latentgpuPage.session?.evaluate())) ?? {};
  await visitor.waitForText('#nats', loss.toPrecision(4));
  assert.match((await page.textContent('#legend')) ?? '', new RegExp(`Test loss ${loss.toPrecision(4)}`));

  await page.setInputFiles('#files', [written('small-idx3-ubyte', idxFile([40, 6, 6], new Uint8Array(40 * 36)))]);
  await visitor.waitForData('own IDX files, 6x6');
  await page.selectOption('[name=preset]', 'ae');
  await visitor.waitForPhase('ready');
  const before = await page.evaluate(() => [location.hash, latentgpuPage.generation]);
  await page.setInputFiles('#model-file', model);
  await visitor.waitForText(
    '#status',
    'kept.safetensors: a model for images of 784 pixels; the images here have 6x6 = 36. Choose its images first.',
  );
  assert.equal(await page.evaluate(() => [location.hash, latentgpuPage.generation]), before);
});

test('leaving the page with a model that was not saved asks first', async () => {
  const { page, opened } = visitor;
  const asked: string[] = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.type());
    void dialog.accept();
  });
  const leave = () => page.goto(`${opened.url}/blank`);
  await visitor.visit(SETUP);
  await leave();
  await visitor.visit(SETUP);
  await visitor.trainTo(2);
  await visitor.downloaded('#save');
  await leave();
  assert.equal(asked, [], 'nothing is lost');
  await visitor.visit(SETUP);
  await visitor.trainTo(2);
  await leave();
  assert.equal(asked, ['beforeunload']);
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
