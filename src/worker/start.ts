// Starts a session's own worker, in the ways that there are, until one of them answers. Where the worker's file is: beside
// this one, under a name that bundlers look for; or nowhere, because this file lies on another host or was copied alone.
import { LatentGpuError } from '../index.js';
import type { Reply } from './protocol.js';

const OPTIONS = { type: 'module', name: 'latentgpu' } as const;

/**
 * From latentgpu-session.js, for which no policy must allow blobs. Bundlers want this expression letter by letter, and put
 * the worker's own bundle in its place.
 */
const fromFile = () =>
  new Worker(new URL('./latentgpu-session.js', import.meta.url), { type: 'module', name: 'latentgpu' });

/** From this very file, by way of a blob: browsers start no worker from another host. */
function fromBlob(): Worker {
  const script = `import { serveSession } from ${JSON.stringify(import.meta.url)}; serveSession();`;
  return new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), OPTIONS);
}

/** @throws LatentGpuError with what became of each way, and what to do */
export async function startWorker(): Promise<Worker> {
  const failures: string[] = [];
  for (const [way, start] of [
    ['from latentgpu-session.js', fromFile],
    ['from a blob', fromBlob],
  ] as const)
    try {
      return await answering(start);
    } catch (error) {
      failures.push(`${way}: ${error instanceof Error ? error.message : error}`);
    }
  throw new LatentGpuError(
    `the session's worker did not start (${failures.join('; ')}). latentgpu-session.js must lie beside the file that calls ` +
      'startSession: copy it there, or give your bundler latentgpu/session as a second entry. Or pass startSession({ worker }), ' +
      "a module worker whose file calls serveSession of 'latentgpu/worker'.",
  );
}

/** The worker, once it has said that it is ready. */
function answering(start: () => Worker): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const worker = start();
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if ('ready' in data) resolve(worker);
    };
    worker.onerror = (event) => {
      event.preventDefault(); // the next way may do
      worker.terminate();
      reject(new Error(event.message || 'it could not be loaded'));
    };
  });
}
