// What a model is, as plain data: it can be written as JSON, compared, stored beside weights. Nothing here knows of
// graphs or GPUs. graph/build.ts turns a spec into operations.
import { ArgumentError } from '../errors.js';
import { show } from '../show.js';
import { type FeatureMap, showMap, sizeOfMap } from './convolution.js';
import {
  activationOf,
  type DenseSpec,
  isMap,
  kindOfLayer,
  type LayerSpec,
  type Place,
  type PlacedLayer,
  placeLayers,
  sizeOfPlace,
  takesMap,
  validateDense,
  validateLayers,
  validateMap,
} from './layers.js';
import { type ScalingSpec, validateScaling } from './scaling.js';
import {
  POSITIVE,
  refuse,
  requireFraction,
  requireKnownKeys,
  requireNumber,
  requireOneOf,
  requirePositive,
  requirePositiveInteger,
  requireWeight,
} from './values.js';

export { ACTIVATIONS, type Activation } from './activations.js';

/** The largest x whose exp counts, a rate of 5e8: more is no count that f32 tells from the next. EXP_MOST of shaders/lib/activation.wgsl. */
export const EXP_MOST = 20;

/** What a pixel's byte 0..255 becomes. */
export const RANGES = ['0..1', '-1..1'] as const;
export type PixelRange = (typeof RANGES)[number];

export const CORRUPTIONS = ['gaussian', 'mask', 'saltpepper'] as const;

/** Damage to the encoder's input, fresh each step. Sizes are those of a picture of 0 (black) to 1 (white). */
export interface CorruptionSpec {
  /** gaussian: noise is added. mask: pixels turn black. saltpepper: pixels turn black or white, with equal chance. */
  kind: (typeof CORRUPTIONS)[number];
  /** gaussian: standard deviation. mask, saltpepper: share of the pixels. */
  amount: number;
}

/**
 * Where the first parameters come from; `fan_in` and `fan_out` are a layer's inputs and units.
 * pytorch: nn.Linear's own, weights and biases uniform in +-1/sqrt(fan_in).
 * xavier: weights uniform in +-sqrt(6 / (fan_in + fan_out)), biases 0; for sigmoid, tanh and identity.
 *   Source: Glorot & Bengio 2010.
 * he: weights uniform in +-sqrt(6 / fan_in), biases 0; for ReLU and its kin.  Source: He et al. 2015.
 */
export const INITIALIZATIONS = ['pytorch', 'xavier', 'he'] as const;
export type Initialization = (typeof INITIALIZATIONS)[number];

/** The least and the greatest log variance of a Gaussian code. */
export type LogVarRange = readonly [low: number, high: number];

/** diffusers' (DiagonalGaussianDistribution): variances of 1e-13 to 5e8. */
export const LOG_VAR_RANGE: LogVarRange = [-30, 20];

/**
 * q(z|x) = N(mu, exp(log_var)), both [units], from one matmul each (done as one).
 * One image far from all others can make log_var so large that exp(log_var) is infinite; so it is bounded to `logVarRange`
 * in the sample and in the KL term. Where it lies outside, its gradient is 0, as that of PyTorch's clamp.
 */
export interface GaussianSpec {
  kind: 'gaussian';
  units: number;
  /** [-30, 20] if absent; null: no bounds. */
  logVarRange?: LogVarRange | null;
}

/**
 * A discrete code: each place of the feature map that the encoder ends in becomes the nearest of `codes` vectors, the codebook. Of
 * a vector, each `dimensions` of its numbers are a place. The decoder begins with the same map. The codebook is the running mean
 * of what is nearest to each vector; vectors that nothing is near to are drawn anew from what the encoder gives.
 * Source: van den Oord et al. 2017, "Neural Discrete Representation Learning", appendix A.1.
 */
export interface QuantizedSpec {
  kind: 'quantized';
  /** Numbers of an example's code: as many as the encoder gives. */
  units: number;
  /** Vectors in the codebook. */
  codes: number;
  /** Numbers of each vector: the channels of the encoder's feature map. */
  dimensions: number;
  /** How much of its running means a step keeps; 0.99 if absent. */
  decay?: number;
}

/** What the encoder ends in. deterministic: one more layer, whose output is the code. */
export type CodeSpec = GaussianSpec | QuantizedSpec | ({ kind: 'deterministic' } & Omit<DenseSpec, 'kind'>);

