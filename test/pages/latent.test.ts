// The page of harness/web: its map of the latent space, by pointer, keys and sliders, and the class that a conditional model
// is asked for.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/index.js';
import { closeBrowser } from '../browser/page.js';
import { differs, eventually, mean, openVisitor, type Pixels, SETUP, type Visitor } from '../browser/visitor.js';

/** In the page. */
declare const latentgpuPage: State;

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

/** The model's own parameters, or with codes that lie far from 0, as a pretraining leaves them. */
async function moved(by: number): Promise<number[]> {
  const file = await visitor.page.evaluate(async () => Array.from((await latentgpuPage.session?.save()) ?? []));
  const tensors = decodeSafetensors(Uint8Array.from(file));
  const bias = tensors.get('mu.bias');
  if (!bias) throw new Error('the model has no mu.bias');
  tensors.set('mu.bias', { ...bias, values: Float32Array.from(bias.values as Float32Array, (value) => value + by) });
  return Array.from(encodeSafetensors(Object.fromEntries(tensors)));
}

const load = (file: number[]) =>
  visitor.page.evaluate(async (bytes) => {
    await latentgpuPage.session?.load(Uint8Array.from(bytes));
    latentgpuPage.tell('parameters');
  }, file);

/** Outside the map, and not so far that the loss explodes. */
const FAR = 12;

test('when codes are suddenly elsewhere, the map is there as soon as it knows, and the mark comes and goes with them', async () => {
  const { page } = visitor;
  const [far, back] = [await moved(FAR), await moved(0)];
  // Panels take it for training; no steps change the codes meanwhile.
  const pretend = (phase: 'training' | 'paused') =>
    page.evaluate((one) => {
      latentgpuPage.phase = one;
    }, phase);
  await pretend('training');
  await load(far);
  await page.waitForFunction((least) => (latentgpuPage.point[0] ?? 0) > least, FAR / 2);
  const points = (await visitor.pointsOfClasses()).reduce((sum, count) => sum + count, 0);
  assert.ok(points > 500, `${points} pixels of points are on the map`);
  const range = await page.evaluate(() => document.querySelector<HTMLInputElement>('#dimension-0')?.max);
  assert.ok(Number(range) > FAR - 3, `while it trains the slider goes to ${range}`);
  await load(back);
  await eventually(point, (place) => place.every((z) => Math.abs(z) < FAR / 4), 'the mark is where the codes are');
  await pretend('paused');
  await load(back);
});

test('dragging over the map, or its arrow keys, decode another place', async () => {
  const box = await visitor.page.locator('#map').boundingBox();
  if (!box) throw new Error('the map is not to be seen');
  const at = (right: number, down: number) => [box.x + right * box.width, box.y + down * box.height] as const;
  await visitor.page.mouse.move(...at(0.5, 0.5));
  await visitor.page.mouse.down();
  let before = await visitor.eventuallyDecoded('the place pressed on');
  await visitor.page.mouse.move(...at(0.8, 0.3), { steps: 4 });
  await visitor.page.mouse.up();
  await visitor.eventuallySeen('#decoded', differs(before), 'dragging changes the decoded picture');
  before = await visitor.eventuallyDecoded('the decoded picture is of its code');
  await visitor.page.focus('#map');
  for (let i = 0; i < 3; i++) await visitor.page.keyboard.press('Shift+ArrowLeft');
  await visitor.eventuallySeen('#decoded', differs(before), 'arrow keys change the decoded picture');
  await visitor.eventuallyDecoded('the decoded picture after keys');
  before = await visitor.seen('#decoded');
  await visitor.page.focus('#dimension-2');
  for (let i = 0; i < 20; i++) await visitor.page.keyboard.press('ArrowRight');
  await visitor.eventuallySeen('#decoded', differs(before), 'a slider changes the decoded picture');
});

test('the map shows a point for each test image, in the colours of their classes', async () => {
  const colours = await visitor.pointsOfClasses();
  assert.is(colours.length, 10);
  for (const [label, count] of colours.entries()) assert.ok(count > 50, `class ${label}: ${count} pixels`);
});

// --- sliders and classes ------------------------------------------------------------------------------------------------

const point = () => visitor.page.evaluate(() => Array.from(latentgpuPage.point));

