// The page of export.js --html, opened from file:// by a visitor: a VAE samples, walks and encodes, with the engine's own numbers;
// a drawing, a picture file and a lost device; what it says without WebGPU; and axe. Other kinds: export-kinds.test.ts.
import fs from 'node:fs';
import path from 'node:path';
import { encode } from 'fast-png';
import { decodeSafetensors } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/lib/export/page/state.js';
import { line } from '../../harness/lib/generate/between.js';
import { assertAccessible } from '../browser/axe.js';
import {
  assertAlone,
  assertClose,
  assertShows,
  cleanUp,
  encoding,
  exported,
  imagesOf,
  numbers,
  scratch,
  settled,
  shown,
  TEST,
  type Visit,
  visit,
  withModel,
} from '../browser/exported-page.js';

/** In the page: main.ts puts it there. */
declare const latentgpuPage: State;

// --- a variational one ------------------------------------------------------------------------------------------------

let vae = '';
let visited: Visit;

test.before(async () => {
  vae = exported('vae', ['vae', '--hidden', '64', '--latent', '4']);
  visited = await visit(vae);
});

test('a VAE from file://: samples, a walk and reconstructions are those of the engine in Node', async () => {
  assert.is(await visited.page.evaluate(() => document.documentElement.dataset.phase), 'ready');
  assert.is(await visited.page.textContent('h1'), 'Variational autoencoder');
  await withModel('vae', async (model) => {
    const wanted = await model.sample(64, { seed: 0 });
    assertClose(await numbers(visited, 'samples'), wanted, 'samples of seed 0');
    const reconstructed = await model.reconstruct(imagesOf(0));
    assertClose(await numbers(visited, 'reconstruction'), reconstructed, 'reconstruction of test image 0');
    assertShows(await shown(visited, '#redrawn'), reconstructed, 'its picture');
    const { mean } = await model.encode(imagesOf(0, 1));
    const codes = line(mean.subarray(0, 4), mean.subarray(4), 101);
    const way = await model.decode(codes);
    assertClose(await numbers(visited, 'walk'), way, 'the walk from test image 0 to 1');
    assertShows(await shown(visited, '#between'), way.subarray(50 * 784, 51 * 784), 'half-way');

    await visited.page.click('#sample');
    await visited.page.waitForFunction(() => document.querySelector('#samples canvas')?.ariaLabel?.endsWith('seed 1'));
    assert.is(await visited.page.inputValue('#seed'), '1');
    assertClose(await numbers(visited, 'samples'), await model.sample(64, { seed: 1 }), 'samples of seed 1');

    await encoding(visited, () => visited.page.click('#examples button >> nth=7'));
    assertClose(await numbers(visited, 'reconstruction'), await model.reconstruct(imagesOf(7)), 'test image 7');
    assert.match(
      (await visited.page.getAttribute('#code svg', 'aria-label')) ?? '',
      /^Code of 4 numbers, from -?[\d.]+ to /,
    );
    const told = (await visited.page.textContent('#numbers'))?.split(', ').map(Number) ?? [];
    const code = [...(await model.encode(imagesOf(7))).mean];
    assert.equal(
      told,
      code.map((value) => Number(value.toFixed(3))),
    );
  });
});

test('axe finds nothing serious', () => assertAccessible(visited.page, 'an exported page'));

test('every control has a name, and Tab comes by each', async () => {
  const nameless = await visited.page.evaluate(() =>
    [...document.querySelectorAll<HTMLInputElement>('button, input, select')]
      .filter((element) => element.checkVisibility())
      .filter(
        (element) => !(element.textContent?.trim() || element.ariaLabel || element.labels?.[0]?.textContent?.trim()),
      )
      .map(({ outerHTML }) => outerHTML),
  );
  assert.equal(nameless, []);
  await visited.page.evaluate(() => scrollTo(0, 0));
  await visited.page.click('h1');
  const stops = new Set<string>();
  for (let i = 0; i < 60; i++) {
    await visited.page.keyboard.press('Tab');
    stops.add(await visited.page.evaluate(() => document.activeElement?.id ?? ''));
  }
  for (const id of ['sample', 'seed', 'play', 'share', 'from-kind', 'to-other', 'pad', 'pen', 'choose', 'weights-link'])
    assert.ok(stops.has(id), `#${id} has the focus once`);
});

