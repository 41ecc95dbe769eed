// The page of export.js --html, opened from file:// by a visitor: it samples, walks and encodes, with the engine's own numbers;
// a drawing, a picture file and a lost device; what it says without WebGPU; and axe. A few short runs on digits are enough.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { encode } from 'fast-png';
import { createModel, decodeSafetensors, digits, type Model, type ModelSpec, openDevice } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/lib/export/page/state.js';
import { defaultWalk, line, snapped } from '../../harness/lib/generate/between.js';
import { assertAccessible } from '../browser/axe.js';
import { closeBrowser, type OpenPage, openPage } from '../browser/page.js';
import { runProgram } from '../support/programs.js';

/** In the page: main.ts puts it there. */
declare const latentgpuPage: State;

/** f32 through three layers, by other pipelines of the same adapter; pixels are 0..1. */
const LIMIT = 1e-5;
const PATIENCE_MS = 120_000;
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const TEST = digits({ train: 1 }).test;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-export-page-'));
test.after(async () => {
  await closeBrowser();
  fs.rmSync(scratch, { recursive: true });
});

/** Trains and exports. @returns the page's file */
function exported(name: string, model: string[], flags: string[] = []): string {
  const [run, out] = [path.join(scratch, name), path.join(scratch, `${name}-page`)];
  const data = ['--data', 'digits', '--limit', '1280', '--epochs', '4', '--lr', '4e-3', '--seed', '1'];
  for (const [program, args] of [
    ['train', ['--model', ...model, ...data, '--quiet', '--out', run]],
    ['export', ['--run', run, '--html', ...flags, '--out', out]],
  ] as const) {
    const { status, err } = runProgram(`harness/${program}.js`, [...args]);
    assert.is(status, 0, err);
  }
  return path.join(out, 'autoencoder.html');
}

/** The run's model in Node, for as long as `work` takes. */
async function withModel<T>(name: string, work: (model: Model) => Promise<T>): Promise<T> {
  const folder = path.join(scratch, name);
  const { spec } = JSON.parse(fs.readFileSync(path.join(folder, 'run.json'), 'utf8')) as { spec: ModelSpec };
  const device = await openDevice({ adapter: 'swiftshader' });
  try {
    const model = await createModel(device, spec);
    model.loadParameters(decodeSafetensors(fs.readFileSync(path.join(folder, 'model.safetensors'))));
    return await work(model);
  } finally {
    device.dispose();
  }
}

/** Test images of digits, as the page has them. */
const imagesOf = (...indices: number[]) =>
  Float32Array.from(
    indices.flatMap((index) => [...TEST.pixels.subarray(784 * index, 784 * (index + 1))]),
    (byte) => byte / 255,
  );
const labelsOf = (...indices: number[]) => indices.map((index) => TEST.labels?.[index] ?? -1);

function assertClose(got: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  assert.is(got.length, wanted.length, `${what}: how many`);
  let [off, where] = [0, -1];
  for (let i = 0; i < wanted.length; i++) {
    const by = Math.abs((got[i] ?? Number.NaN) - (wanted[i] ?? Number.NaN));
    if (!(by <= off)) [off, where] = [by, i];
  }
  console.log(`  ${what}: off by ${off.toExponential(1)}`);
  assert.ok(off <= LIMIT, `${what}: ${got[where]} at ${where}, must be ${wanted[where]} +-${LIMIT}`);
}

interface Visit extends OpenPage {
  requests: string[];
}

/** Opens a page from disk until it has sampled, encoded and walked, or says that it cannot. */
async function visit(file: string, options = {}, before?: (opened: OpenPage) => Promise<unknown>): Promise<Visit> {
  const opened = await openPage([], '/', { viewport: { width: 1100, height: 1000 }, ...options });
  const { page } = opened;
  page.setDefaultTimeout(PATIENCE_MS);
  await before?.(opened);
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await settled(opened);
  return { ...opened, requests };
}

async function settled({ page }: OpenPage): Promise<void> {
  await page.waitForFunction(() => {
    const { phase } = document.documentElement.dataset;
    if (phase !== 'ready') return phase !== undefined && phase !== 'opening';
    const { samples, walk, own, spec } = latentgpuPage;
    return (samples.length > 0 || spec.code.kind === 'quantized') && walk.length > 0 && own !== undefined;
  });
}

/** Nothing was asked for but the page itself, and nothing complained about. */
function assertAlone({ requests, complaints }: Visit, file: string): void {
  const own = [pathToFileURL(file).href];
  assert.equal(
    requests.filter((url) => !/^(blob|data):/.test(url)),
    own,
  );
  assert.equal(complaints, []);
}

/** Numbers that the page has. */
const numbers = (visited: OpenPage, of: 'reconstruction' | 'walk' | 'samples' | 'codes'): Promise<number[]> =>
  visited.page.evaluate((name) => {
    const { samples, exampleCodes, reconstruction, walk } = latentgpuPage;
    if (name === 'samples') return samples.flatMap(({ image }) => [...image]);
    return [...{ codes: exampleCodes, reconstruction, walk }[name]];
  }, of);

/** What a canvas shows, [height, width], 0..255. */
const shown = ({ page }: OpenPage, selector: string): Promise<number[]> =>
  page.evaluate((wanted) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`${wanted} canvas`);
    const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i] ?? -1);
  }, selector);

/** Does something that has the page encode an image anew. */
async function encoding({ page }: OpenPage, action: () => Promise<unknown>): Promise<void> {
  await page.evaluate(() => {
    Object.assign(globalThis, { before: latentgpuPage.own });
  });
  await action();
  await page.waitForFunction(() => latentgpuPage.own !== (globalThis as { before?: unknown }).before);
}

const bytes = (values: ArrayLike<number>) =>
  Array.from(values, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));

function assertShows(got: number[], wanted: ArrayLike<number>, what: string): void {
  const off = Math.max(...bytes(wanted).map((value, i) => Math.abs(value - (got[i] ?? Number.NaN))));
  assert.ok(got.length === wanted.length && off <= 1, `${what}: off by ${off} of 255`);
}

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

// --- others -------------------------------------------------------------------------------------------------------------

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

test.run();
