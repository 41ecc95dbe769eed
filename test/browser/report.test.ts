// A set-up that fails with a page open: it is told with what the page showed and said, and nothing stays open.
import fs from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runFile } from '../runner/file.mjs';
import { root } from './page.js';

const LIMIT_S = 300;

test('a set-up that fails is told with the console and a screenshot of the page', async () => {
  const file = 'test/runner/planted/page-set-up.test.ts';
  const { passed, failures } = await runFile(root, { tier: 'browser', file, alone: true }, LIMIT_S);
  assert.is(passed, 0);
  assert.is(failures.length, 1, JSON.stringify(failures));
  const { name = '', message = '' } = failures[0] ?? {};
  assert.is(name, 'set-up');
  assert.match(message, "waiting for locator('#never')");
  assert.match(message, /page http:.*\n(.|\n)*console:\n {2}warning: planted: said by the page/);
  const screenshot = /^screenshot: (.*)$/m.exec(message)?.[1] ?? '';
  assert.is(fs.readFileSync(screenshot).subarray(1, 4).toString(), 'PNG');
});

test.run();
