// The page of harness/web as a visitor meets it: a model that was trained when the page was built, a map to point at, images that
// all panels mark, worked examples, single steps, and the map's earlier states. One page for all tests, in this order.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { closeBrowser } from '../browser/page.js';
import { differs, eventually, mean, openVisitor, SETUP, type Visitor } from '../browser/visitor.js';

/** In the page. */
declare const latentgpuPage: State;

let visitor: Visitor;

test.before(async () => {
  visitor = await openVisitor({ viewport: { width: 1280, height: 800 } });
  await visitor.visit('');
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
});

const sentence = () => visitor.page.textContent('#now-sentence');
const text = async (selector: string) => (await visitor.page.textContent(selector)) ?? '';

test('a model is there before anything is pressed, and the page says whose it is', async () => {
  const { page } = visitor;
  await visitor.waitForPhase('ready');
  const [step, unsaved, points] = await page.evaluate(
    () => [latentgpuPage.step, latentgpuPage.unsaved, latentgpuPage.trained.length] as const,
  );
  assert.ok(step >= 1000, `step ${step}`);
  assert.is(unsaved, false, 'leaving asks nothing');
  assert.ok(points > 100, `${points} points of its loss curve`);
  assert.is(await visitor.stepShown(), step);
  assert.match(
    (await sentence()) ?? '',
    new RegExp(`^This model was trained for ${step.toLocaleString('en')} steps when the page was built\\.`),
  );
  // A model with random weights has 543, one that knows the mean image alone 206.
  const told = await page.evaluate(async () => (await latentgpuPage.session?.evaluate())?.loss ?? 0);
  assert.ok(told < 170, `its loss on the test images is ${told}`);
  const recorded = await page.evaluate(() => latentgpuPage.tested.at(-1)?.losses.loss ?? 0);
  assert.ok(Math.abs(told - recorded) < 0.01 * recorded, `${told} here, ${recorded} when it was trained`);
});

test('map, originals and reconstructions are in sight, the map first', async () => {
  const boxes = await visitor.page.evaluate(() =>
    ['#map', '#originals', '#reconstructions', '#chart'].map((id) => {
      const { top, height } = document.querySelector(id)?.getBoundingClientRect() ?? new DOMRect();
      return { top, bottom: top + height, height };
    }),
  );
  const [map, originals, reconstructions, chart] = boxes as [Box, Box, Box, Box];
  for (const { bottom } of [map, originals, reconstructions]) assert.ok(bottom <= 800, JSON.stringify(boxes));
  assert.ok(originals.bottom < reconstructions.top, 'originals are above');
  assert.ok(chart.height < map.height / 2, 'the chart is small');
});
type Box = Record<'top' | 'bottom' | 'height', number>;

test('dragging over the map decodes digits at once', async () => {
  let before = await visitor.seen('#decoded');
  await visitor.drag('#map', [
    [0.1, 0.5],
    [0.05, 0.5],
  ]);
  before = await visitor.eventuallySeen('#decoded', differs(before), 'one place');
  await visitor.drag('#map', [
    [0.9, 0.5],
    [0.95, 0.5],
  ]);
  const after = await visitor.eventuallyDecoded('another place');
  const contrast = mean(after.grey.map((grey, i) => Math.abs(grey - (before.grey[i] ?? 0))));
  assert.ok(contrast > 15, `two far places differ by ${contrast.toFixed(1)} of 255: they are two digits`);
});

// --- images that all panels mark ------------------------------------------------------------------------------------------

/** Where a test image's point is, as shares of the map; found by pointing. */
async function pointOf(image: number): Promise<readonly [number, number]> {
  const { page } = visitor;
  const { x, y, width, height } = await visitor.box('#map');
  const near = await page.evaluate(async (row) => {
    const { session, latent } = latentgpuPage;
    const { mean: codes } = (await session?.encode({ set: 'test' })) ?? { mean: new Float32Array() };
    return Array.from(codes.subarray(row * latent, (row + 1) * latent));
  }, image);
  await page.evaluate((code) => latentgpuPage.setPoint(Float32Array.from(code)), near);
  // The ring is there now: its middle is the middle of its white pixels.
  const [right, down] = await eventually(ringAt, (at) => at.length === 2, 'the ring');
  await page.mouse.move(x + (right ?? 0) * width, y + (down ?? 0) * height);
  return [right ?? 0, down ?? 0];
}

