// The page's side of the data worker.
import type { DataRequest, PageData } from './request.js';

type Answer = { id: number } & ({ dataset: PageData } | { error: string });

let worker: Worker | undefined;
let lastId = 0;

/** @throws Error saying what is wrong with the files */
export function dataset(request: DataRequest): Promise<PageData> {
  worker ??= new Worker(new URL('./data-worker.js', import.meta.url), { type: 'module', name: 'data' });
  const target = worker;
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    const failed = (event: ErrorEvent) => reject(new Error(`the data worker failed: ${event.message}`));
    const answered = ({ data }: MessageEvent<Answer>) => {
      if (data.id !== id) return;
      target.removeEventListener('message', answered);
      target.removeEventListener('error', failed);
      if ('error' in data) reject(new Error(data.error));
      else resolve(data.dataset);
    };
    target.addEventListener('message', answered);
    target.addEventListener('error', failed);
    target.postMessage({ id, request });
  });
}
