// The page of harness/web as a visitor uses it: trains, looks, drags, draws, saves, loads. One page for all tests, in this
// order; what it shows is read from its canvases, pixel by pixel.
//   LATENTGPU_SCREENSHOT=FILE.png  makes the README's picture of it, too
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { digits } from '../../src/index.js';
import { launchBrowser, type ServedFile } from './chromium.js';
import { closeBrowser, type OpenPage, openPage, root } from './page.js';

/** In the page. */
declare const latentgpuPage: State;
declare const axe: { run(): Promise<{ violations: Violation[] }> };

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string }[];
}

/** Small enough for a hundred steps in seconds, with a code of more than two dimensions. */
const SETUP = '#images=600&preset=vae&hidden=64&latent=3&batch=32&lr=0.005&seed=7';
const SHOWN = 20;
const STEPS = 100;
/** In which tasks of the main thread are looked at. */
const STRETCHES = 3;
/** Nats an image. Before training it is 784 ln 2 = 543; a model that knows only the mean image comes to 206 or so. */
const LOSS_BOUND = 230;
const PATIENCE_MS = 20_000;

const SCREENSHOT = process.env.LATENTGPU_SCREENSHOT;
/** Of the set-up that the page has by default. */
const SCREENSHOT_STEPS = 640;

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

/** In the worker: the device is lost when a channel says so. */
const LOSING = `
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    new BroadcastChannel('lose').onmessage = () => device.destroy();
    return device;
  };
`;

function webFiles(): [string, ServedFile][] {
  const folder = path.join(root, 'dist/web');
  const files = fs.readdirSync(folder).flatMap((name): [string, ServedFile][] => {
    const type = TYPES[path.extname(name)];
    const body = fs.readFileSync(path.join(folder, name), 'utf8');
    return type ? [[`/${name}`, { type, body: name === 'worker.js' ? LOSING + body : body }]] : [];
  });
  const index = files.find(([name]) => name === '/index.html');
  if (!index) throw new Error('dist/web/index.html does not exist: node build.mjs --tests');
  return [...files, ['/', index[1]], ['/blank', { type: 'text/html', body: '<title>blank</title>' }]];
}

let opened: OpenPage;
let page: Page;
const requests: string[] = [];
const saved = path.join(os.tmpdir(), `latentgpu-page-${process.pid}.safetensors`);

/** Collected from the very beginning of each document. */
function watchHere(): void {
  const longTasks: number[] = [];
  Object.assign(globalThis, { longTasks });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });
}

test.before(async () => {
  opened = await openPage(webFiles(), '/blank');
  page = opened.page;
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('request', (request) => requests.push(request.url()));
  await page.addInitScript(watchHere);
  await page.setViewportSize({ width: 1280, height: 1000 });
});

test.after(async () => {
  await opened.close();
  await closeBrowser();
  fs.rmSync(saved, { force: true });
});

const visit = async (address = `/${SETUP}`, on = page, url = opened.url) => {
  await on.goto(url + address);
  await on.waitForFunction(() => typeof latentgpuPage === 'object' && latentgpuPage.phase !== 'starting');
};
const waitForPhase = (wanted: string) =>
  page
    .waitForFunction((name) => latentgpuPage.phase === name, wanted)
    .catch(async () => {
      const { phase: is, message } = await page.evaluate(() => ({ ...latentgpuPage, session: undefined }));
      throw new Error(`the page is ${is} ("${message}") and must be ${wanted}`);
    });
const waitForStep = (step: number) =>
  page.waitForFunction((least) => latentgpuPage.step >= least, step, { timeout: 60_000 });
const stepShown = async () => Number((await page.textContent('#step'))?.replaceAll(',', ''));

async function trainTo(step: number): Promise<void> {
  await page.click('#train');
  await waitForStep(step);
  await page.click('#train');
  await waitForPhase('paused');
}

interface Pixels {
  width: number;
  height: number;
  /** The red of each. */
  grey: number[];
}

