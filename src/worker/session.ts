// The page's side of a session: starts the worker, asks it, and hands out what comes back. No GPU and no arithmetic
// here; serve.ts does the work.
import type {
  Bytes,
  CheckedExamples,
  Codes,
  EpochReport,
  Examples,
  Images,
  LabelOptions,
  LatentGpuError,
  LayerReport,
  Losses,
  Plan,
  TrainingWarning,
} from '../index.js';
import type { ProfileOptions, ProfileReport } from '../profile/index.js';
import { Connection } from './connection.js';
import { buffersOf, type SetName, type Trainings } from './protocol.js';
import { startWorker } from './start.js';
import type { Drawing, DrawOptions, ImageSource, SessionInfo, SessionSetup } from './types.js';

export interface SessionOptions extends SessionSetup {
  /**
   * A worker of your own that runs `serveSession()` of latentgpu/worker; it is the session's from then on. Without one, the
   * session starts latentgpu-session.js, which bundlers find or are told of (docs/web.md).
   */
  worker?: Worker;
  /** Hears what the session survives: a lost GPU, a loss that explodes, a checkpoint that could not be written. */
  onWarning?: (warning: TrainingWarning) => void;
}

/**
 * Starts a worker, opens a device in it, and makes a model and a trainer there.
 * @throws DeviceError if there is no WebGPU; ArgumentError naming what is wrong in the options; LatentGpuError if the
 *   worker does not start
 * @example
 * ```ts
 * const session = await startSession({ model: vae({ hidden: [128], latent: 8 }), dataset: digits() });
 * for await (const { test } of session.train({ epochs: 3 })) console.log(test.loss);
 * await session.draw(canvas, { samples: 64 }, { columns: 8 });
 * ```
 */
