// What a model is, as plain data: it can be written as JSON, compared, stored beside weights. Nothing here knows of
// graphs or GPUs. graph/build.ts turns a spec into operations.
import { ArgumentError } from '../errors.js';
import { requireOneOf, show } from './values.js';

/** Functions that may follow a layer's matmul and bias. `identity` on the last layer leaves logits for the BCE loss. */
export const ACTIVATIONS = ['identity', 'relu', 'sigmoid'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/**
 * Where the first parameters come from; `fan_in` and `fan_out` are a layer's inputs and units.
 * pytorch: nn.Linear's own, weights and biases uniform in +-1/sqrt(fan_in).
 * xavier: weights uniform in +-sqrt(6 / (fan_in + fan_out)), biases 0; for sigmoid, tanh and identity.
 *   Source: Glorot & Bengio 2010.
 * he: weights uniform in +-sqrt(6 / fan_in), biases 0; for ReLU and its kin.  Source: He et al. 2015.
 */
export const INITIALIZATIONS = ['pytorch', 'xavier', 'he'] as const;
export type Initialization = (typeof INITIALIZATIONS)[number];

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
  /** `pytorch` if absent. */
  initialization?: Initialization;
}

function requirePositiveInteger(value: unknown, path: string): void {
  if (!Number.isInteger(value) || (value as number) < 1)
    throw new ArgumentError(`${path}: ${show(value)}, must be a positive integer`);
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
  if (spec.initialization !== undefined) requireOneOf(spec.initialization, INITIALIZATIONS, 'initialization');
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