/** Moves a slider to a share of its way, as a pointer does. @returns the value that it has then */
const slide = (dimension: number, share: number) =>
  visitor.page.evaluate(
    ([d, part]) => {
      const input = document.querySelector<HTMLInputElement>(`#dimension-${d}`);
      if (!input) throw new Error(`no slider for dimension ${d}`);
      input.value = String(Number(input.min) + part * (Number(input.max) - Number(input.min)));
      input.dispatchEvent(new Event('input', { bubbles: true }));
      return input.valueAsNumber;
    },
    [dimension, share] as const,
  );

/** Pure white pixels within a mark's size of the map's edge. */
const whiteAtEdge = () =>
  visitor.page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('#points');
    const { data, width } =
      canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? new ImageData(1, 1);
    const band = width / 20;
    let count = 0;
    for (let i = 0; i < data.length / 4; i++) {
      const [x, y] = [i % width, Math.floor(i / width)];
      const inside = x > band && x < width - band && y > band && y < width - band;
      if (!inside && data[4 * i] === 255 && data[4 * i + 1] === 255 && data[4 * i + 2] === 255) count++;
    }
    return count;
  });

test('a slider that leaves the map shows at the edge where it went', async () => {
  const before = await whiteAtEdge();
  const place = await point();
  await slide(0, 1);
  await slide(1, 1);
  await slide(2, 1);
  await visitor.page.evaluate(() => {
    latentgpuPage.setPoint(latentgpuPage.point.map((z) => 4 * z));
  });
  await eventually(whiteAtEdge, (count) => count > before + 20, 'a mark at the edge');
  await visitor.page.evaluate((z) => latentgpuPage.setPoint(Float32Array.from(z)), place);
});

test('each slider sets its dimension and no other, and the picture is exactly what the code decodes to', async () => {
  assert.is(await visitor.page.locator('#sliders input').count(), 3);
  for (const dimension of [0, 1, 2])
    for (const share of [0.1, 0.85]) {
      const before = await point();
      const value = await slide(dimension, share);
      assert.equal(await point(), before.with(dimension, Math.fround(value)), `slider ${dimension}`);
      await visitor.eventuallyDecoded(`slider ${dimension}: its picture`);
      const place = (await point()).map((z) => z.toFixed(2)).join(', ');
      assert.is(await visitor.page.textContent('#place'), `z = (${place})`);
    }
});

/** What the means of the codes of these test images decode to, as the classes of the images if the model takes any. */
const redecoded = (images: number[]) =>
  visitor.page.evaluate(async (rows) => {
    const { session, test, classes, latent } = latentgpuPage;
    const values: number[][] = [];
    for (const row of rows) {
      const options = classes === undefined ? {} : { labels: Uint8Array.of(test.labels?.[row] ?? 0) };
      const image = latentgpuPage.values(row, 1);
      const code = (await session?.encode(image, options))?.mean.slice(0, latent) ?? new Float32Array();
      values.push(Array.from((await session?.decode(code, options)) ?? []));
    }
    return values;
  }, images);

/** Whether each row of the walk begins and ends with these, ten pictures a row. */
const beginsAndEnds =
  (ends: number[][]) =>
  ({ width, height, grey }: Pixels): boolean =>
    width === 280 &&
    height === 84 &&
    ends.every((values, end) => {
      const [row, column] = [Math.floor(end / 2), end % 2 === 0 ? 0 : 9];
      return values.every((value, i) => {
        const at = (28 * row + Math.floor(i / 28)) * width + 28 * column + (i % 28);
        return Math.abs((grey[at] ?? Number.NaN) - 255 * value) <= 0.501;
      });
    });

const PAIRS = [0, 3, 6, 9, 12, 15];

// --- the map's axes -----------------------------------------------------------------------------------------------------

/** How the code changes from one place of the map to another, and how it varies over the test images. */
async function step(from: [number, number], to: [number, number]): Promise<number[]> {
  await visitor.drag('#map', [from]);
  const first = await point();
  await visitor.drag('#map', [to]);
  return (await point()).map((z, d) => z - (first[d] ?? 0));
}

/** Of each dimension, over the test images. */
async function dimensions(): Promise<number[][]> {
  const codes = await visitor.page.evaluate(async () => {
    const all = await latentgpuPage.session?.encode({ set: 'test', count: latentgpuPage.testCount });
    return Array.from(all?.mean ?? []);
  });
  return [0, 1, 2].map((d) => codes.filter((_, i) => i % 3 === d));
}

