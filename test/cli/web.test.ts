// harness/web/serve.js as its users start it: what it serves, what it does not, and flags that it does not know.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const PROGRAM = 'harness/web/serve.js';

test('npm run web: the page and its parts, each with its type, and nothing beside them', async () => {
  const child = spawn(process.execPath, [PROGRAM, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const address = await new Promise<string>((resolve, reject) => {
      child.stdout.on('data', (bytes) => {
        const found = /http:\S+/.exec(String(bytes))?.[0];
        if (found) resolve(found);
      });
      child.on('exit', (status) => reject(new Error(`the server ended with status ${status}`)));
    });
    const get = async (name: string) => {
      const response = await fetch(new URL(name, address));
      return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
    };
    const page = await get('/');
    assert.equal([page.status, page.type], [200, 'text/html; charset=utf-8']);
    assert.match(
      page.text,
      /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; /,
    );
    assert.not.match(
      page.text,
      /<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|unsafe-/,
      'nothing inline, which the policy forbids',
    );
    const parts = [...page.text.matchAll(/(?:src|href)="([^":]+)"/g)].map(([, name = '']) => name);
    assert.ok(parts.length >= 3, `script, style and icon: ${parts}`);
    for (const part of parts) assert.is((await get(part)).status, 200, part);
    assert.match((await get('main.js')).type ?? '', /^text\/javascript/);
    const model = /data-pretrained="([^"]+)"/.exec(page.text)?.[1] ?? '';
    assert.equal([(await get(model)).status, (await get(model)).type], [200, 'application/octet-stream'], model);
    for (const outside of ['/../package.json', '/%2e%2e/package.json', '/node_modules/uvu/package.json', '/absent.js'])
      assert.is((await get(outside)).status, 404, outside);
    // fetch() makes good addresses of these; a port that is scanned is sent them as they are.
    const { port } = new URL(address);
    for (const target of [
      '//',
      '///x',
      '/%',
      '/%00',
      '/a\0b',
      '/..%2fpackage.json',
      '/../package.json',
      'http://[',
      '*',
    ])
      assert.match(await answerTo(Number(port), target), /^HTTP\/1\.1 40[04] /, target);
    assert.is((await get('/')).status, 200, 'and it goes on');
    assert.is((await get('/?hidden=8#map')).status, 200, 'the page with a set-up in its address');
    fs.mkdirSync('dist/web/docs', { recursive: true });
    fs.writeFileSync('dist/web/docs/of-this-test.html', 'documentation');
    assert.equal(await get('/docs/of-this-test.html'), {
      status: 200,
      type: 'text/html; charset=utf-8',
      text: 'documentation',
    });
    for (const folder of ['/docs', '/docs/']) assert.is((await get(folder)).status, 404, folder);
  } finally {
    child.kill();
    fs.rmSync('dist/web/docs/of-this-test.html', { force: true });
  }
});

test('the page links to its documentation and its source, as far as there are such', async () => {
  // As it is: bundled with this file, it would build what it is asked for by this file's name.
  const { withLinks }: typeof import('../../build.mjs') = await import(pathToFileURL('build.mjs').href);
  const page = fs.readFileSync('harness/web/index.html', 'utf8');
  const linksOf = (repository: string | { url: string } | undefined, documented: boolean) =>
    [...withLinks(page, repository ? { repository } : {}, documented).matchAll(/<nav .*<\/nav>|<a href="(.+?)"/g)].map(
      ([all, address]) => address ?? all,
    );
  const nav = (links: string) => `<nav aria-label="More about it">${links}</nav>`;
  const [docs, source] = [
    '<a href="docs/index.html">Documentation</a>',
    '<a href="https://host.example/o/r">Source code</a>',
  ];
  const url = 'git+https://host.example/o/r.git';
  assert.equal(linksOf(undefined, false), []);
  assert.equal(linksOf(undefined, true), [nav(docs)]);
  assert.equal(linksOf({ url }, true), [nav(docs + source)]);
  assert.equal(linksOf('https://host.example/o/r', false), [nav(source)]);
});

/** What the server answers to a request for just this. */
const answerTo = (port: number, target: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = net.connect(port, 'localhost', () =>
      socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
    );
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes;
    });
    socket.on('error', reject).on('close', () => resolve(answer));
  });

for (const [args, message] of [
  [['--bad'], /^Unknown option '--bad'.*usage: npm run web \[-- --port N\]\n$/],
  [['--port', '70000'], /^--port 70000: must be an integer from 0 \(any free one\) to 65535\n$/],
] as const)
  test(`refused: ${args.join(' ')}`, () => {
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' });
    assert.is(status, 2);
    assert.match(stderr, message);
  });

test.run();
