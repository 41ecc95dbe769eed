// Test support: a model trained and exported by the programs, its page opened from file:// by a visitor, what the page computes
// and shows, and the same model in Node.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createModel, decodeSafetensors, digits, type Model, type ModelSpec, openDevice } from 'latentgpu/node';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/lib/export/page/state.js';
import { runProgram } from '../support/programs/programs.js';
import { closeBrowser, type OpenPage, openPage } from './page.js';

/** In the page: main.ts puts it there. */
declare const latentgpuPage: State;

/** f32 through three layers, by other pipelines of the same adapter; pixels are 0..1. */
const LIMIT = 1e-5;
export const PATIENCE_MS = 120_000;
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
export const TEST = digits({ train: 1 }).test;

export const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-export-page-'));
/** What a test file of exported pages leaves behind. */
export async function cleanUp(): Promise<void> {
  await closeBrowser();
  fs.rmSync(scratch, { recursive: true });
}

const DIGITS = ['--data', 'digits', '--limit', '1280', '--epochs', '4', '--lr', '4e-3', '--seed', '1'];

/** Trains and exports. @param data and how long to train on it @returns the page's file */
export function exported(name: string, model: string[], flags: string[] = [], data = DIGITS): string {
  const [run, out] = [path.join(scratch, name), path.join(scratch, `${name}-page`)];
  for (const [program, args] of [
    ['train', ['--model', ...model, ...data, '--quiet', '--out', run]],
    ['export', ['--run', run, '--html', ...flags, '--out', out]],
  ] as const) {
    const { status, err } = runProgram(`harness/${program}.js`, [...args]);
    assert.is(status, 0, err);
  }
  return path.join(out, 'autoencoder.html');
}

/** The run's model in Node, for as long as `work` takes. */
export async function withModel<T>(name: string, work: (model: Model) => Promise<T>): Promise<T> {
  const folder = path.join(scratch, name);
  const { spec } = JSON.parse(fs.readFileSync(path.join(folder, 'run.json'), 'utf8')) as { spec: ModelSpec };
  const device = await openDevice({ adapter: 'swiftshader' });
  try {
    const model = await createModel(device, spec);
    model.loadParameters(decodeSafetensors(fs.readFileSync(path.join(folder, 'model.safetensors'))));
    return await work(model);
  } finally {
    device.dispose();
  }
}

/** Test images of digits, as the page has them. */
export const imagesOf = (...indices: number[]) =>
  Float32Array.from(
    indices.flatMap((index) => [...TEST.pixels.subarray(784 * index, 784 * (index + 1))]),
    (byte) => byte / 255,
  );
export const labelsOf = (...indices: number[]) => indices.map((index) => TEST.labels?.[index] ?? -1);

export function assertClose(got: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  assert.is(got.length, wanted.length, `${what}: how many`);
  let [off, where] = [0, -1];
  for (let i = 0; i < wanted.length; i++) {
    const by = Math.abs((got[i] ?? Number.NaN) - (wanted[i] ?? Number.NaN));
    if (!(by <= off)) [off, where] = [by, i];
  }
  console.log(`  ${what}: off by ${off.toExponential(1)}`);
  assert.ok(off <= LIMIT, `${what}: ${got[where]} at ${where}, must be ${wanted[where]} +-${LIMIT}`);
}

export interface Visit extends OpenPage {
  requests: string[];
}

/** Opens a page from disk until it has sampled, encoded and walked, or says that it cannot. */
export async function visit(
  file: string,
  options = {},
  before?: (opened: OpenPage) => Promise<unknown>,
): Promise<Visit> {
  const opened = await openPage([], '/', { viewport: { width: 1100, height: 1000 }, ...options });
  const { page } = opened;
  page.setDefaultTimeout(PATIENCE_MS);
  await before?.(opened);
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await settled(opened);
  return { ...opened, requests };
}

export async function settled({ page }: OpenPage): Promise<void> {
  await page.waitForFunction(() => {
    const { phase } = document.documentElement.dataset;
    if (phase !== 'ready') return phase !== undefined && phase !== 'opening';
    const { samples, walk, own, spec } = latentgpuPage;
    return (samples.length > 0 || spec.code.kind === 'quantized') && walk.length > 0 && own !== undefined;
  });
}

/** Nothing was asked for but the page itself, and nothing complained about. */
export function assertAlone({ requests, complaints }: Visit, file: string): void {
  const own = [pathToFileURL(file).href];
  assert.equal(
    requests.filter((url) => !/^(blob|data):/.test(url)),
    own,
  );
  assert.equal(complaints, []);
}

/** Numbers that the page has. */
export const numbers = (visited: OpenPage, of: 'reconstruction' | 'walk' | 'samples' | 'codes'): Promise<number[]> =>
  visited.page.evaluate((name) => {
    const { samples, exampleCodes, reconstruction, walk } = latentgpuPage;
    if (name === 'samples') return samples.flatMap(({ image }) => [...image]);
    return [...{ codes: exampleCodes, reconstruction, walk }[name]];
  }, of);

/** What a canvas shows, [height, width, channels], 0..255. @param selector of the canvas's parent */
export const shown = (opened: OpenPage, selector: string, channels = 1): Promise<number[]> =>
  opened.page.locator(`${selector} >> canvas`).evaluate((canvas: HTMLCanvasElement, each) => {
    const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return Array.from(data).filter((_, at) => at % 4 < each);
  }, channels);

/** Does something that has the page encode an image anew. */
export async function encoding({ page }: OpenPage, action: () => Promise<unknown>): Promise<void> {
  await page.evaluate(() => {
    Object.assign(globalThis, { before: latentgpuPage.own });
  });
  await action();
  await page.waitForFunction(() => latentgpuPage.own !== (globalThis as { before?: unknown }).before);
}

const bytes = (values: ArrayLike<number>) =>
  Array.from(values, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));

export function assertShows(got: number[], wanted: ArrayLike<number>, what: string): void {
  const off = Math.max(...bytes(wanted).map((value, i) => Math.abs(value - (got[i] ?? Number.NaN))));
  assert.ok(got.length === wanted.length && off <= 1, `${what}: off by ${off} of 255`);
}