/** The middle of what changes when the ring is taken elsewhere would be exact; the white pixels that are no class's do. */
const ringAt = () =>
  visitor.page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const canvas = document.querySelector<HTMLCanvasElement>('#points');
    const { data, width } =
      canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? new ImageData(1, 1);
    const spots: [number, number][] = [];
    for (let i = 0; i < data.length / 4; i++)
      if ([0, 1, 2, 3].every((part) => data[4 * i + part] === 255)) spots.push([i % width, Math.floor(i / width)]);
    if (spots.length === 0) return [];
    const middle = (axis: 0 | 1) => {
      const all = spots.map((spot) => spot[axis]);
      return (Math.min(...all) + Math.max(...all)) / 2 / width;
    };
    return [middle(0), middle(1)];
  });

test('pointing at a point shows its image and marks it', async () => {
  const { page } = visitor;
  await pointOf(5);
  await page.waitForFunction(() => latentgpuPage.hovered !== undefined);
  const hovered = await page.evaluate(() => latentgpuPage.hovered ?? -1);
  assert.ok(await page.isVisible('#pointed-at'));
  assert.match(await text('#pointed-at-name'), new RegExp(`^Image ${hovered + 1}, class \\d$`));
  const [shown, own] = [
    await visitor.seen('#pointed-at-picture'),
    await page.evaluate((row) => Array.from(latentgpuPage.values(row, 1)), hovered),
  ];
  assert.equal(
    shown.grey,
    own.map((value) => Math.round(255 * value)),
  );
  await page.mouse.move(1, 1);
  assert.not(await page.isVisible('#pointed-at'));
});

/** Left and top of the frame in a picture, in images; nothing if there is none. */
const frameIn = (id: string) =>
  visitor.page.evaluate((place) => {
    const frame = document.querySelector<HTMLElement>(`${place} .frame:not([hidden])`);
    return frame ? [Number.parseFloat(frame.style.left) / 10, Number.parseFloat(frame.style.top) / 50] : undefined;
  }, id);

test('an image that is clicked on, in the strip or on the map, is the same in strip, pad, walk and map', async () => {
  const { page } = visitor;
  const { x, y, width, height } = await visitor.box('#originals');
  await page.mouse.click(x + 0.35 * width, y + 0.75 * height); // the fourth of the second row
  assert.is(await page.evaluate(() => latentgpuPage.image), 13);
  for (const id of ['#originals', '#reconstructions']) assert.equal(await frameIn(id), [3, 1], id);
  await page.waitForSelector('#pad.marked');
  const own = await page.evaluate(() => Array.from(latentgpuPage.values(13, 1), (value) => Math.round(255 * value)));
  assert.equal((await visitor.seen('#pad')).grey, own, 'the pad');
  assert.is(await page.inputValue('#walk-from'), '14', 'the walk');
  assert.ok(await page.isVisible('#walk-from-picture.marked'));
  // One that the strip does not show: it goes there.
  await page.mouse.move(1, 1);
  await page.evaluate(() => latentgpuPage.choose(57));
  assert.equal(await frameIn('#originals'), [7, 1]);
  assert.is(await page.inputValue('#walk-from'), '58');
  // A click on the map marks what is there.
  const [right, down] = await pointOf(5);
  const map = await visitor.box('#map');
  await page.mouse.click(map.x + right * map.width, map.y + down * map.height);
  const chosen = await page.evaluate(() => latentgpuPage.image ?? -1);
  assert.is.not(chosen, 57);
  assert.equal(await frameIn('#originals'), [chosen % 10, Math.floor((chosen % 20) / 10)]);
  assert.is(await page.inputValue('#walk-from'), '58', 'the walk stays');
});

