// Test support: a visitor of the page of harness/web, who opens it, waits for it, and sees its pictures pixel by pixel. Its
// workers are watched from the inside: what they throw, which buffers they hold, and they can be made to lose the device.
import fs from 'node:fs';
import path from 'node:path';
import type { Page, Worker } from 'playwright-core';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import type { ServedFile } from './chromium.js';
import { type OpenPage, openPage, type PageOptions, root } from './page.js';

/** In the page: harness/web/main.ts puts it there. */
declare const latentgpuPage: State;

/** Small enough for a hundred steps in seconds, with a code of more than two dimensions. */
export const SETUP = '#images=600&preset=vae&hidden=64&latent=3&batch=32&lr=0.005&seed=7';

/** Of a wait for a condition: it holds in a second or two on a quiet machine, and other programs may have the cores. */
const PATIENCE_MS = 60_000;
/** Of a wait for steps: SwiftShader takes 20 to 60 ms for one, many times that beside other programs. */
const TRAINING_MS = 240_000;

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.safetensors': 'application/octet-stream',
};

/** In front of each worker's script. */
const WATCHED = `
  addEventListener('unhandledrejection', ({ reason }) => console.error('unhandled rejection in a worker: ' + reason));
  addEventListener('error', ({ message }) => console.error('error in a worker: ' + message));
  if (typeof GPUAdapter === 'function') {
    globalThis.held = { buffers: 0, bytes: 0, created: 0 };
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (...args) {
      const device = await requestDevice.apply(this, args);
      globalThis.loseDevice = () => device.destroy();
      return device;
    };
    const { createBuffer } = GPUDevice.prototype;
    GPUDevice.prototype.createBuffer = function (descriptor) {
      const buffer = createBuffer.call(this, descriptor);
      held.created++;
      held.buffers++;
      held.bytes += buffer.size;
      const destroy = () => {
        held.buffers--;
        held.bytes -= buffer.size;
        delete buffer.destroy;
        buffer.destroy();
      };
      Object.defineProperty(buffer, 'destroy', { value: destroy, configurable: true });
      return buffer;
    };
  }
`;

/** What the worker of the session holds on the GPU. */
export interface Held {
  buffers: number;
  bytes: number;
  /** Ever. */
  created: number;
}

interface InWorker {
  held: Held;
  loseDevice(): void;
}

/** @param below the path that they are served under */
export function webFiles(below: string): [string, ServedFile][] {
  const folder = path.join(root, 'dist/web');
  if (!fs.existsSync(folder)) throw new Error(`${folder} does not exist: node build.mjs --tests`);
  const files = fs.readdirSync(folder).flatMap((name): [string, ServedFile][] => {
    const type = TYPES[path.extname(name)];
    if (!type) return [];
    const bytes = fs.readFileSync(path.join(folder, name));
    const body = name.endsWith('.safetensors') ? bytes : bytes.toString();
    return [[`${below}/${name}`, { type, body: name.endsWith('worker.js') ? `${WATCHED}${body}` : body }]];
  });
  const index = files.find(([name]) => name.endsWith('/index.html'));
  if (!index) throw new Error(`${folder}/index.html does not exist`);
  return [...files, [`${below}/`, index[1]], ['/blank', { type: 'text/html', body: '<title>blank</title>' }]];
}

/** What a canvas shows. */
export interface Pixels {
  width: number;
  height: number;
  /** The red of each. */
  grey: number[];
}

/**
 * Opens a browser's page for the visitor, who then goes to an address by `visit`.
 * @param below path on the server; '/some/where' for a folder of a host
 */
export async function openVisitor({ below = '', ...options }: PageOptions & { below?: string } = {}): Promise<Visitor> {
  const opened = await openPage(webFiles(below), '/blank', { viewport: { width: 1280, height: 1000 }, ...options });
  return new Visitor(opened, below);
}

export class Visitor {
  readonly page: Page;
  /** Every address that was asked for. */
  readonly requests: string[] = [];

  constructor(
    readonly opened: OpenPage,
    private readonly below: string,
  ) {
    this.page = opened.page;
    this.page.setDefaultTimeout(PATIENCE_MS);
    this.page.on('request', (request) => this.requests.push(request.url()));
  }

  /** @param hash '#images=600&…', the set-up */
  async visit(hash: string): Promise<void> {
    await this.page.goto(`${this.opened.url}/blank`); // another hash alone would not load the page anew
    await this.page.goto(`${this.opened.url}${this.below}/${hash}`);
    await this.page.waitForFunction(
      () => typeof latentgpuPage === 'object' && !['starting', 'busy'].includes(latentgpuPage.phase),
    );
  }

  close(): Promise<void> {
    return this.opened.close();
  }

  // --- training -----------------------------------------------------------------------------------------------------

  async waitForPhase(wanted: State['phase']): Promise<void> {
    await this.page
      .waitForFunction((name) => latentgpuPage.phase === name, wanted)
      .catch(() => this.isInstead(`must be ${wanted}`));
  }

