// The benchmark of the page of harness/web: it measures, what it shows and copies adds up, it leaves the model alone, and a
// benchmark that fails is told. No speed is asserted.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PageReport } from '../../harness/web/bench/protocol.js';
import { assertAccessible } from '../browser/axe.js';
import { closeBrowser } from '../browser/page.js';
import { openVisitor, SETUP, type Visitor } from '../browser/visitor.js';
import { addsUp, near } from '../support/programs/bench.js';

const BENCHMARK_MS = 240_000;

let visitor: Visitor;

test.before(async () => {
  visitor = await openVisitor({ permissions: ['clipboard-read', 'clipboard-write'] });
  await visitor.visit(SETUP);
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
});

test('it measures while training pauses, and training goes on', async () => {
  const { page } = visitor;
  assert.not(await page.isVisible('#bench-copy'));
  await page.click('#train');
  await visitor.waitForStep(5);
  await page.click('#bench');
  await visitor.waitForPhase('busy');
  const before = await visitor.stepShown();
  assert.match((await page.textContent('#bench-summary')) ?? '', /^Measuring/);
  await page.waitForSelector('#bench-table tbody tr', { timeout: BENCHMARK_MS });
  await visitor.waitForStep(before + 1);
  await page.click('#train');
  await visitor.waitForPhase('paused');
  assert.is(page.workers().filter((worker) => worker.url().endsWith('/worker.js')).length, 1, 'its worker has ended');
  assert.is(await page.locator('#bench-table tbody tr').count(), 6);
  assert.match((await page.textContent('#bench-summary')) ?? '', /swiftshader.*: at most [\d.]+ GFLOP\/s/i);
});

test('the JSON that it copies adds up, and is what the table shows', async () => {
  const { page } = visitor;
  await page.click('#bench-copy');
  await visitor.waitForText('#bench-copy', 'Copied');
  const report: PageReport = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  assert.is(report.adapter.software, true);
  assert.match(report.userAgent, /Chrome/);
  assert.equal(
    report.steps.map(({ batch, width }) => [batch, width]),
    [
      [128, 1],
      [512, 1],
    ],
  );
  const shown = await page.locator('#bench-table tbody tr').allTextContents();
  for (const [index, step] of report.steps.entries()) {
    addsUp(step, report.ceilingGflops);
    assert.ok(Math.abs(step.loss.first - 784 * Math.LN2) < 28 && step.loss.last < step.loss.first);
    assert.ok(
      shown[index]?.includes(`batch ${step.batch}`) && shown[index]?.includes(`${(100 * step.share).toFixed(1)}%`),
    );
  }
  assert.is(report.products.length, 3);
  for (const { m, n, k, us, gflops, share } of report.products) {
    near(gflops, (2 * m * n * k) / us / 1000, 'GFLOP/s');
    near(share, gflops / report.ceilingGflops, 'share');
  }
});

test('axe finds no serious violation in its results', () => assertAccessible(visitor.page, 'with a benchmark'));

test('a benchmark that fails is told, and the page goes on', async () => {
  const { page } = visitor;
  const script = { contentType: 'text/javascript', body: "postMessage({ failed: 'a planted fault' })" };
  await page.route('**/worker.js', (route) => route.fulfill(script));
  await page.click('#bench');
  await page.waitForFunction(() => document.querySelector('#bench-summary')?.textContent?.includes('a planted fault'));
  await page.unroute('**/worker.js');
  const told = (await page.textContent('#bench-summary')) ?? '';
  assert.match(told, /^Times training steps .* The benchmark failed: a planted fault\.$/);
  await visitor.waitForPhase('paused');
  assert.is(await page.isEnabled('#bench'), true);
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