export const CODE_KINDS = ['gaussian', 'deterministic', 'quantized'] as const;

/** The codebook's decay. */
export const decayOf = ({ decay = 0.99 }: QuantizedSpec): number => decay;

const MAX_F32 = (2 - 2 ** -23) * 2 ** 127;

/** Between which bounds log_var counts; without bounds, all of f32. */
export function logVarRangeOf({ logVarRange = LOG_VAR_RANGE }: GaussianSpec): LogVarRange {
  return logVarRange ?? [-MAX_F32, MAX_F32];
}

export const RECONSTRUCTIONS = ['bce', 'mse', 'poisson'] as const;

/** A variance that is trained with the weights, one for all numbers: the parameter `log_sigma` [1]. */
export const LEARNED = 'learned';

/**
 * The learned sigma is exp(log_sigma) + exp(LOG_SIGMA_FLOOR), 3e-7: never 0, however well the training examples are reproduced.
 * LOG_SIGMA_FLOOR of shaders/lib/gaussian_nll.wgsl.
 */
export const LOG_SIGMA_FLOOR = -15;

/** The learned standard deviation, in the numbers that the model sees, from its parameter. */
export const learnedSigma = (logSigma: number): number => Math.exp(logSigma) + Math.exp(LOG_SIGMA_FLOOR);

export interface LossSpec {
  /**
   * bce: Bernoulli likelihood, computed from logits; in nats an image, summed over pixels.
   * mse: squared error, summed over pixels.
   * poisson: Poisson likelihood of counts, computed from log rates; in nats an example, summed over its numbers. The term is
   * -log p(x), log x! included.
   */
  reconstruction: (typeof RECONSTRUCTIONS)[number];
  /**
   * mse: variance of the pixels' Gaussian; the squared error is weighted with 1 / (2 variance). Absent: weight 1.
   * learned: one variance for all numbers is trained, and the term is -log p(x) of the Gaussian in nats, its constant included.
   * Source: Rybkin et al. 2021, "Simple and Effective VAE Training with Calibrated Decoders".
   */
  variance?: number | typeof LEARNED;
  /** Gaussian code: weight of KL(q(z|x) || N(0, I)); 1, the evidence lower bound, if absent. */
  klWeight?: number;
  /**
   * Gaussian code: nats of each dimension's KL that cost nothing, so that the code is used. Of each row by itself; Kingma et al.
   * 2016, whose idea it is, bound the mean over the batch.
   */
  freeBits?: number;
  /**
   * Gaussian code: nats that the KL is held at; its distance from them is the term. Of each row by itself; Burgess et al. 2018,
   * whose idea it is, hold the mean over the batch.
   */
  capacity?: number;
  /**
   * Gaussian code: so many samples of it an example, and the loss is minus the importance-weighted bound of log p(x),
   * log(1/K sum_k p(x|z_k) p(z_k) / q(z_k|x)), which is tighter the more there are. 1: the bound of a VAE, but with
   * log q(z|x) - log p(z) at the sample in place of the KL divergence. Absent: a VAE's.
   * klWeight is then the power to which p(z) / q(z|x) counts; only with 1 is it a bound.
   * Source: Burda et al. 2016, "Importance Weighted Autoencoders".
   */
  samples?: number;
  /** Deterministic code: weight of the sum of |z|. */
  l1?: number;
  /**
   * Quantised code: weight of the squared distance between what the encoder gives and the codes that it becomes, summed over the
   * example's code; 0.25 if absent.
   */
  commitment?: number;
  /** Deterministic sigmoid code: weight of KL(target || mean activation over the batch), summed over the code. */
  sparsity?: { target: number; weight: number };
}

/** An autoencoder: images [-> corrupted] -> encoder -> code -> decoder -> images. */
export interface ModelSpec {
  /** Pixels of one image, 784 for 28x28. */
  inputs: number;
  /** What one image is, for layers that see it as one, such as convolutions: `inputs` numbers, channels innermost. */
  image?: FeatureMap;
  /** 0..1 if absent. */
  range?: PixelRange;
  /** What becomes of the examples' numbers before the model sees them, and is undone in what it gives back. Not by default. */
  scaling?: ScalingSpec;
  /**
   * Conditional: so many classes; the image's label, as one-hot, is appended to the code and to the encoder's input or, in a
   * convolutional one, to the feature map where it is flattened.
   */
  classes?: number;
  /** Denoising: the encoder sees damaged images, the loss is against the clean ones. */
  corruption?: CorruptionSpec;
  encoder: LayerSpec[];
  code: CodeSpec;
  /** The last layer gives `inputs` numbers; its activation is the output's: sigmoid for bce, exp for poisson. */
  decoder: LayerSpec[];
  loss: LossSpec;
  /** `pytorch` if absent. */
  initialization?: Initialization;
}

