// harness/torch knows every kind of thing that a spec or a run of the engine may name; what it does not know it refuses, and
// trains nothing else instead.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SCHEDULES } from '../../src/model/learning-rate.js';
import { OPTIMIZERS } from '../../src/model/optimizer.js';
import { vae } from '../../src/model/presets.js';
import { ACTIVATIONS, CORRUPTIONS, type ModelSpec, RANGES, RECONSTRUCTIONS } from '../../src/model/spec.js';
import { createModel } from '../../src/train/model.js';
import { createTrainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { CONVOLUTIONAL } from '../support/models/convolution-models.js';
import { FAMILY, FAMILY_DATA } from '../support/models/family.js';
import { python, trainPy, writeCheckpoint, writeImages } from '../support/programs/torch.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-kinds-'));
const at = (name: string) => path.join(scratch, name);
test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));

test('its words are the words of src/model/', () => {
  const script = `
import json, autoencoder as a, optim as o
print(json.dumps([list(a.ACTIVATIONS), a.RANGES, a.CORRUPTIONS, a.RECONSTRUCTIONS, list(o.KINDS), list(o.SCHEDULES)]))`;
  const { status, out, err } = python('-c', script);
  assert.equal([status, err], [0, '']);
  const sorted = (lists: readonly (readonly string[])[]) => lists.map((list) => list.toSorted());
  const words = [ACTIVATIONS, RANGES, CORRUPTIONS, RECONSTRUCTIONS, OPTIMIZERS, SCHEDULES];
  assert.equal(sorted(JSON.parse(out)), sorted(words));
});

test('train.py knows every member of the family', () => {
  const script =
    'import json, sys; from autoencoder import check_trainable; [check_trainable(one) for one in json.loads(sys.argv[1])]';
  const { status, err } = python('-c', script, JSON.stringify(Object.values(FAMILY)));
  assert.equal([status, err], [0, '']);
});

test('Autoencoder takes every model, those that train.py refuses included', () => {
  const script = `
import json, sys
from autoencoder import Autoencoder, check_trainable
from errors import InputError
for name, spec in json.loads(sys.argv[1]).items():
    Autoencoder(spec)
    try:
        check_trainable(spec)
    except InputError as error:
        print(name, str(error).split(" is not known")[0])`;

  const { status, out, err } = python('-c', script, JSON.stringify(CONVOLUTIONAL));
  assert.equal([status, err], [0, '']);
  assert.match(out, /^vq-vae the model's code\.codes: 9$/m);
});

/** A spec that nobody knows yet. */
const later = (change: object): ModelSpec =>
  ({ ...vae({ pixels: 49, hidden: [6], latent: 2 }), ...change }) as ModelSpec;
const [, output] = vae({ pixels: 49, hidden: [6], latent: 2 }).decoder;

for (const [name, spec, told] of [
  ['a layer', later({ encoder: [{ kind: 'conv2d', units: 6, activation: 'relu' }] }), "encoder[0].kind: 'conv2d'"],
  [
    'a layer inside a residual',
    later({ encoder: [{ kind: 'residual', layers: [{ kind: 'batchNorm' }] }] }),
    "encoder[0].layers[0].kind: 'batchNorm'",
  ],
  ['an activation', later({ decoder: [{ units: 6, activation: 'mish' }, output] }), "decoder[0].activation: 'mish'"],
  ['a code', later({ code: { kind: 'vector-quantised', units: 2 } }), "code.kind: 'vector-quantised'"],
  ['a term of the loss', later({ loss: { reconstruction: 'bce', tv: 1 } }), 'loss.tv: 1'],
] as const)
  test(`${name} that it does not know is refused, by its path`, async () => {
    const data = at('data');
    if (!fs.existsSync(data)) writeImages(data, { train: FAMILY_DATA.train, t10k: FAMILY_DATA.test });
    const model = await createModel(device, vae({ pixels: 49, hidden: [6], latent: 2 }));
    const trainer = await createTrainer(model, FAMILY_DATA, { batch: 8 });
    writeCheckpoint(at('later.safetensors'), { ...(await trainer.snapshot()), spec }, data, 2);
    trainer.dispose();
    model.dispose();
    const { status, err } = trainPy(at('later.safetensors'), '--out', at('out'));
    assert.is(status, 2, err);
    assert.ok(
      err.startsWith(`error: the model's ${told} is not known to harness/torch/train.py, must be one of `),
      err,
    );
    assert.ok(!fs.existsSync(at('out')));
  });

test('it goes on with a convolutional run, and says its sizes', async () => {
  const data = at('convolutional data');
  writeImages(data, { train: FAMILY_DATA.train, t10k: FAMILY_DATA.test });
  const spec = CONVOLUTIONAL['conv-vae'];
  assert.ok(spec);
  const model = await createModel(device, spec as ModelSpec);
  const trainer = await createTrainer(model, FAMILY_DATA, { batch: 8 });
  writeCheckpoint(at('convolutional.safetensors'), await trainer.snapshot(), data, 2);
  model.dispose();
  const { status, out, err } = trainPy(at('convolutional.safetensors'), '--out', at('convolutional'));
  assert.equal([status, err], [0, ''], out);
  assert.match(out, /^model {5}7x7x1-4x4x3-2x2x5-5-20-4x4x3-7x7x1: /m);
});

usesDevice(test);
test.run();
