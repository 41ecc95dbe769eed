// The README's example is run as it stands there.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

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

test.run();
