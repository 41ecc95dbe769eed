// The page of harness/web when things go wrong: a device that is lost, a worker that fails, a host that serves
// it from a folder, a browser without WebGPU.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { assertAccessible } from '../browser/axe.js';
import { launchBrowser } from '../browser/chromium.js';
import { closeBrowser } from '../browser/page.js';
import { differs, eventually, openVisitor, SETUP, shows, type Visitor } from '../browser/visitor.js';

/** In the page. */
declare const latentgpuPage: State;

const SHOWN = 20;

let visitor: Visitor;

test.before(async () => {
  visitor = await openVisitor();
  await visitor.visit(SETUP);
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
});

/** Runs in the page or in a worker. */
function rejectHere(name: string): void {
  setTimeout(() => Promise.reject(new Error(`nobody catches ${name}`)));
}

test('a lost device: training goes on by itself, and says so', async () => {
  await visitor.page.click('#train');
  await visitor.waitForStep(3);
  await visitor.loseDevice();
  await visitor.waitForMessage(/was lost after step \d+ and opened anew/);
  assert.match((await visitor.page.textContent('#status')) ?? '', /opened anew/);
  await visitor.waitForStep((await visitor.stepShown()) + 5);
  await visitor.page.click('#train');
  await visitor.waitForPhase('paused');
  const now = await visitor.reconstructed(SHOWN);
  await visitor.eventuallySeen('#reconstructions', shows(now, 10), 'pictures from the new device');
});

test('a worker that fails is told, and Train starts another', async () => {
  const { page, opened } = visitor;
  await page.click('#train');
  await visitor.waitForStep((await visitor.stepShown()) + 3);
  await visitor.crashWorker();
  await visitor.waitForPhase('lost');
  assert.match((await page.textContent('#status')) ?? '', /worker failed: .*planted.*Press Train to start again/);
  assert.equal(
    opened.complaints.splice(0),
    ['error in a worker: Uncaught Error: planted'],
    'what the visitor saw in the console',
  );
  await page.click('#train');
  await visitor.waitForPhase('training');
  await visitor.waitForStep(10);
  await page.click('#train');
  await visitor.waitForPhase('paused');
  const now = await visitor.reconstructed(SHOWN);
  await visitor.eventuallySeen('#reconstructions', shows(now, 10), 'pictures from the new worker');
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test('what nobody catches, in the page or in one of its workers, is heard: the other tests rely on it', async () => {
  const { page, opened } = visitor;
  const [session, data] = ['/worker.js', '/data-worker.js'].map((name) =>
    page.workers().find((worker) => worker.url().endsWith(name)),
  );
  await page.evaluate(rejectHere, 'the page');
  await session?.evaluate(rejectHere, 'the session');
  await data?.evaluate(rejectHere, 'the data');
  const heard = async () => opened.complaints;
  for (const said of [
    'Error: nobody catches the page',
    'unhandled rejection in a worker: Error: nobody catches the session',
    'unhandled rejection in a worker: Error: nobody catches the data',
  ])
    await eventually(heard, (complaints) => complaints.includes(said), said);
});

test('it works in any folder of a host, whose address begins none of its own', async () => {
  const elsewhere = await openVisitor({ below: '/some/where' });
  try {
    await elsewhere.visit(SETUP);
    await elsewhere.trainTo(2);
    elsewhere.assertNoComplaint();
    const outside = elsewhere.requests.filter((url) => !/\/some\/where\/|\/blank$/.test(url));
    assert.equal(outside, []);
  } finally {
    await elsewhere.close();
  }
});

test('without WebGPU the page says so, and what to do, and shows a model that the build has trained', async () => {
  const without = await launchBrowser({
    ignoreDefaultArgs: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  });
  const other = await openVisitor({ browser: without });
  try {
    await other.visit('');
    assert.is(await other.page.evaluate(() => latentgpuPage.phase), 'unsupported');
    assert.match((await other.page.textContent('#status')) ?? '', /WebGPU/);
    assert.ok(await other.page.isDisabled('#train'));
    const told = (await other.page.textContent('#status')) ?? '';
    assert.match(told, /Use Chrome|hardware acceleration/, 'what to do');
    // The page says so before the model's file is there.
    const stepsBefore = () => other.page.evaluate(() => latentgpuPage.stepsBefore);
    await eventually(stepsBefore, (step) => step >= 1000, 'a model that the build has trained');
    const chart = async () => (await other.page.getAttribute('#chart', 'aria-label')) ?? '';
    await eventually(chart, (text) => /^Loss over [^:]*: Loss/.test(text), 'its losses');
    // Decoded by the page's processor, as dragged over the map.
    let before = await other.eventuallySeen('#decoded', ({ grey }) => new Set(grey).size > 20, 'a digit');
    await other.drag('#map', [
      [0.1, 0.5],
      [0.9, 0.5],
    ]);
    before = await other.eventuallySeen('#decoded', differs(before), 'another place');
    assert.ok(Math.max(...before.grey) > 150, 'it is white on black');
    const error = await other.page.evaluate(async () => {
      const [own, made] = [
        latentgpuPage.values(0, 100),
        await latentgpuPage.stand?.reconstruct(latentgpuPage.values(0, 100)),
      ];
      return own.reduce((sum, value, i) => sum + (value - (made?.[i] ?? 0)) ** 2, 0) / own.length;
    });
    assert.ok(error < 0.06, `the squared error a pixel is ${error}`);
    await assertAccessible(other.page, 'without WebGPU');
    other.assertNoComplaint();
  } finally {
    await other.close();
    await without.close();
  }
});

test.run();