export async function startSession({ worker, onWarning, ...setup }: SessionOptions): Promise<Session> {
  const connection = worker ? new Connection(worker) : new Connection(await startWorker(), true);
  if (onWarning) connection.onWarning = onWarning;
  try {
    const info = await connection.call('setUp', [setup], buffersOf(setup.dataset));
    return new Session(connection, info);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** What stays in the page: an AbortSignal and a function cannot be sent. */
export interface Heard<Name extends keyof Trainings> {
  /** When it aborts, training stops after the steps under way. */
  signal?: AbortSignal;
  /** Told after every submit, as fast as messages come. */
  onProgress?: (progress: Trainings[Name]['progress']) => void;
}

/** Made by `startSession`. Calls may be made at any time, also while it trains; each waits for some steps at most. */
export class Session {
  private readonly canvases = new WeakMap<HTMLCanvasElement | OffscreenCanvas, number>();
  private canvasCount = 0;

  /** Use `startSession`. @internal */
  constructor(
    private readonly connection: Connection,
    private latest: SessionInfo,
  ) {}

  /** What became of the last set-up. */
  get info(): SessionInfo {
    return this.latest;
  }

  /**
   * Resolves when the device is lost for good or the worker has failed: a loss that the session recovers from is a warning
   * (`onWarning`). `restart` then opens a new device.
   */
  get lost(): Promise<LatentGpuError> {
    return this.connection.lost;
  }

  /**
   * Starts over with fresh parameters, on a new device if the last was lost. What is not given stays as it was. Training
   * that is under way ends after its steps under way, without an error.
   */
  async restart(setup: Partial<SessionSetup> = {}): Promise<SessionInfo> {
    this.latest = await this.connection.call('setUp', [setup], buffersOf(setup.dataset));
    return this.latest;
  }

  /** As Trainer.train: a report an epoch; after an abort, another call goes on where this one stopped. */
  train(options: Trainings['train']['options'] & Heard<'train'> = {}): AsyncGenerator<EpochReport, void, undefined> {
    return this.reports('train', options);
  }

  /** As `pretrain` on the session's model and data, with the session's training options where none are given. */
  pretrain(
    options: Trainings['pretrain']['options'] & Heard<'pretrain'> = {},
  ): AsyncGenerator<LayerReport, void, undefined> {
    return this.reports('pretrain', options);
  }

  private async *reports<Name extends keyof Trainings>(
    name: Name,
    { signal, onProgress, ...options }: Trainings[Name]['options'] & Heard<Name>,
  ): AsyncGenerator<Trainings[Name]['report'], void, undefined> {
    const { connection } = this;
    const run = connection.begin(name, options as Trainings[Name]['options'], onProgress);
    const abort = () => connection.abort(run.id);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    try {
      await run.begun;
      for (;;) {
        const report = await connection.call('next', [run.id]);
        if (report === undefined) return;
        yield report as Trainings[Name]['report'];
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      connection.end(run.id);
    }
  }

  /** As Trainer.evaluate: of the test examples, or of these. */
  evaluate(examples?: Images | Examples): Promise<Losses> {
    return this.connection.call('evaluate', [examples]);
  }

  /** Some of the dataset's grey images, as bytes, with their labels; all of the set if no count is given. */
  images(set: SetName, { first = 0, count }: { first?: number; count?: number } = {}): Promise<Images> {
    return this.connection.call('images', [set, first, count]);
  }

  /** The same of examples of any shape: images of bytes, or numbers. */
  examples(set: SetName, { first = 0, count }: { first?: number; count?: number } = {}): Promise<CheckedExamples> {
    return this.connection.call('examples', [set, first, count]);
  }

  /** As Model.encode. */
  encode(images: ImageSource, options: LabelOptions = {}): Promise<Codes> {
    return this.connection.call('encode', [images, options]);
  }

  /** As Model.decode. */
  decode(codes: Float32Array, options: LabelOptions = {}): Promise<Float32Array> {
    return this.connection.call('decode', [codes, options]);
  }

  /** As Model.reconstruct. */
  reconstruct(images: ImageSource, options: LabelOptions = {}): Promise<Float32Array> {
    return this.connection.call('reconstruct', [images, options]);
  }

  /** As Model.sample. */
  sample(count: number, options: { seed?: number } & LabelOptions = {}): Promise<Float32Array> {
    return this.connection.call('sample', [count, options]);
  }

  /**
   * Draws images on a canvas, grey ones from the GPU's memory, a pixel of the canvas for each of theirs; the style sheet scales
   * it. Numbers that the model scales are grey: black is their least and white their greatest, or 3 deviations to each side.
   * Vectors are no images: `decode` and `reconstruct` give their numbers.
   * The first call moves the canvas to the worker: it must never have been drawn on, nor be used by another session.
   */
  async draw(canvas: HTMLCanvasElement | OffscreenCanvas, drawing: Drawing, options: DrawOptions = {}): Promise<void> {
    await this.connection.call('draw', [await this.numberOf(canvas), drawing, options]);
  }

  /** The parameters as a safetensors file. */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    return this.connection.call('save', []);
  }

  /** Replaces the parameters by a safetensors file's. The optimizer goes on with what it knows. */
  load(bytes: Bytes): Promise<void> {
    return this.connection.call('load', [bytes]);
  }

  /** As Trainer.snapshot, as a file: a checkpoint. */
  snapshot(): Promise<Uint8Array<ArrayBuffer>> {
    return this.connection.call('snapshot', []);
  }

  /** As Trainer.restore, from a checkpoint's bytes; not while it trains. */
  restore(bytes: Bytes): Promise<void> {
    return this.connection.call('restore', [bytes]);
  }

  /** The dispatches of a training step: for printPlan and shaderText of latentgpu/profile. */
  plan(): Promise<Plan> {
    return this.connection.call('plan', []);
  }

  /** As profileTrainer of latentgpu/profile; not while it trains. */
  profile(options: ProfileOptions = {}): Promise<ProfileReport> {
    return this.connection.call('profile', [options]);
  }

  /** Ends the worker, and with it all that it holds. What it was still asked is rejected. Idempotent. */
  dispose(): void {
    this.connection.close();
  }

  private async numberOf(canvas: HTMLCanvasElement | OffscreenCanvas): Promise<number> {
    const known = this.canvases.get(canvas);
    if (known !== undefined) return known;
    const number = this.canvasCount++;
    const offscreen = canvas instanceof OffscreenCanvas ? canvas : canvas.transferControlToOffscreen();
    this.canvases.set(canvas, number);
    await this.connection.call('canvas', [offscreen, number], [offscreen]);
    return number;
  }
}
