// What a caller may say about training, its defaults, and what steps make of it.
import { type CheckedExamples, shapeOfOne, sizeOf, sizeText } from '../data/examples.js';
import { ArgumentError } from '../errors.js';
import type { Part } from '../graph/build.js';
import { encoderDepth } from '../graph/layers.js';
import { MAX_GROUPS } from '../kernels/kernel.js';
import type { NumberType } from '../kernels/stored.js';
import { checkMirrored } from '../model/check-spec.js';
import { showMap } from '../model/convolution.js';
import { takesMap } from '../model/layers.js';
import { resolveSchedule, type ScheduleSpec } from '../model/learning-rate.js';
import { DEFAULT_LEARNING_RATE, type OptimizerKind, type OptimizerSpec, resolveOptimizer } from '../model/optimizer.js';
import { scaled } from '../model/scaling.js';
import type { ModelSpec } from '../model/spec.js';
import { checkSeed, requireCount, requireKnownKeys, requireOneOf, requirePositive } from '../model/values.js';
import type { RecoveryOptions } from './snapshot/recovery.js';
import type { StoreType } from './step/resident.js';
import type { StepSettings } from './step/step-state.js';

/** How to train. */
export interface TrainerOptions extends RecoveryOptions {
  /** Images a step; 128 by default, or all where they are fewer. The last batch of an epoch may be smaller. */
  batch?: number;
  /** Learning rate before the schedule's factor; 1e-3 by default for adam and adamw, 1e-2 for sgd and rmsprop. */
  lr?: number;
  /** adam, adamw, sgd or rmsprop with its defaults, or with numbers of your own; adam by default. */
  optimizer?: OptimizerKind | OptimizerSpec;
  /** How the learning rate goes on from `lr`; constant by default. */
  schedule?: ScheduleSpec;
  /**
   * Gradients whose norm, all parameters together, is larger are scaled down to it before the optimizer sees them; as
   * PyTorch's clip_grad_norm_. Not by default.
   */
  clipNorm?: number;
  /** Steps in which the weight of the KL term rises linearly from 0 to what the model says; 0 by default. */
  klWarmup?: number;
  /**
   * Whether gradients are those of the loss's mean over the batch's images (by default) or of its sum. An image's own loss
   * is the sum over its pixels either way.
   */
  reduction?: 'mean' | 'sum';
  /**
   * What activations, their gradients and the weights are stored as for the matmuls of a step; f32 by default. f16 needs a
   * device with the feature "shader-f16". Sums, losses, the parameters themselves and what the optimizer keeps are f32 either
   * way; the loss is scaled, so that small gradients are not lost, and a step whose gradients overflow updates nothing, as
   * with torch.amp.GradScaler.
   */
  precision?: NumberType;
  /**
   * What examples that are no bytes are stored as on the device; f32 by default. f16 halves their memory, with a precision of 3
   * decimals and no number above 65504.
   */
  store?: StoreType;
  /** Seed of the order of the images and of the noise, a non-negative integer; 0 by default. */
  seed?: number;
  /**
   * Train only this layer of the encoder (from 0, the code's is the last) and the decoder layer that mirrors it, to
   * reconstruct what the layers below make of the images. `pretrain` goes through all of them.
   */
  layer?: number;
  /**
   * Whether `optimizerState()` has the gradients, too: they are then written to memory (4 bytes a parameter), which costs
   * a pass over them. Without, each is used where it is computed. Not by default.
   */
  keepGradients?: boolean;
  /** false: one kernel an operation. Slower; the oracle for tests. */
  fuse?: boolean;
}

const DEFAULT_BATCH = 128;

export const OPTION_KEYS: readonly string[] = [
  'batch',
  'lr',
  'optimizer',
  'schedule',
  'clipNorm',
  'klWarmup',
  'reduction',
  'precision',
  'store',
  'seed',
  'layer',
  'keepGradients',
  'fuse',
  'recoveries',
  'saveEvery',
] satisfies (keyof TrainerOptions)[];

/**
 * @param examples images to train on
 * @throws ArgumentError naming the option that is wrong
 */
export function settingsFrom(options: TrainerOptions, examples: number): StepSettings {
  requireKnownKeys(options, OPTION_KEYS, 'training');
  const {
    batch = Math.min(DEFAULT_BATCH, examples),
    klWarmup = 0,
    reduction = 'mean',
    precision = 'f32',
    store = 'f32',
    clipNorm,
    seed = 0,
  } = options;
  if (!Number.isInteger(batch) || batch < 1) throw new ArgumentError(`batch: ${batch}, must be a positive integer`);
  if (batch > examples)
    throw new ArgumentError(
      `batch ${batch} is larger than the data: ${examples} training examples; use a batch of at most ${examples}`,
    );
  const optimizer = resolveOptimizer(options.optimizer);
  const { lr = DEFAULT_LEARNING_RATE[optimizer.kind] } = options;
  requirePositive(lr, 'lr');
  if (clipNorm !== undefined) requirePositive(clipNorm, 'clipNorm');
  requireCount(klWarmup, 'klWarmup', 0);
  requireOneOf(reduction, ['mean', 'sum'], 'reduction');
  requireOneOf(precision, ['f32', 'f16'], 'precision');
  requireOneOf(store, ['f32', 'f16'], 'store');
  const schedule = resolveSchedule(options.schedule);
  checkSeed(seed);
  const settings = {
    seed,
    examples,
    batch,
    learningRate: lr,
    schedule,
    optimizer,
    reduction,
    klWarmup,
    precision,
    store,
  };
  return clipNorm === undefined ? settings : { ...settings, clipNorm };
}

