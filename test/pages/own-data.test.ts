// The page of harness/web: colour images, folders of pictures, .safetensors files and rows of features as its data; and what is
// wrong with them, in one message each. Grey images are in data.test.ts.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { encode } from 'fast-png';
import { encodeSafetensors } from 'latentgpu';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeNpy } from '../../harness/lib/plots/npy.js';
import type { State } from '../../harness/web/state.js';
import { assertAccessible } from '../browser/axe.js';
import { closeBrowser } from '../browser/page.js';
import { eventually, mean, openVisitor, type Visitor } from '../browser/visitor.js';

/** In the page. */
declare const latentgpuPage: State;

const SMALL = '#images=300&preset=ae&hidden=32&latent=2&batch=20&lr=0.01';
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-page-own-'));

let visitor: Visitor;

test.before(async () => {
  visitor = await openVisitor();
  await visitor.visit(SMALL);
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
  fs.rmSync(folder, { recursive: true });
});

function written(name: string, bytes: Uint8Array | string): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, bytes);
  return file;
}

const choose = (name: string, bytes: Uint8Array | string) =>
  visitor.page.setInputFiles('#files', { name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });

const told = (start: string) =>
  eventually(
    () => visitor.page.evaluate(() => latentgpuPage.message),
    (message) => message.startsWith(start),
    `the page says ${start}`,
  );

/** Means of red, green and blue over a canvas, 0..255. */
const colours = (selector: string): Promise<number[]> =>
  visitor.page.evaluate((wanted) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`${wanted} canvas`);
    if (!canvas || canvas.width === 0) return [0, 0, 0];
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext('2d');
    context?.drawImage(canvas, 0, 0);
    const { data } = context?.getImageData(0, 0, copy.width, copy.height) ?? new ImageData(1, 1);
    const sums = [0, 0, 0];
    data.forEach((value, at) => {
      if (at % 4 < 3) sums[at % 4] = (sums[at % 4] ?? 0) + value;
    });
    return sums.map((sum) => (4 * sum) / data.length);
  }, selector);

const isOrange = ([red = 0, green = 0, blue = 0]: number[]) => red > green + 40 && green > blue + 40;

const SIDE = 8;
/** Orange discs on dark blue-less ground, of another size each. */
const orange = (image: number): number[] =>
  Array.from({ length: SIDE * SIDE }, (_, i) => {
    const inside = Math.hypot((i % SIDE) - 3.5, Math.floor(i / SIDE) - 3.5) < 2 + (image % 3);
    return inside ? [250, 130, 10] : [120, 60, 0];
  }).flat();
const ORANGE = Uint8Array.from({ length: 60 }, (_, i) => i).reduce<number[]>((all, i) => all.concat(orange(i)), []);

const loadsReaders = () => visitor.requests.some((url) => /\/files-\w+\.js$/.test(url));

test('colour images in an .npy file that is dropped: learnt, and shown in colour everywhere', async () => {
  assert.not(loadsReaders(), 'readers of files before there is one');
  const file = written('discs.npy', encodeNpy(Uint8Array.from(ORANGE), [60, SIDE, SIDE, 3]));
  await visitor.dragFiles('#curves', [file], 'drop');
  await visitor.waitForData('discs.npy, 8x8 in colour');
  assert.ok(loadsReaders(), 'readers of files when there is one');
  await visitor.trainTo(150);
  for (const picture of ['#originals', '#reconstructions', '#samples', '#walk', '#decoded', '#behind', '#redrawn'])
    await eventually(() => colours(picture), isOrange, `${picture} is orange`);
  const [shown, made] = [await colours('#originals'), await colours('#reconstructions')];
  for (const channel of [0, 1, 2])
    assert.ok(
      Math.abs((shown[channel] ?? 0) - (made[channel] ?? 0)) < 15,
      `channel ${channel} of ${shown} and ${made}`,
    );
});

test('a convolutional model takes colour images, too', async () => {
  await visitor.resetTo('convAe');
  await visitor.trainTo(5);
  await eventually(
    () => colours('#reconstructions'),
    ([red = 0, , blue = 0]) => red !== blue,
    'drawn in colour',
  );
  await visitor.resetTo('ae');
});

