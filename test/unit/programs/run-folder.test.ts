import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decode } from 'fast-png';
import { vae } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lossTerms } from '../../../harness/lib/report/losses.js';
import { fileError } from '../../../harness/lib/run-folder/files.js';
import {
  checkpointName,
  checkpointNames,
  createDefaultFolder,
  createRunFolder,
  reopenRunFolder,
} from '../../../harness/lib/run-folder/run-folder.js';

const report = {
  epoch: 1,
  step: 469,
  complete: true,
  train: { loss: 291.25, bce: 280.5, kl: 10.75 },
  test: { loss: 264.5, bce: 251.5, kl: 13 },
  seconds: 12.5,
  stepsPerSecond: 37.52,
};
const LINE =
  '{"epoch":1,"step":469,"train":{"loss":291.25,"bce":280.5,"kl":10.75},"test":{"loss":264.5,"bce":251.5,"kl":13},"seconds":12.5,"stepsPerSecond":37.52}\n';

let root = '';
test.before.each(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-run-folder-'));
});
test.after.each(() => fs.rmSync(root, { recursive: true }));

const inRoot = (...parts: string[]) => path.join(root, ...parts);
const read = (name: string) => fs.readFileSync(inRoot('run', name), 'utf8');
const refused = (run: () => unknown, text: string) =>
  assert.throws(run, (error: Error) => error.name === 'ArgumentError' && error.message.startsWith(text));

test('everything that a run leaves, and nothing else', async () => {
  const folder = createRunFolder(inRoot('run'));
  const size = { width: 28, height: 28 };
  folder.appendMetrics(report);
  folder.writeRunJson({ config: { lr: 0.001 } });
  folder.writeReconstructions(new Float32Array(8 * 784), new Float32Array(8 * 784), size);
  folder.writeDenoised(new Float32Array(8 * 784), new Float32Array(8 * 784), new Float32Array(8 * 784), size);
  folder.writeSamples(new Float32Array(64 * 784), size);
  await folder.writeLossPlot([report], { title: 'digits', terms: lossTerms(vae()) });
  folder.writeModel(Uint8Array.of(1, 2, 3));
  const pictures = ['reconstructions.png', 'denoised.png', 'samples.png', 'loss.svg'];
  const names = ['metrics.jsonl', 'run.json', ...pictures, 'model.safetensors'];
  assert.equal(folder.files(), names);
  folder.release();
  assert.equal(fs.readdirSync(inRoot('run')).sort(), [...names].sort());
  assert.is(folder.path, inRoot('run'));
  assert.equal(JSON.parse(read('run.json')), { config: { lr: 0.001 } });
  assert.equal([...fs.readFileSync(inRoot('run', 'model.safetensors'))], [1, 2, 3]);
  assert.match(read('loss.svg'), /^<svg[\s\S]*digits/);
  const picture = (name: string) => decode(fs.readFileSync(inRoot('run', name)));
  const across = 8 * (84 + 2) + 2;
  assert.equal([picture('samples.png').width, picture('samples.png').height], [across, across]);
  assert.equal([picture('reconstructions.png').width, picture('reconstructions.png').height], [across, 2 * 86 + 2]);
  assert.equal([picture('denoised.png').width, picture('denoised.png').height], [across, 3 * 86 + 2]);
});

test('metrics.jsonl grows by exactly the line that is documented', () => {
  const folder = createRunFolder(inRoot('run'));
  // The order of the fields and fields of other people do not matter.
  const { train, ...rest } = report;
  folder.appendMetrics({ ...rest, train: { kl: train.kl, bce: train.bce, loss: train.loss } });
  assert.is(read('metrics.jsonl'), LINE);
  folder.appendMetrics({ ...report, complete: false });
  assert.is(read('metrics.jsonl'), LINE + LINE);
});

