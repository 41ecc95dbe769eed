// --resume as users start it. The images are 8x8 and the model tiny. Kills at random moments are in
// test/long/kill.test.ts, other ways to begin in starts.test.ts beside it.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ADAPTER, own, writeBars } from '../support/programs/programs.js';
import { sameResults } from '../support/training/killed-runs.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-resume-'));
const data = path.join(scratch, 'data');
writeBars(data);
const BASE = ['--adapter', ADAPTER, '--data', data, '--hidden', '6', '--latent', '3', '--batch', '8', '--seed', '5'];

const at = (...parts: string[]) => path.join(scratch, ...parts);

function run(args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['harness/train.js', ...args], {
    encoding: 'utf8',
    timeout: 200_000,
    killSignal: 'SIGKILL',
  });
  return { status, out: stdout, err: own(stderr) };
}

test('a finished run goes on with a larger --epochs, to the bytes of a longer one', () => {
  assert.is(run([...BASE, '--epochs', '2', '--out', at('short')]).status, 0);
  assert.match(run(['--resume', at('short')]).out, /there is nothing left to train; with a larger --epochs it goes on/);
  assert.is(run(['--resume', at('short'), '--epochs', '5']).status, 0);
  assert.is(run([...BASE, '--epochs', '5', '--out', at('long')]).status, 0);
  sameResults(at('short'), at('long'));
});

test('what differs is refused by name', () => {
  const refused = (args: string[], message: string) => {
    const { status, out, err } = run(args);
    assert.equal([status, out, err], [2, '', `error: ${message}\n`]);
  };
  const fork = (flag: string) => `leave --${flag} out, or use --fork for other options`;
  refused(
    ['--resume', at('short'), '--lr', '0.1'],
    `--lr is 0.1, but the run in ${at('short')} has none; ${fork('lr')}`,
  );
  refused(
    ['--resume', at('short'), '--seed', '6'],
    `--seed is 6, but the run in ${at('short')} has 5; ${fork('seed')}`,
  );
  refused(
    ['--fork', at('short'), '--latent', '4'],
    `--latent is 4, but the run in ${at('short')} has 3; leave --latent out, or use --init for the weights alone`,
  );
  refused(
    ['--resume', at('short'), '--out', at('x')],
    '--out with --resume: it goes on in its own folder; leave --out out, or use --fork',
  );
  refused(
    ['--resume', at('nowhere')],
    `--resume ${at('nowhere')} does not exist, must be the folder of a run of harness/train.js`,
  );
  refused(
    ['--resume', data],
    `--resume ${data} has no checkpoint in checkpoints/, must be the folder of a run that wrote one; start it anew`,
  );
  writeBars(at('other'), { train: 40 });
  const { status, err } = run(['--resume', at('short'), '--epochs', '9', '--data', at('other')]);
  assert.is(status, 2);
  assert.match(err, /^error: the snapshot of step 25 does not fit: train\.count is 40, was 36\n$/);
});

test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
test.run();
