// The page of harness/web for everybody: screen readers, both colour schemes, phones.
import { createRequire } from 'node:module';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closeBrowser } from './page.js';
import { openVisitor, type Visitor } from './visitor.js';

/** In the page. */
declare const axe: { run(): Promise<{ violations: Violation[] }> };

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string }[];
}

/** Small enough for a hundred steps in seconds, with a code of more than two dimensions. */
const SETUP = '#images=600&preset=vae&hidden=64&latent=3&batch=32&lr=0.005&seed=7';

let visitor: Visitor;

test.before(async () => {
  visitor = await openVisitor();
  await visitor.visit(SETUP);
  await visitor.trainTo(60);
});

test.after(async () => {
  await visitor.close();
  await closeBrowser();
});

test('it fits a phone', async () => {
  await visitor.page.setViewportSize({ width: 390, height: 844 });
  assert.is(await visitor.page.evaluate(() => document.documentElement.scrollWidth), 390);
  await visitor.page.setViewportSize({ width: 1280, height: 1000 });
});

for (const scheme of ['light', 'dark'] as const)
  test(`axe finds no serious violation: ${scheme}`, async () => {
    await visitor.page.emulateMedia({ colorScheme: scheme });
    if (!(await visitor.page.evaluate(() => 'axe' in globalThis)))
      await visitor.page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') });
    const violations = await visitor.page.evaluate(async () => (await axe.run()).violations);
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    assert.equal(told, []);
  });

test('nothing was complained about, and nothing asked of any other host', () => visitor.assertNoComplaint());

test.run();
