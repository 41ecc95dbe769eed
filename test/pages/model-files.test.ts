// The page of harness/web: a model's file holds what its numbers are, and one that is not for the data that there are is refused
// before the model that was trained is given up. Saving and loading itself is in files.test.ts.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { encodeSafetensors } from 'latentgpu';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeNpy } from '../../harness/lib/plots/npy.js';
import type { State } from '../../harness/web/state.js';
import { closeBrowser } from '../browser/page.js';
import { assertSame, openVisitor, type Visitor } from '../browser/visitor.js';

/** In the page. */
declare const latentgpuPage: State;

const SIDE = 8;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-page-models-'));

let visitor: Visitor;

test.before(async () => {
  visitor = await openVisitor();
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
  fs.rmSync(folder, { recursive: true });
});

const choose = (name: string, bytes: Uint8Array | string) =>
  visitor.page.setInputFiles('#files', { name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });

async function saved(name: string): Promise<string> {
  const file = path.join(folder, name);
  fs.writeFileSync(file, (await visitor.downloaded('#save')).bytes);
  return file;
}

const load = (file: string) => visitor.page.setInputFiles('#model-file', file);

const images = (side: number, channels: 1 | 3) =>
  encodeNpy(
    Uint8Array.from({ length: 60 * side * side * channels }, (_, i) => (i * 37) % 256),
    channels === 1 ? [60, side, side] : [60, side, side, channels],
  );

/** Rows about `center`, in a unit of their own. */
const table = (center: number, unit: number) =>
  ['a,b,c', ...Array.from({ length: 80 }, (_, i) => [0, 1, 2].map((c) => center + unit * Math.sin(i + c)).join())].join(
    '\n',
  );

const model = () => visitor.page.evaluate(() => [latentgpuPage.generation, latentgpuPage.step, location.hash]);

async function assertRefused(file: string, message: string): Promise<void> {
  await visitor.trainTo(3);
  const before = await model();
  await load(file);
  await visitor.waitForText('#status', `${path.basename(file)}: ${message}`);
  assert.equal(await model(), before, 'the model that was trained is there');
}

test('a model of rows brings its scaling, beside a table of other numbers', async () => {
  await visitor.visit('#images=300&preset=ae&hidden=8&latent=2&batch=20&lr=0.01');
  await choose('old.csv', table(1000, 50));
  await visitor.waitForData('old.csv, 3 features');
  await visitor.trainTo(20);
  const scaling = await visitor.page.evaluate(() => latentgpuPage.model?.scaling);
  const values = Array.from({ length: 6 }, (_, i) => 990 + 5 * i);
  const made = () =>
    visitor.page.evaluate(
      async (rows) => Array.from((await latentgpuPage.session?.reconstruct(Float32Array.from(rows))) ?? []),
      values,
    );
  const kept = await made();
  const file = await saved('rows.safetensors');
  await choose('new.csv', table(-3, 0.1));
  await visitor.waitForData('new.csv, 3 features');
  assert.not.equal(await visitor.page.evaluate(() => latentgpuPage.model?.scaling), scaling);
  await load(file);
  await visitor.waitForText('#status', 'Loaded rows.safetensors.');
  assert.equal(await visitor.page.evaluate(() => latentgpuPage.model?.scaling), scaling);
  assertSame(await made(), kept, 'the reconstructions of what was saved');

  // And keeps it when it is saved again; the next model has the scaling of the data.
  assert.equal(fs.readFileSync(await saved('again.safetensors')), fs.readFileSync(file));
  await visitor.resetTo('vae');
  assert.not.equal(await visitor.page.evaluate(() => latentgpuPage.model?.scaling), scaling);
});

test('a convolutional model of grey images is refused beside colour ones, and one of another size', async () => {
  await visitor.visit('#images=300&preset=convAe&channels=4&latent=2&batch=20');
  await choose('grey.npy', images(SIDE, 1));
  await visitor.waitForData('grey.npy, 8x8');
  const file = await saved('grey.safetensors');
  await choose('colour.npy', images(SIDE, 3));
  await visitor.waitForData('colour.npy, 8x8 in colour');
  await assertRefused(file, 'a model for grey images; the images here are in colour. Choose its images first.');
  await choose('large.npy', images(2 * SIDE, 1));
  await visitor.waitForData('large.npy, 16x16');
  await assertRefused(
    file,
    'a model for images of another size: it makes 64 numbers of one before its code, and 256 of the images here, which are 16x16. Choose its images first.',
  );
});

test('a model of numbers is refused beside bytes of as many', async () => {
  const numbers = encodeNpy(
    Float32Array.from({ length: 60 * SIDE * SIDE }, (_, i) => Math.sin(i)),
    [60, SIDE, SIDE],
  );
  await visitor.visit('#images=300&preset=ae&hidden=8&latent=2&batch=20');
  await choose('numbers.npy', numbers);
  await visitor.waitForData('numbers.npy, 8x8');
  const file = await saved('numbers.safetensors');
  await choose('grey.npy', images(SIDE, 1));
  await visitor.waitForData('grey.npy, 8x8');
  await assertRefused(
    file,
    'a model of any numbers, scaled by minmax; the images here are of pixels, from 0 to 1. Choose its data first.',
  );
});

test('what a file says of its numbers and nobody can read is told', async () => {
  const broken = path.join(folder, 'broken.safetensors');
  const weights = { 'encoder.0.weight': { shape: [1], values: Float32Array.of(1) } };
  fs.writeFileSync(broken, encodeSafetensors(weights, { 'latentgpu.numbers': 'many' }));
  await assertRefused(broken, 'latentgpu.numbers is many, must be as this page writes it: save the model anew.');
});

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
