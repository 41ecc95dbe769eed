// The README and the pages of docs/: the library's example is run as it stands there, the spec is one, each model has a row and
// a command, and every link and picture leads somewhere.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { validateSpec } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MODELS } from '../../harness/lib/options/model/model-flags.js';
import { readTrainOptions } from '../../harness/lib/options/train-options.js';

const root = path.dirname(createRequire(import.meta.url).resolve('latentgpu/package.json'));
const PAGES = ['README.md', ...fs.readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`)];
const textOf = (page: string) => fs.readFileSync(path.join(root, page), 'utf8');

test("the README's library example trains, and ends by itself", () => {
  const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
  const example = /```js\n(.*?)```/s.exec(readme)?.[1];
  assert.ok(example, 'README.md has no js block');
  // Inside the package, so that it finds `latentgpu` as its users do.
  const file = path.join(root, 'dist/readme-example.mjs');
  fs.writeFileSync(file, example);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 240_000 });
  assert.is(status, 0, stderr);
  const losses = [...stdout.matchAll(/epoch \d: train [\d.]+, test ([\d.]+) nats an image/g)].map((match) =>
    Number(match[1]),
  );
  assert.is(losses.length, 2, stdout);
  // Untrained, a sigmoid output costs 784 ln 2 = 543 nats.
  const [first = 0, second = Number.POSITIVE_INFINITY] = losses;
  assert.ok(first < 543 && second < first, `test losses ${losses.join(', ')} must fall below 543 and on`);
});

test('the spec of models.md is valid, its table has every model, and all commands have flags that train.js reads', () => {
  const models = textOf('docs/models.md');
  validateSpec(JSON.parse(/```json\n(.*?)```/s.exec(models)?.[1] ?? ''));
  const rows = [...models.matchAll(/^\| `([a-z-]+)` \|.*\| `node harness\/train\.js *([^`]*)` \|/gm)];
  assert.equal(
    rows.map(([, model]) => model),
    [...MODELS],
  );
  for (const [, model, flags = ''] of rows)
    assert.is(readTrainOptions(flags.split(' ').filter(Boolean)).model ?? 'vae', model);
  const commands = [
    ...PAGES.map(textOf)
      .join('\n')
      .matchAll(/^ {4}node harness\/train\.js (--[^#\n]*)/gm),
  ].map(([, flags = '']) => flags.trim());
  assert.ok(commands.length >= 5, `${commands.length} commands`);
  for (const flags of commands) readTrainOptions(flags.split(/ +/));
});

test('every link and picture within the repository is there; a page of docs/ says first what it is for, in 150 lines at most', () => {
  const links = PAGES.flatMap((page) =>
    [...textOf(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^https?:/.test(target))
      .map((target) => ({ page, file: path.join(path.dirname(page), target) })),
  );
  assert.ok(links.length > 30, `${links.length} links`);
  assert.equal(
    links.filter(({ file }) => !fs.existsSync(path.join(root, file))),
    [],
  );
  for (const page of PAGES) assert.ok(textOf(page).split('\n').length <= 150, page);
  for (const page of PAGES.filter((name) => name !== 'README.md'))
    assert.match(textOf(page), /^# .+\n\nAfter this page you /, page);
  const readme = textOf('README.md');
  for (const page of PAGES.slice(1)) assert.ok(readme.includes(`](${page})`), `README.md has no link to ${page}`);
});

test.run();
