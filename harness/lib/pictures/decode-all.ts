// Many pictures decoded at once: by a thread a core where there are many, else here.
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { PictureSize } from '../options/reading-options.js';
import { type DecodedTask, type DecodeTask, decodeTask } from './decode-task.js';

/** So many are handed to a thread at once. */
const PER_TASK = 32;
/** Fewer are decoded sooner than threads start. */
const WORTH_THREADS = 256;
const MOST_THREADS = 8;

export interface DecodeOptions {
  size?: PictureSize | undefined;
  /** Told how many are done. */
  progress(done: number): void;
  /** By default as many as there are cores, if there are pictures enough; 0: none. */
  threads?: number | undefined;
}

/** @returns in the order of `files`, each picture or why there is none */
export async function decodeAll(
  files: readonly string[],
  { size, progress, threads = defaultThreads(files.length) }: DecodeOptions,
): Promise<DecodedTask['pictures']> {
  const tasks: DecodeTask[] = [];
  for (let first = 0; first < files.length; first += PER_TASK)
    tasks.push({ first, files: files.slice(first, first + PER_TASK), size });
  const pictures: DecodedTask['pictures'] = new Array(files.length);
  let done = 0;
  const take = ({ first, pictures: some }: DecodedTask) => {
    some.forEach((picture, index) => {
      pictures[first + index] = picture;
    });
    done += some.length;
    progress(done);
  };
  if (threads < 1) {
    for (const task of tasks) {
      take(decodeTask(task));
      await new Promise(setImmediate); // so that Ctrl-C is heard, and the bar drawn
    }
    return pictures;
  }
  const workers = Array.from({ length: Math.min(threads, tasks.length) }, () => new Worker(workerFile()));
  try {
    let next = 0;
    await Promise.all(
      workers.map(async (worker) => {
        for (let task = tasks[next++]; task; task = tasks[next++]) take(await ask(worker, task));
      }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return pictures;
}

const defaultThreads = (files: number): number =>
  files < WORTH_THREADS ? 0 : Math.min(MOST_THREADS, os.availableParallelism());

/** Built beside the bundle of the programs. */
function workerFile(): string {
  const root = path.dirname(createRequire(import.meta.url).resolve('latentgpu/package.json'));
  return path.join(root, 'dist/harness-decode.js');
}

function ask(worker: Worker, task: DecodeTask): Promise<DecodedTask> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(error);
    worker.once('error', failed);
    worker.once('message', (result: DecodedTask) => {
      worker.off('error', failed);
      resolve(result);
    });
    worker.postMessage(task);
  });
}
