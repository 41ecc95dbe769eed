// What a model is, as plain data: it can be written as JSON, compared, stored beside weights. Nothing here knows of
// graphs or GPUs. graph/build.ts turns a spec into operations.
import { ArgumentError } from '../errors.js';

/**
 * Functions that may follow a layer's matmul and bias; formulas and defaults are PyTorch's: leaky-relu has slope 0.01 below
 * zero, elu alpha 1, softplus beta 1, gelu is the tanh form. `identity` on the last layer leaves logits for the BCE loss.
 * An activation's place in this list is its number in shaders/lib/activation.wgsl.
 */
export const ACTIVATIONS = [
  'identity',
  'relu',
  'sigmoid',
  'leaky-relu',
  'elu',
  'gelu',
  'silu',
  'softplus',
  'tanh',
] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** A fully connected layer: y = activation(x W^T + b), W [units, inputs], b [units]. */
export interface DenseSpec {
  units: number;
  activation: Activation;
}

/** An autoencoder with a Gaussian code: encoder -> (mu, log_var) -> z -> decoder -> logits of the pixels. */
export interface ModelSpec {
  /** Pixels of one image, 784 for 28x28. */
  inputs: number;
  encoder: DenseSpec[];
  /** q(z|x) = N(mu, exp(log_var)), both [units], from one matmul each (done as one). */
  code: { kind: 'gaussian'; units: number };
  /** The last layer has `inputs` units and gives logits (activation `identity`). */
  decoder: DenseSpec[];
  loss: {
    /** Bernoulli likelihood from logits, summed over pixels, in nats an image. */
    reconstruction: 'bce';
    /** Weight of KL(q(z|x) || N(0, I)); 1 is the evidence lower bound. */
    klWeight: number;
  };
}

/** A value in a message; JSON alone would call NaN and Infinity null. */
const show = (value: unknown): string => (typeof value === 'number' ? String(value) : JSON.stringify(value));

function requirePositiveInteger(value: unknown, path: string): void {
  if (!Number.isInteger(value) || (value as number) < 1)
    throw new ArgumentError(`${path}: ${show(value)}, must be a positive integer`);
}

function requireOneOf(value: unknown, choices: readonly string[], path: string): void {
  if (!choices.includes(value as string))
    throw new ArgumentError(`${path}: ${JSON.stringify(value)}, must be one of ${choices.join(', ')}`);
}

function validateLayers(layers: unknown, path: string): void {
  if (!Array.isArray(layers))
    throw new ArgumentError(`${path}: ${JSON.stringify(layers)}, must be a list of { units, activation }`);
  layers.forEach((layer: Partial<DenseSpec> | null, index) => {
    requirePositiveInteger(layer?.units, `${path}[${index}].units`);
    requireOneOf(layer?.activation, ACTIVATIONS, `${path}[${index}].activation`);
  });
}

/**
 * Checks a description that may come from a JSON file.
 * @throws ArgumentError with the path of what is wrong: `decoder[1].units: -5, must be a positive integer`
 */
export function validateSpec(value: unknown): asserts value is ModelSpec {
  if (typeof value !== 'object' || value === null)
    throw new ArgumentError(`model spec: ${JSON.stringify(value)}, must be an object (see ModelSpec)`);
  const spec = value as Partial<ModelSpec>;
  requirePositiveInteger(spec.inputs, 'inputs');
  validateLayers(spec.encoder, 'encoder');
  requireOneOf(spec.code?.kind, ['gaussian'], 'code.kind');
  requirePositiveInteger(spec.code?.units, 'code.units');
  validateLayers(spec.decoder, 'decoder');
  requireOneOf(spec.loss?.reconstruction, ['bce'], 'loss.reconstruction');
  const klWeight = spec.loss?.klWeight;
  if (typeof klWeight !== 'number' || !(klWeight >= 0) || !Number.isFinite(Math.fround(klWeight)))
    throw new ArgumentError(`loss.klWeight: ${show(klWeight)}, must be a number >= 0 that f32 holds (up to 3e38)`);
  const last = spec.decoder?.length ? spec.decoder[spec.decoder.length - 1] : undefined;
  if (last === undefined) throw new ArgumentError('decoder: [], must have at least its output layer');
  if (last.units !== spec.inputs)
    throw new ArgumentError(
      `decoder[${(spec.decoder?.length ?? 0) - 1}].units: ${last.units}, must equal inputs (${spec.inputs}): it gives one logit a pixel`,
    );
  if (last.activation !== 'identity')
    throw new ArgumentError(
      `decoder[${(spec.decoder?.length ?? 0) - 1}].activation: "${last.activation}", must be identity: the bce loss takes logits`,
    );
}