async function covariance(): Promise<number[][]> {
  const centred = (await dimensions()).map((column) => column.map((z) => z - mean(column)));
  return centred.map((a) => centred.map((b) => mean(a.map((z, i) => z * (b[i] ?? 0)))));
}

test('the axes are the principal components, or the dimensions of largest variance', async () => {
  const c = await covariance();
  const times = (v: number[]) => c.map((row) => row.reduce((sum, value, d) => sum + value * (v[d] ?? 0), 0));
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, d) => sum + value * (b[d] ?? 0), 0);
  const cosine = (a: number[], b: number[]) => Math.abs(dot(a, b)) / Math.sqrt(dot(a, a) * dot(b, b));
  let first = [1, 1, 1];
  for (let round = 0; round < 1000; round++) {
    const next = times(first);
    first = next.map((value) => value / Math.sqrt(dot(next, next)));
  }
  // Of two components of nearly the same variance either will do: what counts is the variance along the axis.
  const along = (v: number[]) => dot(v, times(v)) / dot(v, v);
  const got = (v: number[]) => along(v) / along(first);
  const right = await eventually(
    () => step([0.3, 0.5], [0.7, 0.5]),
    (v) => got(v) > 0.99,
    'the first axis has the largest variance that there is',
  );
  const down = await step([0.5, 0.3], [0.5, 0.7]);
  console.log(`  the map's first axis has ${(100 * got(right)).toFixed(2)}% of the first component's variance`);
  assert.ok(cosine(right, down) < 1e-3, 'the axes are orthogonal');

  await visitor.page.selectOption('#projection', 'variance');
  const variances = c.map((row, d) => row[d] ?? 0);
  const least = variances.indexOf(Math.min(...variances));
  const [x, y] = [0, 1, 2].filter((d) => d !== least) as [number, number];
  const alone = (d: number) => (v: number[]) => v.every((value, k) => (k === d ? value !== 0 : value === 0));
  await eventually(() => step([0.3, 0.5], [0.7, 0.5]), alone(x), 'from left to right one dimension changes');
  await eventually(() => step([0.5, 0.3], [0.5, 0.7]), alone(y), 'from top to bottom another');
  await visitor.page.selectOption('#projection', 'pca');
});

test('what training changes while someone drags is on the map when that ends', async () => {
  await visitor.page.selectOption('#projection', 'variance');
  const box = await visitor.box('#map');
  await visitor.page.mouse.move(box.x + 0.4 * box.width, box.y + 0.4 * box.height);
  await visitor.page.mouse.down();
  const press = () => visitor.page.evaluate(() => document.querySelector<HTMLButtonElement>('#train')?.click());
  await press();
  await visitor.waitForStep((await visitor.stepShown()) + 60);
  await press();
  await visitor.waitForPhase('paused');
  // Until all panels have had their turn while the button is held: the last of them is the walk.
  await visitor.eventuallySeen('#walk', beginsAndEnds(await redecoded(PAIRS)), 'the walks of these parameters');
  await visitor.page.mouse.up();
  const columns = await dimensions();
  const variances = columns.map((column) => mean(column.map((z) => (z - mean(column)) ** 2)));
  const least = variances.indexOf(Math.min(...variances));
  const middle = mean(columns[least] ?? []);
  // What the plane does not say is as in the middle of the codes.
  const off = (place: number[]) => Math.abs((place[least] ?? Number.NaN) - middle);
  await eventually(
    async () => {
      await visitor.drag('#map', [[0.6, 0.6]]);
      return point();
    },
    (place) => off(place) < 1e-4,
    'the map goes through the middle of the codes that there are now',
  );
  await visitor.page.selectOption('#projection', 'pca');
});