test('a .safetensors file of images is data, and not a model', async () => {
  const values = Uint8Array.from(ORANGE);
  const images = { shape: [60, SIDE, SIDE, 3], values };
  const labels = { shape: [60], values: Uint8Array.from({ length: 60 }, (_, i) => i % 3) };
  const file = written('discs.safetensors', encodeSafetensors({ x_train: images, y_train: labels }));
  await visitor.dragFiles('#curves', [file], 'drop');
  await visitor.waitForData('discs.safetensors, 8x8 in colour');
  assert.equal(await visitor.page.locator('#classes li').allTextContents(), ['0', '1', '2']);
});

/** Of one colour each, in a folder for each class. */
function writePictures(name: string): string {
  for (const [label, rgb] of Object.entries({ green: [20, 200, 40], red: [220, 30, 20] }))
    for (let i = 0; i < 15; i++) {
      const data = Uint8Array.from({ length: 3 * 100 }, (_, at) => Math.max(0, (rgb[at % 3] ?? 0) - 2 * i));
      written(`${name}/${label}/${i}.png`, encode({ width: 10, height: 10, channels: 3, data }));
    }
  written(`${name}/README.txt`, 'where these are from');
  written(`${name}/.hidden.png`, 'no picture');
  return path.join(folder, name);
}

test('a folder that is dropped: its folders are classes, its pictures keep their size and colour', async () => {
  await visitor.dragFiles('#drop', [writePictures('plates')], 'drop');
  await visitor.waitForData('own pictures, 10x10 in colour');
  assert.equal(await visitor.page.locator('#classes li').allTextContents(), ['green', 'red']);
  await visitor.fill('size', '4x6');
  await visitor.waitForData('own pictures, 4x6 in colour');
  await visitor.trainTo(5);
  await visitor.fill('size', '');
  await visitor.resetTo();
  await visitor.waitForData('own pictures, 10x10 in colour');
});

test('a folder that is chosen by its button', async () => {
  await visitor.page.click('#digits');
  await visitor.waitForData('Built-in digits, 28x28');
  await visitor.page.setInputFiles('#folder', writePictures('chosen'));
  await visitor.waitForData('own pictures, 10x10 in colour');
  assert.equal(await visitor.page.locator('#classes li').allTextContents(), ['green', 'red']);
});

/** A line of three features, in units of their own, and a class. */
const ROWS = Array.from({ length: 80 }, (_, i) => {
  const t = (i * 0.37) % 1;
  return [(1000 * t).toFixed(1), (0.5 - 0.2 * t).toFixed(4), (3 + t * t).toFixed(3), t < 0.5 ? 'low' : 'high'].join(
    ',',
  );
});
const TABLE = ['height,ratio,slope,Kind', ...ROWS].join('\n');

test('a table of features: told what is wrong, then read by the fields, learnt, and shown as charts and numbers', async () => {
  await choose('lines.csv', TABLE);
  const message = await told('lines.csv: line 2');
  assert.is(
    message,
    'lines.csv: line 2, column "Kind" is "low", must be a number: leave the column out (Leave out), or take it as categories (Categories) or as the label (Label column). The data are as they were.',
  );
  await visitor.fill('label', 'Kind');
  await visitor.waitForData('lines.csv, 3 features');
  assert.equal(await visitor.page.locator('#classes li').allTextContents(), ['high', 'low']);
  assert.is(await visitor.page.textContent('#unit'), 'Squared error a row');
  for (const hidden of ['#pad-panel', '#originals', '#decoded', '[name=size]'])
    assert.not(await visitor.page.isVisible(hidden), `${hidden} is hidden`);
  await visitor.trainTo(300);
  // In the data's units: the three hang together by one number, so the code's place tells them.
  const made = await visitor.page.evaluate(async () => {
    const values = latentgpuPage.values(0, 8);
    const out = await latentgpuPage.session?.reconstruct(values);
    return [0, 1, 2].map((feature) =>
      Array.from(values, (value, at) => (at % 3 === feature ? Math.abs(value - (out?.[at] ?? 0)) : 0)),
    );
  });
  const errors = made.map((column) => (mean(column) * 24) / 8);
  const spans = [1000, 0.2, 1];
  for (const [feature, error] of errors.entries())
    assert.ok(error < 0.15 * (spans[feature] ?? 0), `feature ${feature} is off by ${error} of ${spans[feature]}`);
  assert.equal(await visitor.page.locator('#decoded-features th').allTextContents(), ['height', 'ratio', 'slope']);
  await eventually(
    () => visitor.page.locator('#decoded-features td:nth-child(3)').allTextContents(),
    ([height = '', ratio = '']) => Number(height.replaceAll(',', '')) > 20 && Number(ratio) < 0.6,
    'numbers in the units of the data',
  );
  for (const picture of ['#reconstructions', '#samples', '#walk'])
    await eventually(
      () => colours(picture),
      (rgb) => mean(rgb) > 5,
      `${picture} has charts`,
    );
});

