// bench.js --peers as its users start it: tfjs, jax-js and (where a Python has it) PyTorch train the seed step beside this
// engine on one adapter. Each must begin as an untrained model and learn; no speed is asserted.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findTorch } from '../../harness/lib/bench/find-peers.js';
import type { BenchReport } from '../../harness/lib/bench/report.js';
import { AGREEMENT } from '../../harness/lib/bench/steps.js';
import { ADAPTER, runProgram } from '../support/programs/programs.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-peers-'));
const json = path.join(scratch, 'peers.json');
const BATCH = 8;
/** Three libraries compile their kernels; on a quiet machine all of it takes less than a minute. */
const PATIENCE_MS = 540_000;

test('each peer is checked and timed in turn with the engine; what is missing is told', () => {
  const args = ['--adapter', ADAPTER, '--peers', '--batch', String(BATCH), '--rounds', '2', '--steps', '2'];
  const { status, out, err } = runProgram('harness/bench.js', [...args, '--json', json], PATIENCE_MS);
  assert.is(status, 0, err);
  const { peers, adapter }: BenchReport = JSON.parse(fs.readFileSync(json, 'utf8'));
  const { results = [], leftOut, batch, rounds } = peers ?? {};
  const torch = findTorch();
  assert.equal([batch, rounds], [BATCH, 2]);
  assert.equal(
    results.map(({ name }) => name).filter((name) => !/^PyTorch (compile|graph)/.test(name)),
    ['latentgpu', 'tfjs', 'jax-js', ...(torch ? ['PyTorch eager'] : [])],
    JSON.stringify(leftOut),
  );
  assert.is(
    leftOut?.some(({ what }) => what === 'PyTorch'),
    torch === undefined,
  );
  for (const { name, device, version, samples, ms, ratio, loss, disagreement } of results) {
    assert.ok(disagreement <= AGREEMENT, `${name}: losses differ by ${disagreement}`);
    assert.ok(Math.abs(loss.first - 784 * Math.LN2) < 28 && loss.last < loss.first, `${name}: ${JSON.stringify(loss)}`);
    assert.is(samples.length, 2);
    const ratios = samples.map((sample, round) => sample / (results[0]?.samples[round] ?? Number.NaN));
    assert.equal([ratio.min, ratio.max], [Math.min(...ratios), Math.max(...ratios)]);
    assert.ok(ms.min > 0);
    assert.match(version, /^\d+\.\d+/);
    if (!name.startsWith('PyTorch')) assert.is(device, adapter.name, 'the same adapter');
    assert.match(out, new RegExp(`^${name.replace('.', '\\.')} `, 'm'));
  }
});

test('a convolutional VAE: each peer that is timed takes the same steps; one that is too slow or wrong is told', () => {
  const args = ['--adapter', ADAPTER, '--peers', '--model', 'conv-vae', '--batch', String(BATCH)];
  const { status, err } = runProgram(
    'harness/bench.js',
    [...args, '--rounds', '1', '--steps', '2', '--json', json],
    PATIENCE_MS,
  );
  assert.is(status, 0, err);
  const { peers }: BenchReport = JSON.parse(fs.readFileSync(json, 'utf8'));
  const { model, results = [], leftOut = [] } = peers ?? {};
  assert.is(model, 'conv-vae');
  const names = results.map(({ name }) => name);
  for (const name of ['latentgpu', 'tfjs', ...(findTorch() ? ['PyTorch eager'] : [])])
    assert.ok(names.includes(name), JSON.stringify(leftOut));
  // jax-js takes minutes to begin on a software adapter, and then is told to be wrong (harness/peers/jax.js says why).
  const left = leftOut.find(({ what }) => what === 'jax-js')?.why ?? '';
  assert.ok(names.includes('jax-js') || /did not answer within|the loss of step [4-8] without/.test(left), left);
  for (const { name, loss, disagreement } of results) {
    assert.ok(disagreement <= AGREEMENT && loss.last < loss.first, `${name}: ${disagreement}, ${JSON.stringify(loss)}`);
  }
});

test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
test.run();
