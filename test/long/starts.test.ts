// Killed runs and pretraining, --fork, --init, early stopping and divergence, as users start them. The images are 8x8 and the models
// tiny; what takes long is starting some twenty programs.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decodeSafetensors, safetensorsMetadata } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ADAPTER, own, writeBars } from '../support/programs/programs.js';
import { sameResults, train } from '../support/training/killed-runs.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-resume-'));
const data = path.join(scratch, 'data');
writeBars(data);
const BASE = ['--adapter', ADAPTER, '--data', data, '--hidden', '6', '--latent', '3', '--batch', '8', '--seed', '5'];

const at = (...parts: string[]) => path.join(scratch, ...parts);
const json = (folder: string) => JSON.parse(fs.readFileSync(path.join(folder, 'run.json'), 'utf8'));
const metrics = (folder: string) => fs.readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');

function run(args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['harness/train.js', ...args], {
    encoding: 'utf8',
    timeout: 200_000,
    killSignal: 'SIGKILL',
  });
  return { status, out: stdout, err: own(stderr) };
}

/** A run of five epochs, which others begin from. */
test('the run that others begin from', () => {
  assert.is(run([...BASE, '--epochs', '5', '--out', at('short')]).status, 0);
});

const BUSY = ['--schedule', 'cosine', '--warmup', '2', '--clip', '5', '--checkpoint-every', '3', '--validation', '0.2'];

test('a run that is killed and resumed leaves the bytes of one that was not', async () => {
  const args = [...BASE, ...BUSY, '--epochs', '40'];
  await train([...args, '--out', at('whole')], at('whole'));
  let { killed } = await train([...args, '--out', at('killed')], at('killed'), 15);
  for (let kills = 1; killed && kills < 3; kills++)
    killed = (await train(['--resume', at('killed')], at('killed'), 15)).killed;
  assert.is((await train(['--resume', at('killed')], at('killed'))).err, '');
  sameResults(at('killed'), at('whole'));
  assert.is(json(at('killed')).state, 'done');
  assert.is(metrics(at('killed')).length, 40);
});

test('a stacked model that is killed while its layers are pretrained: the same bytes', async () => {
  const args = [...BASE.slice(0, 4), '--model', 'stacked', '--hidden', '12,8', '--latent', '3', '--batch', '8'];
  const more = ['--pretrain', '6', '--epochs', '4', '--checkpoint-every', '2'];
  await train([...args, ...more, '--out', at('layers')], at('layers'));
  await train([...args, ...more, '--out', at('layers-killed')], at('layers-killed'), 1);
  await train(['--resume', at('layers-killed')], at('layers-killed'));
  sameResults(at('layers-killed'), at('layers'));
});

test('--fork: a new folder, other options, the weights and the step of the checkpoint', () => {
  const { status, out } = run([
    '--fork',
    at('short'),
    '--lr',
    '0.01',
    '--batch',
    '12',
    '--epochs',
    '10',
    '--out',
    at('fork'),
  ]);
  assert.is(status, 0);
  assert.match(out, /batch 12, adam, lr 0\.01/);
  assert.is(json(at('fork')).config.lr, 0.01);
  // 25 steps are done; with 3 an epoch the next epoch is the ninth.
  assert.equal(
    metrics(at('fork')).map((line) => JSON.parse(line).step),
    [27, 30],
  );
  assert.is(metrics(at('short')).length, 5, 'the first run is as it was');
});

test("--init: a run begins with a file's weights, those of a checkpoint too", () => {
  const [checkpoint = ''] = fs.readdirSync(at('short', 'checkpoints'));
  for (const [name, file] of [
    ['from-model', at('short', 'model.safetensors')],
    ['from-checkpoint', at('short', 'checkpoints', checkpoint)],
  ] as const)
    assert.is(run([...BASE, '--init', file, '--steps', '1', '--lr', '1e-30', '--out', at(name)]).status, 0);
  const weights = (folder: string) => decodeSafetensors(fs.readFileSync(at(folder, 'model.safetensors')));
  assert.equal(weights('from-model'), weights('short'));
  assert.equal([...weights('from-checkpoint').keys()], [...weights('short').keys()]);
  const { status, err } = run([...BASE, '--init', path.join(data, 'train-images-idx3-ubyte'), '--out', at('x')]);
  assert.is(status, 2);
  assert.match(
    err,
    /^error: --init .*train-images-idx3-ubyte cannot be used: safetensors: .*; must be a safetensors file with /,
  );
});

test('--patience: training stops, and the model has the weights of the best epoch', () => {
  const early = ['--patience', '2', '--min-delta', '0.5', '--validation', '0.2', '--epochs', '400', '--lr', '0.05'];
  const { status, out } = run([...BASE, ...early, '--out', at('early')]);
  assert.is(status, 0);
  const { best, stoppedEarly } = json(at('early'));
  const losses = metrics(at('early')).map((line) => JSON.parse(line).validation.loss);
  assert.is(stoppedEarly, true);
  assert.is(losses.length, best.epoch + 2, 'two epochs without a better one');
  assert.is(best.loss, losses[best.epoch - 1]);
  assert.match(out, new RegExp(`the best epoch was ${best.epoch} `));
  const model = decodeSafetensors(fs.readFileSync(at('early', 'model.safetensors')));
  const kept = fs.readFileSync(at('early', 'best.safetensors'));
  assert.is(safetensorsMetadata(kept).step, String(best.step));
  for (const [name, { values }] of model) assert.equal(values, decodeSafetensors(kept).get(name)?.values, name);
});

test('divergence: stop keeps the last good weights and says of which step, retry goes back with half the rate', () => {
  const wild = ['--optimizer', 'sgd', '--reduction', 'sum', '--epochs', '30', '--checkpoint-every', '1'];
  // Finite for a while: the rate rises until the loss explodes.
  const { status, err } = run([...BASE, ...wild, '--lr', '1e6', '--lr-warmup', '140', '--out', at('wild')]);
  assert.is(status, 1);
  const [, step] = /; model\.safetensors has the weights of step (\d+), the last that were good\n$/.exec(err) ?? [];
  assert.ok(Number(step) > 0, err);
  assert.is(json(at('wild')).state, 'failed');
  for (const { values } of decodeSafetensors(fs.readFileSync(at('wild', 'model.safetensors'))).values())
    assert.ok(Array.from(values as Float32Array).every(Number.isFinite));
  const retried = run([
    ...BASE,
    ...wild,
    '--lr',
    '1e6',
    '--lr-warmup',
    '140',
    '--on-divergence',
    'retry',
    '--out',
    at('retried'),
  ]);
  const told = [
    ...retried.err.matchAll(/^warning: .* Back at step \d+ with a learning rate of (\S+) \(retry (\d) of 3\)$/gm),
  ];
  assert.equal(told[0]?.slice(1), ['500000', '1']);
  assert.ok(retried.status === 0 || told.length === 3, 'it ends well, or after three');
});

test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
test.run();
