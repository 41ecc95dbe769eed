// Test support: a page that loads the files that pages load, and what it and its workers complain about.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { type Open, stillOpen, withView } from '../support/suite.js';
import { launchBrowser, type ServedFile, servePage } from './chromium.js';

export const root = path.dirname(createRequire(import.meta.url).resolve('latentgpu/package.json'));
export const PAGE = '<!doctype html><meta charset="utf-8"><title>latentgpu</title>';

/** Another name of this machine, which browsers do not trust without https. */
export const INSECURE_HOST = 'insecure.test';

/** The built files, by the address that a page has them at. */
export function builtFiles(): [string, ServedFile][] {
  return ['', '-layers', '-worker', '-session', '-profile'].map((part) => [
    `/latentgpu${part}.js`,
    { type: 'text/javascript', body: fs.readFileSync(path.join(root, `dist/latentgpu${part}.js`)) },
  ]);
}

const SCREENSHOT_MS = 10_000;
/** Of a page's console, in a report. */
const SHOWN_LINES = 20;

export interface OpenPage {
  page: Page;
  /** Of the server that the page comes from. */
  url: string;
  /** What a person would see in the console as an error. */
  complaints: string[];
  close(): Promise<void>;
}

/** One browser for all the pages of a test file. The suite closes it, if the file does not. */
let browser: Promise<Browser> | undefined;

function usualBrowser(): Promise<Browser> {
  if (browser === undefined) {
    browser = launchBrowser({ args: [`--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`] });
    stillOpen.add({ close: closeBrowser });
  }
  return browser;
}

export async function closeBrowser(): Promise<void> {
  const closing = browser;
  browser = undefined;
  await (await closing?.catch(() => undefined))?.close(); // whoever started it has been told why it did not
}

export interface PageOptions extends BrowserContextOptions {
  browser?: Browser;
}

/**
 * Opens a page; the caller closes it.
 * @param files besides the built ones, by path; '/' is an empty page unless it is among them
 * @param from  where to go first
 * @param options of the page, such as its size or whether it is touched; in another browser than the usual one, if need be
 */
export async function openPage(
  files: Iterable<[string, ServedFile]> = [],
  from = '/',
  { browser: other, ...options }: PageOptions = {},
): Promise<OpenPage> {
  const served = new Map<string, ServedFile>([['/', { type: 'text/html', body: PAGE }], ...builtFiles(), ...files]);
  const server = await servePage(served);
  const closeServer: Open = { close: server.close };
  stillOpen.add(closeServer);
  const page = await (other ?? (await usualBrowser())).newPage(options);
  const said: string[] = [];
  const complaints: string[] = [];
  page.on('console', (message) => {
    said.push(`${message.type()}: ${message.text()}`);
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => {
    said.push(`uncaught: ${error.stack ?? error}`);
    complaints.push(String(error));
  });
  const view: Open = { show: () => show(page, said), close: () => page.close() };
  stillOpen.add(view);
  const close = async () => {
    stillOpen.delete(view);
    await page.close();
    await server.close();
    stillOpen.delete(closeServer);
  };
  await page.goto(server.url + from).catch(async (error) => {
    const seen = await withView(error);
    await close();
    throw seen;
  });
  return { page, url: server.url, complaints, close };
}

let screenshots = 0;

/** What a person would see of a page, for the report of a failure. */
async function show(page: Page, said: readonly string[]): Promise<string> {
  const name = `${path.basename(process.argv[1] ?? 'page', '.test.js')}-${++screenshots}.png`;
  const file = path.join(root, 'dist/screenshots', name);
  const screenshot = await page.screenshot({ path: file, timeout: SCREENSHOT_MS }).then(
    () => file,
    (error) => `none (${String(error).split('\n')[0]})`,
  );
  const console = said.length === 0 ? [' nothing'] : said.slice(-SHOWN_LINES).map((line) => `\n  ${line}`);
  return `page ${page.url()}\nscreenshot: ${screenshot}\nconsole:${console.join('')}`;
}

/** Opens a page for as long as `work` takes. */
export async function withPage<T>(
  work: (opened: OpenPage) => Promise<T>,
  files: Iterable<[string, ServedFile]> = [],
): Promise<T> {
  const opened = await openPage(files);
  try {
    return await work(opened);
  } catch (error) {
    throw await withView(error); // while there is something to see
  } finally {
    await opened.close();
  }
}

/**
 * Runs a function, or its text, in a page: it may use nothing from outside but its argument, all that the built files
 * export.
 */
export async function inPage<T>(run: string | ((lib: never) => Promise<T>), files?: Iterable<[string, ServedFile]>) {
  return withPage(async ({ page, complaints }) => {
    const script = `(async () => {
      const [engine, worker, profile] = await Promise.all(
        ['', '-worker', '-profile'].map((name) => import('/latentgpu' + name + '.js')));
      return (${run.toString()})({ ...engine, ...worker, ...profile });
    })()`;
    return { value: await page.evaluate<T>(script), complaints };
  }, files);
}
