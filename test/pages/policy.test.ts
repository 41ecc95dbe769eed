// Where a page may be put: under a policy that takes scripts and workers from its own host alone, in a subfolder, in a frame.
// The page of harness/web has such a policy, which keeps what is written into it from running.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { State } from '../../harness/web/state.js';
import type * as latentgpu from '../../src/index.js';
import type * as sessions from '../../src/worker/index.js';
import type { ServedFile } from '../browser/chromium.js';
import { builtFiles, closeBrowser, openPage } from '../browser/page.js';
import { SETUP, webFiles } from '../browser/visitor.js';

/** In the page: harness/web/main.ts puts it there. */
declare const latentgpuPage: State;

const BELOW = '/some/where';
const PATIENCE = { timeout: 120_000 };
const html = (body: string): ServedFile => ({ type: 'text/html', body: `<!doctype html><title>page</title>${body}` });
const script = (body: string): ServedFile => ({ type: 'text/javascript', body });

test('in a frame of another page, from a subfolder, the page trains under its own policy', async () => {
  const files: [string, ServedFile][] = [...webFiles(BELOW), ['/', html(`<iframe src="${BELOW}/${SETUP}">`)]];
  const { page, complaints, close } = await openPage(files);
  try {
    const frame = page.frames()[1];
    assert.ok(frame, 'the page has a frame');
    await frame.waitForFunction(
      () => typeof latentgpuPage === 'object' && latentgpuPage.phase === 'ready',
      null,
      PATIENCE,
    );
    assert.match(frame.url(), new RegExp(`${BELOW}/#`));
    await frame.evaluate(() => document.querySelector<HTMLButtonElement>('#train')?.click());
    await frame.waitForFunction(() => latentgpuPage.step >= 40 || latentgpuPage.phase !== 'training', null, PATIENCE);
    const [step, message] = await frame.evaluate(() => [latentgpuPage.step, latentgpuPage.message] as const);
    assert.ok(step >= 40, `step ${step}: ${message}`);
    assert.equal(complaints, []);
  } finally {
    await close();
  }
});

test("a script that was written into the page is blocked by the page's own policy", async () => {
  const files = new Map(webFiles(BELOW));
  const index = files.get(`${BELOW}/`);
  assert.ok(index);
  const planted = `${index.body}`.replace('</main>', '</main><script>globalThis.planted = true</script>');
  assert.match(planted, 'globalThis.planted');
  files.set(`${BELOW}/`, { ...index, body: planted });
  const { page, complaints, close } = await openPage(files, `${BELOW}/${SETUP}`);
  try {
    await page.waitForFunction(
      () => typeof latentgpuPage === 'object' && latentgpuPage.phase === 'ready',
      null,
      PATIENCE,
    );
    assert.is(await page.evaluate('typeof globalThis.planted'), 'undefined');
    assert.is(complaints.length, 1, complaints.join('\n'));
    assert.match(complaints[0] ?? '', /inline script violates the following Content Security Policy directive/);
  } finally {
    await close();
  }
});

/** Runs in the page, as its own script. */
async function sessionHere(engine: typeof latentgpu, { startSession }: typeof sessions): Promise<unknown> {
  const setup = {
    model: engine.vae({ hidden: [8], latent: 2 }),
    training: { batch: 16 },
  };
  const session = await startSession({ ...setup, dataset: engine.digits({ train: 64, test: 16 }) });
  const losses: number[] = [];
  for await (const { test } of session.train({ epochs: 2 })) losses.push(test.loss);
  const canvas = document.body.appendChild(document.createElement('canvas'));
  await session.draw(canvas, { samples: 4 });
  session.dispose();
  return losses;
}

test('a session works under a policy that allows no worker from a blob', async () => {
  const policy = "default-src 'none'; script-src 'self'; worker-src 'self'";
  const main = `
    import * as engine from './latentgpu.js';
    import * as sessions from './latentgpu-worker.js';
    globalThis.result = (${sessionHere.toString()})(engine, sessions);`;
  const page = html(
    `<meta http-equiv="Content-Security-Policy" content="${policy}"><body><script type="module" src="main.js"></script>`,
  );
  const files: [string, ServedFile][] = [
    ...builtFiles().map(([name, file]): [string, ServedFile] => [`${BELOW}${name}`, file]),
    [`${BELOW}/`, page],
    [`${BELOW}/main.js`, script(main)],
  ];
  const opened = await openPage(files, `${BELOW}/`);
  try {
    await opened.page.waitForFunction('globalThis.result !== undefined', null, PATIENCE);
    const losses = await opened.page.evaluate<number[]>('globalThis.result');
    assert.is(losses.length, 2);
    const [first = 0, second = 0] = losses;
    assert.ok(second > 0 && second < first, `${losses}`);
    assert.equal(opened.complaints, []);
  } finally {
    await opened.close();
  }
});

test.after(closeBrowser);
test.run();
