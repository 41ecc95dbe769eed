// Weights between PyTorch and the engine, both ways: a state_dict that PyTorch saved is loaded, inferred and started from; what
// the engine saved loads with load_state_dict, strictly; and both reconstruct the same pixels.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { firstNumbers } from '../../harness/lib/data/examples.js';
import { checkExamples } from '../../src/data/examples.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/formats/safetensors.js';
import { createModel, type Model } from '../../src/train/model.js';
import { device, usesDevice } from '../support/device.js';
import { CONVOLUTIONAL } from '../support/models/convolution-models.js';
import { FAMILY, familyImages } from '../support/models/family.js';
import { ADAPTER, runProgram } from '../support/programs/programs.js';
import { python, writeImages } from '../support/programs/torch.js';

/**
 * Of pixels, absolute: sums of at most 49 products of numbers of about 1, in some order, through at most six layers, each
 * rounding by 2^-24 of sums below 10, some twenty times (the issue that asked for this: 1e-5).
 */
const LIMIT = 1e-5;
const ROWS = 9;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-state-'));
const at = (...names: string[]) => path.join(scratch, ...names);
test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));

const images = familyImages(ROWS, 3);
const MEMBERS = { ...FAMILY, ...CONVOLUTIONAL };
const names = Object.keys(MEMBERS);
const fileOf = (from: 'torch' | 'engine', index: number) => at(`${from}-${index}.safetensors`);

/**
 * Each model of the family with PyTorch's own first weights, saved as a state_dict with what it makes of the images; or, with
 * the weights that the engine saved, what it makes of them.
 */
const SCRIPT = `
import json, sys, torch
from autoencoder import Autoencoder, in_range, one_hot
from tensor_file import load, save
here, given = sys.argv[1], sys.argv[2] == "load"
work = json.load(open(f"{here}/work.json"))
pixels, labels = torch.tensor(work["pixels"], dtype=torch.uint8).reshape(-1, 49), torch.tensor(work["labels"])
for index, spec in enumerate(work["specs"]):
    torch.manual_seed(index)
    model = Autoencoder(spec).eval()
    if given:
        model.load_state_dict(load(f"{here}/engine-{index}.safetensors"), strict=True)
    else:
        save(model.state_dict(), f"{here}/torch-{index}.safetensors")
    with torch.no_grad():
        made = model.reconstruct(in_range(pixels, spec), one_hot(labels, spec))
    save({"made": made}, f"{here}/{'engine' if given else 'torch'}-{index}-made.safetensors")
`;

function inPython(what: 'save' | 'load'): void {
  const work = { specs: Object.values(MEMBERS), pixels: [...images.pixels], labels: [...(images.labels ?? [])] };
  fs.writeFileSync(at('work.json'), JSON.stringify(work));
  const { status, err } = python('-c', SCRIPT, scratch, what);
  assert.equal([status, err], [0, '']);
}

function assertClose(got: Float32Array, file: string, name: string): void {
  const want = decodeSafetensors(fs.readFileSync(file)).get('made')?.values as Float32Array;
  assert.is(got.length, want.length, name);
  const worst = got.reduce((most, value, index) => Math.max(most, Math.abs(value - (want[index] ?? Number.NaN))), 0);
  assert.ok(worst <= LIMIT, `${name}: pixels differ by ${worst}, must by at most ${LIMIT}`);
}

/** The engine's pixels are 0..1 whatever the model takes; PyTorch's are in the model's range. */
const inRange = (pixels: Float32Array, range: string | undefined) =>
  range === '-1..1' ? pixels.map((value) => 2 * value - 1) : pixels;

/** Runs `work` on each model of the family, with the engine's own first weights. */
async function eachModel(work: (model: Model, index: number, name: string) => Promise<void>): Promise<void> {
  for (const [index, [name, spec]] of Object.entries(MEMBERS).entries()) {
    const model = await createModel(device, spec, { seed: index + 40 });
    await work(model, index, name);
    model.dispose();
  }
}

async function assertSamePixels(model: Model, file: string, name: string): Promise<void> {
  const { classes, range } = model.spec;
  const labels = classes && images.labels ? { labels: images.labels } : {};
  assertClose(
    inRange(await model.reconstruct(firstNumbers(checkExamples(images, 'images'), ROWS), labels), range),
    file,
    name,
  );
}

test('what PyTorch saved, every member of the family: the same pixels', async () => {
  inPython('save');
  await eachModel(async (model, index, name) => {
    model.loadParameters(decodeSafetensors(fs.readFileSync(fileOf('torch', index))));
    await assertSamePixels(model, at(`torch-${index}-made.safetensors`), name);
  });
});

test('what the engine saved, every member of the family: the same pixels', async () => {
  await eachModel(async (model, index) =>
    fs.writeFileSync(fileOf('engine', index), encodeSafetensors(await model.parameters())),
  );
  inPython('load');
  await eachModel((model, index, name) => assertSamePixels(model, at(`engine-${index}-made.safetensors`), name));
});

test("train.js --init: PyTorch's state_dict starts a run, its model told from names and shapes", () => {
  const data = at('data');
  writeImages(data, { train: familyImages(20, 4), t10k: familyImages(10, 5) });
  const file = fileOf('torch', names.indexOf('vae'));
  const start = ['--init', file, '--data', data, '--batch', '8', '--steps', '1', '--adapter', ADAPTER];
  // A step of this size leaves every weight as it was.
  const { status, err, out } = runProgram('harness/train.js', [...start, '--lr', '1e-30', '--out', at('run')]);
  assert.equal([status, err], [0, ''], out);
  assert.match(out, /^assumed {3}relu in the hidden layers/);
  assert.match(out, /49-33-17-5-17-33-49/);
  const [mine, theirs] = [at('run', 'model.safetensors'), file].map((one) => decodeSafetensors(fs.readFileSync(one)));
  for (const [name, { values }] of theirs ?? []) assert.equal([...(mine?.get(name)?.values ?? [])], [...values], name);
});

usesDevice(test);
test.run();
