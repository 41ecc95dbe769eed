// Sessions: training in a Worker, as a page does it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type * as latentgpu from '../../src/index.js';
import type * as sessions from '../../src/worker/index.js';
import { inPage } from './page.js';

type Lib = typeof latentgpu & typeof sessions;

async function trainHere(lib: Lib) {
  const dataset = lib.digits({ train: 64, test: 16, seed: 3 });
  const model = lib.vae({ pixels: 784, hidden: [16], latent: 2 });
  const session = await lib.startSession({ model, dataset, training: { batch: 16 } });
  const reports = [];
  let calls = 0;
  for await (const report of session.train({ epochs: 2, onProgress: () => calls++ })) reports.push(report);
  const decoded = await session.decode(new Float32Array([0, 0, 1, 1]));
  return { info: session.info, moved: dataset.train.pixels.length, reports, calls, decoded: [...decoded] };
}

test('a session trains in a worker', async () => {
  const { value, complaints } = await inPage(trainHere);
  assert.equal(complaints, []);
  console.log(JSON.stringify(value).slice(0, 1000));
});

test.run();