/**
 * Terms that a loss may have. Each is told unweighted; see LossSpec for what they are. With `samples`, reconstruction and kl
 * (log q(z|x) - log p(z)) are means over an example's samples by what they count in the bound, and importance is how unequal that
 * is: KL(weights || equal ones), 0 to log(samples). Their sum is minus the bound (graph/importance.ts). perplexity weighs nothing:
 * it is how many codes a batch uses, as if they were used alike.
 */
export type LossTerm = ReconstructionTerm | 'kl' | 'importance' | 'l1' | 'sparsity' | 'commitment' | 'perplexity';

/** How far the output is from the example; gaussian: the negative log likelihood with a learned variance. */
export type ReconstructionTerm = LossSpec['reconstruction'] | 'gaussian';

export const learnsVariance = ({ loss }: Pick<ModelSpec, 'loss'>): boolean => loss.variance === LEARNED;

/** Which of the terms compares the output with the example. */
export const reconstructionTerm = (spec: Pick<ModelSpec, 'loss'>): ReconstructionTerm =>
  learnsVariance(spec) ? 'gaussian' : spec.loss.reconstruction;

/** The terms of a model's loss with their weights, in the order in which they are computed and told. */
export function lossWeights({ code, loss }: ModelSpec): Map<LossTerm, number> {
  const reconstruction = typeof loss.variance === 'number' ? 1 / (2 * loss.variance) : 1;
  const weights = new Map<LossTerm, number>([[reconstructionTerm({ loss }), reconstruction]]);
  if (code.kind === 'gaussian') weights.set('kl', loss.klWeight ?? 1);
  if (loss.samples !== undefined) weights.set('importance', 1);
  if (loss.l1 !== undefined) weights.set('l1', loss.l1);
  if (loss.sparsity !== undefined) weights.set('sparsity', loss.sparsity.weight);
  if (code.kind === 'quantized') weights.set('commitment', loss.commitment ?? 0.25).set('perplexity', 0);
  return weights;
}

/**
 * Layer-wise pretraining trains each layer of the encoder with the one of the decoder that undoes it.
 * @throws ArgumentError naming the layer that has none
 */
export function checkMirrored({ inputs, classes, encoder, code, decoder }: ModelSpec): void {
  if (code.kind !== 'deterministic')
    refuse('code.kind', code.kind, 'must be deterministic to be trained layer by layer');
  if (classes !== undefined) refuse('classes', classes, 'must be left out to be trained layer by layer');
  const below = [inputs, ...unitsOf(encoder, 'encoder')];
  if (decoder.length !== below.length)
    refuse(
      'decoder',
      decoder.length,
      `must have ${below.length} layers, one for each of the encoder's, to be trained layer by layer`,
    );
  unitsOf(decoder, 'decoder').forEach((units, index) => {
    const wanted = below[below.length - 1 - index];
    if (units !== wanted)
      refuse(
        `decoder[${index}].units`,
        units,
        `must be ${wanted}, mirroring the encoder, to be trained layer by layer`,
      );
  });
}

function unitsOf(layers: readonly LayerSpec[], part: string): number[] {
  return layers.map((layer, index) => {
    if ('units' in layer) return layer.units;
    return refuse(`${part}[${index}].kind`, layer.kind, 'must be linear to be trained layer by layer');
  });
}

/**
 * Checks a description that may come from a JSON file.
 * @throws ArgumentError with the path of what is wrong: `decoder[1].units: -5, must be a positive integer`
 */