test('axe finds no serious violation in charts and numbers', () => assertAccessible(visitor.page, 'a table'));

test('scaling, missing values and categories of a table, by its fields', async () => {
  await visitor.page.selectOption('[name=scale]', 'minmax');
  await visitor.resetTo();
  const scaling = await visitor.page.evaluate(() => latentgpuPage.model?.scaling);
  assert.is(scaling?.kind, 'minmax');
  await visitor.page.selectOption('[name=missing]', 'mean');
  await visitor.fill('label', '');
  await visitor.fill('categorical', 'Kind');
  await visitor.waitForData('lines.csv, 5 features');
  await choose('holes.csv', TABLE.replace(/^\d+\.\d,/m, ','));
  await visitor.waitForData('holes.csv, 5 features');
  await visitor.trainTo(3);
  await visitor.page.selectOption('[name=preset]', 'convVae');
  await visitor.page.click('#reset');
  await visitor.waitForPhase('failed');
  assert.is(
    await visitor.page.textContent('#status'),
    'A convolutional model is of images, and these data are rows of features: choose another kind of model.',
  );
  await visitor.page.selectOption('[name=preset]', 'ae');
  await visitor.waitForPhase('ready');
});

test('a session of rows says that it has no images', async () => {
  const said = await visitor.page.evaluate(async () => {
    const message = ({ message }: Error) => message;
    const { session } = latentgpuPage;
    return [
      await session?.images('test').catch(message),
      await session?.draw(new OffscreenCanvas(1, 1), { codes: new Float32Array(2) }).catch(message),
      (await session?.examples('train', { first: 1, count: 2 }))?.shape,
    ];
  });
  assert.equal(said, [
    'images: the dataset has examples of shape [5] of numbers, must have grey images of bytes; examples() gives any',
    'draw: the dataset has examples of shape [5], must have images, [height, width] or [height, width, 3]; decode() and reconstruct() give the numbers',
    [2, 5],
  ]);
});

const odd = (values: number[], shape: number[]) => encodeNpy(Float32Array.from(values), shape);

for (const [name, bytes, start] of [
  ['five.npy', encodeNpy(new Uint8Array(5 * 4 * 4 * 5), [5, 4, 4, 5]), 'five.npy has shape [5, 4, 4, 5], must have'],
  ['nan.npy', odd([1, 2, Number.NaN, 4, 5, 6], [3, 2]), 'nan.npy has NaN in row 1, column 0, must have numbers'],
  ['broken.safetensors', 'words', 'broken.safetensors: '],
  [
    'names.safetensors',
    encodeSafetensors({ a: { shape: [1], values: Uint8Array.of(1) }, b: { shape: [1], values: Uint8Array.of(1) } }),
    'names.safetensors has the arrays a, b, must have x_train',
  ],
  ['rows.parquet', 'PAR1', 'rows.parquet is a Parquet table, which this page does not read: save it as .csv, or train'],
  ['other.csv', 'a,b\n1,2\n2,3\n', 'other.csv has no column "Kind"'],
] as const)
  test(`one message about ${name}`, async () => {
    await choose(name, bytes);
    assert.match(await told(start), /\. The data are as they were\.$/);
    assert.is(await visitor.page.textContent('#data-name'), 'holes.csv, 5 features');
  });

test('pictures that cannot be read, and classes beside plain pictures, are told by their names', async () => {
  written('bad/a.png', 'no picture');
  await visitor.dragFiles('#drop', [path.join(folder, 'bad')], 'drop');
  await told('a.png is not a picture that this browser can read');
  const mixed = writePictures('mixed');
  written('mixed/plain.png', encode({ width: 2, height: 2, channels: 1, data: new Uint8Array(4) }));
  await visitor.dragFiles('#drop', [mixed], 'drop');
  await told('Pictures (mixed/plain.png) beside folders of pictures (mixed/');
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
