// Test support: runs of harness/train.js that are killed and resumed, and whether what they leave is what a run leaves that
// nobody disturbed.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { own } from './programs.js';

/** Starts the program; kills it `after` milliseconds after its first checkpoint is on the disk, if that is given. */
export function train(
  args: readonly string[],
  folder: string,
  after?: number,
): Promise<{ killed: boolean; err: string }> {
  const child = spawn(process.execPath, ['harness/train.js', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr?.on('data', (bytes) => {
    err += bytes;
  });
  const checkpoints = path.join(folder, 'checkpoints');
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watching = setInterval(() => {
    if (after === undefined || timer || !fs.existsSync(checkpoints)) return;
    if (!fs.readdirSync(checkpoints).some((name) => name.endsWith('.safetensors'))) return;
    timer = setTimeout(() => child.kill('SIGKILL'), after);
  }, 5);
  return new Promise((resolve) => {
    child.on('close', (_, signal) => {
      clearInterval(watching);
      clearTimeout(timer);
      resolve({ killed: signal === 'SIGKILL', err: own(err) });
    });
  });
}

/** Files that must be the same byte for byte; metrics.jsonl but for its times, of run.json nothing. */
export function sameResults(got: string, want: string): void {
  const names = (folder: string) => fs.readdirSync(folder).sort();
  assert.equal(names(got), names(want), `files in ${got}`);
  for (const name of names(want)) {
    if (name === 'checkpoints' || name === 'run.json' || name === 'best.safetensors') continue;
    const [now, then] = [got, want].map((folder) => fs.readFileSync(path.join(folder, name)));
    if (name === 'metrics.jsonl') assert.equal(untimed(now), untimed(then), name);
    else assert.ok(now?.equals(then ?? Buffer.alloc(0)), `${got}/${name} is not what an undisturbed run leaves`);
  }
}

const untimed = (bytes: Buffer | undefined) =>
  String(bytes)
    .trimEnd()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: 0, stepsPerSecond: 0 }));
