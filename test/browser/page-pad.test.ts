// The page of harness/web: drawing on its pad, by pointer and by keys, and what the model makes of the drawing.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { closeBrowser } from './page.js';
import { differs, openVisitor, type Visitor } from './visitor.js';

/** In the page. */
declare const latentgpuPage: State;

/** Small enough for a hundred steps in seconds, with a code of more than two dimensions. */
const SETUP = '#images=600&preset=vae&hidden=64&latent=3&batch=32&lr=0.005&seed=7';

let visitor: Visitor;

test.before(async () => {
  visitor = await openVisitor();
  await visitor.visit(SETUP);
  await visitor.trainTo(60);
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
});

test('drawing on the pad, by pointer or keys, changes its reconstruction', async () => {
  await visitor.page.click('#clear');
  const empty = await visitor.eventuallySeen('#pad', ({ grey }) => grey.every((value) => value === 0), 'cleared');
  let before = await visitor.seen('#redrawn');
  await visitor.page.locator('#pad').scrollIntoViewIfNeeded();
  const box = await visitor.page.locator('#pad').boundingBox();
  if (!box) throw new Error('the pad is not to be seen');
  await visitor.page.mouse.move(box.x + box.width / 2, box.y + 0.2 * box.height);
  await visitor.page.mouse.down();
  await visitor.page.mouse.move(box.x + box.width / 2, box.y + 0.8 * box.height, { steps: 5 });
  await visitor.page.mouse.up();
  const drawn = await visitor.eventuallySeen('#pad', differs(empty), 'a stroke on the pad');
  const row = (y: number) => drawn.grey.slice(28 * y, 28 * y + 28);
  assert.ok(Math.max(...row(14)) === 255 && row(14)[2] === 0 && Math.max(...row(1)) === 0, 'a stroke down the middle');
  await visitor.eventuallySeen('#redrawn', differs(before), 'its reconstruction');
  const ofPad = await visitor.page.evaluate(
    async (grey) =>
      Array.from((await latentgpuPage.session?.reconstruct(Float32Array.from(grey, (byte) => byte / 255))) ?? []),
    drawn.grey,
  );
  before = await visitor.seen('#redrawn');
  const off = Math.max(...before.grey.map((grey, i) => Math.abs(grey - 255 * (ofPad[i] ?? 0))));
  assert.ok(off < 8, `the reconstruction is off by ${off} of what the model makes of the drawing`); // the pad's is not in bytes
  await visitor.page.focus('#pad');
  for (let i = 0; i < 9; i++) await visitor.page.keyboard.press('ArrowLeft');
  await visitor.page.keyboard.down(' ');
  for (let i = 0; i < 6; i++) await visitor.page.keyboard.press('ArrowDown');
  await visitor.page.keyboard.up(' ');
  await visitor.eventuallySeen('#redrawn', differs(before), 'drawing by keys');
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
