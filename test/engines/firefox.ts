// Test support: a headless Firefox with WebGPU on lavapipe, driven by puppeteer over WebDriver BiDi (playwright's own way with
// a plain Firefox wants a newer one), and its pages with what they complain about.
import { pathToFileURL } from 'node:url';
import { type ServedFile, servePage } from '../browser/chromium.js';
import { firefoxFile, onLavapipe, puppeteerFile } from './engines.js';

/** WebGPU is off in Firefox on Linux, off in its workers, and refused to drivers on its list, lavapipe among them. */
const PREFERENCES = {
  'dom.webgpu.enabled': true,
  'dom.webgpu.workers.enabled': true,
  'gfx.webgpu.force-enabled': true,
  'gfx.webgpu.ignore-blocklist': true,
};

/** Many times what they take: other programs may have the cores. */
const LAUNCH_MS = 120_000;
export const PATIENCE_MS = 240_000;

/** What of puppeteer is used; its types are not where the other checks run. */
export interface FirefoxPage {
  goto(url: string): Promise<unknown>;
  evaluate<T>(run: string | (() => T | Promise<T>)): Promise<T>;
  waitForFunction(run: string, options: { timeout: number; polling: number }): Promise<unknown>;
  click(selector: string): Promise<void>;
  setViewport(size: { width: number; height: number }): Promise<void>;
  on(event: string, listener: (told: { type(): string; text(): string } & Error) => void): void;
  close(): Promise<void>;
}

export interface Firefox {
  newPage(): Promise<FirefoxPage>;
  version(): Promise<string>;
  close(): Promise<void>;
}

export async function launchFirefox(): Promise<Firefox> {
  const { default: puppeteer } = await import(pathToFileURL(puppeteerFile()).href);
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: firefoxFile(),
    timeout: LAUNCH_MS,
    protocolTimeout: PATIENCE_MS,
    extraPrefsFirefox: PREFERENCES,
    env: { ...process.env, ...onLavapipe() },
  });
}

/** Opens a page on files from memory for as long as `work` takes; nothing may be complained about in its console. */
export async function withFirefoxPage<T>(
  firefox: Firefox,
  files: Iterable<[string, ServedFile]>,
  from: string,
  work: (page: FirefoxPage) => Promise<T>,
): Promise<{ value: T; complaints: string[] }> {
  const server = await servePage(new Map(files));
  const page = await firefox.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  try {
    await page.setViewport({ width: 1280, height: 1000 });
    await page.goto(server.url + from);
    const value = await work(page);
    await page.close();
    return { value, complaints };
  } finally {
    await server.close();
  }
}
