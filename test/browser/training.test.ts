// The browser bundle in a real headless Chromium: the same training as in Node, the same losses, and a page that is left
// with nothing on the GPU.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as library from '../../src/node.js';
import { openDevice } from '../../src/node.js';
import {
  assertSameLosses,
  assertTorchLosses,
  reference,
  trainReference,
} from '../support/models/reference-training.js';
import { closeBrowser, inPage } from './page.js';

test('training in Chromium gives the losses of PyTorch and of Node', async () => {
  const { value: inBrowser, complaints } = await inPage<number[][]>(
    `async (lib) => {
      const trainReference = ${trainReference.toString()};
      const file = new Uint8Array(await (await fetch('/reference.safetensors')).arrayBuffer());
      const device = await lib.openDevice();
      const losses = await trainReference(lib, device, file);
      device.check();
      device.dispose();
      return losses;
    }`,
    [['/reference.safetensors', { type: 'application/octet-stream', body: reference }]],
  );
  assert.equal(complaints, []);

  assertTorchLosses(inBrowser);
  const device = await openDevice({ adapter: 'swiftshader' });
  const inNode = await trainReference(library, device, new Uint8Array(reference));
  device.dispose();
  assertSameLosses(inBrowser, inNode, "Node's");
});

test('digits are the same bytes in Chromium and in Node', async () => {
  const { value, complaints } = await inPage<number[]>(`async ({ digits }) => {
    const { train, test } = digits({ train: 64, test: 64, seed: 7 });
    return [...train.pixels, ...train.labels, ...test.pixels, ...test.labels];
  }`);
  assert.equal(complaints, []);
  const { train, test: held } = library.digits({ train: 64, test: 64, seed: 7 });
  assert.equal(value, [...train.pixels, ...(train.labels ?? []), ...held.pixels, ...(held.labels ?? [])]);
});

test.after(closeBrowser);
test.run();
