// The worker's side of a session: one device, one dataset, one model with its trainer, and calls that are answered as they
// come, also between the steps of a training. The page's side is session.ts.

import { Painter, type Picture, type TileLayout } from '../gpu/draw.js';
import {
  ArgumentError,
  type Bytes,
  type CheckedExamples,
  checkDataset,
  countOf,
  createModel,
  createTrainer,
  type Dataset,
  type Device,
  decodeSafetensors,
  decodeSnapshot,
  type Examples,
  encodeSafetensors,
  encodeSnapshot,
  type Images,
  type LabelOptions,
  type Model,
  type ModelSpec,
  numbersOf,
  openDevice,
  pretrain,
  requireKnownKeys,
  scaled,
  shapeOfOne,
  someExamples,
  type Trainer,
  type TrainingWarning,
  type TrainOptions,
} from '../index.js';
import { Checkpoints } from './checkpoints.js';
import {
  buffersOf,
  type Calls,
  type Reply,
  type Request,
  type SetName,
  sentError,
  type Trainings,
} from './protocol.js';
import type { Drawing, DrawOptions, ImageSource, SessionInfo, SessionSetup } from './types.js';

/** What a worker's global scope is used for here. */
export interface Port {
  /** To the page. */
  postMessage(message: unknown, transfer: Transferable[]): void;
  /** From the page. */
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

/**
 * Answers one page's session for as long as the worker lives. Call it once, in a module worker.
 * @example
 * ```ts
 * // worker.js; the page: startSession({ ..., worker: new Worker('worker.js', { type: 'module' }) })
 * serveSession();
 * ```
 */
export function serveSession(port: Port = globalThis as unknown as Port): void {
  const server = new Server((reply, transfer = []) => port.postMessage(reply, transfer));
  port.addEventListener('message', ({ data }) => server.receive(data));
}

const SETUP_KEYS: readonly string[] = [
  'model',
  'dataset',
  'training',
  'seed',
  'device',
  'checkpoint',
] satisfies (keyof SessionSetup)[];

type Send = (reply: Reply, transfer?: Transferable[]) => void;

interface Run {
  reports: AsyncGenerator<unknown, void, undefined>;
  stop: AbortController;
}

type Heard = Required<Pick<TrainOptions, 'signal' | 'onProgress' | 'onWarning'>>;

interface Current {
  model: Model;
  trainer: Trainer;
  dataset: Dataset<CheckedExamples>;
  checkpoints?: Checkpoints;
}

class Server implements Calls {
  private setup: Partial<SessionSetup> = {};
  private device: Device | undefined;
  private current: Current | undefined;
  /** Of the GPU that it was made on. */
  private painter: { gpu: GPUDevice; made: Promise<Painter> } | undefined;
  private readonly runs = new Map<number, Run>();
  private readonly canvases = new Map<number, OffscreenCanvas>();
  /** Calls under way: before their buffers are freed, they must have ended. */
  private readonly underWay = new Set<Promise<unknown>>();
  /** While a model is made, all other calls wait. */
  private gate: Promise<unknown> = Promise.resolve();
  /** Trainings that were aborted before they began. */
  private readonly aborted = new Set<number>();

  constructor(private readonly send: Send) {
    send({ ready: true });
  }

  receive(request: Request): void {
    if ('abort' in request) {
      const run = this.runs.get(request.abort);
      if (run) run.stop.abort();
      else this.aborted.add(request.abort);
      return;
    }
    const { id, name, args } = request;
    const call = this[name] as (...args: unknown[]) => Promise<unknown>;
    const started = () => call.apply(this, name === 'train' || name === 'pretrain' ? [...args, id] : args);
    const result = name === 'setUp' ? this.alone(started) : this.gate.then(started);
    if (name !== 'setUp') {
      this.underWay.add(result);
      void result.finally(() => this.underWay.delete(result)).catch(() => undefined);
    }
    result.then(
      (value) => this.send({ id, value }, buffersOf(value)),
      (error) => this.send({ id, error: sentError(error) }),
    );
  }

