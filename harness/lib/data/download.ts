// One file from the network, checked by its MD5 before anybody sees it; what went wrong is said in words. Where files come
// from and where they are kept is not its business (data.ts).
import { createHash } from 'node:crypto';
import { DownloadError } from '../run/fail.js';

/** No network is noticed this soon: the time until a server begins to answer. */
const ANSWER_MS = 4000;
/** A download that stands still this long is given up. */
const STALL_MS = 10_000;
/** Twice the largest file that is expected. */
const MOST_BYTES = 64 * 2 ** 20;

export const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

/**
 * Fetches a file into memory, so that nothing half done or wrong ever reaches the disk.
 * @param onBytes told of each piece: bytes so far, and of all if the server says
 * @throws DownloadError naming the address and what went wrong
 */
export async function download(
  url: URL,
  md5: string,
  onBytes: (received: number, total?: number) => void,
): Promise<Uint8Array> {
  const abort = new AbortController();
  const giveUp = (after: number, what: string) =>
    setTimeout(() => abort.abort(new Error(`${what} ${after / 1000} s`)), after);
  let timer = giveUp(ANSWER_MS, 'no answer within');
  const chunks: Uint8Array[] = [];
  let received = 0;
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || !response.body) throw new Error(`the server answers ${response.status} ${response.statusText}`);
    const total = Number(response.headers.get('content-length')) || undefined;
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = giveUp(STALL_MS, 'no more bytes for');
      chunks.push(chunk);
      received += chunk.length;
      if (received > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes`);
      onBytes(received, total);
    }
  } catch (error) {
    throw new DownloadError(`cannot download ${url.href}: ${networkReason(abort.signal.reason ?? error)}`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
  const bytes = Buffer.concat(chunks);
  onBytes(received, received);
  const actual = md5Of(bytes);
  if (actual !== md5)
    throw new DownloadError(
      `${url.href}: the MD5 of what came (${received} bytes) is ${actual}, must be ${md5}; it was thrown away`,
    );
  return bytes;
}

/** What fetch() buries: the code of the socket's or the resolver's error. */
function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (error.cause !== undefined) return networkReason(error.cause);
  const words: Record<string, string> = {
    ENOTFOUND: 'its host is not known here (no network?)',
    EAI_AGAIN: 'its host cannot be looked up (no network?)',
    ECONNREFUSED: 'the connection was refused',
    ECONNRESET: 'the connection was cut',
    UND_ERR_SOCKET: 'the connection was cut',
    ENETUNREACH: 'the network cannot be reached',
    EHOSTUNREACH: 'the host cannot be reached',
  };
  return (code && (words[code] ?? `${code} ${error.message}`)) || error.message;
}
