// The page of harness/web: training, its numbers, curves and pictures, and what it costs the page. One page for all tests,
// in this order; what it shows is read from its canvases, pixel by pixel.
//   LATENTGPU_SCREENSHOT=FILE.png  makes the README's picture of it, too
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { digits } from '../../src/index.js';
import { closeBrowser } from './page.js';
import { assertSame, mean, openVisitor, SETUP, shows, type Visitor } from './visitor.js';

/** In the page. */
declare const latentgpuPage: State;

const SHOWN = 20;
const STEPS = 100;
/** Until then pipelines are compiled, those of the pictures, too. */
const START_UP_STEPS = 10;
/** Nats an image. Before training it is 784 ln 2 = 543; a model that knows only the mean image comes to 206 or so. */
const LOSS_BOUND = 230;

const SCREENSHOT = process.env.LATENTGPU_SCREENSHOT;
/** Of the set-up that the page has by default, from its first parameters. */
const SCREENSHOT_STEPS = 640;

let visitor: Visitor;
let untrained: number[] = [];

test.before(async () => {
  visitor = await openVisitor();
  await visitor.page.addInitScript(watchTasks);
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
});

/** Runs in the page. */
function watchTasks(): void {
  const longTasks: number[] = [];
  Object.assign(globalThis, { longTasks });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });
}

test('it starts with the set-up of its address, ready to train', async () => {
  const { page } = visitor;
  await visitor.visit(SETUP);
  await visitor.waitForPhase('ready');
  assert.is(await page.inputValue('[name=hidden]'), '64');
  assert.is(await page.inputValue('[name=latent]'), '3');
  assert.match((await page.textContent('#adapter')) ?? '', /swiftshader \(software\) · [\d,]+ parameters/);
  untrained = await visitor.reconstructed(SHOWN);
  await visitor.eventuallySeen('#reconstructions', shows(untrained, 10), 'reconstructions before training');
});

test('it trains, the loss falls, and no task of the main thread is long', async () => {
  const { page } = visitor;
  await page.evaluate(() => {
    const told = { times: 0, other: 0 };
    Object.assign(globalThis, { told });
    const text = (selector: string) => document.querySelector(selector)?.textContent;
    const look = () => {
      told.times++;
      if (text('#nats') !== text('#legend li:nth-child(2) b')) told.other++;
    };
    for (const id of ['#nats', '#legend'])
      new MutationObserver(look).observe(document.querySelector(id) as Node, { childList: true, subtree: true });
  });
  await page.click('#train');
  await visitor.waitForStep(START_UP_STEPS);
  await page.evaluate(() => {
    (globalThis as unknown as { longTasks: number[] }).longTasks.length = 0;
  });
  await visitor.waitForStep(STEPS);
  const tasks = await page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks);
  const losses = await page.evaluate(() => latentgpuPage.trained.map(({ losses: { loss } }) => loss));
  await page.click('#train');
  await visitor.waitForPhase('paused');
  const figures = await page.evaluate(() => (globalThis as unknown as { told: { times: number; other: number } }).told);
  assert.ok(figures.times > 10, `the loss changed ${figures.times} times`);
  assert.is(figures.other, 0, 'times that the loss beside the buttons was another than that of the curve');
  const told = tasks.map((ms) => `${ms.toFixed(0)} ms`).join(', ') || 'none';
  console.log(`loss ${losses[0]?.toFixed(1)} to ${losses.at(-1)?.toFixed(1)}; long tasks: ${told}`);
  assert.ok((losses[0] ?? 0) > 400, `the first loss is ${losses[0]}`);
  assert.ok((losses.at(-1) ?? Number.NaN) < LOSS_BOUND, `the last loss is ${losses.at(-1)}`);
  assert.is(told, 'none', 'tasks of the main thread above 50 ms');
});

test('pausing stops the steps, and Train goes on', async () => {
  const { page } = visitor;
  const step = await visitor.stepShown();
  assert.ok(step >= STEPS);
  await page.waitForTimeout(500);
  assert.is(await page.evaluate(() => latentgpuPage.step), step);
  assert.is(await visitor.stepShown(), step);
  assert.is(await page.textContent('#train'), 'Train');
  await visitor.trainTo(step + 1);
  assert.ok((await visitor.stepShown()) > step);
});

