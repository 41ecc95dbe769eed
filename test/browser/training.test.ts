// The browser bundle in a real headless Chromium: the same training as in Node, the same losses, and a page that is left
// with nothing on the GPU.
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type * as latentgpu from '../../src/index.js';
import * as library from '../../src/node.js';
import { type Device, openDevice } from '../../src/node.js';
import { assertRecovered, type LostOutcome, losingPlan, NEVER_LOST, trainLosing } from '../support/lost-runs.js';
import { closeBrowser, inPage, root } from './page.js';

const reference = fs.readFileSync(path.join(root, 'test/train/reference.safetensors'));

const STEPS = 30;
/** Relative, a loss: 30 steps in f32 on two compilers (a browser's SwiftShader is another build than Node's). */
const TOLERANCE = 1e-4;

/**
 * The 30 steps that PyTorch did (test/train/reference.py), one call a step so that each has its own losses. Runs here and,
 * as text, in the page: it may use nothing from outside.
 */
async function trainReference(lib: typeof latentgpu, device: Device, file: Uint8Array): Promise<number[][]> {
  const tensors = lib.decodeSafetensors(file);
  const initial = new Map<string, latentgpu.HostTensor>();
  for (const [name, { shape, values }] of tensors)
    if (name.startsWith('initial/')) initial.set(name.slice('initial/'.length), { shape, values });
  const pixels = tensors.get('images')?.values;
  if (!(pixels instanceof Uint8Array)) throw new Error('the reference has no images');
  const images = { count: 56, height: 10, width: 10, pixels };
  const model = await lib.createModel(device, lib.vae({ pixels: 100, hidden: [48, 24], latent: 6 }));
  model.loadParameters(initial);
  const data = { name: 'reference', train: images, test: images };
  const trainer = await lib.createTrainer(model, data, { batch: 16, lr: 1e-3, seed: 1234, reduction: 'sum' });
  const losses: number[][] = [];
  const steps: latentgpu.Losses[] = [];
  for (let step = 0; step < 30; step++)
    for await (const { test } of trainer.train({ steps: 1, onStep: (_, told) => steps.push(told) })) {
      const train = steps.at(-1);
      losses.push([train?.loss ?? Number.NaN, train?.bce ?? Number.NaN, train?.kl ?? Number.NaN, test.loss]);
    }
  trainer.dispose();
  model.dispose();
  return losses;
}

function assertClose(got: number[][], want: ArrayLike<number>[], what: string): void {
  assert.is(got.length, STEPS);
  got.forEach((losses, step) => {
    const wanted = want[step] ?? [];
    for (let term = 0; term < wanted.length; term++) {
      const error = Math.abs((losses[term] ?? Number.NaN) / (wanted[term] ?? Number.NaN) - 1);
      assert.ok(
        error <= TOLERANCE,
        `step ${step + 1}, term ${term}: ${losses[term]}, ${what} ${wanted[term]}, off by ${error}`,
      );
    }
  });
}

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

  const torch = library.decodeSafetensors(reference).get('losses')?.values;
  assert.ok(torch instanceof Float64Array);
  assertClose(
    inBrowser,
    Array.from({ length: STEPS }, (_, step) => torch.subarray(3 * step, 3 * step + 3)),
    'PyTorch',
  );

  const device = await openDevice({ adapter: 'swiftshader' });
  const inNode = await trainReference(library, device, new Uint8Array(reference));
  device.dispose();
  assertClose(inBrowser, inNode, 'Node');
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

test('ten losses of the device in Chromium: all recovered, bit for bit', async () => {
  const plan = losingPlan(10, 5);
  const { value, complaints } = await inPage<LostOutcome[]>(`async (lib) => {
    const trainLosing = ${trainLosing.toString()};
    const device = await lib.openDevice();
    const outcomes = [];
    for (const plan of ${JSON.stringify([NEVER_LOST, plan])}) outcomes.push(await trainLosing(lib, device, plan));
    device.dispose();
    return outcomes;
  }`);
  assert.equal(complaints, []);
  const [want, got] = value;
  assert.ok(want && got);
  assertRecovered(plan, got, want);
});

test.after(closeBrowser);
test.run();