  /** What the page tells of its training. Asked by the clock: a page whose device was lost may draw no frame for a while. */
  async waitForMessage(pattern: RegExp): Promise<void> {
    await this.page
      .waitForFunction((wanted) => wanted.test(latentgpuPage.message), pattern, { timeout: TRAINING_MS, polling: 200 })
      .catch(() => this.isInstead(`must say ${pattern}`));
  }

  private async isInstead(must: string): Promise<never> {
    const { phase, message, step } = await this.page.evaluate(() => {
      const { phase, message, step } = latentgpuPage;
      return { phase, message, step };
    });
    throw new Error(`the page is ${phase} at step ${step} ("${message}") and ${must}`);
  }

  /** Until a model on these data is ready to train. @param name as the page shows it: 'Built-in digits, 28x28' */
  async waitForData(name: string): Promise<void> {
    await this.page.waitForFunction(
      (wanted) => latentgpuPage.phase === 'ready' && document.querySelector('#data-name')?.textContent === wanted,
      name,
    );
  }

  async waitForStep(step: number): Promise<void> {
    await this.page.waitForFunction((least) => latentgpuPage.step >= least, step, { timeout: TRAINING_MS });
  }

  /** Presses Train, and Pause as soon as a step is done. */
  async trainTo(step: number): Promise<void> {
    await this.page.click('#train');
    await this.waitForStep(step);
    await this.page.click('#train');
    await this.waitForPhase('paused');
  }

  /** Gives up what was learnt for the set-up that was chosen meanwhile. */
  async resetTo(kind?: string): Promise<void> {
    if (kind !== undefined) await this.page.selectOption('[name=preset]', kind);
    await this.page.click('#reset');
    await this.waitForPhase('ready');
  }

  async waitForText(selector: string, text: string): Promise<void> {
    await this.page.waitForFunction(([where, wanted]) => document.querySelector(where)?.textContent === wanted, [
      selector,
      text,
    ] as const);
  }

  async stepShown(): Promise<number> {
    return Number((await this.page.textContent('#step'))?.replaceAll(',', ''));
  }

  /** Writes into a field of the set-up, and leaves it. */
  async fill(field: string, text: string): Promise<void> {
    await this.page.fill(`[name=${field}]`, text);
    await this.page.press(`[name=${field}]`, 'Tab');
  }

  // --- what is to be seen ---------------------------------------------------------------------------------------------

  seen(selector: string): Promise<Pixels> {
    return this.page.evaluate(async (wanted) => {
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const canvas = document.querySelector<HTMLCanvasElement>(`${wanted} canvas`);
      if (!canvas || canvas.width === 0) return { width: 0, height: 0, grey: [] };
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      const context = copy.getContext('2d');
      context?.drawImage(canvas, 0, 0);
      const { data, width, height } = context?.getImageData(0, 0, copy.width, copy.height) ?? new ImageData(1, 1);
      return { width, height, grey: Array.from({ length: width * height }, (_, i) => data[4 * i] ?? -1) };
    }, selector);
  }

  /** Looks at a canvas until it is as it must be. */
  eventuallySeen(selector: string, right: (picture: Pixels) => boolean, name: string): Promise<Pixels> {
    return eventually(() => this.seen(selector), right, name);
  }