/** The reverse of settingsFrom, with nothing left to a default but f32. */
export function optionsOf({
  examples: _,
  learningRate,
  precision,
  store,
  ...settings
}: StepSettings): TrainerOptions & { lr: number } {
  return {
    ...settings,
    lr: learningRate,
    ...(precision === 'f16' && { precision }),
    ...(store === 'f16' && { store }),
  };
}

/**
 * @param name what to call the examples in an error
 * @throws ArgumentError if the model takes others: of another size, with numbers that its loss has no meaning for, or without
 *   the labels that it needs
 */
export function checkFits(examples: CheckedExamples, name: string, spec: ModelSpec): void {
  if (sizeOf(examples) !== spec.inputs)
    throw new ArgumentError(`${name}: ${sizeText(examples)}, but the model takes ${spec.inputs}`);
  checkMap(examples, name, spec);
  checkNumbers(examples, name, spec);
  checkLabels(examples, name, spec);
}

/** @throws ArgumentError for more samples of the code, over all of a batch, than a dispatch has workgroups: one each */
export function checkSamples({ loss: { samples = 1 } }: ModelSpec, batch: number): void {
  if (samples * batch <= MAX_GROUPS) return;
  throw new ArgumentError(
    `loss.samples: ${samples} with a batch of ${batch}: ${samples * batch} samples a step, must be at most ${MAX_GROUPS}; use a batch of ${Math.max(1, Math.floor(MAX_GROUPS / samples))}, or fewer samples`,
  );
}

/** As many numbers in other rows and columns would be another picture to a convolution. Rows of numbers say nothing of it. */
function checkMap(examples: CheckedExamples, name: string, { image, encoder }: ModelSpec): void {
  const [height, width, channels = 1] = shapeOfOne(examples);
  if (!image || !takesMap(encoder) || height === undefined || width === undefined) return;
  const [given, wanted] = [{ height, width, channels }, image].map(showMap);
  if (given !== wanted)
    throw new ArgumentError(
      `${name}: images of ${given}, but the model sees ${wanted}; make the model for images of this size`,
    );
}

/** Of numbers that are to be 0 to `most`, the first that is not; -1 if all are. */
function firstBeyond(values: Float32Array, most: number): number {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (value < 0 || value > most) return i;
  }
  return -1;
}

/** @throws ArgumentError for numbers that the loss has no meaning for, or bytes where numbers are scaled */
export function checkNumbers(examples: CheckedExamples, name: string, { loss, scaling }: ModelSpec): void {
  if (examples.values instanceof Uint8Array) {
    if (loss.reconstruction === 'poisson')
      throw new ArgumentError(
        `${name}: bytes, which stand for 0..1, must be counts for the poisson loss; for example Float32Array.from(values)`,
      );
    if (!scaling) return;
    throw new ArgumentError(`${name}: bytes, which stand for 0..1, must be numbers for a model with a scaling`);
  }
  if (loss.reconstruction === 'mse') return;
  if (loss.reconstruction === 'poisson') {
    const negative = firstBeyond(examples.values, Number.POSITIVE_INFINITY);
    if (negative >= 0)
      throw new ArgumentError(
        `${name}: ${examples.values[negative]} (example ${Math.floor(negative / sizeOf(examples))}), but the poisson loss takes counts, numbers >= 0: leave out what is none, or use the mse loss`,
      );
    return;
  }
  const values = scaling ? scaled(examples.values, scaling) : examples.values;
  const wrong = firstBeyond(values, 1);
  if (wrong >= 0)
    throw new ArgumentError(
      `${name}: ${values[wrong]} (example ${Math.floor(wrong / sizeOf(examples))})${scaling ? ` when scaled (${scaling.kind})` : ''}, but the bce loss takes numbers of 0..1: ${scaling ? '' : 'scale them, or '}use the mse loss`,
    );
}

function checkLabels({ labels }: CheckedExamples, name: string, { classes }: ModelSpec): void {
  if (classes === undefined) return;
  if (!labels)
    throw new ArgumentError(
      `${name} has no labels, but the model is conditional (${classes} classes); give labels or use an unconditional model`,
    );
  const largest = labels.reduce((most, label) => Math.max(most, label), 0);
  if (largest >= classes)
    throw new ArgumentError(`${name}.labels has a label ${largest}, must be below the model's classes (${classes})`);
}

/** @throws ArgumentError if no decoder layer mirrors the layer */
export function partOf(spec: ModelSpec, layer: number | undefined): Part {
  if (layer === undefined) return 'whole';
  const depth = encoderDepth(spec);
  if (!Number.isInteger(layer) || layer < 0 || layer >= depth)
    throw new ArgumentError(`layer: ${layer}, must be an integer from 0 to ${depth - 1}`);
  checkMirrored(spec);
  return { layer };
}
