// Checks of a description of a model that may come from a JSON file, or that asks for what does not go together.
import { ArgumentError } from '../errors.js';
import { show } from '../show.js';
import { validateDense, validateLayers, validateMap } from './check-layers.js';
import { showMap, sizeOfMap } from './convolution.js';
import { activationOf, kindOfLayer, type LayerSpec } from './layers.js';
import { isMap, placedLayers, sizeOfPlace } from './places.js';
import { validateScaling } from './scaling.js';
import {
  CODE_KINDS,
  CORRUPTIONS,
  type CodeSpec,
  type CorruptionSpec,
  type GaussianSpec,
  INITIALIZATIONS,
  LEARNED,
  type LossSpec,
  type ModelSpec,
  RANGES,
  RECONSTRUCTIONS,
} from './spec.js';
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
 * @example
 * ```ts
 * const spec: unknown = JSON.parse(text);
 * validateSpec(spec);
 * const model = await createModel(device, spec);
 * ```
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

/** Workgroups of a dispatch, one a vector of the codebook. */
const MOST_CODES = 65_535;

function validateCode(value: unknown): void {
  const code = value as Partial<CodeSpec> | undefined;
  requireOneOf(code?.kind, CODE_KINDS, 'code.kind');
  if (code?.kind === 'deterministic') {
    validateDense(code, 'code', ['kind', 'units', 'activation']);
    return;
  }
  if (code?.kind === 'quantized') {
    for (const key of ['units', 'dimensions'] as const) requirePositiveInteger(code[key], `code.${key}`);
    const most = (codes: number) => Number.isInteger(codes) && codes >= 1 && codes <= MOST_CODES;
    requireNumber(code.codes, 'code.codes', `an integer from 1 to ${MOST_CODES}`, most);
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
