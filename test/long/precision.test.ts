// --precision of harness/train.js: a run in f16 from its first line to its checkpoint, resumed and forked; and drivers that
// end the process.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decodeSnapshot } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tryPrecision } from '../../harness/lib/run/half-trial.js';
import { device, usesDevice } from '../support/device.js';
import { ADAPTER, runProgram, writeBars } from '../support/programs/programs.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-precision-'));
const data = path.join(scratch, 'data');
const out = path.join(scratch, 'run');
writeBars(data);

const train = (...args: string[]) => runProgram('harness/train.js', ['--adapter', ADAPTER, '--data', data, ...args]);
const SMALL = ['--hidden', '6', '--latent', '3', '--batch', '8', '--epochs', '1', '--precision', 'f16'];

const runJson = (folder: string) => JSON.parse(fs.readFileSync(path.join(folder, 'run.json'), 'utf8'));

function lastCheckpoint(folder: string) {
  const checkpoints = path.join(folder, 'checkpoints');
  const name = fs.readdirSync(checkpoints).sort().at(-1) ?? '';
  return decodeSnapshot(fs.readFileSync(path.join(checkpoints, name))).snapshot;
}

if (!device.features.has('shader-f16'))
  test('an adapter without f16: one line, and no folder', () => {
    const { status, err } = train(...SMALL, '--out', out);
    assert.is(status, 2);
    assert.match(err, /^error: precision: "f16" needs a device with the feature "shader-f16", which .* has not;/);
    assert.not.ok(fs.existsSync(out));
  });
else {
  test('a run in f16 says so, counts what was skipped, and is resumed', () => {
    const { status, out: said, err } = train(...SMALL, '--out', out);
    assert.is(status, 0, err);
    assert.match(said, /^training {2}1 epoch of 5 steps; batch 8, adam, lr 0.001, f16, seed 0$/m);
    assert.match(said, /^f16 {7}no step skipped for gradients that overflowed; the loss is scaled by 65536$/m);
    assert.is(runJson(out).config.precision, 'f16');
    assert.equal(runJson(out).scaling, { scale: 65536, good: 5, skipped: 0 });
    const resumed = train('--resume', out, '--epochs', '2');
    assert.is(resumed.status, 0, resumed.err);
    assert.equal(lastCheckpoint(out).scaling, { scale: 65536, good: 10, skipped: 0 });
    assert.match(train('--resume', out, '--precision', 'f32').err, /--precision is "f32", but the run in .* has "f16"/);
  });

  test('a run in f16 is forked to f32', () => {
    const other = path.join(scratch, 'fork');
    const { status, err } = train('--fork', out, '--precision', 'f32', '--epochs', '3', '--out', other);
    assert.is(status, 0, err);
    assert.is(lastCheckpoint(other).scaling, undefined);
    assert.is(runJson(other).config.precision, 'f32');
  });

  test('a trial of f16 comes to its end; one that ends its process is told', () => {
    tryPrecision({ precision: 'f16' }, device);
    for (const [trial, how] of [
      ['process.abort()', 'was ended by SIGABRT'],
      ['process.exitCode = 3; console.error("no f16")', 'ended with status 3 \\(no f16\\)'],
    ] as const)
      assert.throws(
        () => tryPrecision({ precision: 'f16' }, device, trial),
        new RegExp(`^--precision f16: a trial of one step on .* ${how}.*leave --precision out, or update the driver$`),
      );
    tryPrecision({ precision: 'f32' }, device, 'process.abort()');
  });
}

usesDevice(test);
test.run();
