// Test support: the README's web page, as it stands there, beside the files that pages load.
import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { ServedFile } from './chromium.js';
import { root, withPage } from './page.js';

export const html = /```html\n(.*?)```/s.exec(fs.readFileSync(path.join(root, 'README.md'), 'utf8'))?.[1] ?? '';

/** Opens it and looks at what it shows after some epochs, and at what it loads. @param files instead of the built ones */
export async function checkReadmePage(files: [string, ServedFile][] = []): Promise<void> {
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
    [...files, ['/', { type: 'text/html', body: html }]],
  );
}
