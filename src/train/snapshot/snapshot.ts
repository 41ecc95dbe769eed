// Everything that decides the future of a training, as plain data on the host: weights, what the optimizer keeps, the step,
// and how and on what it is trained. As one safetensors file it is a checkpoint. Random numbers need no state: they follow
// from seed and step. state.ts takes them and goes back to them.
import type { Bytes } from '../../data/files/bytes.js';
import { ArgumentError, FormatError } from '../../errors.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  type HostTensor,
  safetensorsMetadata,
} from '../../formats/safetensors.js';
import { type OptimizerForm, type StateBuffer, stateBuffers } from '../../kernels/optimizer.js';
import { validateSpec } from '../../model/check-spec.js';
import type { ModelSpec } from '../../model/spec.js';
import type { TrainerOptions } from '../options.js';
import type { LossSums } from '../step/metrics.js';
import type { LossScaling } from '../step/step-state.js';
import type { NamedTensors, ParameterTensor } from '../weights/tensors.js';
import type { DataIdentity } from './identity.js';

/** A training at one of its steps. */
export interface Snapshot {
  /** The model. */
  spec: ModelSpec;
  /** As createTrainer takes them, with every default filled in. */
  training: TrainerOptions;
  /** Steps done. */
  step: number;
  /** Epochs of which a whole report was given. */
  epochs: number;
  /** What the report of the epoch under way will be made of: each term's sum over the images so far. */
  epoch: LossSums;
  /** How its gradients are scaled; of a training in f16. */
  scaling?: LossScaling;
  /** Of the data set. */
  data: DataIdentity;
  /** By PyTorch's names. */
  parameters: NamedTensors;
  /**
   * What the optimizer keeps for each parameter, under the names of torch.optim: exp_avg and exp_avg_sq (adam, adamw),
   * momentum_buffer (sgd and rmsprop with momentum), square_avg (rmsprop).
   */
  optimizer: Map<string, NamedTensors>;
}

/** torch.optim's name of a buffer. */
export function stateName({ kind }: OptimizerForm, buffer: StateBuffer): string {
  if (kind === 'sgd' || kind === 'rmsprop') return buffer === 'moment1' ? 'momentum_buffer' : 'square_avg';
  return buffer === 'moment1' ? 'exp_avg' : 'exp_avg_sq';
}

export const stateNames = (form: OptimizerForm): string[] =>
  stateBuffers(form).map((buffer) => stateName(form, buffer));

// --- as a file --------------------------------------------------------------------------------------------------------

const VERSION = '1';
/** Before the names of tensors that are no weights. */
const OPTIMIZER = 'optimizer.';
const KEYS = ['checkpoint', 'spec', 'training', 'step', 'epochs', 'epoch', 'data', 'scaling'] as const;

/**
 * A checkpoint: weights under their own names, as in any model's file; `optimizer.exp_avg.encoder.0.weight` and so on; the
 * rest as JSON texts in the metadata, where `checkpoint` is the version of the format.
 * @param metadata more of it, of the caller's own
 * @throws ArgumentError for a key of `metadata` that is taken
 */
export function encodeSnapshot(
  snapshot: Snapshot,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  for (const key of KEYS)
    if (Object.hasOwn(metadata, key))
      throw new ArgumentError(`metadata "${key}" is the checkpoint's own; must be another key`);
  const { parameters, optimizer, ...rest } = snapshot;
  const tensors = new Map<string, HostTensor>(parameters);
  for (const [state, byName] of optimizer)
    for (const [name, tensor] of byName) tensors.set(`${OPTIMIZER}${state}.${name}`, tensor);
  const own = Object.entries(rest).map(([key, value]) => [key, JSON.stringify(value)]);
  return encodeSafetensors(tensors, { checkpoint: VERSION, ...Object.fromEntries(own), ...metadata });
}

/**
 * Reads a checkpoint that encodeSnapshot wrote.
 * @param bytes a whole file
 * @returns the snapshot, and the metadata that the caller of encodeSnapshot added
 * @throws FormatError saying what is wrong, or that it is a model and no checkpoint
 */
export function decodeSnapshot(bytes: Bytes): {
  /** For restoreTrainer. */
  snapshot: Snapshot;
  /** Without the format's own keys. */
  metadata: Record<string, string>;
} {
  const metadata = safetensorsMetadata(bytes);
  if (metadata.checkpoint === undefined)
    throw new FormatError(
      'the file is no checkpoint: its metadata has no "checkpoint"; its weights alone can be loaded into a model',
    );
  if (metadata.checkpoint !== VERSION)
    throw new FormatError(
      `the checkpoint's format is version ${metadata.checkpoint}, must be ${VERSION}: it was written by another version of latentgpu`,
    );
  const { parameters, optimizer } = sortTensors(decodeSafetensors(bytes));
  const snapshot = { ...readMetadata(metadata), parameters, optimizer };
  const others = Object.entries(metadata).filter(([key]) => !(KEYS as readonly string[]).includes(key));
  return { snapshot, metadata: Object.fromEntries(others) };
}

function readMetadata(metadata: Record<string, string>): Omit<Snapshot, 'parameters' | 'optimizer'> {
  const read = (key: (typeof KEYS)[number], ok: (value: unknown) => boolean, must: string) => {
    const text = metadata[key];
    let value: unknown;
    try {
      value = JSON.parse(text ?? '');
    } catch {
      // it is told below
    }
    if (!ok(value)) throw new FormatError(`checkpoint: "${key}" is ${text ?? 'missing'}, must be ${must}`);
    return value;
  };
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const spec = read('spec', isObject, 'a model as JSON') as ModelSpec;
  validateSpec(spec);
  return {
    spec,
    training: read('training', isObject, 'options as JSON') as TrainerOptions,
    step: read('step', isCount, 'a count of steps') as number,
    epochs: read('epochs', isCount, 'a count of epochs') as number,
    epoch: read('epoch', isSums, '{ sums, images } as JSON') as LossSums,
    data: read('data', isObject, 'what the data were, as JSON') as DataIdentity,
    ...(metadata.scaling !== undefined && {
      scaling: read('scaling', isScaling, '{ scale, good, skipped } as JSON, scale a power of two') as LossScaling,
    }),
  };
}

function isScaling(value: unknown): boolean {
  const { scale = 0, good, skipped } = (value ?? {}) as Partial<LossScaling>;
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0;
  return scale > 0 && Number.isInteger(Math.log2(scale)) && isCount(good) && isCount(skipped);
}

function isSums(value: unknown): boolean {
  const { sums, images } = (value ?? {}) as Partial<LossSums>;
  return Array.isArray(sums) && sums.every(Number.isFinite) && Number.isSafeInteger(images);
}

function sortTensors(tensors: ReadonlyMap<string, HostTensor>): Pick<Snapshot, 'parameters' | 'optimizer'> {
  const parameters: NamedTensors = new Map();
  const optimizer = new Map<string, NamedTensors>();
  for (const [name, tensor] of tensors) {
    if (!(tensor.values instanceof Float32Array))
      throw new FormatError(`checkpoint: tensor "${name}" is ${tensor.values.constructor.name}, must be F32`);
    const kept = tensor as ParameterTensor;
    const [, state, parameter] = /^optimizer\.([^.]+)\.(.+)$/.exec(name) ?? [];
    if (state === undefined || parameter === undefined) parameters.set(name, kept);
    else optimizer.set(state, (optimizer.get(state) ?? new Map()).set(parameter, kept));
  }
  return { parameters, optimizer };
}