export function validateSpec(value: unknown): asserts value is ModelSpec {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ArgumentError(`model spec: ${show(value)}, must be an object (see ModelSpec)`);
  const spec = value as Partial<ModelSpec>;
  requireKnownKeys(spec, SPEC_KEYS, '');
  requirePositiveInteger(spec.inputs, 'inputs');
  if (spec.image !== undefined) validateImage(spec.image, spec.inputs as number);
  if (spec.range !== undefined) requireOneOf(spec.range, RANGES, 'range');
  if (spec.scaling !== undefined) validateScaling(spec.scaling, spec.inputs as number);
  if (spec.classes !== undefined) requirePositiveInteger(spec.classes, 'classes');
  if (spec.corruption !== undefined) validateCorruption(spec.corruption);
  validateLayers(spec.encoder, 'encoder');
  validateCode(spec.code);
  validateLayers(spec.decoder, 'decoder');
  validateLoss(spec.loss);
  if (spec.initialization !== undefined) requireOneOf(spec.initialization, INITIALIZATIONS, 'initialization');
  validateOutput(spec as ModelSpec);
  validateTerms(spec as ModelSpec);
}

const SPEC_KEYS = [
  'inputs',
  'image',
  'range',
  'scaling',
  'classes',
  'corruption',
  'encoder',
  'code',
  'decoder',
  'loss',
  'initialization',
];
const LOSS_KEYS = [
  'reconstruction',
  'variance',
  'klWeight',
  'freeBits',
  'capacity',
  'samples',
  'l1',
  'sparsity',
  'commitment',
];

/** @throws ArgumentError with the path of what is wrong */
export function validateCorruption(value: unknown): void {
  const corruption = value as Partial<CorruptionSpec> | null;
  requireOneOf(corruption?.kind, CORRUPTIONS, 'corruption.kind');
  if (corruption?.kind === 'gaussian') requirePositive(corruption.amount, 'corruption.amount');
  else requireFraction(corruption?.amount, 'corruption.amount');
  requireKnownKeys(corruption as object, ['kind', 'amount'], 'corruption');
}

function validateCode(value: unknown): void {
  const code = value as Partial<CodeSpec> | undefined;
  requireOneOf(code?.kind, CODE_KINDS, 'code.kind');
  if (code?.kind === 'deterministic') {
    validateDense(code, 'code', ['kind', 'units', 'activation']);
    return;
  }
  if (code?.kind === 'quantized') {
    for (const key of ['units', 'codes', 'dimensions'] as const) requirePositiveInteger(code[key], `code.${key}`);
    if (code.decay !== undefined) requireFraction(code.decay, 'code.decay');
    requireKnownKeys(code, ['kind', 'units', 'codes', 'dimensions', 'decay'], 'code');
    return;
  }
  requirePositiveInteger(code?.units, 'code.units');
  requireKnownKeys(code as object, ['kind', 'units', 'logVarRange'], 'code');
  validateLogVarRange((code as Partial<GaussianSpec>).logVarRange);
}

function validateLogVarRange(range: unknown): void {
  if (range === undefined || range === null) return;
  const path = 'code.logVarRange';
  if (!Array.isArray(range) || range.length !== 2) refuse(path, range, 'must be [low, high], or null for no bounds');
  const [low, high] = range as unknown[];
  requireNumber(low, `${path}[0]`, 'a finite number', () => true);
  requireNumber(high, `${path}[1]`, 'at most 88, so that exp(high) is finite in f32', (number) => number <= 88);
  requireNumber(low, `${path}[0]`, `below the upper bound (${high})`, (number) => number < Math.fround(high as number));
}

function validateLoss(value: unknown): void {
  const loss = value as Partial<LossSpec> | undefined;
  requireOneOf(loss?.reconstruction, RECONSTRUCTIONS, 'loss.reconstruction');
  const { variance, klWeight, freeBits, capacity, samples, l1, sparsity, commitment } = loss as LossSpec;
  if (variance !== undefined && variance !== LEARNED) {
    if (typeof variance === 'string') refuse('loss.variance', variance, `must be ${POSITIVE}, or "${LEARNED}"`);
    requirePositive(variance, 'loss.variance');
  }
  if (klWeight !== undefined) requireWeight(klWeight, 'loss.klWeight');
  if (freeBits !== undefined) requirePositive(freeBits, 'loss.freeBits');
  if (capacity !== undefined) requirePositive(capacity, 'loss.capacity');
  if (samples !== undefined) requirePositiveInteger(samples, 'loss.samples');
  if (l1 !== undefined) requireWeight(l1, 'loss.l1');
  if (commitment !== undefined) requireWeight(commitment, 'loss.commitment');
  if (sparsity !== undefined) {
    requireFraction(sparsity?.target, 'loss.sparsity.target');
    requireWeight(sparsity?.weight, 'loss.sparsity.weight');
    requireKnownKeys(sparsity, ['target', 'weight'], 'loss.sparsity');
  }
  requireKnownKeys(loss as object, LOSS_KEYS, 'loss');
}