test('behind the points is what each place decodes to, unless it is switched off', async () => {
  const tile = (grey: number[], column: number, row: number) =>
    Array.from({ length: 784 }, (_, i) => grey[(28 * row + Math.floor(i / 28)) * 448 + 28 * column + (i % 28)] ?? -1);
  const decodedAt = async (right: number, down: number) => {
    await visitor.drag('#map', [[right, down]]);
    return (await visitor.decodedHere()).map((value) => 255 * value);
  };
  const pixel = 1 / (await visitor.box('#map')).width;
  for (const [column, row] of [
    [3, 12],
    [11, 5],
  ] as const) {
    // Pressed on again for each look: the map has been given other axes just now.
    const look = async () => {
      const [right, down] = [(column + 0.5) / 16, (row + 0.5) / 16];
      const wanted = await decodedAt(right, down);
      const beside = [await decodedAt(right + pixel, down), await decodedAt(right, down + pixel)];
      return { wanted, beside, ...(await visitor.seen('#behind')) };
    };
    const { width, height } = await eventually(
      look,
      // The pointer is less than a pixel of the screen beside the tile's middle; to the nearest of 256 steps.
      ({ wanted, beside, grey }) =>
        tile(grey, column, row).every((value, i) => {
          const right = wanted[i] ?? Number.NaN;
          const bound = beside.reduce((sum, values) => sum + Math.abs((values[i] ?? Number.NaN) - right), 0.501);
          return Math.abs(value - right) <= bound;
        }),
      `the tile at ${column}, ${row}`,
    );
    assert.equal([width, height], [448, 448]);
  }
  await visitor.page.uncheck('#manifold');
  assert.not(await visitor.page.isVisible('#behind'));
  const points = await visitor.pointsOfClasses();
  assert.ok(
    points.every((count) => count > 50),
    'the points stay',
  );
  await visitor.page.check('#manifold');
  assert.ok(await visitor.page.isVisible('#behind'));
});

// --- the walk -----------------------------------------------------------------------------------------------------------

test('each walk begins and ends with the two images as the model has them; other pairs are others', async () => {
  const before = await visitor.eventuallySeen('#walk', beginsAndEnds(await redecoded(PAIRS)), 'the first pairs');
  await visitor.page.click('#pair');
  const after = await visitor.eventuallySeen(
    '#walk',
    beginsAndEnds(await redecoded(PAIRS.map((image) => image + 7))),
    'other pairs',
  );
  assert.ok(differs(before)(after));
  await visitor.page.fill('#walk-from', '3');
  await visitor.page.fill('#walk-to', '50');
  await visitor.page.press('#walk-to', 'Tab');
  const chosen = [2, 49, ...PAIRS.slice(2).map((image) => image + 7)];
  await visitor.eventuallySeen('#walk', beginsAndEnds(await redecoded(chosen)), 'the images that were chosen');
  await visitor.page.click('#walk-to-picture');
  await visitor.page.click('#choice button[aria-label="Image 9, class 8"]');
  assert.equal([await visitor.page.inputValue('#walk-to'), await visitor.page.isVisible('#choice')], ['9', false]);
  const byPicture = chosen.with(1, 8);
  await visitor.eventuallySeen(
    '#walk',
    beginsAndEnds(await redecoded(byPicture)),
    'the image that was chosen by its looks',
  );
});

// --- other models -------------------------------------------------------------------------------------------------------

test('a conditional model: the class that is chosen is decoded, on the map too, and walks end as their images’ classes', async () => {
  await visitor.visit(SETUP.replace('vae', 'conditionalVae'));
  await visitor.trainTo(40);
  for (const label of [7, 2]) {
    await visitor.page.selectOption('#decoded-class', String(label));
    await visitor.eventuallyDecoded(`class ${label}`, label);
    await slide(1, label === 7 ? 0.7 : 0.2);
    await visitor.eventuallyDecoded(`class ${label}, elsewhere`, label);
  }
  await visitor.eventuallySeen('#walk', beginsAndEnds(await redecoded(PAIRS)), 'the walks');
});

test('codes of one dimension: a lane for each class, and dragging up and down changes nothing', async () => {
  assert.not(await visitor.page.isVisible('.only-line'));
  await visitor.visit(SETUP.replace('latent=3', 'latent=1'));
  assert.ok(await visitor.page.isVisible('.only-line'), 'what the rows are is said');
  await visitor.trainTo(40);
  await eventually(
    () => visitor.pointsOfClasses(),
    (counts) => counts.length === 10 && counts.every((count) => count > 50),
    'points of each class',
  );
  // Again if the map has moved to where the codes are by now.
  const [before] = await eventually(
    async () => {
      await visitor.drag('#map', [[0.3, 0.2]]);
      const above = await point();
      await visitor.drag('#map', [[0.3, 0.8]]);
      return [above, await point()];
    },
    ([above, below]) => String(above) === String(below),
    'up and down on the map is the same place',
  );
  await visitor.drag('#map', [[0.6, 0.8]]);
  assert.not.equal(await point(), before);
  await visitor.eventuallyDecoded('the decoded picture');
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