test('the pictures show the data and what the model makes of it', async () => {
  const trained = await visitor.reconstructed(SHOWN);
  const { test: held } = digits({ train: 600, test: 1000 });
  const originals = Array.from(held.pixels.subarray(0, 784 * SHOWN), (byte) => byte / 255);
  assert.ok(shows(originals, 10)(await visitor.seen('#originals')), 'the originals are the data');
  await visitor.eventuallySeen('#reconstructions', shows(trained, 10), 'reconstructions');
  // Nearer to its own image than to the others: it has learned more than the mean image.
  const error = (a: number, b: number) =>
    mean(Array.from({ length: 784 }, (_, i) => ((trained[784 * a + i] ?? 0) - (originals[784 * b + i] ?? 0)) ** 2));
  const indices = Array.from({ length: SHOWN }, (_, i) => i);
  const own = mean(indices.map((i) => error(i, i)));
  const others = mean(indices.map((i) => error(i, (i + 5) % SHOWN)));
  console.log(`squared error a pixel: ${own.toFixed(4)} from its own image, ${others.toFixed(4)} from another`);
  assert.ok(own < 0.8 * others);
  const samples = await visitor.seen('#samples');
  assert.equal([samples.width, samples.height], [280, 168]);
  assert.ok(new Set(samples.grey).size > 20, 'samples are pictures');
  const walk = await visitor.seen('#walk');
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
  const curve = await visitor.page.evaluate(curveHere, '--series-1');
  const heights = curve.filter((y) => y !== undefined);
  assert.ok(heights.length > 0.7 * curve.length, `${heights.length} of ${curve.length} columns have a pixel of it`);
  assert.ok(mean(heights.slice(-20)) > mean(heights.slice(0, 20)) + 30, 'its end lies below its beginning');
  const shown = await visitor.page.textContent('#legend');
  assert.match(shown ?? '', /Step [\d,]+Loss [\d.]+BCE [\d.]+KL [\d.]+Test loss [\d.]+/);
});

test('the curves tell the step under the pointer, and KL has an axis of its own; they can be logarithmic', async () => {
  const { page } = visitor;
  const { x, y, width, height } = await visitor.box('#chart .u-over');
  await page.mouse.move(x + width / 2, y + height / 2);
  const step = Number(await page.textContent('#legend b'));
  const last = await visitor.stepShown();
  assert.ok(step > 0.4 * last && step < 0.6 * last, `step ${step} of ${last} in the middle`);
  const loss = await page.evaluate((at) => latentgpuPage.trained.find((one) => one.step === at)?.losses.loss, step);
  assert.is(await page.locator('#legend b').nth(1).textContent(), loss?.toPrecision(4));
  await page.mouse.move(0, 0);
  const top = (curve: (number | undefined)[]) => Math.min(...curve.filter((at) => at !== undefined));
  const kl = top(await page.evaluate(curveHere, '--series-3'));
  assert.ok(kl < height / 2, `KL comes to ${kl} of ${height} px from the top`);
  const flat = await page.evaluate(curveHere, '--series-1');
  await page.check('#log');
  assert.not.equal(await page.evaluate(curveHere, '--series-1'), flat);
  await page.uncheck('#log');
});

test('the profile lists every dispatch with a bar, and shows the WGSL of each', async () => {
  const { page } = visitor;
  await page.click('#measure');
  await page.waitForSelector('#profile-table tbody tr', { timeout: 60_000 });
  const rows = await page.locator('#profile-table tbody tr').count();
  assert.is(rows, await page.evaluate(async () => (await latentgpuPage.session?.plan())?.dispatches.length));
  assert.is(await page.locator('#profile-table .bar').count(), rows);
  assert.match((await page.textContent('#profile-table thead')) ?? '', /GFLOP\/sGB\/s/);
  await page.locator('#profile-table button').nth(1).click();
  assert.match((await page.textContent('#wgsl-code')) ?? '', /@compute/);
  await page.keyboard.press('Escape');
  assert.not(await page.locator('#wgsl').isVisible());
});

test('samples that are asked for while a step is measured come after that', async () => {
  const { page } = visitor;
  await page.click('#measure');
  await page.waitForFunction(() => latentgpuPage.phase === 'busy');
  await page.click('#resample');
  assert.is(await page.evaluate(() => latentgpuPage.phase), 'busy', 'it is still measured');
  await visitor.waitForPhase('paused');
  const second = await page.evaluate(async () =>
    Array.from((await latentgpuPage.session?.sample(60, { seed: 2 })) ?? []),
  );
  await visitor.eventuallySeen('#samples', shows(second, 10), 'the second samples');
});

test('a reset starts over with the first parameters', async () => {
  await visitor.page.click('#reset');
  await visitor.waitForPhase('ready');
  assert.is(await visitor.stepShown(), 0);
  assert.is(await visitor.page.evaluate(() => latentgpuPage.trained.length), 0);
  assertSame(await visitor.reconstructed(SHOWN), untrained, 'the reconstructions of the first parameters');
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

if (SCREENSHOT !== undefined)
  test('a picture of the page for the README', async () => {
    const { page } = visitor;
    await page.setViewportSize({ width: 1280, height: 1400 });
    await page.emulateMedia({ colorScheme: 'light' });
    await visitor.visit('');
    await visitor.resetTo(); // a new model, in place of the one that the page opens with
    await visitor.trainTo(SCREENSHOT_STEPS);
    await page.waitForTimeout(5000); // the pictures follow
    const bottom = await page.evaluate(() => {
      const { bottom: below } = document.querySelector('#samples-panel')?.getBoundingClientRect() ?? new DOMRect();
      return below + scrollY;
    });
    const clip = { x: 0, y: 0, width: 1280, height: Math.ceil(bottom) + 16 };
    await page.screenshot({ path: SCREENSHOT, clip, fullPage: true });
  });

test.run();
