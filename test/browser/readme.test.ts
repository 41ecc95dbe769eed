// The README's web page trains in a page that has nothing but the built files.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeBrowser } from './page.js';
import { checkReadmePage, html } from './readme-page.js';

test("the README's page trains and draws samples, and loads nothing from elsewhere", async () => {
  assert.ok(html !== '', 'README.md has no html block');
  assert.ok(html.trim().split('\n').length < 30, 'the page has 30 lines or more');
  await checkReadmePage();
});

test.after(closeBrowser);
test.run();
