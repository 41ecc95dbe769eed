// The worker that makes data: the page's own thread neither draws digits nor unpacks files.
import { makeDataset } from './make.js';
import type { DataRequest, PageData } from './request.js';

/** What a worker's global scope is used for here. */
interface Port {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  addEventListener(
    type: 'message',
    listener: (event: MessageEvent<{ id: number; request: DataRequest }>) => void,
  ): void;
}

const port = globalThis as unknown as Port;

const buffers = ({ train, test }: PageData): ArrayBuffer[] =>
  [train.values, train.labels, test.values, test.labels].flatMap((array) =>
    array && array.buffer instanceof ArrayBuffer ? [array.buffer] : [],
  );

port.addEventListener('message', async ({ data: { id, request } }) => {
  try {
    const dataset = await makeDataset(request);
    port.postMessage({ id, dataset }, [...new Set(buffers(dataset))]);
  } catch (error) {
    port.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
