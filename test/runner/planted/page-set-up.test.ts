// Planted: test/browser/report.test.ts sees how it is reported.
import { test } from 'uvu';
import { openPage } from '../../browser/page.js';

test.before(async () => {
  const { page } = await openPage();
  await page.evaluate(() => console.warn('planted: said by the page'));
  await page.waitForSelector('#never', { timeout: 1000 });
});
test('first', () => undefined);
test.run();