function validateImage(image: unknown, inputs: number): void {
  validateMap(image, 'image');
  requireKnownKeys(image, ['height', 'width', 'channels'], 'image');
  if (sizeOfMap(image) !== inputs)
    refuse('inputs', inputs, `must be ${sizeOfMap(image)}, the numbers of an image of ${showMap(image)}`);
}

/** The layers of a model in their places. */
export interface PlacedLayers {
  /** What the encoder sees of an image. */
  start: Place;
  /** A deterministic code is the last of them. */
  encoder: PlacedLayer[];
  /** What the code is made of: a vector, or the feature map of a quantised one. */
  top: Place;
  decoder: PlacedLayer[];
}

/** @throws ArgumentError with the path of a layer that does not fit what arrives at it */
export function placedLayers({ inputs, image, classes = 0, encoder, code, decoder }: ModelSpec): PlacedLayers {
  const seesImage = takesMap(encoder);
  if (seesImage && !image)
    refuse(
      'image',
      image,
      `must be { height, width, channels } of what encoder[0], a ${kindOfLayer(encoder[0] as LayerSpec)}, sees`,
    );
  const start = seesImage && image ? image : { units: inputs + classes };
  const coded = code.kind === 'deterministic' ? [{ units: code.units, activation: code.activation }] : [];
  const top = placeLayers(encoder, 'encoder', start, classes).at(-1)?.to ?? start;
  if (code.kind === 'quantized') {
    checkQuantized(code, top, classes);
    const first = isMap(top) ? top : { units: code.units };
    return {
      start,
      encoder: placeLayers(encoder, 'encoder', start),
      top,
      decoder: placeLayers(decoder, 'decoder', first),
    };
  }
  if (isMap(top))
    return refuse(
      'encoder',
      showMap(top),
      "must end in a vector, which the code is made of; put { kind: 'flatten' } last",
    );
  const lower = placeLayers([...encoder, ...coded], 'encoder', start, classes);
  return { start, encoder: lower, top, decoder: placeLayers(decoder, 'decoder', { units: code.units + classes }) };
}

/** What the encoder ends in must be places of as many numbers as a code has. */
function checkQuantized({ units, dimensions }: QuantizedSpec, top: Place, classes: number): void {
  if (classes > 0) refuse('classes', classes, 'must be left out: a quantized code takes no labels; use a gaussian one');
  if (!isMap(top) && top.flattened)
    refuse(
      'encoder',
      'flatten',
      "must end in the feature map itself for a quantized code; leave the last 'flatten' out",
    );
  const what = isMap(top) ? `a feature map of ${showMap(top)}` : `a vector of ${top.units}`;
  if (units !== sizeOfPlace(top))
    refuse('code.units', units, `must be ${sizeOfPlace(top)}: the encoder ends in ${what}`);
  if (isMap(top) && dimensions !== top.channels)
    refuse(
      'code.dimensions',
      dimensions,
      `must be ${top.channels}, the channels that the encoder ends in (${showMap(top)})`,
    );
  if (units % dimensions !== 0) refuse('code.dimensions', dimensions, `must divide code.units (${units})`);
}

/** What an example is from the image through the code and back, for people: 784, or 28x28x1. */
export function layerSizes(spec: ModelSpec): string[] {
  const { encoder, decoder } = placedLayers(spec);
  const sized = (layers: PlacedLayer[]) => layers.filter(({ spec }) => !REARRANGING.includes(kindOfLayer(spec)));
  const first = encoder[0]?.from;
  const shown = (place: Place) => (isMap(place) ? showMap(place) : `${place.units}`);
  return [
    first && isMap(first) ? showMap(first) : `${spec.inputs}`,
    ...sized(encoder).map(({ to }) => shown(to)),
    ...(spec.code.kind === 'gaussian' ? [`${spec.code.units}`] : []),
    ...sized(decoder).map(({ to }) => shown(to)),
  ];
}

/** Layers that sizes do not tell of. */
const REARRANGING: readonly string[] = [
  'flatten',
  'reshape',
  'batchNorm',
  'layerNorm',
  'groupNorm',
  'dropout',
  'residual',
];