  /** Pixels of the map in the colour of each class, as its swatches show it. */
  pointsOfClasses(): Promise<number[]> {
    return this.page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('#points');
      const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      const swatches = [...document.querySelectorAll<HTMLElement>('#classes .swatch')];
      return swatches.map((swatch) => {
        const wanted = getComputedStyle(swatch).backgroundColor.match(/\d+/g)?.map(Number) ?? [];
        let count = 0;
        for (let i = 0; i < data.length; i += 4) if (wanted.every((value, k) => data[i + k] === value)) count++;
        return count;
      });
    });
  }

  /** Of an element, on the screen, in pixels of the page. */
  async box(selector: string): Promise<{ x: number; y: number; width: number; height: number }> {
    await this.page.locator(selector).scrollIntoViewIfNeeded();
    const box = await this.page.locator(selector).boundingBox();
    if (!box) throw new Error(`${selector} is not to be seen`);
    return box;
  }

  /** Presses on an element and goes from place to place of it, as shares of its width and height, before letting go. */
  async drag(selector: string, places: readonly (readonly [number, number])[]): Promise<void> {
    const { x, y, width, height } = await this.box(selector);
    const { mouse } = this.page;
    for (const [index, [right, down]] of places.entries()) {
      await mouse.move(x + right * width, y + down * height, { steps: index === 0 ? 1 : 5 });
      if (index === 0) await mouse.down();
    }
    await mouse.up();
  }

  // --- files ------------------------------------------------------------------------------------------------------------

  /** What pressing a button brings. */
  async downloaded(selector: string): Promise<{ name: string; bytes: Buffer }> {
    const coming = this.page.waitForEvent('download');
    await this.page.click(selector);
    const download = await coming;
    return { name: download.suggestedFilename(), bytes: fs.readFileSync(await download.path()) };
  }

  /** Drags files from outside over the middle of an element; drops them there, or takes them out of the window again. */
  async dragFiles(selector: string, files: string[], end: 'drop' | 'leave', above?: () => Promise<unknown>) {
    const { x, y, width, height } = await this.box(selector);
    const client = await this.page.context().newCDPSession(this.page);
    const data = { items: [], files, dragOperationsMask: 1 };
    const send = (type: 'dragEnter' | 'dragOver' | 'drop', right = x + width / 2, down = y + height / 2) =>
      client.send('Input.dispatchDragEvent', { type, x: right, y: down, data });
    await send('dragEnter');
    await send('dragOver');
    await above?.();
    if (end === 'drop') await send('drop');
    else await send('dragOver', -50, -50);
    await client.detach();
  }

  // --- what the session says ------------------------------------------------------------------------------------------

  /** What the model makes of the first test images, [count * pixels]. */
  reconstructed(count: number): Promise<number[]> {
    return this.page.evaluate(
      async (n) => Array.from((await latentgpuPage.session?.reconstruct(latentgpuPage.values(0, n))) ?? []),
      count,
    );
  }

  /** What the code decodes to that the page looks at; for a conditional model, as one of a class. */
  decodedHere(label?: number): Promise<number[]> {
    return this.page.evaluate(async (one) => {
      const options = one === undefined ? {} : { labels: Uint8Array.of(one) };
      return Array.from((await latentgpuPage.session?.decode(latentgpuPage.point, options)) ?? []);
    }, label);
  }

  /**
   * Until the picture beside the map is of its code. Both are looked at anew each time: until a visitor chooses a place, the
   * mark may move to where the codes are.
   */
  async eventuallyDecoded(name: string, label?: number): Promise<Pixels> {
    const look = async () => ({ wanted: await this.decodedHere(label), picture: await this.seen('#decoded') });
    return (await eventually(look, ({ wanted, picture }) => shows(wanted, 1)(picture), name)).picture;
  }

  // --- the worker of the session ----------------------------------------------------------------------------------------

  private get worker(): Worker {
    const found = this.page.workers().find((worker) => worker.url().endsWith('/worker.js'));
    if (!found) throw new Error('the page has no session worker');
    return found;
  }

  loseDevice(): Promise<void> {
    return this.worker.evaluate(() => (globalThis as unknown as InWorker).loseDevice());
  }

  /** Something in the session's worker throws where nothing catches it. */
  crashWorker(): Promise<void> {
    return this.worker.evaluate(() => {
      setTimeout(() => {
        throw new Error('planted');
      });
    });
  }

  held(): Promise<Held> {
    return this.worker.evaluate(() => ({ ...(globalThis as unknown as InWorker).held }));
  }

  /** Nothing in the console of the page or of its workers, and nothing asked of any other host. */
  assertNoComplaint(): void {
    assert.equal(this.opened.complaints, []);
    const own = [`${this.opened.url}/`, `blob:${this.opened.url}/`];
    assert.equal(
      this.requests.filter((url) => !own.some((start) => url.startsWith(start))),
      [],
    );
    assert.ok(this.requests.includes(`${this.opened.url}${this.below}/worker.js`), 'requests are seen');
  }
}

/** Looks again until it is as it must be, or patience ends. */
export async function eventually<T>(look: () => Promise<T>, right: (value: T) => boolean, name: string): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = await look();
    if (right(value)) return value;
    if (performance.now() > until) throw new Error(`${name}: still not so after ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const differs = (before: Pixels) => (now: Pixels) =>
  now.grey.length > 0 && String(now.grey) !== String(before.grey);

/** Values [n, 28, 28] as a picture shows them, `columns` side by side. */
function tiled(values: ArrayLike<number>, columns: number): number[] {
  const width = 28 * columns;
  return Array.from({ length: values.length }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    const image = Math.floor(y / 28) * columns + Math.floor(x / 28);
    return values[image * 784 + (y % 28) * 28 + (x % 28)] ?? Number.NaN;
  });
}

/** To the nearest of 256 steps, and f32's rounding where two are as near. */
export const shows =
  (values: ArrayLike<number>, columns: number) =>
  (picture: Pixels): boolean => {
    const wanted = tiled(values, columns);
    return (
      picture.width === 28 * columns &&
      picture.grey.length === wanted.length &&
      picture.grey.every((grey, i) => Math.abs(grey - 255 * (wanted[i] ?? Number.NaN)) <= 0.501)
    );
  };

export const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/** Every bit. Of thousands of numbers a diff would take minutes and tell nobody anything. */
export function assertSame(got: number[], wanted: number[], name: string): void {
  const first = wanted.findIndex((value, i) => !Object.is(value, got[i]));
  assert.is(got.length, wanted.length, name);
  assert.ok(first === -1, `${name}: number ${first} is ${got[first]} and must be ${wanted[first]}`);
}
