// Test support: what axe finds in a page, in both colour schemes.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';

/** In the page. */
declare const axe: { run(): Promise<Record<'violations' | 'passes' | 'incomplete', Finding[]>> };

interface Finding {
  id: string;
  impact: string;
  nodes: { html: string }[];
}

/** Asks axe in the light scheme and in the dark one. @param name of the state that the page is in */
export async function assertAccessible(page: Page, name: string): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in globalThis)))
    // Not by a script element: the page's security policy forbids it.
    await page.evaluate(fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations, passes, incomplete } = await page.evaluate(() => axe.run());
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    assert.equal(told, [], `${name}, ${colorScheme}`);
    const contrast = passes.find(({ id }) => id === 'color-contrast')?.nodes.length ?? 0;
    const unsure = incomplete.find(({ id }) => id === 'color-contrast')?.nodes ?? [];
    assert.ok(
      contrast > 5 * unsure.length,
      `${name}, ${colorScheme}: contrast is right in ${contrast} places, unknown in ${unsure.map(({ html }) => html).join(' ') || 'none'}`,
    );
  }
}
