// The page of harness/web: drawing on its pad, by pointer and by keys, and what the model makes of the drawing.
import { corruptImages } from 'latentgpu';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { closeBrowser } from '../browser/page.js';
import { differs, mean, openVisitor, SETUP, shows, type Visitor } from '../browser/visitor.js';

/** In the page. */
declare const latentgpuPage: State;

const DENOISING = '#images=600&preset=denoising&hidden=64&latent=16&batch=32&lr=0.005&seed=7';

const IMAGES = 5;

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

// --- noise and rubber ---------------------------------------------------------------------------------------------------

/** A scribble to and fro, two pixels from line to line, over all of an element; places are shares of it. */
const SCRIBBLE = Array.from({ length: 28 }, (_, i) => {
  const atRight = i % 4 === 1 || i % 4 === 2;
  return [atRight ? 0.99 : 0.01, (Math.floor(i / 2) + 0.5) / 14] as const;
});

/** What the pad makes of an image that is all under Gaussian noise: not in bytes, and not clipped. */
const damaged = (grey: number[], amount: number) =>
  corruptImages(
    Float32Array.from(grey, (byte) => byte / 255),
    { kind: 'gaussian', amount },
    1,
  );

const padGrey = async () => (await visitor.seen('#pad')).grey;

test('the rubber takes away what is under it and nothing else', async () => {
  await visitor.page.click('#borrow');
  const before = (await visitor.eventuallySeen('#pad', ({ grey }) => Math.max(...grey) > 200, 'a test image')).grey;
  await visitor.page.selectOption('#pen', 'rubber');
  // Through the middles of row 14, which are half a pixel below its top.
  const right = 14.5 / 28;
  await visitor.drag('#pad', [
    [0, right],
    [1, right],
  ]);
  const rows = (grey: number[], from: number, to: number) => grey.slice(28 * from, 28 * to);
  const rubbed = await visitor.eventuallySeen(
    '#pad',
    ({ grey }) => rows(grey, 13, 16).every((value) => value === 0),
    'three rows rubbed out',
  );
  assert.ok(Math.max(...rows(before, 13, 16)) > 0, 'there was something to rub out');
  // The radius is 2.2 and its soft edge ends 2.6 away: rows 3 away are whole.
  assert.equal(rows(rubbed.grey, 0, 12), rows(before, 0, 12));
  assert.equal(rows(rubbed.grey, 17, 28), rows(before, 17, 28));
});

test('a pad that is scribbled over with noise is as noisy as the whole image damaged, and so again', async () => {
  await visitor.page.click('#borrow');
  const clean = await padGrey();
  await visitor.page.selectOption('#pen', 'noise');
  await visitor.drag('#pad', SCRIBBLE);
  const noisy = (await visitor.eventuallySeen('#pad', ({ grey }) => String(grey) !== String(clean), 'noise')).grey;
  // The model has no damage of its own: Gaussian noise of 0.3, clipped to what can be shown.
  const wanted = Array.from(damaged(clean, 0.3), (value) => Math.min(255, Math.max(0, 255 * value)));
  const off = Math.max(...noisy.map((grey, i) => Math.abs(grey - (wanted[i] ?? Number.NaN))));
  assert.ok(off <= 0.501, `the pad is off by ${off} of 255`);
  await visitor.drag('#pad', SCRIBBLE);
  assert.equal(await padGrey(), noisy, 'scribbling over noise adds none');
});

// --- denoising ----------------------------------------------------------------------------------------------------------

/** PSNR of bytes, in dB. */
function decibels(got: number[], wanted: number[]): number {
  const squares = wanted.map((value, i) => ((got[i] ?? Number.NaN) - value) ** 2);
  return 10 * Math.log10(255 ** 2 / mean(squares));
}

test('a denoising model cleans an image that noise is scribbled over', async () => {
  await visitor.visit(DENOISING);
  assert.is(await visitor.page.inputValue('#pen'), 'noise', 'the pen of a model that cleans');
  await visitor.trainTo(300);
  for (let image = 0; image < IMAGES; image++) {
    if (image > 0) await visitor.page.click('#borrow');
    const clean = await padGrey();
    const bytes = await visitor.page.evaluate(
      (from) => Array.from(latentgpuPage.test.values.subarray(from, from + 784)),
      784 * image,
    );
    assert.equal(clean, bytes, `the pad begins with test image ${image}`);
    await visitor.drag('#pad', SCRIBBLE);
    const noisy = (await visitor.seen('#pad')).grey;
    const model = await visitor.page.evaluate(
      async (values) => Array.from((await latentgpuPage.session?.reconstruct(Float32Array.from(values))) ?? []),
      Array.from(damaged(clean, 0.5)), // the model's own
    );
    const cleaned = await visitor.eventuallySeen('#redrawn', shows(model, 1), 'what the model makes of the drawing');
    const [before, after] = [decibels(noisy, clean), decibels(cleaned.grey, clean)];
    console.log(`  image ${image}: scribbled over ${before.toFixed(1)} dB, cleaned ${after.toFixed(1)} dB`);
    const middling = await visitor.page.evaluate(() => {
      const { test, testCount } = latentgpuPage;
      const sums = new Array<number>(784).fill(0);
      test.values.forEach((byte, i) => {
        sums[i % 784] = (sums[i % 784] ?? 0) + byte / testCount;
      });
      return sums;
    });
    assert.ok(after > decibels(middling, clean), 'what would fit any digit is not as near');
    // The worst that counts as cleaner to the eye: half of the noise's power is gone.
    assert.ok(after > before + 3, `image ${image}: ${after} dB is not above ${before} dB by 3`);
  }
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
