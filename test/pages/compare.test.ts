// The page of harness/web: a run whose curves are kept beside those of the next one, and how points are drawn.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { closeBrowser } from '../browser/page.js';
import { eventually, openVisitor, SETUP, type Visitor } from '../browser/visitor.js';

/** In the page. */
declare const latentgpuPage: State;

let visitor: Visitor;

test.before(async () => {
  visitor = await openVisitor();
  await visitor.visit(SETUP);
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
});

const kept = () => visitor.page.textContent('#kept-run');
const legend = () => visitor.page.$$eval('#legend li', (items) => items.map((item) => item.textContent ?? ''));
const curves = () =>
  visitor.page.evaluate(() => latentgpuPage.trained.map(({ step, losses: { loss } }) => [step, loss] as const));

test('curves that are kept stay beside those of another model, until they are dropped', async () => {
  const { page } = visitor;
  assert.ok(await page.isDisabled('#keep-run'), 'there is nothing to keep before training');
  await visitor.trainTo(20);
  const before = await curves();
  await page.click('#keep-run');
  assert.is(await kept(), 'Kept: VAE, latent size 3, learning rate 0.005, batch 32.');
  await visitor.fill('lr', '0.0005');
  await visitor.resetTo();
  assert.equal(await curves(), [], 'the new run has none yet');
  const last = before.at(-1)?.[1] ?? Number.NaN;
  assert.ok((await legend()).includes(`Kept loss (dashed) ${last.toPrecision(4)}`), `${await legend()}`);
  await visitor.trainTo(10);
  const now = await visitor.stepShown();
  const then = before.findLast(([step]) => step <= now)?.[1] ?? Number.NaN;
  assert.ok((await legend()).includes(`Kept loss (dashed) ${then.toPrecision(4)}`), `step ${now}: ${await legend()}`);
  assert.match((await page.getAttribute('#chart', 'aria-label')) ?? '', /Kept loss \(dashed\) /);
  await page.click('#drop-run');
  assert.not.match(String(await legend()), /Kept/);
  assert.not(await page.isVisible('#kept-run'));
});

test('curves of another loss are not drawn, and it is said why; they come back with theirs', async () => {
  const { page } = visitor;
  await page.click('#keep-run');
  await visitor.resetTo('ae');
  assert.match((await kept()) ?? '', /, not shown: its loss is another \(nats an image: BCE \+ KL\)\.$/);
  assert.not.match(String(await legend()), /Kept/);
  await visitor.resetTo('vae');
  assert.match((await kept()) ?? '', /batch 32\.$/);
  assert.match(String(await legend()), /Kept loss/);
});

test('points of the map are as large and as opaque as the visitor wants', async () => {
  const { page } = visitor;
  const pixels = async () => (await visitor.pointsOfClasses()).reduce((sum, count) => sum + count, 0);
  const usual = await eventually(pixels, (count) => count > 0, 'points on the map');
  await page.fill('#points-size', '3');
  await eventually(pixels, (count) => count > 2 * usual, 'larger points');
  await page.fill('#points-opacity', '0.2');
  await eventually(pixels, (count) => count === 0, 'points in no full colour');
  await page.fill('#points-opacity', '1');
  await page.fill('#points-size', '1');
  await eventually(pixels, (count) => count === usual, 'points as they were');
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
