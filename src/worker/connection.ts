// The page's end of the wire to a session's worker: calls and their answers, progress, losses, and what is said when the
// worker itself is no good. What a call means is session.ts's business.
import { ArgumentError, LatentGpuError, type Progress, type TrainingWarning } from '../index.js';
import { type CallName, type Calls, type Reply, type Request, receivedError, type Trainings } from './protocol.js';

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: Error) => void;
}

/** Calls to the worker and their answers. */
export class Connection {
  /** Resolves when the device is lost, or the worker has failed for good. */
  lost: Promise<LatentGpuError>;
  private tellLost: (error: LatentGpuError) => void = () => undefined;
  private readonly waiting = new Map<number, Waiting>();
  private readonly progress = new Map<number, (progress: Progress) => void>();
  /** Hears what training survives. */
  onWarning: (warning: TrainingWarning) => void = () => undefined;
  private lastId = 0;
  /** Why no call can be made any more. */
  private closed: LatentGpuError | undefined;

  /** @param ready whether the worker has said so */
  constructor(
    private readonly worker: Worker,
    private ready = false,
  ) {
    this.lost = this.nextLoss();
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.receive(data);
    worker.onerror = (event) => {
      event.preventDefault(); // it is told below
      this.fail(event.message);
    };
    worker.onmessageerror = () => this.fail('a message could not be read');
  }

  call<Name extends CallName>(
    name: Name,
    args: Parameters<Calls[Name]>,
    transfer: Transferable[] = [],
  ): ReturnType<Calls[Name]> {
    return this.send(++this.lastId, name, args, transfer);
  }

  /** Begins a training, whose id `next`, `abort` and `end` take. */
  begin<Name extends keyof Trainings>(
    name: Name,
    options: Trainings[Name]['options'],
    onProgress?: (progress: Trainings[Name]['progress']) => void,
  ) {
    const id = ++this.lastId;
    if (onProgress) this.progress.set(id, onProgress as (progress: Progress) => void);
    return { id, begun: this.send(id, name, [options] as Parameters<Calls[Name]>, []) };
  }

  abort(id: number): void {
    if (!this.closed) this.worker.postMessage({ abort: id } satisfies Request);
  }

  end(id: number): void {
    this.progress.delete(id);
    if (!this.closed) void this.call('finish', [id]).catch(() => undefined);
  }

  close(
    error: LatentGpuError = new ArgumentError('this session was disposed; make a new one with startSession'),
  ): void {
    this.closed ??= error;
    this.worker.terminate();
    this.rejectAll(this.closed);
  }

  private send<Name extends CallName>(
    id: number,
    name: Name,
    args: Parameters<Calls[Name]>,
    transfer: Transferable[],
  ): ReturnType<Calls[Name]> {
    return new Promise((resolve, reject) => {
      if (this.closed) throw this.closed;
      this.waiting.set(id, { resolve, reject });
      try {
        this.worker.postMessage({ id, name, args } as Request, transfer);
      } catch (error) {
        this.waiting.delete(id);
        throw new ArgumentError(
          `${name}: its arguments cannot be sent to the worker (${error instanceof Error ? error.message : error}). ` +
            'Pass plain data; a dataset or a canvas that another session was given is no longer here: make it anew.',
          { cause: error },
        );
      }
    }) as ReturnType<Calls[Name]>;
  }

  private receive(reply: Reply): void {
    if ('ready' in reply) {
      this.ready = true;
    } else if ('lost' in reply) {
      const error = receivedError(reply.lost) as LatentGpuError;
      this.tellLost(error);
      this.lost = this.nextLoss();
      this.rejectAll(error);
    } else if ('warning' in reply) {
      this.onWarning(reply.warning);
    } else if ('progress' in reply) {
      this.progress.get(reply.id)?.(reply.progress);
    } else {
      const { resolve, reject } = this.waiting.get(reply.id) ?? {};
      this.waiting.delete(reply.id);
      if ('error' in reply) reject?.(receivedError(reply.error));
      else resolve?.(reply.value as never);
    }
  }

  private nextLoss(): Promise<LatentGpuError> {
    return new Promise((resolve) => {
      this.tellLost = resolve;
    });
  }

  /** The worker itself is no good. */
  private fail(message: string): void {
    const error = this.ready
      ? new LatentGpuError(`the session's worker failed: ${message}. Start a new session.`)
      : new LatentGpuError(
          `the worker of startSession({ worker }) did not start${message ? `: ${message}` : ''}. It must be a module worker ` +
            "whose file calls serveSession of 'latentgpu/worker'.",
        );
    this.tellLost(error);
    this.close(error);
  }

  private rejectAll(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
