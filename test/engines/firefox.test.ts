// Firefox (Debian's firefox-esr, wgpu on lavapipe): the README's page, the whole page of harness/web for longer than it took
// to crash, and the losses of PyTorch and of Node.
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import * as library from '../../src/node.js';
import { builtFiles } from '../browser/page.js';
import { SETUP, webFiles } from '../browser/visitor.js';
import {
  assertSameLosses,
  assertTorchLosses,
  reference,
  root,
  trainReference,
} from '../support/models/reference-training.js';
import { type Firefox, type FirefoxPage, launchFirefox, PATIENCE_MS, withFirefoxPage } from './firefox.js';

/** In the page: harness/web/main.ts puts it there. */
declare const latentgpuPage: State;

/** With canvases that show what WebGPU drew, Firefox crashed between steps 84 and 863 of the page, in nine runs of nine. */
const STEPS = 1500;

let firefox: Firefox;
test.before(async () => {
  firefox = await launchFirefox();
  console.log(await firefox.version());
});
test.after(() => firefox?.close());

const until = (page: FirefoxPage, condition: string) =>
  page.waitForFunction(condition, { timeout: PATIENCE_MS, polling: 200 });

interface Grey {
  canvas: string;
  mean: number;
  deviation: number;
}

/** Of every canvas that is to be seen. */
const greys = (): Grey[] =>
  [...document.querySelectorAll('canvas')]
    .filter((canvas) => canvas.offsetParent !== null)
    .map((canvas) => {
      const { width, height } = canvas;
      const copy = new OffscreenCanvas(width, height).getContext('2d') as OffscreenCanvasRenderingContext2D;
      copy.drawImage(canvas, 0, 0);
      const red = [...copy.getImageData(0, 0, width, height).data].filter((_, index) => index % 4 === 0);
      const mean = red.reduce((sum, value) => sum + value, 0) / red.length;
      const deviation = Math.sqrt(red.reduce((sum, value) => sum + (value - mean) ** 2, 0) / red.length);
      return { canvas: canvas.getAttribute('aria-label') ?? canvas.parentElement?.id ?? '', mean, deviation };
    });

test("the README's page trains and draws in Firefox", async () => {
  const html = /```html\n(.*?)```/s.exec(fs.readFileSync(path.join(root, 'README.md'), 'utf8'))?.[1] ?? '';
  const files: [string, { type: string; body: string }][] = [['/', { type: 'text/html', body: html }]];
  const { value, complaints } = await withFirefoxPage(firefox, [...builtFiles(), ...files], '/', async (page) => {
    // It ends with the third picture, or with an error.
    await until(page, "!/^(Starting|epoch [123]:)/.test(document.querySelector('p').textContent)");
    const text = await page.evaluate(() => document.querySelector('p')?.textContent ?? '');
    return { text, pictures: await page.evaluate(greys) };
  });
  assert.equal(complaints, []);
  const loss = Number(/^epoch \d+: ([\d.]+) nats an image$/.exec(value.text)?.[1]);
  assert.ok(loss > 0 && loss < 300, value.text);
  const [picture] = value.pictures;
  assert.ok(picture && picture.mean > 10 && picture.mean < 100 && picture.deviation > 20, JSON.stringify(picture));
});

test(`the page trains ${STEPS} steps in Firefox, draws all its pictures, and measures its kernels`, async () => {
  const { value, complaints } = await withFirefoxPage(firefox, webFiles(''), `/${SETUP}`, async (page) => {
    await until(page, "typeof latentgpuPage === 'object' && latentgpuPage.phase === 'ready'");
    const adapter = await page.evaluate(() => document.querySelector('#adapter')?.textContent);
    await page.click('#train');
    await until(page, `latentgpuPage.step >= ${STEPS} || latentgpuPage.phase !== 'training'`);
    const [step, phase, message, loss] = await page.evaluate(
      () =>
        [
          latentgpuPage.step,
          latentgpuPage.phase,
          latentgpuPage.message,
          latentgpuPage.tested.at(-1)?.losses.loss ?? Number.NaN,
        ] as const,
    );
    assert.ok(step >= STEPS, `step ${step}: ${phase}, ${message}`);
    await page.click('#train');
    await until(page, "latentgpuPage.phase === 'paused'");
    const pictures = await page.evaluate(greys);
    await page.click('#measure');
    await until(page, "!document.querySelector('#profile-table').hidden");
    const rows = await page.evaluate(() => document.querySelectorAll('#profile-table tbody tr').length);
    const dispatches = await page.evaluate(() => latentgpuPage.session?.info.dispatchesPerStep);
    return { adapter, loss, pictures, rows, dispatches };
  });
  assert.equal(complaints, []);
  assert.match(value.adapter ?? '', /^Firefox's adapter \(software\) · /);
  assert.ok(value.loss > 0 && value.loss < 200, `${value.loss} nats an image`);
  assert.ok(value.pictures.length >= 7, JSON.stringify(value.pictures));
  // The map's codes are few dots.
  for (const { canvas, mean, deviation } of value.pictures)
    assert.ok(mean > 1 && deviation > 10, `${canvas}: grey ${mean} +- ${deviation}`);
  assert.is(value.rows, value.dispatches, 'kernels in the table');
});

test('training in Firefox gives the losses of PyTorch and of Node', async () => {
  const files: [string, { type: string; body: string | Uint8Array }][] = [
    ['/', { type: 'text/html', body: '<!doctype html><title>latentgpu</title>' }],
    ['/reference.safetensors', { type: 'application/octet-stream', body: reference }],
  ];
  const { value, complaints } = await withFirefoxPage(firefox, [...builtFiles(), ...files], '/', (page) =>
    page.evaluate<number[][]>(`(async () => {
      const lib = await import('/latentgpu.js');
      const trainReference = ${trainReference.toString()};
      const file = new Uint8Array(await (await fetch('/reference.safetensors')).arrayBuffer());
      const device = await lib.openDevice();
      const losses = await trainReference(lib, device, file);
      device.check();
      device.dispose();
      return losses;
    })()`),
  );
  assert.equal(complaints, []);
  assertTorchLosses(value);
  const device = await library.openDevice({ adapter: 'lavapipe' });
  const inNode = await trainReference(library, device, new Uint8Array(reference));
  device.dispose();
  assertSameLosses(value, inNode, "Node's");
});

test.run();
