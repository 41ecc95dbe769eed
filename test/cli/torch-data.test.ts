// harness/torch/data.js as its users start it: the images of a run as IDX files, for machines that train in PyTorch.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decodeIdx, digits, type Images, imagesFromIdx } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ADAPTER, runProgram } from '../support/programs/programs.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-torch-data-'));
test.after(() => fs.rmSync(scratch, { recursive: true }));
const run = path.join(scratch, 'run');
const data = (...args: string[]) => runProgram('harness/torch/data.js', args);

const idx = (folder: string, name: string) => decodeIdx(fs.readFileSync(path.join(folder, name)), name);

test('the images and labels that the run was trained on, in the order of its steps', () => {
  const small = ['--hidden', '4', '--latent', '2', '--batch', '8', '--limit', '16', '--steps', '1', '--quiet'];
  const trained = runProgram('harness/train.js', ['--adapter', ADAPTER, '--data', 'digits', ...small, '--out', run]);
  assert.equal([trained.status, trained.err], [0, '']);
  const out = path.join(scratch, 'idx');
  const { status, err, out: printed } = data(run, '--out', out);
  assert.equal([status, err], [0, '']);
  assert.match(
    printed,
    /\nwritten to \S+: train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-/,
  );
  const { train, test: held } = digits();
  const want = (images: Images, count: number) => [
    images.pixels.subarray(0, count * 784),
    images.labels?.subarray(0, count),
  ];
  for (const [part, images] of [
    ['train', train],
    ['t10k', held],
  ] as const) {
    const { count, pixels } = imagesFromIdx(idx(out, `${part}-images-idx3-ubyte`));
    const labels = idx(out, `${part}-labels-idx1-ubyte`).values;
    assert.is(count, part === 'train' ? 16 : held.count);
    assert.equal([new Uint8Array(pixels), new Uint8Array(labels)], want(images, count), part);
  }
});

test('what is refused: one line, status 2', () => {
  for (const [args, message] of [
    [['--out', path.join(scratch, 'x')], /^error: .*\n$/],
    [[path.join(scratch, 'nowhere'), '--out', path.join(scratch, 'x')], /^error: .*nowhere.*\n$/],
    [[run], /^error: .*--out.*\n$/],
    [[run, '--out', run], /^error: --out \S+ holds a run already.*\n$/],
  ] as const) {
    const { status, out, err } = data(...args);
    assert.equal([status, out], [2, ''], err);
    assert.match(err, message);
  }
});

test.run();
