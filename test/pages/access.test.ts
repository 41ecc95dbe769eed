// The page of harness/web for everybody: axe's rules in each of its states and in both colour schemes, and no mouse at all.
// Phones are in phone.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { assertAccessible } from '../browser/axe.js';
import { closeBrowser } from '../browser/page.js';
import { differs, openVisitor, type Visitor } from '../browser/visitor.js';

/** In the page. */
declare const latentgpuPage: State;

const SETUP = '#images=600&preset=denoising&hidden=64&latent=3&batch=32&seed=7';
/** More than the page has places to stop at. */
const MOST_TABS = 120;

let visitor: Visitor;

test.before(async () => {
  visitor = await openVisitor();
  await visitor.visit(SETUP);
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
});

test('axe finds no serious violation before training, in explanations, and with a number that cannot be', async () => {
  await visitor.page.evaluate(() => {
    for (const one of document.querySelectorAll('details')) one.open = true;
  });
  await assertAccessible(visitor.page, 'explanations');
  await assertAccessible(visitor.page, 'ready');
  await visitor.fill('latent', '0');
  await assertAccessible(visitor.page, 'a fault in the form');
  await visitor.fill('latent', '3');
  await visitor.waitForPhase('ready');
});

/** Where the keys go, as a selector. */
const focused = () =>
  visitor.page.evaluate(() => {
    const { activeElement: at } = document;
    if (!at || at === document.body) return '';
    return at.id ? `#${at.id}` : `[name=${at.getAttribute('name')}]`;
  });

/** Presses Tab until it comes to an element; what is focused on the way shows it. */
async function tabTo(selector: string, key = 'Tab'): Promise<void> {
  const way: string[] = [];
  for (let i = 0; i < MOST_TABS; i++) {
    await visitor.page.keyboard.press(key);
    if ((await focused()) === selector) return assertFocusShown(selector);
    way.push(await focused());
  }
  throw new Error(`${key} does not come to ${selector}, but to ${way.join(' ')}`);
}

async function assertFocusShown(selector: string): Promise<void> {
  const { style, width } = await visitor.page.evaluate(() => {
    const { outlineStyle: style, outlineWidth: width } = getComputedStyle(document.activeElement as Element);
    return { style, width: Number.parseFloat(width) };
  });
  assert.ok(style !== 'none' && width >= 2, `the focus on ${selector} has an outline of ${width} px ${style}`);
}

test('with keys alone: another model, another number, training, a pause', async () => {
  const { page } = visitor;
  await page.click('h1'); // Tab goes on from there
  await tabTo('#train');
  await tabTo('[name=preset]');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Tab');
  await page.waitForFunction(() => latentgpuPage.setup.preset === 'sparse' && latentgpuPage.phase === 'ready');
  await tabTo('[name=latent]', 'Shift+Tab').catch(() => tabTo('[name=latent]'));
  await page.keyboard.type('4'); // a field that is tabbed into is selected
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => latentgpuPage.model?.code.units === 4 && latentgpuPage.phase === 'ready');
  await tabTo('#train', 'Shift+Tab');
  await page.keyboard.press('Space');
  await visitor.waitForStep(20);
  await page.keyboard.press('Enter');
  await visitor.waitForPhase('paused');
});

test('with keys alone: the map, a slider, the pad', async () => {
  const { page } = visitor;
  await tabTo('#map');
  let before = await visitor.seen('#decoded');
  for (let i = 0; i < 5; i++) await page.keyboard.press('Shift+ArrowRight');
  before = await visitor.eventuallySeen('#decoded', differs(before), 'another place of the map');
  await tabTo('#dimension-1');
  for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowRight');
  await visitor.eventuallySeen('#decoded', differs(before), 'another value of a dimension');
  await tabTo('#clear');
  await page.keyboard.press('Enter');
  await tabTo('#pad', 'Shift+Tab');
  const empty = await visitor.seen('#pad');
  await page.keyboard.down(' ');
  for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowDown');
  await page.keyboard.up(' ');
  await visitor.eventuallySeen('#pad', differs(empty), 'a stroke');
});

test('with keys alone: the profile and the WGSL of a kernel', async () => {
  const { page } = visitor;
  await tabTo('#measure');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#profile-table tbody tr', { timeout: 60_000 });
  await assertAccessible(visitor.page, 'with a profile');
  const kernels = page.locator('#profile-table button');
  for (let i = 0; i < MOST_TABS; i++) {
    await page.keyboard.press('Tab');
    if (await kernels.nth(1).evaluate((button) => button === document.activeElement)) break;
  }
  await page.keyboard.press('Enter');
  assert.ok(await page.isVisible('#wgsl'));
  await assertAccessible(visitor.page, 'the WGSL of a kernel');
  await page.keyboard.press('Escape');
  assert.not(await page.isVisible('#wgsl'));
  assert.ok(await kernels.nth(1).evaluate((button) => button === document.activeElement), 'where the keys were before');
});

test('Tab goes through everything in the order of the page, and leaves it at its end', async () => {
  const { page } = visitor;
  await page.click('h1'); // Tab goes on from there
  const stops = await page.evaluateHandle(() =>
    [...document.querySelectorAll<HTMLElement>('a[href], button, input, select, summary, [tabindex="0"]')].filter(
      (element) =>
        element.checkVisibility() &&
        element.tabIndex >= 0 &&
        !element.matches(':disabled') &&
        !element.closest('dialog'),
    ),
  );
  const count = await stops.evaluate((elements) => elements.length);
  assert.ok(count > 30, `${count} places to stop at`);
  const order: number[] = [];
  while (order.length <= count) {
    await page.keyboard.press('Tab');
    const at = await focused();
    if (at === '') break;
    await assertFocusShown(at);
    order.push(await stops.evaluate((elements) => elements.indexOf(document.activeElement as HTMLElement)));
  }
  assert.equal(
    order,
    Array.from({ length: count }, (_, i) => i),
  );
});

test('the status is told when it changes, not at each step; the curves have their numbers in words', async () => {
  const { page } = visitor;
  assert.match(
    (await page.getAttribute('#chart', 'aria-label')) ?? '',
    /^Loss over \d+ steps: Loss [\d.]+, BCE [\d.]+, Sum of \|z\| [\d.]+/,
  );
  await page.evaluate(() => {
    const told: string[] = [];
    Object.assign(globalThis, { told });
    for (const live of document.querySelectorAll('[role=status], [role=alert], [aria-live]'))
      new MutationObserver(() => told.push(live.textContent ?? '')).observe(live, {
        childList: true,
        subtree: true,
        characterData: true,
      });
  });
  await visitor.trainTo((await visitor.stepShown()) + 20);
  const told = await page.evaluate(() => (globalThis as unknown as { told: string[] }).told);
  assert.equal(told, ['Training.', 'Paused.']);
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
