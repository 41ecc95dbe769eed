// Layers that are not linear lie in a file of their own: a page loads it for a model that has some, in its own thread and in a
// session's worker, and for no other. The function named ...Here runs as text in the page.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type * as latentgpu from '../../src/index.js';
import type * as sessions from '../../src/worker/index.js';
import { closeBrowser, withPage } from '../browser/page.js';

const LAYERS = '/latentgpu-layers.js';

async function lossesHere(lib: typeof latentgpu & typeof sessions, kind: 'conv-vae' | 'vae') {
  const images = (count: number, factor: number) => {
    const pixels = Uint8Array.from({ length: 64 * count }, (_, i) => (i * factor) % 256);
    return { count, height: 8, width: 8, pixels };
  };
  const data = () => ({ name: 'squares', train: images(8, 37), test: images(4, 53) });
  const image = { height: 8, width: 8, channels: 1 };
  const spec =
    kind === 'vae' ? lib.vae({ pixels: 64, hidden: [4], latent: 2 }) : lib.convVae({ image, channels: [2], latent: 2 });
  const training = { batch: 4, seed: 5 };
  const losses = async (reports: AsyncIterable<latentgpu.EpochReport>) => {
    const all: number[] = [];
    for await (const { train, test } of reports) all.push(train.loss, test.loss);
    return all;
  };

  const device = await lib.openDevice();
  const model = await lib.createModel(device, spec, { seed: 4 });
  const trainer = await lib.createTrainer(model, data(), training);
  const inPage = await losses(trainer.train({ steps: 2 }));
  device.dispose();
  const session = await lib.startSession({ model: spec, dataset: data(), training, seed: 4 });
  const inWorker = await losses(session.train({ steps: 2 }));
  session.dispose();
  return { inPage, inWorker };
}

for (const [kind, loads] of [
  ['vae', 0],
  ['conv-vae', 2],
] as const)
  test(`a page that trains a ${kind} loads ${LAYERS} ${loads} times, and its losses are a session's`, async () => {
    await withPage(async ({ page, complaints }) => {
      const asked: string[] = [];
      page.on('request', (request) => asked.push(new URL(request.url()).pathname));
      const { inPage, inWorker } = await page.evaluate<Awaited<ReturnType<typeof lossesHere>>>(`(async () => {
        const files = await Promise.all(['', '-worker'].map((name) => import('/latentgpu' + name + '.js')));
        return (${lossesHere.toString()})(Object.assign({}, ...files), '${kind}');
      })()`);
      assert.equal(complaints, []);
      assert.is(inPage.length, 2);
      assert.ok(inPage.every((loss) => Number.isFinite(loss) && loss > 0));
      assert.equal(inWorker, inPage);
      assert.ok(asked.includes('/latentgpu-session.js'));
      assert.is(asked.filter((path) => path === LAYERS).length, loads);
    });
  });

test.after(closeBrowser);
test.run();
