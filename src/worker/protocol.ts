// What a page and its session's worker say to each other, and how errors cross between them with their class.
import {
  ArgumentError,
  type Bytes,
  type CheckedExamples,
  type Codes,
  type Dataset,
  DeviceError,
  type EpochReport,
  type Examples,
  FormatError,
  GraphError,
  type Images,
  type LabelOptions,
  LatentGpuError,
  type LayerProgress,
  type LayerReport,
  type Losses,
  type Plan,
  type PretrainOptions,
  type Progress,
  ShaderError,
  TrainingError,
  type TrainingWarning,
  type TrainOptions,
} from '../index.js';
import type { ProfileOptions, ProfileReport } from '../profile/index.js';
import type { Drawing, DrawOptions, ImageSource, SessionInfo, SessionSetup } from './types.js';

/** What cannot be sent, or would be sent too often. */
export type Unsent =
  | 'signal'
  | 'onProgress'
  | 'onStep'
  | 'onWarning'
  | 'onLayer'
  | 'resume'
  | 'snapshotEvery'
  | 'onSnapshot';

/** Those that begin a training; its reports are asked for one by one. */
export interface Trainings {
  /** Of the whole model. */
  train: {
    /** What is sent. */
    options: Omit<TrainOptions, Unsent>;
    /** Told after each epoch. */
    report: EpochReport;
    /** Told after every submit. */
    progress: Progress;
  };
  /** Layer by layer. */
  pretrain: {
    /** What is sent. */
    options: Omit<PretrainOptions, Unsent>;
    /** Told after each epoch of a layer. */
    report: LayerReport;
    /** Told after every submit. */
    progress: LayerProgress;
  };
}

export type SetName = keyof Pick<Dataset, 'train' | 'test'>;

/** Every call that a page can make; `next` and `finish` take the id of a `train` or `pretrain`. */
export interface Calls {
  setUp(setup: Partial<SessionSetup>): Promise<SessionInfo>;
  train(options: Trainings['train']['options']): Promise<void>;
  pretrain(options: Trainings['pretrain']['options']): Promise<void>;
  next(run: number): Promise<unknown>;
  finish(run: number): Promise<void>;
  evaluate(examples: Images | Examples | undefined): Promise<Losses>;
  images(set: SetName, first: number, count: number | undefined): Promise<Images>;
  examples(set: SetName, first: number, count: number | undefined): Promise<CheckedExamples>;
  encode(images: ImageSource, options: LabelOptions): Promise<Codes>;
  decode(codes: Float32Array, options: LabelOptions): Promise<Float32Array>;
  reconstruct(images: ImageSource, options: LabelOptions): Promise<Float32Array>;
  sample(count: number, options: { seed?: number } & LabelOptions): Promise<Float32Array>;
  canvas(canvas: OffscreenCanvas, number: number): Promise<void>;
  draw(canvas: number, drawing: Drawing, options: DrawOptions): Promise<void>;
  save(): Promise<Uint8Array<ArrayBuffer>>;
  load(bytes: Bytes): Promise<void>;
  snapshot(): Promise<Uint8Array<ArrayBuffer>>;
  restore(bytes: Bytes): Promise<void>;
  plan(): Promise<Plan>;
  profile(options: ProfileOptions): Promise<ProfileReport>;
}

export type CallName = keyof Calls;

export type Request =
  | { [Name in CallName]: { id: number; name: Name; args: Parameters<Calls[Name]> } }[CallName]
  /** Ends the training that call `abort` began, after the steps under way. */
  | { abort: number };

export type Reply =
  | { id: number; value: unknown }
  | { id: number; error: SentError }
  | { id: number; progress: Progress }
  | { warning: TrainingWarning }
  /** The worker listens. */
  | { ready: true }
  /** The device is gone. */
  | { lost: SentError };

/** An error as it crosses: a structured clone would lose its class. */
export interface SentError {
  name: string;
  message: string;
  stack?: string;
}

const CLASSES = { ArgumentError, DeviceError, FormatError, GraphError, LatentGpuError, ShaderError, TrainingError };

export function sentError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack } = error;
  return { name, message, ...(stack !== undefined && { stack }) };
}

export function receivedError({ name, message, stack }: SentError): Error {
  const Class = (CLASSES as Record<string, typeof LatentGpuError>)[name];
  const error = Class ? new Class(message) : Object.assign(new Error(message), { name });
  // Where it was thrown in the worker says more than where its message arrived.
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** The buffers behind all typed arrays in plain data, each once: what can be transferred instead of copied. */
export function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null)
    for (const part of Object.values(value)) buffersOf(part, found);
  return [...found];
}