test('the slider shows each place, by keys too, and Play moves it', async () => {
  const { page } = visited;
  await page.focus('#share');
  await page.keyboard.press('Home');
  const walk = await numbers(visited, 'walk');
  assertShows(await shown(visited, '#between'), walk.slice(0, 784), 'where it begins');
  await page.keyboard.press('ArrowRight');
  assert.is(await page.textContent('#percent'), '1%');
  await page.click('#play');
  assert.is(await page.textContent('#play'), 'Pause');
  await page.waitForFunction(() => Number(document.querySelector<HTMLInputElement>('#share')?.value) > 20);
  await page.click('#play');
  const place = Number(await page.inputValue('#share'));
  assertShows(await shown(visited, '#between'), walk.slice(784 * place, 784 * (place + 1)), 'where it stopped');
});

test('a walk from a sample to an image of the visitor', async () => {
  const { page } = visited;
  await page.selectOption('#from-kind', 'samples');
  await page.selectOption('#to-kind', 'own');
  await page.waitForFunction(() =>
    ['From: Sample', 'To: Test image 7'].every((name, i) =>
      document.querySelector(['#from-name', '#to-name'][i] ?? '')?.textContent?.startsWith(name),
    ),
  );
  await page.waitForTimeout(500);
  const { sample, own } = await page.evaluate(() => ({
    sample: [...(latentgpuPage.samples[0]?.code ?? [])],
    own: [...(latentgpuPage.own?.code ?? [])],
  }));
  const way = await withModel('vae', (model) =>
    model.decode(line(Float32Array.from(sample), Float32Array.from(own), 101)),
  );
  assertClose(await numbers(visited, 'walk'), way, 'the walk from sample 1 to test image 7');
});

test('a drawing, its inverse, and a picture file are encoded as they are seen', async () => {
  const { page } = visited;
  await encoding(visited, () => page.click('#clear'));
  const box = await page.locator('#pad').boundingBox();
  assert.ok(box);
  await encoding(visited, async () => {
    await page.mouse.move(box.x + box.width / 2, box.y + 0.2 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 0.8 * box.height, { steps: 4 });
    await page.mouse.up();
  });
  await page.waitForTimeout(500);
  const drawn = await page.evaluate(() => [...(latentgpuPage.own?.image ?? [])]);
  assert.ok(drawn[28 * 14 + 14] === 1 && drawn[28 * 14 + 2] === 0 && drawn[28 + 14] === 0, 'a stroke down the middle');
  assertShows(await shown(visited, '#pad'), drawn, 'the pad');
  const ofDrawn = await withModel('vae', (model) => model.reconstruct(Float32Array.from(drawn)));
  assertClose(await numbers(visited, 'reconstruction'), ofDrawn, 'the drawing');
  await encoding(visited, () => page.click('#invert'));
  assertClose(
    await page.evaluate(() => [...(latentgpuPage.own?.image ?? [])]),
    drawn.map((value) => 1 - value),
    'its inverse',
  );

  const png = encode({ width: 28, height: 28, data: TEST.pixels.slice(3 * 784, 4 * 784), depth: 8, channels: 1 });
  const picture = { name: 'three.png', mimeType: 'image/png', buffer: Buffer.from(png) };
  await encoding(visited, () => page.setInputFiles('#file', picture));
  const ofFile = await withModel('vae', (model) => model.reconstruct(imagesOf(3)));
  assertClose(await numbers(visited, 'reconstruction'), ofFile, 'a picture file of test image 3');

  await page.setInputFiles('#file', { ...picture, name: 'notes.png', buffer: Buffer.from('no picture') });
  await page.waitForFunction(() => document.querySelector('#own-fault')?.textContent !== '');
  assert.is(await page.textContent('#own-fault'), 'notes.png is not a picture that this browser can read.');
  await encoding(visited, () => page.click('#clear'));
  assert.is(await page.textContent('#own-fault'), '');

  await encoding(visited, () =>
    page.evaluate(
      (values) => {
        const files = new DataTransfer();
        files.items.add(new File([Uint8Array.from(values)], 'three.png', { type: 'image/png' }));
        for (const type of ['dragover', 'drop'])
          document
            .querySelector('#pad')
            ?.dispatchEvent(new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true }));
      },
      [...png],
    ),
  );
  assertClose(await numbers(visited, 'reconstruction'), ofFile, 'the same, dropped');
});

