// The page of harness/web on a phone: it fits, a finger draws on the pad and moves over the map without moving the page,
// and what can be touched is large enough.
import type { CDPSession } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { assertAccessible } from '../browser/axe.js';
import { closeBrowser } from '../browser/page.js';
import { differs, openVisitor, type Visitor } from '../browser/visitor.js';

/** In the page. */
declare const latentgpuPage: State;

const SETUP = '#images=600&preset=conditionalVae&hidden=64&latent=3&batch=32&lr=0.005&seed=7';
const PHONE = { width: 390, height: 844 };
/** CSS pixels a side: success criterion 2.5.8 of WCAG 2.2. */
const LEAST_TARGET = 24;
/** Below that, phones zoom into a field that is touched. */
const LEAST_FONT = 16;

let visitor: Visitor;
let touch: CDPSession;

test.before(async () => {
  visitor = await openVisitor({ viewport: PHONE, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  await visitor.visit(SETUP);
  touch = await visitor.page.context().newCDPSession(visitor.page);
  await visitor.page.tap('#train');
  await visitor.waitForStep(30);
  await visitor.page.tap('#train');
  await visitor.waitForPhase('paused');
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
});

const PLACES: [string, { width: number; height: number }][] = [
  ['a phone upright', PHONE],
  ['a small phone', { width: 320, height: 568 }],
  ['a phone on its side', { width: 844, height: 390 }],
  ['a tablet', { width: 820, height: 1180 }],
];
for (const [name, viewport] of PLACES)
  test(`it fits ${name}`, async () => {
    await visitor.page.setViewportSize(viewport);
    assert.is(await visitor.page.evaluate(() => document.documentElement.scrollWidth), viewport.width);
    await visitor.page.setViewportSize(PHONE);
  });

type Spot = readonly [x: number, y: number];

/** A finger, from a spot of the screen to another. */
async function drag(from: Spot, to: Spot): Promise<void> {
  const finger = ([x, y]: Spot) => ({ touchPoints: [{ x, y }] });
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', ...finger(from) });
  for (let i = 1; i <= 8; i++) {
    const between = [0, 1].map((axis) => from[axis as 0] + ((to[axis as 0] - from[axis as 0]) * i) / 8) as [
      number,
      number,
    ];
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', ...finger(between) });
    await visitor.page.waitForTimeout(16);
  }
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}

const scrolled = () => visitor.page.evaluate(() => scrollY);

test('the set-up is folded until it is asked for, and the map is seen at once', async () => {
  const { page } = visitor;
  await page.evaluate(() => scrollTo(0, 0));
  assert.not(await page.isVisible('[name=latent]'));
  const { top, bottom } = await page.evaluate(() => {
    const map = document.querySelector('#map')?.getBoundingClientRect() ?? new DOMRect();
    return { top: map.top, bottom: document.querySelector('#bar')?.getBoundingClientRect().top ?? 0 };
  });
  assert.ok(top < bottom - 100, `the map begins at ${top}, and the bar at ${bottom}`);
  await page.tap('#fold');
  assert.ok(await page.isVisible('[name=latent]'));
  assert.is(await page.getAttribute('#fold', 'aria-expanded'), 'true');
});

test('step and loss are in sight wherever the page is', async () => {
  const { page } = visitor;
  for (const share of [0, 0.5, 1]) {
    await page.evaluate((part) => scrollTo(0, part * document.body.scrollHeight), share);
    const seen = await page.evaluate(() =>
      ['#step', '#nats'].map((id) => {
        const element = document.querySelector(id);
        const { left, top, width, height } = element?.getBoundingClientRect() ?? new DOMRect();
        return document.elementFromPoint(left + width / 2, top + height / 2) === element && element?.textContent;
      }),
    );
    assert.is(Number(seen[0]), await visitor.stepShown(), `at ${share} of the page`);
    assert.match(String(seen[1]), /^[\d.]+$/, `at ${share} of the page`);
  }
});

test('a finger on the pad draws, and the page stays where it is', async () => {
  const { x, y, width, height } = await visitor.box('#pad');
  const [before, at] = [await visitor.seen('#redrawn'), await scrolled()];
  await drag([x + 0.3 * width, y + 0.8 * height], [x + 0.7 * width, y + 0.2 * height]);
  await visitor.eventuallySeen('#redrawn', differs(before), 'what is made of it');
  assert.is(await scrolled(), at);
});

const place = () => visitor.page.evaluate(() => Array.from(latentgpuPage.point));

/** Where the ring is, on the screen. */
async function ring(): Promise<Spot> {
  const { x, y, width, height } = await visitor.box('#map');
  await tap([x + 0.5 * width, y + 0.5 * height]);
  return [x + 0.5 * width, y + 0.5 * height];
}

async function tap([x, y]: Spot): Promise<void> {
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] });
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}

