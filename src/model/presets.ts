// Models by name: each preset only writes down a ModelSpec.
import { ArgumentError } from '../errors.js';
import { type ModelSpec, validateSpec } from './spec.js';

/** Sizes of a variational autoencoder. */
export interface VaeOptions {
  /** Pixels of one image; 784 by default (28x28). */
  pixels?: number;
  /** Units of the encoder's hidden layers; the decoder mirrors them. [512, 256] by default. */
  hidden?: number[];
  /** Dimensions of the code z; 64 by default. */
  latent?: number;
  /** Weight of the KL term; 1 by default. */
  klWeight?: number;
}

/**
 * The variational autoencoder pixels-hidden-(mu, log_var)-hidden-pixels with ReLU, Bernoulli pixels and a standard
 * normal prior. The defaults are the MNIST VAE 784-512-256-64.
 * @throws ArgumentError naming the size that is not a positive integer
 * Source: Kingma & Welling 2014, "Auto-Encoding Variational Bayes".
 */
export function vae(options: VaeOptions = {}): ModelSpec {
  const { pixels = 784, hidden = [512, 256], latent = 64, klWeight = 1 } = options;
  if (!Array.isArray(hidden))
    throw new ArgumentError(`hidden: ${JSON.stringify(hidden)}, must be a list of layer sizes, for example [512, 256]`);
  const relu = (units: number) => ({ units, activation: 'relu' as const });
  const spec: ModelSpec = {
    inputs: pixels,
    encoder: hidden.map(relu),
    code: { kind: 'gaussian', units: latent },
    decoder: [...hidden.toReversed().map(relu), { units: pixels, activation: 'identity' }],
    loss: { reconstruction: 'bce', klWeight },
  };
  validateSpec(spec);
  return spec;
}