/** What a canvas shows. */
const seen = (selector: string): Promise<Pixels> =>
  page.evaluate(async (wanted) => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const canvas = document.querySelector<HTMLCanvasElement>(`${wanted} canvas`);
    if (!canvas || canvas.width === 0) return { width: 0, height: 0, grey: [] };
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext('2d');
    context?.drawImage(canvas, 0, 0);
    const { data, width, height } = context?.getImageData(0, 0, copy.width, copy.height) ?? new ImageData(1, 1);
    return { width, height, grey: Array.from({ length: width * height }, (_, i) => data[4 * i] ?? -1) };
  }, selector);

/** Looks again until it is as it must be, or patience ends. */
async function eventually<T>(look: () => Promise<T>, right: (value: T) => boolean, name: string): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = await look();
    if (right(value)) return value;
    if (performance.now() > until) throw new Error(`${name}: still not so after ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const differs = (before: Pixels) => (now: Pixels) => now.grey.length > 0 && String(now.grey) !== String(before.grey);

/** Values [n, 28, 28] as a picture shows them, `columns` side by side. */
function tiled(values: ArrayLike<number>, columns: number): number[] {
  const width = 28 * columns;
  return Array.from({ length: values.length }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    const image = Math.floor(y / 28) * columns + Math.floor(x / 28);
    return values[image * 784 + (y % 28) * 28 + (x % 28)] ?? Number.NaN;
  });
}

/** To the nearest of 256 steps, and f32's rounding where two are as near. */
const shows = (values: ArrayLike<number>, columns: number) => (picture: Pixels) => {
  const wanted = tiled(values, columns);
  return (
    picture.width === 28 * columns &&
    picture.grey.length === wanted.length &&
    picture.grey.every((grey, i) => Math.abs(grey - 255 * (wanted[i] ?? Number.NaN)) <= 0.501)
  );
};

const reconstructed = (): Promise<number[]> =>
  page.evaluate(
    async (count) => Array.from((await latentgpuPage.session?.reconstruct(latentgpuPage.values(0, count))) ?? []),
    SHOWN,
  );

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/** Every bit. Of thousands of numbers a diff would take minutes and tell nobody anything. */
function assertSame(got: number[], wanted: number[], name: string): void {
  const first = wanted.findIndex((value, i) => !Object.is(value, got[i]));
  assert.is(got.length, wanted.length, name);
  assert.ok(first === -1, `${name}: number ${first} is ${got[first]} and must be ${wanted[first]}`);
}

let untrained: number[] = [];
let trained: number[] = [];

test('it starts with the set-up of its address, ready to train', async () => {
  await visit();
  await waitForPhase('ready');
  assert.is(await page.inputValue('[name=hidden]'), '64');
  assert.is(await page.inputValue('[name=latent]'), '3');
  assert.match((await page.textContent('#adapter')) ?? '', /swiftshader \(software\) · [\d,]+ parameters/);
  untrained = await reconstructed();
  await eventually(() => seen('#reconstructions'), shows(untrained, 10), 'reconstructions before training');
});

test('it trains, the loss falls, and no task of the main thread is long', async () => {
  await page.click('#train');
  await waitForStep(10); // compiling the pictures' pipelines is over, too
  // A task is long, too, when other programs have the processor: they do not in every stretch, what is at fault is.
  const stretches: number[][] = [];
  for (let stretch = 1; stretch <= STRETCHES; stretch++) {
    await page.evaluate(() => {
      (globalThis as unknown as { longTasks: number[] }).longTasks.length = 0;
    });
    await waitForStep(10 + (stretch / STRETCHES) * (STEPS - 10));
    stretches.push(await page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks));
  }
  const losses = await page.evaluate(() => latentgpuPage.trained.map(({ losses: { loss } }) => loss));
  await page.click('#train');
  await waitForPhase('paused');
  const told = stretches.map((tasks) => tasks.map((ms) => ms.toFixed(0)).join(' ') || 'none').join(', ');
  console.log(`loss ${losses[0]?.toFixed(1)} to ${losses.at(-1)?.toFixed(1)}; long tasks: ${told}`);
  assert.ok((losses[0] ?? 0) > 400, `the first loss is ${losses[0]}`);
  assert.ok((losses.at(-1) ?? Number.NaN) < LOSS_BOUND, `the last loss is ${losses.at(-1)}`);
  assert.ok(
    stretches.some((tasks) => tasks.length === 0),
    `tasks of the main thread above 50 ms: ${told}`,
  );
});

test('pausing stops the steps, and Train goes on', async () => {
  const step = await stepShown();
  assert.ok(step >= STEPS);
  await page.waitForTimeout(500);
  assert.is(await page.evaluate(() => latentgpuPage.step), step);
  assert.is(await stepShown(), step);
  assert.is(await page.textContent('#train'), 'Train');
  await trainTo(step + 1);
  assert.ok((await stepShown()) > step);
});

test('the pictures show the data and what the model makes of it', async () => {
  trained = await reconstructed();
  const { test: held } = digits({ train: 600, test: 1000 });
  const originals = Array.from(held.pixels.subarray(0, 784 * SHOWN), (byte) => byte / 255);
  assert.ok(shows(originals, 10)(await seen('#originals')), 'the originals are the data');
  await eventually(() => seen('#reconstructions'), shows(trained, 10), 'reconstructions');
  // Nearer to its own image than to the others: it has learned more than the mean image.
  const error = (a: number, b: number) =>
    mean(Array.from({ length: 784 }, (_, i) => ((trained[784 * a + i] ?? 0) - (originals[784 * b + i] ?? 0)) ** 2));
  const indices = Array.from({ length: SHOWN }, (_, i) => i);
  const own = mean(indices.map((i) => error(i, i)));
  const others = mean(indices.map((i) => error(i, (i + 5) % SHOWN)));
  console.log(`squared error a pixel: ${own.toFixed(4)} from its own image, ${others.toFixed(4)} from another`);
  assert.ok(own < 0.8 * others);
  const samples = await seen('#samples');
  assert.equal([samples.width, samples.height], [280, 168]);
  assert.ok(new Set(samples.grey).size > 20, 'samples are pictures');
  const walk = await seen('#walk');
  assert.equal([walk.width, walk.height], [280, 84]);
  assert.ok(new Set(walk.grey).size > 20, 'the walk is a picture');
});

/** Where a curve of a colour runs: the least y of its pixels in each of the chart's columns, from the top. */
function curveHere(name: string): (number | undefined)[] {
  const canvas = document.querySelector<HTMLCanvasElement>('#chart canvas');
  const context = canvas?.getContext('2d');
  if (!canvas || !context) return [];
  const colour = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const wanted = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  return Array.from({ length: width }, (_, x) => {
    for (let y = 0; y < height; y++)
      if (wanted.every((value, i) => Math.abs((data[4 * (y * width + x) + i] ?? -1) - value) <= 8)) return y;
    return undefined;
  });
}

test('the loss curve is drawn and falls', async () => {
  const curve = await page.evaluate(curveHere, '--series-1');
  const heights = curve.filter((y) => y !== undefined);
  assert.ok(heights.length > 0.7 * curve.length, `${heights.length} of ${curve.length} columns have a pixel of it`);
  assert.ok(mean(heights.slice(-20)) > mean(heights.slice(0, 20)) + 30, 'its end lies below its beginning');
  const shown = await page.textContent('#legend');
  assert.match(shown ?? '', /Loss [\d.]+BCE [\d.]+KL [\d.]+Test loss [\d.]+/);
});

const decodedHere = () =>
  page.evaluate(async () => Array.from((await latentgpuPage.session?.decode(latentgpuPage.point)) ?? []));

test('dragging over the map, or its arrow keys, decode another place', async () => {
  const box = await page.locator('#map').boundingBox();
  if (!box) throw new Error('the map is not to be seen');
  const at = (right: number, down: number) => [box.x + right * box.width, box.y + down * box.height] as const;
  await page.mouse.move(...at(0.5, 0.5));
  await page.mouse.down();
  let before = await eventually(() => seen('#decoded'), shows(await decodedHere(), 1), 'the place pressed on');
  await page.mouse.move(...at(0.8, 0.3), { steps: 4 });
  await page.mouse.up();
  await eventually(() => seen('#decoded'), differs(before), 'dragging changes the decoded picture');
  before = await eventually(
    () => seen('#decoded'),
    shows(await decodedHere(), 1),
    'the decoded picture is of its code',
  );
  await page.focus('#map');
  for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowLeft');
  await eventually(() => seen('#decoded'), differs(before), 'arrow keys change the decoded picture');
  await eventually(() => seen('#decoded'), shows(await decodedHere(), 1), 'the decoded picture after keys');
  before = await seen('#decoded');
  await page.focus('#dimension-2');
  for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowRight');
  await eventually(() => seen('#decoded'), differs(before), 'a slider changes the decoded picture');
});

test('the map shows a point for each test image, in the colours of their classes', async () => {
  const colours = await page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('#points');
    const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    const swatches = [...document.querySelectorAll<HTMLElement>('#classes .swatch')];
    return swatches.map((swatch) => {
      const wanted = getComputedStyle(swatch).backgroundColor.match(/\d+/g)?.map(Number) ?? [];
      let count = 0;
      for (let i = 0; i < data.length; i += 4) if (wanted.every((value, k) => data[i + k] === value)) count++;
      return count;
    });
  });
  assert.is(colours.length, 10);
  for (const [label, count] of colours.entries()) assert.ok(count > 50, `class ${label}: ${count} pixels`);
});

test('drawing on the pad, by pointer or keys, changes its reconstruction', async () => {
  await page.click('#clear');
  const empty = await eventually(
    () => seen('#pad'),
    ({ grey }) => grey.every((value) => value === 0),
    'cleared',
  );
  let before = await seen('#redrawn');
  await page.locator('#pad').scrollIntoViewIfNeeded();
  const box = await page.locator('#pad').boundingBox();
  if (!box) throw new Error('the pad is not to be seen');
  await page.mouse.move(box.x + box.width / 2, box.y + 0.2 * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + 0.8 * box.height, { steps: 5 });
  await page.mouse.up();
  const drawn = await eventually(() => seen('#pad'), differs(empty), 'a stroke on the pad');
  const row = (y: number) => drawn.grey.slice(28 * y, 28 * y + 28);
  assert.ok(Math.max(...row(14)) === 255 && row(14)[2] === 0 && Math.max(...row(1)) === 0, 'a stroke down the middle');
  await eventually(() => seen('#redrawn'), differs(before), 'its reconstruction');
  const ofPad = await page.evaluate(
    async (grey) =>
      Array.from((await latentgpuPage.session?.reconstruct(Float32Array.from(grey, (byte) => byte / 255))) ?? []),
    drawn.grey,
  );
  before = await seen('#redrawn');
  const off = Math.max(...before.grey.map((grey, i) => Math.abs(grey - 255 * (ofPad[i] ?? 0))));
  assert.ok(off < 8, `the reconstruction is off by ${off} of what the model makes of the drawing`); // the pad's is not in bytes
  await page.focus('#pad');
  for (let i = 0; i < 9; i++) await page.keyboard.press('ArrowLeft');
  await page.keyboard.down(' ');
  for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowDown');
  await page.keyboard.up(' ');
  await eventually(() => seen('#redrawn'), differs(before), 'drawing by keys');
});

test('the profile lists every dispatch with a bar, and shows the WGSL of each', async () => {
  await page.click('#measure');
  await page.waitForSelector('#profile-table tbody tr', { timeout: 60_000 });
  const rows = await page.locator('#profile-table tbody tr').count();
  assert.is(rows, await page.evaluate(async () => (await latentgpuPage.session?.plan())?.dispatches.length));
  assert.is(await page.locator('#profile-table .bar').count(), rows);
  await page.locator('#profile-table button').nth(1).click();
  assert.match((await page.textContent('#wgsl-code')) ?? '', /@compute/);
  await page.keyboard.press('Escape');
  assert.not(await page.locator('#wgsl').isVisible());
});

for (const scheme of ['light', 'dark'] as const)
  test(`axe finds no serious violation: ${scheme}`, async () => {
    await page.emulateMedia({ colorScheme: scheme });
    if (!(await page.evaluate(() => 'axe' in globalThis)))
      await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') });
    const violations = await page.evaluate(async () => (await axe.run()).violations);
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    assert.equal(told, []);
  });

test('a reset starts over with the first parameters', async () => {
  await page.click('#reset');
  await waitForPhase('ready');
  assert.is(await stepShown(), 0);
  assert.is(await page.evaluate(() => latentgpuPage.trained.length), 0);
  assertSame(await reconstructed(), untrained, 'the reconstructions of the first parameters');
});

test('a model that is saved and loaded into a fresh page reconstructs the same, bit for bit', async () => {
  await trainTo(30);
  const kept = await reconstructed();
  const download = page.waitForEvent('download');
  await page.click('#save');
  await (await download).saveAs(saved);
  // A fresh page with another set-up: the file brings its own.
  await page.goto(`${opened.url}/blank`);
  await visit('/#images=600&preset=ae&hidden=16&latent=2&batch=32');
  await waitForPhase('ready');
  await page.setInputFiles('#model-file', saved);
  await page.waitForFunction(() => document.querySelector('#status')?.textContent?.startsWith('Loaded'));
  assert.is(await page.inputValue('[name=hidden]'), '64');
  assertSame(await reconstructed(), kept, 'the reconstructions of what was saved');
  await eventually(() => seen('#reconstructions'), shows(kept, 10), 'the pictures of the loaded model');
});

test('a number that cannot be is marked and changes nothing', async () => {
  const before = await page.evaluate(() => [location.hash, latentgpuPage.generation]);
  await page.fill('[name=latent]', '0');
  await page.press('[name=latent]', 'Tab');
  assert.is(await page.getAttribute('[name=latent]', 'aria-invalid'), 'true');
  assert.is(await page.textContent('#form-fault'), 'latent must be from 1 to 256.');
  assert.equal(await page.evaluate(() => [location.hash, latentgpuPage.generation]), before);
  await page.fill('[name=latent]', '3');
  await page.press('[name=latent]', 'Tab');
  await waitForPhase('ready');
  assert.is(await page.textContent('#form-fault'), '');
  assert.match(await page.evaluate(() => location.hash), /latent=3/);
});

test('a lost device is told, and Train starts again', async () => {
  await page.click('#train');
  await waitForStep(3);
  await page.evaluate(() => new BroadcastChannel('lose').postMessage('now'));
  await waitForPhase('lost');
  assert.match((await page.textContent('#status')) ?? '', /was lost.*Press Train to start again/);
  await page.click('#train');
  await waitForPhase('training');
  await waitForStep(10);
  await page.click('#train');
  await waitForPhase('paused');
  const now = await reconstructed();
  await eventually(() => seen('#reconstructions'), shows(now, 10), 'pictures from the new device');
});

const ready = async (name: string) => {
  await page.waitForFunction(
    (wanted) => latentgpuPage.phase === 'ready' && document.querySelector('#data-name')?.textContent === wanted,
    name,
  );
};

test('own images: gzipped IDX files and PNG pictures; what is neither is told', async () => {
  const bytes = Uint8Array.from({ length: 40 * 12 * 10 }, (_, i) => (i * 37) % 256);
  const idx = gzipSync(Buffer.concat([Buffer.from([0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 12, 0, 0, 0, 10]), bytes]));
  await page.setInputFiles('#files', { name: 'mine-idx3-ubyte.gz', mimeType: 'application/gzip', buffer: idx });
  await ready('own IDX files, 12x10');
  const held = [1, 11, 21, 31].map((image) => Array.from(bytes.subarray(120 * image, 120 * image + 120)));
  const beside = Array.from({ length: 12 }, (_, y) => held.flatMap((image) => image.slice(10 * y, 10 * y + 10))).flat();
  assert.equal((await seen('#originals')).grey, beside, 'every tenth image is held out, and shown as it is');

  const text = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no image at all, only words') };
  await page.setInputFiles('#files', text);
  await waitForPhase('failed');
  assert.match((await page.textContent('#status')) ?? '', /notes\.txt/);

  await page.fill('[name=batch]', '2');
  await page.press('[name=batch]', 'Tab');
  assert.match(page.url(), /[#&]batch=2(&|$)/, 'the address follows');
  const pictures = [0, 80, 160, 240].map((grey) => ({
    name: `${grey}.png`,
    mimeType: 'image/png',
    buffer: Buffer.from(encode({ width: 56, height: 28, channels: 1, data: new Uint8Array(56 * 28).fill(grey) })),
  }));
  await page.setInputFiles('#files', pictures);
  await ready('own pictures, 28x28');
  const { grey } = await seen('#originals');
  // Twice as wide as high: between black bars, as wide as the images are.
  assert.equal([grey[0], grey[14 * 28 + 14], grey[27 * 28]], [0, 80, 0]);
  await page.click('#digits');
  await ready('Built-in digits, 28x28');
});

test('each kind of model has its own controls and pictures', async () => {
  await page.selectOption('[name=preset]', 'denoising');
  await ready('Built-in digits, 28x28');
  assert.match(page.url(), /preset=denoising/);
  assert.ok(await page.isVisible('[name=corruption]'));
  assert.ok(differs(await seen('#originals'))(await seen('#damaged')), 'the damage is shown');
  await page.selectOption('[name=preset]', 'conditionalVae');
  await ready('Built-in digits, 28x28');
  assert.not(await page.isVisible('#damaged'));
  await trainTo(3);
  const before = await eventually(() => seen('#decoded'), shows(await ofClass(0), 1), 'class 0');
  await page.selectOption('#decoded-class', '7');
  await eventually(() => seen('#decoded'), differs(before), 'another class');
  assert.ok(shows(await ofClass(7), 1)(await seen('#decoded')), 'class 7');
});

const ofClass = (label: number) =>
  page.evaluate(
    async (one) =>
      Array.from((await latentgpuPage.session?.decode(latentgpuPage.point, { labels: Uint8Array.of(one) })) ?? []),
    label,
  );

test('it fits a phone', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  assert.is(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  await page.setViewportSize({ width: 1280, height: 1000 });
});

test('nothing was complained about, and nothing asked of any other host', () => {
  assert.equal(opened.complaints, []);
  const elsewhere = requests.filter(
    (url) => !url.startsWith(`${opened.url}/`) && !url.startsWith(`blob:${opened.url}/`),
  );
  assert.equal(elsewhere, []);
  assert.ok(requests.length >= 8, 'requests are seen');
});

test('without WebGPU the page says so, and what to do, and throws nothing', async () => {
  const without = await launchBrowser({
    ignoreDefaultArgs: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  });
  try {
    const other = await without.newPage();
    const complaints: string[] = [];
    other.on('pageerror', (error) => complaints.push(String(error)));
    other.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await visit('/', other);
    assert.is(await other.evaluate(() => latentgpuPage.phase), 'unsupported');
    assert.match((await other.textContent('#status')) ?? '', /WebGPU/);
    assert.ok(await other.isDisabled('#train'));
    assert.equal(complaints, []);
  } finally {
    await without.close();
  }
});

if (SCREENSHOT !== undefined)
  test('a picture of the page for the README', async () => {
    await page.setViewportSize({ width: 1280, height: 1400 });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(`${opened.url}/blank`);
    await visit('/');
    await page.click('#train');
    await page.waitForFunction((least) => latentgpuPage.step >= least, SCREENSHOT_STEPS, { timeout: 600_000 });
    await page.click('#train');
    await waitForPhase('paused');
    await page.waitForTimeout(5000); // the pictures follow
    const last = await page.locator('#samples-panel').boundingBox();
    if (!last) throw new Error('the samples are not to be seen');
    const clip = { x: 0, y: 0, width: 1280, height: Math.ceil(last.y + last.height) + 16 };
    await page.screenshot({ path: SCREENSHOT, clip, fullPage: true });
  });

test.run();