/** Layers that add up products. */
const SUMMING: readonly string[] = ['linear', 'conv', 'convTranspose'];

/** What the last layer gives must be what the loss and the images are made of. */
function validateOutput(spec: ModelSpec): void {
  const { inputs, range, scaling, decoder, loss } = spec;
  const last = placedLayers(spec).decoder.at(-1);
  if (!last) throw new ArgumentError('decoder: [], must have at least its output layer');
  const path = `decoder[${decoder.length - 1}]`;
  if (sizeOfPlace(last.to) !== inputs) {
    if (isMap(last.to)) refuse(path, showMap(last.to), `must give ${inputs} numbers, as many as an image has`);
    refuse(`${path}.units`, last.to.units, `must equal inputs (${inputs}): it gives one number a pixel`);
  }
  if (!SUMMING.includes(kindOfLayer(last.spec)))
    refuse(`${path}.kind`, last.spec.kind, `must be one of ${SUMMING.join(', ')}: the loss is of what it adds up`);
  const activation = activationOf(last.spec);
  if (loss.reconstruction === 'bce' && activation !== 'sigmoid')
    refuse(`${path}.activation`, activation, 'must be sigmoid for the bce loss: it compares probabilities; or use mse');
  if (loss.reconstruction === 'poisson') {
    if (activation !== 'exp')
      refuse(`${path}.activation`, activation, 'must be exp for the poisson loss: it compares rates; or use mse');
    if (scaling !== undefined)
      refuse('scaling', scaling.kind, 'must be left out for the poisson loss: scaled counts are none; or use mse');
    if (range === '-1..1')
      refuse('range', range, 'must be left out for the poisson loss: it compares counts; or use mse');
  }
  if (range !== '-1..1') return;
  if (loss.reconstruction === 'bce')
    refuse('range', range, 'must be 0..1 for the bce loss: it compares probabilities; or use mse');
  if (activation === 'sigmoid')
    refuse(`${path}.activation`, activation, 'cannot give pixels of -1..1; use tanh or identity');
}

/** Terms of the loss that need another kind of code, or another reconstruction. */
function validateTerms({ code, loss }: ModelSpec): void {
  if (loss.variance !== undefined && loss.reconstruction !== 'mse')
    refuse('loss.variance', loss.variance, 'must be left out: only the mse loss has a variance');
  if (loss.commitment !== undefined && code.kind !== 'quantized')
    refuse('loss.commitment', loss.commitment, 'must be left out: only a quantized code has a commitment term');
  if (code.kind !== 'deterministic')
    for (const term of ['l1', 'sparsity'] as const)
      if (loss[term] !== undefined)
        refuse(
          `loss.${term}`,
          loss[term],
          code.kind === 'gaussian'
            ? 'must be left out: a gaussian code is a distribution, not a value; use a deterministic code'
            : 'must be left out: a quantized code has no penalty of its own; use a deterministic code',
        );
  if (code.kind === 'gaussian') {
    if (loss.samples !== undefined) validateSamples(loss, loss.samples);
    return;
  }
  if (loss.samples !== undefined)
    refuse('loss.samples', loss.samples, 'must be left out: only a gaussian code has samples');
  for (const term of ['klWeight', 'freeBits', 'capacity'] as const)
    if (loss[term] !== undefined)
      refuse(`loss.${term}`, loss[term], 'must be left out: only a gaussian code has a KL term');
  if (code.kind === 'deterministic' && loss.sparsity !== undefined && code.activation !== 'sigmoid')
    refuse('code.activation', code.activation, 'must be sigmoid for loss.sparsity: it compares activations of 0..1');
}

/** The importance-weighted bound is of a likelihood, and has log q(z|x) - log p(z) of each sample in place of the divergence. */
function validateSamples({ reconstruction, variance, ...loss }: LossSpec, samples: number): void {
  for (const term of ['freeBits', 'capacity'] as const)
    if (loss[term] !== undefined)
      refuse(
        `loss.${term}`,
        loss[term],
        'must be left out with loss.samples: it is of the KL divergence; leave one out',
      );
  if (reconstruction === 'mse' && variance === undefined)
    refuse(
      'loss.samples',
      samples,
      'must be left out: the squared error is no likelihood without a variance; give loss.variance, or use bce or poisson',
    );
}
