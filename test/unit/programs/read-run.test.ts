// Which folders are a run's, and what is read of one (harness/lib/run-folder/read-run.ts). Whole messages, because a person reads them.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { encodeSafetensors, vae } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readRun } from '../../../harness/lib/run-folder/read-run.js';
import { parameterSpecs } from '../../../src/graph/layers.js';
import { layoutOf } from '../../../src/plan/layout.js';
import { flatWeights } from '../../../src/train/weights/weights.js';
import { plain, refused, small } from '../../support/programs/generating.js';
import { safetensorsOf } from '../../support/programs/mutations.js';

let root = '';
test.before.each(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-generate-'));
});
test.after.each(() => fs.rmSync(root, { recursive: true }));

/** A run's folder with these files. */
function folder(files: Record<string, string | Uint8Array>): string {
  const run = path.join(root, 'run');
  fs.mkdirSync(run);
  for (const [name, contents] of Object.entries(files)) fs.writeFileSync(path.join(run, name), contents);
  return run;
}
const REMEDY = 'name the folder of a run of harness/train.js';
const weights = encodeSafetensors(new Map([['a', { shape: [2], values: Float32Array.of(1, 2) }]]));

test('a run is read: its model, its weights and the name of its data, where that is told', () => {
  const run = folder({
    'run.json': JSON.stringify({ spec: plain, config: { dataChoice: 'digits' } }),
    'model.safetensors': weights,
  });
  const { spec, tensors, data, shape } = readRun(run);
  assert.equal([spec, data, shape], [plain, 'digits', [8, 8]]);
  assert.equal([...(tensors.get('a')?.values ?? [])], [1, 2]);
  for (const config of [undefined, null, {}, { dataChoice: 3 }]) {
    fs.writeFileSync(path.join(run, 'run.json'), JSON.stringify({ spec: plain, config }));
    assert.equal(Object.keys(readRun(run)), ['source', 'folder', 'spec', 'tensors', 'shape', 'heldOut']);
  }
  assert.equal(readRun(run).source, { weights: path.join(run, 'model.safetensors'), model: 'run.json' });
  assert.is(readRun(run).folder, run);
});

test('the size of the images: as run.json has it, of older runs a square, or unknown', () => {
  const run = folder({ 'model.safetensors': weights });
  const sizeOf = (pixels: number, config: unknown) => {
    fs.writeFileSync(
      path.join(run, 'run.json'),
      `\ufeff${JSON.stringify({ spec: vae({ ...small, pixels }), config })}`, // a byte order mark, as editors leave it
    );
    return readRun(run).shape;
  };
  assert.equal(sizeOf(12, { height: 3, width: 4 }), [3, 4]);
  assert.equal(sizeOf(16, { height: 3, width: 4 }), [4, 4], 'not of this model');
  assert.equal(sizeOf(16, {}), [4, 4]);
  assert.equal(sizeOf(12, { shape: [2, 2, 3] }), [2, 2, 3], 'colour');
  assert.equal(sizeOf(12, { shape: [12] }), [12], 'features');
  assert.equal(sizeOf(16, { shape: [12] }), [4, 4], 'not of this model');
  assert.is(sizeOf(12, {}), undefined);
  assert.is(sizeOf(12, { height: -3, width: -4 }), undefined);
});

const spec = vae({ pixels: 4, hidden: [], latent: 1 });
const layout = layoutOf(parameterSpecs(spec));
/** Quarters, which half floats hold too; the f32 and the upper or rounded 16 bits of each. */
const QUARTERS = [0.25, -0.5, 1.75, -2];
const DTYPES: Record<string, number[]> = {
  F16: [0x3400, 0xb800, 0x3f00, 0xc000],
  BF16: [0x3e80, 0xbf00, 0x3fe0, 0xc000],
};
for (const [dtype, bits] of Object.entries(DTYPES))
  test(`the weights of a run in ${dtype}, under names with a prefix, beside a counter, are the model's`, () => {
    const header: Record<string, unknown> = {};
    let end = 0;
    for (const { name, shape } of layout.ranges) {
      const bytes = 2 * shape.reduce((all, size) => all * size, 1);
      header[`module.${name}`] = { dtype, shape, data_offsets: [end, end + bytes] };
      end += bytes;
    }
    header['module.num_batches_tracked'] = { dtype: 'I64', shape: [], data_offsets: [end, end + 8] };
    const model = safetensorsOf(JSON.stringify(header), end + 8);
    for (let i = 0; i < end / 2; i++)
      new DataView(model.buffer).setUint16(model.length - 8 - end + 2 * i, bits[i % bits.length] ?? 0, true);
    const run = folder({ 'run.json': JSON.stringify({ spec }), 'model.safetensors': model });
    const flat = flatWeights(layout, readRun(run).tensors);
    let index = 0;
    for (const { offset, bytes } of layout.ranges)
      for (let at = offset / 4; at < (offset + bytes) / 4; at++)
        assert.is(flat[at], QUARTERS[index++ % QUARTERS.length]);
    assert.is(index, end / 2);
  });

test('a folder that is not there, a file, and folders that are no run', () => {
  const missing = path.join(root, 'missing');
  refused(() => readRun(missing), `--run ${missing} does not exist, must be a run's folder; ${REMEDY}`);
  const run = folder({});
  refused(() => readRun(run), `--run ${run} has no run.json, must be a run's folder; ${REMEDY}`);
  const file = path.join(run, 'run.json');
  fs.writeFileSync(file, JSON.stringify({ spec: plain }));
  refused(() => readRun(file), `--run ${file} is a file, must be a run's folder; ${REMEDY}`);
  refused(
    () => readRun(run),
    `--run ${run} has no model.safetensors, must be a run's folder; ${REMEDY} that came to its end`,
  );
});

test('a run.json that is not JSON, not an object, or without a model that can be built', () => {
  const run = folder({ 'model.safetensors': weights });
  const file = path.join(run, 'run.json');
  const put = (text: string) => () => {
    fs.writeFileSync(file, text);
    return readRun(run);
  };
  const written = `must be as harness/train.js wrote it; ${REMEDY}`;
  assert.throws(put('{'), (error: Error) => {
    assert.is(error.name, 'FormatError');
    assert.ok(error.message.startsWith(`${file} is not JSON (`) && error.message.endsWith(`), ${written}`));
    return true;
  });
  for (const text of ['[]', 'null', '3']) refused(put(text), `${file} is not an object, ${written}`, 'FormatError');
  refused(
    put('{"config": {}}'),
    `${file} has no "spec": the run is of an older version, which did not write its model down; train again`,
    'FormatError',
  );
  refused(
    put(JSON.stringify({ spec: { ...plain, code: { ...plain.code, units: 0 } } })),
    `${file}: spec.code.units: 0, must be a positive integer`,
    'FormatError',
  );
  refused(
    put('{"spec": null}'),
    `${file}: "spec" is null, must be an object as harness/train.js wrote it; ${REMEDY}`,
    'FormatError',
  );
});

test('a model.safetensors that is not one is named', () => {
  const run = folder({ 'run.json': JSON.stringify({ spec: plain }), 'model.safetensors': 'no' });
  const file = path.join(run, 'model.safetensors');
  assert.throws(
    () => readRun(run),
    (error: Error) => error.name === 'FormatError' && error.message.startsWith(`${file}: `),
  );
});

test.run();