test('metrics.jsonl: the terms that the loss has, and the layer of pretraining from 1', () => {
  const folder = createRunFolder(inRoot('run'));
  const losses = { sparsity: 1, l1: 2, kl: 3, mse: 4, bce: 5, loss: 6 };
  folder.appendMetrics({ ...report, train: losses, test: { loss: 7, mse: 7 } });
  folder.appendMetrics({ ...report, train: { loss: 7, mse: 7 }, test: { loss: 8, mse: 8 }, layer: 0, layers: 4 });
  const lines = read('metrics.jsonl').split('\n');
  const times = '"seconds":12.5,"stepsPerSecond":37.52}';
  const all = '{"loss":6,"bce":5,"mse":4,"kl":3,"l1":2,"sparsity":1}';
  assert.is(lines[0], `{"epoch":1,"step":469,"train":${all},"test":{"loss":7,"mse":7},${times}`);
  const layer = '{"layer":1,"layers":4,"epoch":1,"step":469';
  assert.is(lines[1], `${layer},"train":{"loss":7,"mse":7},"test":{"loss":8,"mse":8},${times}`);
});

test('a file that is written again is replaced as a whole', () => {
  const folder = createRunFolder(inRoot('run'));
  folder.writeModel(new Uint8Array(100));
  const old = fs.openSync(inRoot('run', 'model.safetensors'), 'r');
  folder.writeModel(new Uint8Array(10));
  assert.is(fs.fstatSync(old).size, 100, 'a reader of the old file keeps all of it');
  fs.closeSync(old);
  assert.is(fs.statSync(inRoot('run', 'model.safetensors')).size, 10);
  assert.equal(folder.files(), ['model.safetensors']);
});

test('a write that fails names the file and the reason, and leaves no half', () => {
  const folder = createRunFolder(inRoot('run'));
  fs.mkdirSync(inRoot('run', 'model.safetensors', 'x'), { recursive: true });
  refused(() => folder.writeModel(Uint8Array.of(1)), `${inRoot('run', 'model.safetensors')} cannot be written (`);
  folder.release();
  assert.equal(fs.readdirSync(inRoot('run')), ['model.safetensors']);
  assert.equal(folder.files(), []);
  fs.mkdirSync(inRoot('run', 'metrics.jsonl'));
  refused(() => folder.appendMetrics(report), `${inRoot('run', 'metrics.jsonl')} cannot be written (EISDIR`);
});

test('an empty folder is taken, one with something in it is refused and left alone', () => {
  fs.mkdirSync(inRoot('run'));
  const folder = createRunFolder(inRoot('run'));
  folder.writeModel(Uint8Array.of(1));
  folder.release();
  refused(
    () => createRunFolder(inRoot('run')),
    `${inRoot('run')} is not empty (1 entries), must be a new or empty folder`,
  );
  assert.equal(fs.readdirSync(inRoot('run')), ['model.safetensors']);
});

test('a folder belongs to one program: the second is refused by name, also while there is nothing in it', () => {
  const folder = createRunFolder(inRoot('run'));
  const message = `${inRoot('run')} is in use by another program (process ${process.pid} on ${os.hostname()}); `;
  refused(() => createRunFolder(inRoot('run')), message);
  refused(() => reopenRunFolder(inRoot('run')), message);
  folder.release();
  const second = createRunFolder(inRoot('run'));
  folder.release(); // it is no longer the first one's
  refused(() => createRunFolder(inRoot('run')), message);
  second.release();
});

test('a lock that a killed program left is taken over; one that is being written is not', () => {
  fs.mkdirSync(inRoot('run'));
  const lock = inRoot('run', '.lock');
  // Process 1 is there, and began at another time.
  for (const left of [
    { pid: 2 ** 22 + 1, host: os.hostname() },
    { pid: 1, host: os.hostname(), began: '-1' },
  ]) {
    fs.writeFileSync(lock, JSON.stringify(left));
    createRunFolder(inRoot('run')).release();
  }
  fs.writeFileSync(lock, '{"pi');
  refused(() => createRunFolder(inRoot('run')), `${inRoot('run')} is in use by another program (process unknown`);
  const old = new Date(Date.now() - 60_000);
  fs.utimesSync(lock, old, old);
  createRunFolder(inRoot('run')).release();
  fs.writeFileSync(lock, JSON.stringify({ pid: process.pid, host: 'elsewhere' }));
  refused(
    () => createRunFolder(inRoot('run')),
    `${inRoot('run')} is in use by another program (process ${process.pid} on elsewhere)`,
  );
});

