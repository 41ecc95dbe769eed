// What an author of a page without TypeScript hands over (from a public collection of such calls): taken, or refused in words
// that say what to hand over instead.
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/data/dataset.js';
import { digits } from '../../src/data/digits.js';
import { decodeIdx, gunzipIfNeeded } from '../../src/data/files/idx.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/formats/safetensors.js';
import { vae } from '../../src/model/presets.js';
import { createModel, type Model } from '../../src/train/model.js';
import { createTrainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';

const spec = vae({ hidden: [8], latent: 2 });
const data = digits({ train: 64, test: 64 });
const IDX = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 8);

let model: Model;
let file: ArrayBuffer;
test.before(async () => {
  model = await createModel(device, spec);
  file = encodeSafetensors(await model.parameters()).buffer;
});
test.after(() => model.dispose());

/** An ArrayBuffer with these bytes alone, as `await response.arrayBuffer()` gives it. */
const response = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

test('an ArrayBuffer is taken for a file: of tensors, of IDX, of gzip', async () => {
  assert.is(decodeSafetensors(file).size, (await model.parameters()).size);
  assert.equal(decodeIdx(response(IDX), 'labels').shape, [2]);
  assert.equal(new Uint8Array(await gunzipIfNeeded(response(gzipSync(IDX)))), IDX);
});

test('a plain object is taken for a map of tensors', async () => {
  const before = await model.parameters();
  model.loadParameters(Object.fromEntries(decodeSafetensors(file)));
  assert.equal(await model.parameters(), before);
});

const REFUSED: Record<string, [work: () => unknown, message: RegExp]> = {
  'a data set without test images': [
    () => createTrainer(model, { name: 'mine', train: data.train } as Dataset, { batch: 64 }),
    /^mine\.test is missing, must be the examples that the test loss is of; hold some of the training examples out: /,
  ],
  'no data set': [
    () => createTrainer(model, undefined as never),
    /^dataset: undefined, must be \{ name, train, test \}; for example /,
  ],
  'weights that are NaN': [
    () => {
      const tensors = decodeSafetensors(file);
      (tensors.get('mu.bias')?.values as Float32Array).fill(Number.NaN);
      model.loadParameters(tensors);
    },
    /^parameter "mu\.bias": 2 of 2 values are not finite in f32, the first is NaN at index 0; /,
  ],
  'the pixels of a canvas': [
    () => model.encode(new Uint8ClampedArray(784)),
    /^images: a Uint8ClampedArray, as a canvas gives it with 4 bytes a pixel \(RGBA\); must have one number a pixel, /,
  ],
};
for (const [what, [work, message]] of Object.entries(REFUSED))
  test(`refused in words: ${what}`, async () => {
    let refusal: unknown;
    try {
      await work();
    } catch (error) {
      refusal = error;
    }
    assert.is((refusal as Error | undefined)?.name, 'ArgumentError');
    assert.match((refusal as Error).message, message);
  });

usesDevice(test);
test.run();