test('the weights come out as they went in', async () => {
  const coming = visited.page.waitForEvent('download');
  await visited.page.click('#weights-link');
  const download = await coming;
  assert.is(download.suggestedFilename(), 'model.safetensors');
  const got = decodeSafetensors(fs.readFileSync(await download.path()));
  const wanted = decodeSafetensors(fs.readFileSync(path.join(scratch, 'vae/model.safetensors')));
  for (const [name, { values }] of wanted) assert.equal(got.get(name)?.values, values, name);
});

test('a lost device is told, and Try again brings the same images', async () => {
  const { page } = visited;
  const before = await numbers(visited, 'samples');
  await page.evaluate(() => (latentgpuPage as unknown as { device: { gpu: GPUDevice } }).device.gpu.destroy());
  await page.waitForFunction(() => document.documentElement.dataset.phase === 'lost');
  assert.match((await page.textContent('#status')) ?? '', /^The GPU was lost.*Try again opens it anew\.$/);
  assert.ok(await page.isDisabled('#sample'));
  await page.evaluate(() => {
    latentgpuPage.samples = [];
  });
  await page.click('#retry');
  await settled(visited);
  assert.is(await page.textContent('#status'), '');
  assert.ok(!(await page.isVisible('#retry')));
  assertClose(await numbers(visited, 'samples'), before, 'samples of the same seed');
});

test('nothing was asked of any network, and nothing complained about', () => assertAlone(visited, vae));

// --- where it cannot work -----------------------------------------------------------------------------------------------

for (const [name, init, message] of [
  [
    'without WebGPU',
    `Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined })`,
    'This page computes with WebGPU, which this browser lacks or has switched off: open it in Chrome or Edge 113, Firefox 141 or Safari 26, or newer.',
  ],
  [
    'in a Firefox without WebGPU',
    `Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined });
     Object.defineProperty(Navigator.prototype, 'userAgent', { get: () => 'Mozilla/5.0 Gecko/20100101 Firefox/153.0' })`,
    'This page computes with WebGPU, which this Firefox lacks or has switched off: set dom.webgpu.enabled to true in about:config, or open it in Chrome or Edge (113 or newer).',
  ],
  [
    'where files are not trusted',
    `Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined });
     Object.defineProperty(globalThis, 'isSecureContext', { get: () => false })`,
    'This page computes with WebGPU, which this browser does not give to files: open it in Chrome or Edge (113 or newer), or from an https:// address.',
  ],
] as const)
  test(`${name}: one sentence, and what needs no GPU`, async () => {
    const seen = await visit(vae, {}, ({ page }) => page.addInitScript(init));
    assert.is(await seen.page.evaluate(() => document.documentElement.dataset.phase), 'unsupported');
    assert.is(await seen.page.textContent('#status'), message);
    assert.ok(!(await seen.page.isVisible('#sample')));
    assert.ok(await seen.page.isVisible('#weights-link'));
    await assertAccessible(seen.page, name);
    assertAlone(seen, vae);
    await seen.close();
  });

test('without an adapter: the reason, and Try again', async () => {
  const seen = await visit(vae, {}, ({ page }) =>
    page.addInitScript('GPU.prototype.requestAdapter = async () => null'),
  );
  assert.is(await seen.page.evaluate(() => document.documentElement.dataset.phase), 'failed');
  assert.match(
    (await seen.page.textContent('#status')) ?? '',
    /^this browser has WebGPU but no adapter: .* Update the graphics driver/i,
  );
  assert.ok(await seen.page.isVisible('#retry'));
  await seen.close();
});

test('a file that came damaged says so', async () => {
  const damaged = path.join(scratch, 'damaged.html');
  const page = fs.readFileSync(vae, 'utf8');
  fs.writeFileSync(damaged, page.replace(/(id="contents">.{40})./, '$1'));
  const seen = await visit(damaged);
  assert.match((await seen.page.textContent('#status')) ?? '', /^This file is damaged \(.*\): ask for it anew\.$/);
  fs.writeFileSync(damaged, page.replace(/(id="weights">.{40}).{4}/, '$1'));
  const other = await visit(damaged);
  assert.is(await other.page.evaluate(() => document.documentElement.dataset.phase), 'failed');
  assert.not.equal(await other.page.textContent('#status'), '');
  await seen.close();
  await other.close();
});

test.after(cleanUp);
test.run();
