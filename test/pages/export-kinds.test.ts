// Pages of export.js --html for models of other kinds than a VAE of grey images: what each shows, and that its numbers are the
// engine's own.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { encode } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/lib/export/page/state.js';
import { defaultWalk, line, snapped } from '../../harness/lib/generate/between.js';
import { assertAccessible } from '../browser/axe.js';
import {
  assertAlone,
  assertClose,
  assertShows,
  cleanUp,
  encoding,
  exported,
  imagesOf,
  labelsOf,
  numbers,
  PATIENCE_MS,
  PHONE,
  scratch,
  shown,
  TEST,
  visit,
  withModel,
} from '../browser/exported-page.js';
import { openPage } from '../browser/page.js';
import { colourDiscs } from '../support/programs/colour-discs.js';
import { idxFile, runProgram } from '../support/programs/programs.js';

/** In the page: main.ts puts it there. */
declare const latentgpuPage: State;

test('a convolutional VAE from file://: its layers are in the one file, too', async () => {
  const file = exported('conv-vae', ['conv-vae', '--channels', '2,4', '--latent', '2']);
  const opened = await visit(file);
  assert.is(await opened.page.evaluate(() => document.documentElement.dataset.phase), 'ready');
  assertAlone(opened, file);
  await withModel('conv-vae', async (model) => {
    assertClose(await numbers(opened, 'samples'), await model.sample(64, { seed: 0 }), 'samples of seed 0');
    assertClose(await numbers(opened, 'reconstruction'), await model.reconstruct(imagesOf(0)), 'test image 0');
  });
  await opened.close();
});

test('a conditional VAE: a row for each class, one class alone, and the class of what is encoded', async () => {
  const file = exported('cvae', ['conditional-vae', '--hidden', '64', '--latent', '3'], ['--examples', '20']);
  const seen = await visit(file, PHONE);
  const { page } = seen;
  await withModel('cvae', async (model) => {
    const rows = [];
    for (let label = 0; label < 10; label++)
      rows.push(...(await model.sample(8, { seed: 0, labels: Array(8).fill(label) })));
    assertClose(await numbers(seen, 'samples'), rows, 'a row for each class');
    assert.is(await page.locator('#rows li').count(), 10);
    await page.selectOption('#samples-class', '3');
    await page.waitForFunction(() => latentgpuPage.samples.length === 64);
    const threes = await model.sample(64, { seed: 0, labels: Array(64).fill(3) });
    assertClose(await numbers(seen, 'samples'), threes, 'class 3');

    await encoding(seen, () => page.click('#examples button >> nth=4'));
    assert.is(await page.inputValue('#own-class'), String(labelsOf(4)[0]));
    const image = imagesOf(4);
    assertClose(
      await numbers(seen, 'reconstruction'),
      await model.reconstruct(image, { labels: labelsOf(4) }),
      'test image 4',
    );
    await encoding(seen, () => page.selectOption('#own-class', '8'));
    assertClose(await numbers(seen, 'reconstruction'), await model.reconstruct(image, { labels: [8] }), 'as class 8');

    const { mean } = await model.encode(imagesOf(0, 1), { labels: labelsOf(0, 1) });
    const labels = Array.from({ length: 101 }, (_, i) => labelsOf(i < 51 ? 0 : 1)[0] ?? -1);
    const way = await model.decode(line(mean.subarray(0, 3), mean.subarray(3), 101), { labels });
    assertClose(await numbers(seen, 'walk'), way, 'a walk on which the class changes');
  });
  await assertAccessible(page, 'an exported page on a phone');
  assert.is(await page.evaluate(() => document.documentElement.scrollWidth), PHONE.viewport.width, 'it fits a phone');
  assertAlone(seen, file);
  await seen.close();
});

test('a plain autoencoder of pixels -1..1: samples from what fits its codes, which the page says', async () => {
  const file = exported('ae', ['ae', '--hidden', '64', '--latent', '6', '--loss', 'mse', '--range', '-1..1']);
  const seen = await visit(file);
  await withModel('ae', async (model) => {
    assertClose(await numbers(seen, 'reconstruction'), await model.reconstruct(imagesOf(0)), 'test image 0');
    const { mean } = await model.encode(imagesOf(...Array(128).keys()));
    assertClose(await numbers(seen, 'codes'), mean, 'codes of the examples');
    const drawn = await seen.page.evaluate(() => latentgpuPage.samples.flatMap(({ code }) => [...code]));
    assertClose(await numbers(seen, 'samples'), await model.decode(drawn), 'samples');
    for (let d = 0; d < 6; d++) {
      const of = (codes: ArrayLike<number>) => Array.from(codes).filter((_, i) => i % 6 === d);
      const [low, high] = [Math.min(...of(mean)), Math.max(...of(mean))];
      assert.ok(
        of(drawn).every((z) => z >= low - 1e-5 && z <= high + 1e-5),
        `dimension ${d} of the samples`,
      );
      assert.ok(new Set(of(drawn)).size > 50, 'they differ');
    }
  });
  const help = await seen.page.textContent('#samples-help');
  assert.match(help ?? '', /^This model has no prior to draw codes from\. .* the 128 test images in this page/);
  await assertAccessible(seen.page, 'an exported page without a prior');
  assertAlone(seen, file);
  await seen.close();
});