test('a finger that goes up over the map scrolls the page, and the ring stays', async () => {
  const [x, y] = await ring();
  const [before, at] = [await place(), await scrolled()];
  await drag([x + 120, y + 120], [x + 120, y - 100]);
  await visitor.page.waitForFunction((from) => scrollY > from + 100, at);
  assert.equal(await place(), before);
});

test('a finger on the ring moves it, up and down too, and so does one that begins sideways; the page stays', async () => {
  for (const [name, from, to] of [
    ['on the ring', [0, 0], [0, -120]],
    ['sideways', [-120, 100], [100, 60]],
  ] as const) {
    const [x, y] = await ring();
    const [before, at] = [await visitor.seen('#decoded'), await scrolled()];
    await drag([x + from[0], y + from[1]], [x + to[0], y + to[1]]);
    await visitor.eventuallySeen('#decoded', differs(before), name);
    assert.is(await scrolled(), at, name);
  }
});

test('a finger elsewhere moves the page', async () => {
  const { x, y } = await visitor.box('#samples-title');
  const at = await scrolled();
  await drag([x + 20, y + 5], [x + 20, y - 195]);
  await visitor.page.waitForFunction((before) => scrollY > before + 100, at);
});

test('what can be touched is large enough, and no field is zoomed into', async () => {
  const small = await visitor.page.evaluate(
    ([side, font]) =>
      [...document.querySelectorAll<HTMLElement>('button, input, select, summary')]
        .filter((element) => element.checkVisibility() && !element.closest('dialog'))
        .flatMap((element) => {
          // A label is touched as its field is.
          const { width, height } =
            (element.matches('[type=checkbox]') ? element.closest('label') : element)?.getBoundingClientRect() ??
            new DOMRect();
          const size = Number.parseFloat(getComputedStyle(element).fontSize);
          const written = element.matches('input:not([type=checkbox]):not([type=range]), select');
          const name = element.id || element.getAttribute('name');
          return [
            ...(width < side || height < side ? [`${name}: ${width.toFixed(0)}x${height.toFixed(0)} px`] : []),
            ...(written && size < font ? [`${name}: letters of ${size} px`] : []),
          ];
        }),
    [LEAST_TARGET, LEAST_FONT] as const,
  );
  assert.equal(small, []);
});

test('what has the focus is not under the bar that stays in sight', async () => {
  const { page } = visitor;
  await page.evaluate(() => scrollTo(0, 0));
  await page.click('h1'); // Tab goes on from there
  const hidden: string[] = [];
  let stops = 0;
  for (;;) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return undefined;
      const name = element.id || element.getAttribute('name') || element.textContent;
      const { left, width, top, bottom } = element.getBoundingClientRect();
      // Of what is higher than the screen its part on it.
      const [high, low] = [Math.max(top, 0), Math.min(bottom, innerHeight)];
      const covering = [high + 1, low - 1].map((y) => document.elementFromPoint(left + width / 2, y));
      const bar = document.querySelector('#bar');
      return { name, covered: !bar?.contains(element) && covering.every((one) => bar?.contains(one)) };
    });
    if (at === undefined || ++stops > 80) break;
    if (at.covered) hidden.push(String(at.name));
  }
  assert.ok(stops > 30, `${stops} places to stop at`);
  assert.equal(hidden, []);
});

test('what is wrong is told where it can be read, wherever the page is', async () => {
  const { page } = visitor;
  await visitor.fill('latent', '0');
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight / 2));
  for (const [id, told] of [
    ['#form-fault', 'Latent size must be from 1 to 256.'],
    ['#status', 'A planted fault.'],
  ] as const) {
    if (id === '#status') await page.evaluate(() => latentgpuPage.enter('failed', 'a planted fault'));
    const [text, isOnTop] = await page.evaluate((wanted) => {
      const element = document.querySelector(wanted);
      const { left, top, width, height } = element?.getBoundingClientRect() ?? new DOMRect();
      return [element?.textContent, document.elementFromPoint(left + width / 2, top + height / 2) === element];
    }, id);
    assert.equal([text, isOnTop], [told, true], id);
  }
  await visitor.fill('latent', '3');
  await visitor.waitForPhase('ready');
});

test('axe finds no serious violation', () => assertAccessible(visitor.page, 'on a phone'));

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
