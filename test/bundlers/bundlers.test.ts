// The same small app, built for production by each bundler and opened in Chromium from a subfolder, under a policy that allows
// no worker from a blob; and Vite's development server. The package is the one that `npm pack` makes.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ServedFile } from '../browser/chromium.js';
import { closeBrowser, type OpenPage, openPage, root } from '../browser/page.js';

const here = path.join(root, 'test/bundlers');
if (!fs.existsSync(path.join(here, 'node_modules/vite')))
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' });

/** In the page: app/main.js puts it there. */
declare const losses: number[];

const PATIENCE = { timeout: 120_000 };
const BELOW = '/some/where';
const POLICY = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; worker-src 'self'">`;

const scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-bundlers-')));
const app = path.join(scratch, 'app');
test.before(() => {
  fs.cpSync(path.join(here, 'app'), app, { recursive: true });
  fs.writeFileSync(path.join(app, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', scratch], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(packed.toString());
  const installed = path.join(app, 'node_modules/latentgpu');
  fs.mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', path.join(scratch, filename), '--strip-components=1', '-C', installed]);
});
test.after(async () => {
  await closeBrowser();
  fs.rmSync(scratch, { recursive: true, force: true });
});

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };

/** A folder's files by their address, the policy in the page's head. */
const filesOf = (folder: string): [string, ServedFile][] =>
  fs.readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry): [string, ServedFile][] => {
    const type = TYPES[path.extname(entry.name)];
    if (!entry.isFile() || !type) return [];
    const file = path.join(entry.parentPath, entry.name);
    const body = fs.readFileSync(file, 'utf8').replace('<meta charset="utf-8">', (head) => head + POLICY);
    const name = path.relative(folder, file).split(path.sep).join('/');
    return [[`${BELOW}/${name === 'index.html' ? '' : name}`, { type, body }]];
  });

/** What the app says when it has ended. Functions, not their text: the policy forbids eval. */
async function endOf(page: Page): Promise<string> {
  const said = () => document.querySelector('p')?.textContent ?? '';
  await page.waitForFunction(
    () => /^(done|failed)/.test(document.querySelector('p')?.textContent ?? ''),
    null,
    PATIENCE,
  );
  return page.evaluate(said);
}

/** Whose end must be a good one. */
async function assertTrained({ page, complaints }: OpenPage): Promise<void> {
  assert.match(await endOf(page), /^done: \d+ kernels$/);
  const values = await page.evaluate(() => losses);
  assert.is(values.length, 3);
  const [first = 0, , last = 0] = values;
  assert.ok(last > 0 && last < first, `${values}`);
  assert.equal(complaints, []);
}

for (const bundler of ['vite', 'webpack', 'rspack', 'rollup', 'esbuild'])
  test(`${bundler}: startSession works in a production build`, async () => {
    const out = path.join(scratch, bundler);
    execFileSync(process.execPath, [path.join(here, 'build.mjs'), bundler, app, out], { stdio: 'pipe' });
    const opened = await openPage(filesOf(out), `${BELOW}/`);
    try {
      await assertTrained(opened);
      assert.ok(!opened.page.workers().some((worker) => worker.url().startsWith('blob:')));
    } finally {
      await opened.close();
    }
  });

test('a bundle without the second entry says what to do', async () => {
  const out = path.join(scratch, 'alone');
  execFileSync(process.execPath, [path.join(here, 'build.mjs'), 'esbuild', app, out], { stdio: 'pipe' });
  fs.rmSync(path.join(out, 'latentgpu-session.js'));
  const { page, close } = await openPage(filesOf(out), `${BELOW}/`);
  try {
    assert.match(
      await endOf(page),
      /^failed: the session's worker did not start \(from latentgpu-session\.js: .+; from a blob: .+\)\. .*give your bundler latentgpu\/session as a second entry/,
    );
  } finally {
    await close();
  }
});

test('vite: startSession works on the development server, whose worker comes from a blob', async () => {
  const { createServer } = await import(pathToFileURL(path.join(here, 'node_modules/vite/dist/node/index.js')).href);
  const server = await createServer({ root: app, logLevel: 'silent', server: { port: 0, host: '127.0.0.1' } });
  await server.listen();
  const { page, close } = await openPage();
  try {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(server.resolvedUrls.local[0]);
    await assertTrained({ page, complaints, url: '', close });
  } finally {
    await close();
    await server.close();
  }
});

test.run();