test('default names never collide', () => {
  const folders = ['', '', ''].map(() => createDefaultFolder(inRoot('runs', 'now')));
  assert.equal(
    folders.map(({ path: name }) => path.basename(name)),
    ['now', 'now-2', 'now-3'],
  );
  for (const folder of folders) folder.release();
});

test('checkpoints: the last ones are kept, layers come before the whole, leftovers go at the next start', async () => {
  const folder = createRunFolder(inRoot('run'));
  for (const name of [
    checkpointName(900, 0),
    checkpointName(20, 1),
    checkpointName(5, undefined),
    checkpointName(1_000_000, undefined),
  ])
    await folder.writeCheckpoint(name, Uint8Array.of(1), 2);
  const at = (...names: string[]) => inRoot('run', 'checkpoints', ...names);
  assert.equal(checkpointNames(at()), ['step-000005.safetensors', 'step-1000000.safetensors']);
  fs.writeFileSync(at('step-000006.safetensors.part'), 'half');
  fs.writeFileSync(inRoot('run', 'run.json.part'), 'half');
  folder.release();
  reopenRunFolder(inRoot('run')).release();
  assert.equal(fs.readdirSync(at()).sort(), ['step-000005.safetensors', 'step-1000000.safetensors']);
  assert.equal(fs.readdirSync(inRoot('run')), ['checkpoints']);
});

test('metrics of a run that goes on: half a line is dropped, lines after the checkpoint too, and the rest stays', () => {
  const folder = createRunFolder(inRoot('run'));
  folder.appendMetrics(report);
  folder.appendMetrics({ ...report, epoch: 2, step: 938 });
  folder.release();
  fs.appendFileSync(inRoot('run', 'metrics.jsonl'), LINE.slice(0, 40));
  const again = reopenRunFolder(inRoot('run'));
  assert.is(again.metrics.length, 2);
  again.cutMetrics(({ epoch }) => epoch < 2);
  assert.is(read('metrics.jsonl'), LINE);
  again.appendMetrics({ ...report, epoch: 2, step: 938 });
  assert.is(read('metrics.jsonl').split('\n').length, 3);
  again.release();
});

test('a line that could not be written comes with the next', () => {
  const folder = createRunFolder(inRoot('run'));
  fs.mkdirSync(inRoot('run', 'metrics.jsonl'));
  refused(() => folder.appendMetrics(report), `${inRoot('run', 'metrics.jsonl')} cannot be written (EISDIR`);
  fs.rmdirSync(inRoot('run', 'metrics.jsonl'));
  folder.appendMetrics(report);
  assert.is(read('metrics.jsonl'), LINE + LINE);
});

for (const [code, remedy] of [
  ['ENOSPC', 'the disk is full: free some space, or name a folder on another disk'],
  ['EDQUOT', 'your quota is used up: free some space, or name a folder on another disk'],
  ['EROFS', 'the file system is read-only: name a folder on another'],
  ['EACCES', 'you may not write there: name another folder, or change its permissions'],
  ['EIO', 'the disk fails: name a folder on another'],
  ['ENOTDIR', 'it must be where you may write: name another folder'],
] as const)
  test(`${code}: the remedy that fits`, () => {
    const cause = Object.assign(new Error(`${code}: no`), { code });
    assert.is(fileError('a/b', 'cannot be written', cause).message, `a/b cannot be written (${code}: no); ${remedy}`);
  });

test('a file, or a folder below a file, is refused with the reason', () => {
  fs.writeFileSync(inRoot('file'), 'x');
  refused(() => createRunFolder(inRoot('file')), `${inRoot('file')} cannot be used (ENOTDIR`);
  refused(() => createRunFolder(inRoot('file', 'run')), `${inRoot('file', 'run')} cannot be used (ENOTDIR`);
  assert.is(fs.readFileSync(inRoot('file'), 'utf8'), 'x');
});

test('folders made on the way to a refusal do not stay', () => {
  const long = 'x'.repeat(300); // longer than any name may be
  refused(() => createRunFolder(inRoot('a', 'b', long)), `${inRoot('a', 'b', long)} cannot be used (ENAMETOOLONG`);
  assert.equal(fs.readdirSync(root), []);
});

test.run();
