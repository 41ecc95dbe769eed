// Data sets on this machine for tests of --data: folders with files in them, a cache, and a server that behaves well or
// badly. No test leaves 127.0.0.1.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { type LoadedData, type LoadOptions, loadData, type Places } from '../../../harness/lib/data/data.js';
import { type CheckedExamples, countOf } from '../../../src/data/examples.js';

export const TRAIN = 'train-images-idx3-ubyte';
export const TEST = 't10k-images-idx3-ubyte';

/** An IDX file of bytes 0, 1, 2... */
export function idx(...shape: number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt8(8, 2);
  header.writeUInt8(shape.length, 3);
  shape.forEach((size, axis) => {
    header.writeUInt32BE(size, 4 + 4 * axis);
  });
  const values = Buffer.from({ length: shape.reduce((product, size) => product * size, 1) }).map((_, i) => i);
  return Buffer.concat([header, values]);
}

export const FILES: Record<string, Buffer> = {
  [`${TRAIN}.gz`]: gzipSync(idx(6, 4, 3)),
  'train-labels-idx1-ubyte.gz': gzipSync(idx(6)),
  [`${TEST}.gz`]: gzipSync(idx(2, 4, 3)),
  't10k-labels-idx1-ubyte.gz': gzipSync(idx(2)),
};
const md5 = (bytes: Buffer | undefined) =>
  createHash('md5')
    .update(bytes ?? '')
    .digest('hex');

export const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-data-'));
let folders = 0;

/** A folder with these files in it. */
export function folder(files: Record<string, Buffer | string>, name = `folder-${folders++}`): string {
  const dir = path.join(scratch, name);
  fs.mkdirSync(dir, { recursive: true });
  for (const [file, bytes] of Object.entries(files)) fs.writeFileSync(path.join(dir, file), bytes);
  return dir;
}

/** An empty cache, no system folder, and `mnist` and `fashion-mnist` at `mirror`, both made of FILES. */
export function places(mirror: string): Places {
  const source = (name: string, title: string) => ({
    title,
    mirror: `${mirror}/${name}/`,
    md5: {
      'train-images-idx3': md5(FILES[`${TRAIN}.gz`]),
      'train-labels-idx1': md5(FILES['train-labels-idx1-ubyte.gz']),
      't10k-images-idx3': md5(FILES[`${TEST}.gz`]),
      't10k-labels-idx1': md5(FILES['t10k-labels-idx1-ubyte.gz']),
    },
  });
  return {
    cache: folder({}),
    system: folder({}),
    sources: { mnist: source('mnist', 'MNIST'), 'fashion-mnist': source('fashion-mnist', 'Fashion-MNIST') },
  };
}

export type Handler = (request: http.IncomingMessage, response: http.ServerResponse, file: string) => void;
export const good: Handler = (_request, response, file) => {
  const bytes = FILES[file];
  response.writeHead(bytes ? 200 : 404, { 'content-length': bytes?.length ?? 0 }).end(bytes);
};

/** Runs `use` with a server's address; returns the paths that were asked for. */
export async function serve(handler: Handler, use: (mirror: string) => Promise<void>): Promise<string[]> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    handler(request, response, path.basename(request.url ?? ''));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return asked;
}

/** To be called by each test file that makes folders, before test.run(). */
export const cleansUp = (test: Test): void => {
  test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
};

/** loadData, what it said and after how many seconds, and the transfers it showed. */
export async function load(choice: string | undefined, where: Places, options: LoadOptions = {}) {
  const started = performance.now();
  const said: string[] = [];
  const times: number[] = [];
  const transfers: [string, number, number | undefined][] = [];
  const listener = {
    say: (line: string) => {
      said.push(line);
      times.push((performance.now() - started) / 1000);
    },
    download: (file: string, received: number, total: number | undefined) => transfers.push([file, received, total]),
  };
  const loaded: LoadedData = await loadData(choice, listener, { ...options, places: where });
  return { ...loaded, said, times, transfers };
}

export async function refusal(name: string, promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.is((error as Error).name, name, (error as Error).stack);
    return (error as Error).message;
  }
  return assert.unreachable('accepted') as never;
}

/** Examples of each part. */
export const partsOf = ({ train, test }: { train: CheckedExamples; test: CheckedExamples }): [number, number] => [
  countOf(train),
  countOf(test),
];

/** A port where nobody listens: one that was free a moment ago. */
let closed = '';
await serve(good, async (mirror) => {
  closed = mirror;
});
export const nowhere = (): Places => places(closed);
