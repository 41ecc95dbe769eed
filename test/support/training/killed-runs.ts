// Test support: runs of harness/train.js that are killed and resumed, and whether what they leave is what a run leaves that
// nobody disturbed.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import { own } from '../programs/programs.js';

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
  const [metrics, whole] = [got, want].map((folder) => fs.readFileSync(path.join(folder, METRICS)));
  assert.equal(untimed(metrics), untimed(whole), METRICS); // first: what the plots are made of
  for (const name of names(want)) {
    if (NOT_COMPARED.includes(name)) continue;
    const [now, then] = [got, want].map((folder) => fs.readFileSync(path.join(folder, name)));
    if (now?.equals(then ?? Buffer.alloc(0))) continue;
    const parts = name.endsWith('.svg') ? `: ${inspect(firstDifference(String(now), String(then)))}` : '';
    assert.unreachable(`${got}/${name} is not what an undisturbed run leaves${parts}`);
  }
}

const METRICS = 'metrics.jsonl';
const NOT_COMPARED = [METRICS, 'checkpoints', 'run.json', 'best.safetensors'];

/** The texts around the place where they part. */
function firstDifference(got: string, want: string): string[] {
  const at = [...want].findIndex((letter, index) => got[index] !== letter);
  return [got, want].map((text) => text.slice(Math.max(0, at - 150), at + 150));
}

const untimed = (bytes: Buffer | undefined) =>
  String(bytes)
    .trimEnd()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: 0, stepsPerSecond: 0 }));