  /** After all calls under way; trainings are stopped. Calls that come meanwhile wait. */
  private alone(work: () => Promise<unknown>): Promise<unknown> {
    for (const { stop } of this.runs.values()) stop.abort();
    const before = [this.gate, ...this.underWay];
    const result = Promise.allSettled(before).then(work);
    this.gate = result.catch(() => undefined);
    return result;
  }

  async setUp(changes: Partial<SessionSetup>): Promise<SessionInfo> {
    requireKnownKeys(changes, SETUP_KEYS, 'session');
    this.runs.clear();
    this.current?.trainer.dispose();
    this.current?.model.dispose();
    this.current = undefined;
    this.painter = undefined; // its memory was the model's
    Object.assign(this.setup, changes);
    const { model: spec, dataset, training, seed, device: wanted, checkpoint } = this.setup;
    if (!spec || !dataset)
      throw new ArgumentError('a session needs a model and a dataset: startSession({ model, dataset })');
    const device = await this.usableDevice(wanted);
    const model = await createModel(device, spec, seed === undefined ? {} : { seed });
    try {
      const checked = checkDataset(dataset);
      const trainer = await createTrainer(model, checked, training);
      const checkpoints = checkpoint && (await Checkpoints.begin(checkpoint, trainer, this.warn));
      this.current = { model, trainer, dataset: checked, ...(checkpoints && { checkpoints }) };
      const { stepsPerEpoch, plan, step } = trainer;
      const { parameterCount } = model;
      const dispatchesPerStep = plan.dispatches.length;
      return { adapter: device.adapter, parameterCount, stepsPerEpoch, dispatchesPerStep, step };
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  /** The device there is, or a new one if it has failed. */
  private async usableDevice(wanted: SessionSetup['device']): Promise<Device> {
    try {
      this.device?.check();
      if (this.device) return this.device;
    } catch {
      this.device?.dispose();
      this.device = undefined;
    }
    const device = await openDevice(wanted);
    this.device = device;
    this.watch(device);
    return device;
  }

  private get usable(): Current {
    if (!this.current)
      throw new ArgumentError(
        'this session has no model, because its last restart failed; restart it with other options',
      );
    return this.current;
  }

  // --- a lost device ------------------------------------------------------------------------------------------------

  private readonly warn = (warning: TrainingWarning): void => {
    if (warning.kind === 'recovery' && this.device) this.watch(this.device);
    this.send({ warning });
  };

  /** A training under way recovers by itself or ends with the loss; while there is none, model and trainer are revived. */
  private watch(device: Device): void {
    const { gpu } = device;
    void gpu.lost.then(() => {
      if (device.gpu === gpu && device.lost && this.runs.size === 0) this.revive(device);
    });
  }

  /** Calls that come meanwhile wait. */
  private revive(device: Device): void {
    const revived = this.gate.then(() => this.current?.trainer.revive({ onWarning: this.warn }));
    this.gate = revived
      .then((done) => done || device.check())
      .catch((error) => {
        if (device === this.device) this.send({ lost: sentError(error) }); // it was not disposed meanwhile
      });
  }

  // --- training -----------------------------------------------------------------------------------------------------

  async train(options: Trainings['train']['options'], id = 0): Promise<void> {
    const { trainer, checkpoints } = this.usable;
    this.begin(id, (heard) => trainer.train({ ...options, ...heard }), checkpoints);
  }

  async pretrain(options: Trainings['pretrain']['options'], id = 0): Promise<void> {
    const { model, dataset } = this.usable;
    this.begin(id, (heard) => pretrain(model, dataset, { ...this.setup.training, ...options, ...heard }));
  }

  /** A training under the id of the call that asked for it; it begins with its first report. */
  private begin(id: number, start: (heard: Heard) => Run['reports'], checkpoints?: Checkpoints): void {
    const stop = new AbortController();
    if (this.aborted.delete(id)) stop.abort();
    const onProgress: Heard['onProgress'] = (progress) => {
      checkpoints?.consider();
      this.send({ id, progress });
    };
    const reports = start({ signal: stop.signal, onProgress, onWarning: this.warn });
    this.runs.set(id, { reports, stop });
  }

  async next(id: number): Promise<unknown> {
    try {
      const result = await this.runs.get(id)?.reports.next();
      if (result?.done) await this.current?.checkpoints?.write();
      return result?.value ?? undefined;
    } catch (error) {
      if (this.device?.lost) this.send({ lost: sentError(error) });
      throw error;
    }
  }

  async finish(id: number): Promise<void> {
    const run = this.runs.get(id);
    this.runs.delete(id);
    this.aborted.delete(id);
    await run?.reports.return();
    if (this.device?.lost && this.runs.size === 0) this.revive(this.device);
  }

  async evaluate(examples: Images | Examples | undefined) {
    return this.usable.trainer.evaluate(examples);
  }

  // --- the model ----------------------------------------------------------------------------------------------------

  async images(set: SetName, first: number, count: number | undefined): Promise<Images> {
    const { shape, values: pixels, labels } = await this.examples(set, first, count);
    const [rows = 0, height = 0, width = 0] = shape;
    if (shape.length !== 3 || !(pixels instanceof Uint8Array))
      throw new ArgumentError(
        `images: the dataset has examples of shape [${shapeOfOne({ shape }).join(', ')}]${pixels instanceof Uint8Array ? '' : ' of numbers'}, must have grey images of bytes; examples() gives any`,
      );
    return { count: rows, height, width, pixels, ...(labels && { labels }) };
  }

  async examples(set: SetName, first: number, count: number | undefined): Promise<CheckedExamples> {
    const { shape, values, labels } = this.some(set, first, count);
    return { shape, values: values.slice(), ...(labels && { labels: labels.slice() }) };
  }

  async encode(images: ImageSource, options: LabelOptions) {
    const { values, labels } = this.valuesOf(images, options);
    return this.usable.model.encode(values, labels);
  }

  async decode(codes: Float32Array, options: LabelOptions) {
    return this.usable.model.decode(codes, options);
  }

  async reconstruct(images: ImageSource, options: LabelOptions) {
    const { values, labels } = this.valuesOf(images, options);
    return this.usable.model.reconstruct(values, labels);
  }

  async sample(count: number, options: { seed?: number } & LabelOptions) {
    return this.usable.model.sample(count, options);
  }

  async canvas(canvas: OffscreenCanvas, number: number): Promise<void> {
    this.canvases.set(number, canvas);
  }

  async draw(number: number, drawing: Drawing, { columns }: DrawOptions): Promise<void> {
    const canvas = this.canvases.get(number);
    const { model } = this.usable;
    if (!canvas) throw new ArgumentError(`canvas ${number} is not one of this session's`);
    const { codes, labels } = await this.codesOf(drawing);
    const painter = await this.paintingOn(model);
    const { height, width, channels } = imageOf(this.some('test'));
    const count = codes.length / model.spec.code.units;
    const tiles = { height, width, count, columns: columns ?? count, ...blackAndWhite(model.spec) };
    if (channels === 3) return painter.putColours(canvas, tiles, await outputs(model, codes, labels));
    let picture: Picture | undefined;
    try {
      await model.decodeOnGpu(codes, labels, (encoder, rows) => {
        picture ??= painter.begin(canvas, tiles);
        picture.add(encoder, rows);
      });
      await picture?.show();
    } finally {
      picture?.dispose();
    }
  }

  /** One that could not be made is tried again by the next call; one of a GPU that was lost is made anew. */
  private paintingOn(model: Model): Promise<Painter> {
    const { gpu } = model.device;
    if (this.painter?.gpu === gpu) return this.painter.made;
    const made = Painter.create(model.machine);
    const painter = { gpu, made };
    made.catch(() => {
      if (this.painter === painter) this.painter = undefined;
    });
    this.painter = painter;
    return made;
  }

  private async codesOf(drawing: Drawing): Promise<{ codes: Float32Array; labels: LabelOptions }> {
    const { model } = this.usable;
    const options = drawing.labels ? { labels: drawing.labels } : {};
    if ('codes' in drawing) return { codes: drawing.codes, labels: options };
    if ('samples' in drawing) return { codes: model.priorCodes(drawing.samples, drawing.seed), labels: options };
    const { values, labels } = this.valuesOf(drawing.reconstructions, options);
    return { codes: (await model.encode(values, labels)).mean, labels };
  }

  async save(): Promise<Uint8Array<ArrayBuffer>> {
    return encodeSafetensors(await this.usable.model.parameters());
  }

  async load(bytes: Bytes): Promise<void> {
    this.usable.model.loadParameters(decodeSafetensors(bytes));
  }

  async snapshot(): Promise<Uint8Array<ArrayBuffer>> {
    return encodeSnapshot(await this.usable.trainer.snapshot());
  }

  async restore(bytes: Bytes): Promise<void> {
    await this.usable.trainer.restore(decodeSnapshot(bytes).snapshot);
  }

  async plan() {
    return this.usable.trainer.plan;
  }

  async profile(options: Parameters<Calls['profile']>[0]) {
    const { profileTrainer } = await import('../profile/index.js');
    return profileTrainer(this.usable.trainer, options);
  }

  // --- the dataset --------------------------------------------------------------------------------------------------

  private some(set: SetName, first = 0, count?: number): CheckedExamples {
    const examples = set === 'train' || set === 'test' ? this.usable.dataset[set] : undefined;
    if (!examples) throw new ArgumentError(`set: ${JSON.stringify(set)}, must be 'train' or 'test'`);
    const most = countOf(examples);
    if (!Number.isInteger(first) || first < 0 || first >= most)
      throw new ArgumentError(`first: ${first}, must be an integer from 0 to ${most - 1}, of the ${set} images`);
    return someExamples(examples, first, count ?? most);
  }

  /** Numbers as the model takes them, of pixels 0..1; a conditional model is told the labels of the dataset's examples. */
  private valuesOf(source: ImageSource, options: LabelOptions): { values: Float32Array; labels: LabelOptions } {
    if (ArrayBuffer.isView(source)) return { values: source, labels: options };
    const { labels, ...examples } = this.some(source.set, source.first, source.count);
    const told = this.usable.model.spec.classes !== undefined && labels ? { labels } : {};
    return { values: numbersOf(examples), labels: { ...told, ...options } };
  }
}

/** @throws ArgumentError for examples that are no images */
function imageOf(examples: CheckedExamples): { height: number; width: number; channels: number } {
  const shape = shapeOfOne(examples);
  const [height = 0, width = 0, channels = 1] = shape;
  if ((shape.length === 2 || shape.length === 3) && (channels === 1 || channels === 3))
    return { height, width, channels };
  throw new ArgumentError(
    `draw: the dataset has examples of shape [${shape.join(', ')}], must have images, [height, width] or [height, width, 3]; decode() and reconstruct() give the numbers`,
  );
}

/** Of numbers that a model standardises, so many deviations to each side are told apart. */
const REACH = 3;

function blackAndWhite({ range, scaling }: ModelSpec): Pick<TileLayout, 'low' | 'high'> {
  if (scaling && scaling.kind !== 'minmax') return { low: -REACH, high: REACH };
  return { low: range === '-1..1' ? -1 : 0, high: 1 };
}

/** [n, inputs] as the decoder gives them, not in the data's units. */
async function outputs(model: Model, codes: Float32Array, labels: LabelOptions): Promise<Float32Array> {
  const values = await model.decode(codes, labels);
  const { range, scaling } = model.spec;
  if (scaling) return scaled(values, scaling);
  return range === '-1..1' ? values.map((value) => 2 * value - 1) : values;
}
