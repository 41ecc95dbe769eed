// The README's examples: the library's is run as it stands there, the spec is one, and each model has a row and a command.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { validateSpec } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MODELS } from '../../harness/lib/options/model-flags.js';
import { readTrainOptions } from '../../harness/lib/options/train-options.js';

const root = path.dirname(createRequire(import.meta.url).resolve('latentgpu/package.json'));

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

test("the README's spec is valid, its table has every model, and its commands have flags that train.js reads", () => {
  const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
  validateSpec(JSON.parse(/```json\n(.*?)```/s.exec(readme)?.[1] ?? ''));
  const rows = [...readme.matchAll(/^\| `([a-z-]+)` \|.*\| `node harness\/train\.js *([^`]*)` \|/gm)];
  assert.equal(
    rows.map(([, model]) => model),
    [...MODELS],
  );
  for (const [, model, flags = ''] of rows)
    assert.is(readTrainOptions(flags.split(' ').filter(Boolean)).model ?? 'vae', model);
  const commands = [...readme.matchAll(/^ {4}node harness\/train\.js (--[^#\n]*)/gm)].map(([, flags = '']) =>
    flags.trim(),
  );
  assert.ok(commands.length >= 5, `${commands.length} commands`);
  for (const flags of commands) readTrainOptions(flags.split(/ +/));
});

test('every picture that the README shows is there', () => {
  const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
  const shown = [...readme.matchAll(/\]\((harness\/pictures\/[^)]+)\)/g)].map(([, file = '']) => file);
  assert.ok(shown.length > 10, `${shown.length} pictures`);
  assert.equal(
    shown.filter((file) => !fs.existsSync(path.join(root, file))),
    [],
  );
});

test.run();