test('a denoising autoencoder without test images: no samples, a pen of noise, a walk between drawings', async () => {
  const file = exported('denoising', ['denoising', '--hidden', '32', '--latent', '6'], ['--examples', '0']);
  const opened = await openPage([], '/', { viewport: { width: 1100, height: 1000 } });
  const { page } = opened;
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(pathToFileURL(file).href);
  await page.waitForFunction(() => latentgpuPage.own !== undefined);
  assert.ok(await page.isDisabled('#sample'));
  assert.match((await page.textContent('#samples-help')) ?? '', /it cannot sample/);
  assert.ok(!(await page.isVisible('#examples')));
  assert.equal(await page.locator('#from-kind option').allTextContents(), ['your image']);
  await page.selectOption('#pen', 'noise');
  const picture = encode({ width: 28, height: 28, data: TEST.pixels.slice(2 * 784, 3 * 784), depth: 8, channels: 1 });
  await encoding(opened, () =>
    page.setInputFiles('#file', { name: 'two.png', mimeType: 'image/png', buffer: Buffer.from(picture) }),
  );
  await encoding(opened, () => page.click('#damage'));
  const noisy = await page.evaluate(() => [...(latentgpuPage.own?.image ?? [])]);
  assert.ok(noisy.filter((value, i) => value !== imagesOf(2)[i]).length > 700, 'noise all over');
  const wanted = await withModel('denoising', (model) => model.reconstruct(noisy));
  assertClose(await numbers(opened, 'reconstruction'), wanted, 'what was damaged, restored');
  await page.click('#to-other');
  await page.waitForFunction(() => document.querySelector('#to-name')?.textContent === 'To: two.png');
  assert.is(await page.textContent('#from-name'), 'From: Your image');
  assert.equal(opened.complaints, []);
  await opened.close();
});

test('a vq-vae: encodes to numbers of vectors, walks in its codebook, draws no samples', async () => {
  const [run, out] = [path.join(scratch, 'vq'), path.join(scratch, 'vq-page')];
  const model = ['--model', 'vq-vae', '--channels', '4,8', '--latent', '8', '--codes', '16'];
  const training = ['--data', 'digits', '--limit', '128', '--steps', '4', '--batch', '32', '--quiet', '--out', run];
  assert.is(runProgram('harness/train.js', [...model, ...training]).status, 0);
  const {
    status,
    out: printed,
    err,
  } = runProgram('harness/export.js', [...['--run', run, '--html', '--examples', '8', '--out', out]]);
  assert.equal([status, err], [0, '']);
  assert.match(printed, /Vector-quantised autoencoder: walks in its codebook and encodes in a browser;/);
  const visited = await visit(path.join(out, 'autoencoder.html'));
  const { page } = visited;
  assert.is(await page.textContent('h1'), 'Vector-quantised autoencoder');
  assert.not(await page.isVisible('#samples-panel'));
  assert.equal(await page.locator('#from-kind option').allTextContents(), ['a test image', 'your image']);
  assert.match((await page.textContent('#facts')) ?? '', /49 places, each one of 16 vectors of 8 numbers/);
  const shown = ((await page.textContent('#numbers')) ?? '').split(', ').map(Number);
  const walk = await page.evaluate(() => [...latentgpuPage.walk]);
  await withModel('vq', async (model) => {
    const { mean, indices = [] } = await model.encode(imagesOf(0));
    assert.equal(shown, [...indices]);
    const ends = await page.evaluate(() => [...latentgpuPage.exampleCodes.subarray(0, 392)]);
    assertClose(ends, mean, 'code of test image 0');
    const { values = [] } = (await model.parameters()).get('codebook.weight') ?? {};
    const [a, b] = defaultWalk({ count: 8, labels: TEST.labels });
    const codes = line((await model.encode(imagesOf(a))).mean, (await model.encode(imagesOf(b))).mean, 101);
    const places = snapped(codes, Float32Array.from(values), 8);
    assertClose(walk, await model.decode(places), 'the walk');
  });
  await assertAccessible(page, 'an exported page of a vq-vae');
  await page.close();
});

test('a model of colour images: examples, drawings and picture files keep their colours', async () => {
  const folder = path.join(scratch, 'discs');
  fs.mkdirSync(folder);
  const { train, test: held } = colourDiscs({ train: 256, test: 12, seed: 1 });
  for (const [name, { values, shape }] of Object.entries({ 'train-images': train, 't10k-images': held }))
    fs.writeFileSync(path.join(folder, `${name}-idx4-ubyte`), idxFile(shape, values as Uint8Array));
  const data = ['--data', folder, '--epochs', '2', '--lr', '4e-3'];
  const file = exported('colour', ['vae', '--hidden', '32', '--latent', '4'], [], data);
  const seen = await visit(file);
  const { page } = seen;
  const pixels = held.values as Uint8Array;
  const size = 32 * 32 * 3;
  const disc = (index: number) => Float32Array.from(pixels.subarray(index * size, (index + 1) * size), (b) => b / 255);
  assert.match((await page.textContent('#facts')) ?? '', /32×32 pixels, in colour/);
  await withModel('colour', async (model) => {
    const made = await model.reconstruct(disc(0));
    assertClose(await numbers(seen, 'reconstruction'), made, 'reconstruction of test image 0');
    assertShows(await shown(seen, '#redrawn', 3), made, 'its picture');
    assertShows(await shown(seen, '#examples button >> nth=5', 3), disc(5), 'the button of test image 5');
    assertClose(await numbers(seen, 'samples'), await model.sample(64, { seed: 0 }), 'samples of seed 0');
    const png = encode({ width: 32, height: 32, data: pixels.slice(7 * size, 8 * size), depth: 8, channels: 3 });
    await encoding(seen, () =>
      page.setInputFiles('#file', { name: 'disc.png', mimeType: 'image/png', buffer: Buffer.from(png) }),
    );
    assertClose(await numbers(seen, 'reconstruction'), await model.reconstruct(disc(7)), 'a picture file in colour');
  });
  assertAlone(seen, file);
  await seen.close();
});

test.after(cleanUp);
test.run();