test('Draw a 7 draws one, and the map says where it lies', async () => {
  const { page } = visitor;
  await page.click('#draw-seven');
  const drawn = await eventually(
    () => visitor.seen('#pad'),
    ({ grey }) => (grey[28 * 21 + 13] ?? 0) > 100,
    'the foot of the seven',
  );
  assert.ok((drawn.grey[28 * 7 + 12] ?? 0) > 100, 'its bar');
  await page.waitForFunction(() => latentgpuPage.drawing !== undefined);
  const code = await eventually(
    () => page.evaluate(() => Array.from(latentgpuPage.drawing ?? [])),
    (now) => now.length === 2,
    'its code',
  );
  const wanted = await page.evaluate(async () => {
    const { session, test, latent } = latentgpuPage;
    const { mean: codes } = (await session?.encode({ set: 'test' })) ?? { mean: new Float32Array() };
    const sevens = Array.from(test.labels ?? []).flatMap((label, row) => (label === 7 ? [row] : []));
    return [0, 1].map((d) => sevens.reduce((sum, row) => sum + (codes[row * latent + d] ?? 0), 0) / sevens.length);
  });
  const distance = Math.hypot(...code.map((z, d) => z - (wanted[d] ?? 0)));
  assert.ok(distance < 2, `the drawing is at ${code}, sevens around ${wanted}`);
  assert.not(await page.isVisible('#pad.marked'), 'a drawing is no test image');
});

// --- training from there ----------------------------------------------------------------------------------------------------

test('One step makes one, and goes on from the steps before', async () => {
  const before = await visitor.stepShown();
  await visitor.page.click('#one');
  await visitor.waitForStep(before + 1);
  await visitor.waitForPhase('paused');
  assert.is(await visitor.stepShown(), before + 1);
  assert.is(await visitor.page.evaluate(() => latentgpuPage.trained.at(-1)?.step), before + 1);
  const [last, loss] = await visitor.page.evaluate(() => [
    latentgpuPage.tested.at(-1)?.step,
    latentgpuPage.tested.at(-1)?.losses.loss ?? 0,
  ]);
  assert.is(last, before + 1);
  assert.ok(Number(loss) < 170, `the loss is ${loss}: what was learnt is kept`);
  assert.match((await sentence()) ?? '', /^Training is paused\./);
});

test('earlier states of the map can be looked at, and the present one again', async () => {
  const { page } = visitor;
  const states = (last: string) =>
    page.waitForFunction((max) => document.querySelector<HTMLInputElement>('#history')?.max === max, last);
  await states('1');
  await page.click('#one');
  await states('2');
  const slide = (to: number) =>
    page.evaluate((value) => {
      const slider = document.querySelector<HTMLInputElement>('#history');
      if (!slider) return;
      slider.value = String(value);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    }, to);
  await slide(0);
  assert.is(await text('#history-step'), 'Step 1,280');
  assert.is(
    await page.evaluate(() => getComputedStyle(document.querySelector('#behind') as Element).visibility),
    'hidden',
  );
  await slide(2);
  assert.is(await text('#history-step'), 'Now');
});

test('Reset begins with random weights, and says so', async () => {
  const { page } = visitor;
  await page.click('#reset');
  await visitor.waitForPhase('ready');
  assert.is(await visitor.stepShown(), 0);
  assert.is(await page.evaluate(() => latentgpuPage.trained.length), 0);
  assert.match((await sentence()) ?? '', /^This model has random weights/);
  assert.ok((await page.evaluate(async () => (await latentgpuPage.session?.evaluate())?.loss ?? 0)) > 400);
  assert.not(await page.isVisible('#history-row'), 'another model has no history yet');
});

test('a worked example sets up its model, trains it and says what to look at', async () => {
  const { page } = visitor;
  await page.click('[data-example=beta]');
  await visitor.waitForStep(3);
  assert.is(await page.inputValue('[name=preset]'), 'betaVae');
  assert.is(await page.inputValue('[name=beta]'), '10');
  assert.is(await page.evaluate(() => latentgpuPage.model?.loss.klWeight), 10);
  assert.match((await sentence()) ?? '', /^KL counts ten times/);
  assert.match(page.url(), /#.*preset=betaVae.*beta=10/);
  await page.click('#train');
  await visitor.waitForPhase('paused');
});

test('another set-up in the address wins over the model of the page', async () => {
  const asked = visitor.requests.length;
  await visitor.visit(SETUP);
  await visitor.waitForPhase('ready');
  assert.is(await visitor.page.evaluate(() => latentgpuPage.step), 0);
  assert.not(
    visitor.requests.slice(asked).some((url) => url.endsWith('.safetensors')),
    'it is not even fetched',
  );
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
