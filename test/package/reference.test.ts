// `npm run docs`: the reference has every entry point of the package and every page of docs/, loads nothing from elsewhere, and
// is refused while something that is exported has no description.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { inflateSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = path.dirname(createRequire(import.meta.url).resolve('latentgpu/package.json'));
const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-reference-')));
const made = path.join(folder, 'docs');

function typedoc(...args: string[]) {
  const bin = path.join(root, 'node_modules/typedoc/bin/typedoc');
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, output: `${stdout}${stderr}` };
}

const filesOf = (where: string): string[] => fs.readdirSync(where, { recursive: true, encoding: 'utf8' });
const textOf = (name: string): string => fs.readFileSync(path.join(made, name), 'utf8');

test('the reference is made without a warning', () => {
  const { status, output } = typedoc('--out', made);
  assert.is(status, 0, output);
  assert.not.match(output, /warning/);
});

test('it has a page for every entry point of the package and every page of docs/, and finds them by name', () => {
  const { exports } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const entries = Object.keys(exports)
    .filter((key) => key !== './package.json')
    .map((key) => `latentgpu${key.slice(1)}`);
  const modules = entries.map((name) => `${name.replace('/', '_')}.html`);
  assert.equal(fs.readdirSync(path.join(made, 'modules')).sort(), modules.sort());
  const pages = fs.readdirSync(path.join(root, 'docs')).map((name) => name.replace('.md', ''));
  for (const page of pages) assert.ok(fs.existsSync(path.join(made, `documents/docs_${page}.html`)), page);
  const packed = /"(.+)"/.exec(textOf('assets/search.js'))?.[1] ?? '';
  const { rows } = JSON.parse(String(inflateSync(Buffer.from(packed, 'base64'))));
  const names = new Set(rows.map(({ name }: { name: string }) => name));
  const lacking = [...entries, 'createTrainer', 'startSession', 'docs/tutorial'].filter((name) => !names.has(name));
  assert.equal(lacking, []);
  const themes = [...textOf('index.html').matchAll(/<option value="(\w+)"/g)].map(([, theme]) => theme);
  assert.equal(themes, ['os', 'light', 'dark']);
});

test('all that it links to or loads is in it', () => {
  const lost: string[] = [];
  let links = 0;
  for (const page of filesOf(made).filter((name) => name.endsWith('.html')))
    for (const [, kind, target = ''] of textOf(page).matchAll(/(href|src)="([^"#]+)/g)) {
      if (kind === 'href' && /^https?:/.test(target)) continue;
      links++;
      const file = path.join(path.dirname(page), target);
      if (!fs.existsSync(path.join(made, file))) lost.push(`${page}: ${target}`);
    }
  assert.equal(lost, []);
  assert.ok(links > 1000, `${links} links`);
});

/** In one module, so that it is looked at once. */
const FAULTS = `/**
 * A module.
 * @module planted
 */

interface Hidden {
  width: number;
}
/** Its type is used, but not exported. */
export const hidden: Hidden = { width: 1 };
/** All is described. */
export const good = 1;
export const bare = 1;
/** A member is not described. */
export interface Sizes {
  width: number;
}
/** @throws Error always */
export function tagged(): void {
  throw new Error();
}
`;

test('an export is refused without a comment, without a sentence, with a bare member, or with a type that is not exported', () => {
  const planted = path.join(folder, 'planted');
  fs.mkdirSync(planted);
  const write = (file: string, content: object) => fs.writeFileSync(path.join(planted, file), JSON.stringify(content));
  fs.writeFileSync(path.join(planted, 'index.ts'), FAULTS);
  write('package.json', { name: 'planted' });
  const compilerOptions = { target: 'es2022', lib: ['es2022'], types: [], strict: true };
  write('tsconfig.json', { compilerOptions, files: ['index.ts'] });
  // The project's own options, of another module.
  const module = { entryPoints: ['index.ts'], tsconfig: 'tsconfig.json', projectDocuments: [], readme: 'none' };
  const options = { extends: path.join(root, 'typedoc.json'), ...module, emit: 'none', intentionallyNotExported: [] };
  write('typedoc.json', options);
  const { status, output } = typedoc('--options', path.join(planted, 'typedoc.json'));
  assert.is(status, 4, output);
  const warnings = output.split('\n').filter((line) => line.includes('[warning]') && !line.includes('Found'));
  assert.equal(
    warnings.map((line) => /(?<=\[warning\] ).*/.exec(line)?.[0]),
    [
      'Hidden, defined in planted/index.ts, is referenced by hidden but not included in the documentation',
      'bare (Variable), defined in planted/index.ts, does not have any documentation',
      'Sizes.width (Property), defined in planted/index.ts, does not have any documentation',
      'tagged.tagged has tags, but no description',
    ],
  );
});

test.after(() => fs.rmSync(folder, { recursive: true, force: true }));
test.run();
