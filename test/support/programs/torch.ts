// Test support: harness/torch as its users start it, with the Python that has PyTorch (LATENTGPU_PYTHON, else Debian's); and
// checkpoints of trainers of this process for it to go on with.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Images } from '../../../src/data/dataset.js';
import { countOf } from '../../../src/data/examples.js';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from '../../../src/train/snapshot/snapshot.js';
import { idxFile } from './programs.js';

export const PYTHON = process.env.LATENTGPU_PYTHON ?? '/usr/bin/python3';
const TRAIN = 'harness/torch/train.py';
const PATIENCE_MS = 200_000;
/** One thread: the machine has few cores, and the sums of one are those of the other. */
const ENV = { ...process.env, OMP_NUM_THREADS: '1', PYTHONPATH: 'harness/torch:test/train' };

export interface Ended {
  status: number | null;
  out: string;
  err: string;
}

/** Runs a script, by its file or as `-c` and its text. */
export function python(...args: string[]): Ended {
  const { status, stdout, stderr, error } = spawnSync(PYTHON, args, {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
    env: ENV,
  });
  if (error) throw error;
  return { status, out: stdout, err: stderr };
}

export const trainPy = (...args: string[]): Ended => python(TRAIN, ...args);

/** The same, which must go well. @returns the lines that it prints */
export function trained(...args: string[]): string[] {
  const { status, out, err } = trainPy(...args);
  assert.equal([status, err], [0, ''], `train.py ${args.join(' ')}`);
  return out.trimEnd().split('\n');
}

async function freePort(): Promise<string> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(address.port);
}

/** A process that was started, and what became of it. */
export interface Started {
  child: ChildProcess;
  out: () => string;
  ended: Promise<Ended>;
}

export function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...ENV, ...env } });
  let [out, err] = ['', ''];
  child.stdout?.on('data', (bytes) => {
    out += bytes;
  });
  child.stderr?.on('data', (bytes) => {
    err += bytes;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status) => resolve({ status, out, err }));
  });
  return { child, out: () => out, ended };
}

/** As many processes of one job, started as torchrun starts them. */
export async function startProcesses(
  count: number,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Started[]> {
  const port = await freePort();
  return Array.from({ length: count }, (_, rank) =>
    start(PYTHON, [TRAIN, ...args], {
      RANK: String(rank),
      LOCAL_RANK: String(rank),
      WORLD_SIZE: String(count),
      MASTER_ADDR: '127.0.0.1',
      MASTER_PORT: port,
      ...env,
    }),
  );
}

/** An IDX folder of these images. */
export function writeImages(folder: string, parts: { train: Images; t10k: Images }): void {
  fs.mkdirSync(folder);
  for (const [part, { count, height, width, pixels, labels }] of Object.entries(parts)) {
    fs.writeFileSync(path.join(folder, `${part}-images-idx3-ubyte`), idxFile([count, height, width], pixels));
    if (labels) fs.writeFileSync(path.join(folder, `${part}-labels-idx1-ubyte`), idxFile([count], labels));
  }
}

/** A checkpoint's file, as a run of harness/train.js on `data` would have written it. */
export function writeCheckpoint(file: string, snapshot: Snapshot, data: string, steps: number): void {
  const { batch = 1, seed = 0 } = snapshot.training;
  const { train } = snapshot.data;
  const stepsPerEpoch = Math.ceil(('count' in train ? train.count : countOf(train)) / batch);
  const run = {
    options: { seed, adapter: 'auto' },
    length: { batch, epochs: Math.ceil(steps / stepsPerEpoch), why: '', stepsPerEpoch, steps, pretraining: null },
    data,
    seconds: 0,
    trace: { size: 1, points: [], open: {} },
  };
  fs.writeFileSync(file, encodeSnapshot(snapshot, { run: JSON.stringify(run) }));
}

export const readSnapshot = (folder: string, step: number): Snapshot =>
  decodeSnapshot(fs.readFileSync(path.join(folder, 'checkpoints', `step-${String(step).padStart(6, '0')}.safetensors`)))
    .snapshot;

export const readMetrics = (folder: string): Record<string, unknown>[] =>
  fs
    .readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
