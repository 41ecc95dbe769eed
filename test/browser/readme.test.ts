// The README's web page, as it stands there, beside the built files.
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeBrowser, root, withPage } from './page.js';

const html = /```html\n(.*?)```/s.exec(fs.readFileSync(path.join(root, 'README.md'), 'utf8'))?.[1] ?? '';

test("the README's page trains and draws samples, and loads nothing from elsewhere", async () => {
  assert.ok(html !== '', 'README.md has no html block');
  assert.ok(html.trim().split('\n').length < 30, 'the page has 30 lines or more');
  const requests: string[] = [];
  await withPage(
    async ({ page, complaints }) => {
      page.on('request', (request) => requests.push(request.url()));
      await page.reload();
      await page.waitForFunction("/epoch [2-9]/.test(document.querySelector('p').textContent)", null, {
        timeout: 90_000,
      });
      // The canvas shows what was drawn after the epoch before.
      const { text, pixels, width, height } = await page.evaluate(() => {
        const canvas = document.querySelector('canvas') as HTMLCanvasElement;
        const { width, height } = canvas;
        const copy = new OffscreenCanvas(width, height).getContext('2d') as OffscreenCanvasRenderingContext2D;
        copy.drawImage(canvas, 0, 0);
        const pixels = [...copy.getImageData(0, 0, width, height).data].filter((_, index) => index % 4 === 0);
        return { text: document.querySelector('p')?.textContent ?? '', pixels, width, height };
      });
      const loss = Number(/^epoch \d+: ([\d.]+) nats an image$/.exec(text)?.[1]);
      // Untrained, a sigmoid output costs 784 ln 2 = 543 nats.
      assert.ok(loss > 0 && loss < 400, text);
      assert.equal([width, height], [8 * 28, 8 * 28]);
      const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
      const deviation = Math.sqrt(pixels.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pixels.length);
      // Black: mean 0; untrained: an even grey of 127.
      assert.ok(mean > 10 && mean < 100 && deviation > 20, `grey ${mean} +- ${deviation}`);
      assert.equal(complaints, []);
      const { origin } = new URL(page.url());
      for (const url of requests) assert.ok(new URL(url).origin === origin, url);
    },
    [['/', { type: 'text/html', body: html }]],
  );
});

test.after(closeBrowser);
test.run();
