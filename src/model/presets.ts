// The autoencoder family by name: each preset only writes down a ModelSpec.
import { ArgumentError } from '../errors.js';
import { validateMap } from './check-layers.js';
import { validateSpec } from './check-spec.js';
import {
  convolutionOf,
  type FeatureMap,
  type Pair,
  showMap,
  sizeOfMap,
  transposedConvolutionOf,
} from './convolution.js';
import type { ConvSpec, ConvTransposeSpec, LayerSpec, NormSpec } from './layers.js';
import type { Activation, CorruptionSpec, LEARNED, LogVarRange, LossSpec, ModelSpec, PixelRange } from './spec.js';
import { requireKnownKeys, requireOneOf } from './values.js';

/** Sizes that every member of the family has. */
export interface Sizes {
  /** Pixels of one image; 784 by default (28x28). */
  pixels?: number;
  /**
   * Units of the encoder's hidden layers; the decoder mirrors them. [512, 256] by default; of a convolutional model those between
   * the feature maps and the code, none by default.
   */
  hidden?: number[];
  /** Dimensions of the code; 64 by default. */
  latent?: number;
}

/** How the images are compared and what the layers compute. */
export interface Layers extends Sizes {
  /** Of the hidden layers; relu by default. */
  activation?: Activation;
  /** bce by default. */
  loss?: LossSpec['reconstruction'];
  /** Of the last layer; by default sigmoid, tanh for a range of -1..1, and exp for poisson. */
  output?: Activation;
  /** 0..1 by default. */
  range?: PixelRange;
  /**
   * Makes the model convolutional: channels of the encoder's feature maps, each of half the height and width of the one before,
   * which the decoder mirrors. Not by default.
   */
  channels?: number[];
  /** Height and width of the convolutions' kernels; 4 by default. */
  kernel?: number;
  /** What an image is, for a convolutional model; 28x28, grey, by default. */
  image?: FeatureMap;
  /** What follows each convolution but the last, before its activation; batch by default, none in other models. */
  norm?: Norm;
  /** Of a convolutional model: probability with which a number that the code is made of is dropped in training; 0 by default. */
  dropout?: number;
}

/** group: groups of 4 channels, or of 2 or 1 where 4 do not divide them. */
export const NORMS = ['batch', 'layer', 'group', 'none'] as const;
/** What follows a convolution, as NORMS lists it. */
export type Norm = (typeof NORMS)[number];

/** A variational autoencoder's. */
export interface VaeOptions extends Layers {
  /** Weight of the KL term; 1 by default. */
  klWeight?: number;
  /** For the mse loss: variance of the pixels' Gaussian, or 'learned'. */
  variance?: number | typeof LEARNED;
  /** Nats of each dimension's KL that cost nothing; none by default. */
  freeBits?: number;
  /** Nats that each row's KL is held at; not by default. */
  capacity?: number;
  /** Samples of the importance-weighted bound, which is then the loss; by default the loss is a VAE's. */
  samples?: number;
  /** Bounds of log_var; [-30, 20] by default, null for none. */
  logVarRange?: LogVarRange | null;
}

const DEFAULT_HIDDEN = [512, 256];
const DEFAULT_CHANNELS = [32, 64];
/** Hinton & Salakhutdinov 2006. */
const STACKED = { hidden: [1000, 500, 250], latent: 30 };

const SIZES = ['pixels', 'hidden', 'latent'];
const DENSE = [...SIZES, 'activation', 'loss', 'output', 'range'];
const CONVOLUTIONAL = ['channels', 'kernel', 'image', 'norm', 'dropout'] as const;
const LAYERS = [...DENSE, ...CONVOLUTIONAL];
const VARIATIONAL = [...LAYERS, 'variance', 'freeBits', 'capacity', 'samples', 'logVarRange'];

/** What all members have in common: the layers around the code, and how images are compared. */
function mirrored(options: Layers): Omit<ModelSpec, 'code'> {
  const { channels, loss: reconstruction = 'bce', range } = options;
  const { hidden = channels ? [] : DEFAULT_HIDDEN, activation = 'relu' } = options;
  if (!Array.isArray(hidden))
    throw new ArgumentError(`hidden: ${JSON.stringify(hidden)}, must be a list of layer sizes, for example [512, 256]`);
  const output = outputOf(options);
  const loss: LossSpec = { reconstruction };
  const layer = (units: number) => ({ units, activation });
  const ends = channels
    ? flattened(convolutional(options, channels, activation, output), activation)
    : dense(options, output);
  return {
    ...ends.sizes,
    ...(range !== undefined && { range }),
    encoder: [...ends.lower, ...hidden.map(layer)],
    decoder: [...hidden.toReversed().map(layer), ...ends.upper],
    loss,
  };
}

function outputOf({ loss, range, output }: Layers): Activation {
  return output ?? (loss === 'poisson' ? 'exp' : range === '-1..1' ? 'tanh' : 'sigmoid');
}

/** What lies between the images and the hidden layers, on both sides. */
interface Ends {
  sizes: Pick<ModelSpec, 'inputs' | 'image'>;
  lower: LayerSpec[];
  upper: LayerSpec[];
}

function dense({ pixels = 784, ...others }: Layers, output: Activation): Ends {
  for (const name of CONVOLUTIONAL) {
    const value = others[name];
    if (value !== undefined)
      throw new ArgumentError(
        `${name}: ${JSON.stringify(value)} without channels: it is of a convolutional model; give channels, [32, 64] is usual, or leave it out`,
      );
  }
  return { sizes: { inputs: pixels }, lower: [], upper: [{ units: pixels, activation: output }] };
}

/** Feature maps on both sides of the smallest. */
interface Maps extends Ends {
  deepest: FeatureMap;
  /** What follows a convolution between them. */
  convolved(layer: ConvSpec | ConvTransposeSpec): LayerSpec[];
}

/** A vector in place of the smallest map. */
const flattened = ({ sizes, lower, upper, deepest }: Maps, activation: Activation): Ends => ({
  sizes,
  lower: [...lower, { kind: 'flatten' }],
  upper: [{ units: sizeOfMap(deepest), activation }, { kind: 'reshape', ...deepest }, ...upper],
});

/** Each convolution halves height and width, rounded down; its mirror image brings them back. */
function convolutional(options: Layers, channels: number[], activation: Activation, output: Activation): Maps {
  const { image = { height: 28, width: 28, channels: 1 }, kernel = 4, pixels, norm = 'batch', dropout = 0 } = options;
  requireOneOf(norm, NORMS, 'norm');
  requireSizes(channels, 'channels');
  requireSizes([kernel], 'kernel');
  validateMap(image, 'image');
  if (pixels !== undefined && pixels !== sizeOfMap(image))
    throw new ArgumentError(`pixels: ${pixels}, must be ${sizeOfMap(image)}, those of an image of ${showMap(image)}`);
  const window = { kernel, stride: 2, padding: Math.floor((kernel - 1) / 2) };
  const maps = [image];
  for (const [index, count] of channels.entries()) {
    const last = maps.at(-1) as FeatureMap;
    if (Math.min(last.height, last.width) + 2 * window.padding < kernel)
      throw new ArgumentError(
        `channels: ${JSON.stringify(channels)}, must be at most ${index} for images of ${showMap(image)} and kernel ${kernel}: ` +
          `${showMap(last)} cannot be halved again; use fewer channels, or a smaller kernel`,
      );
    maps.push(convolutionOf(last, count, window, 1).y);
  }
  const deepest = maps.at(-1) as FeatureMap;
  // A normalisation takes away what a bias adds.
  const convolved = (layer: ConvSpec | ConvTransposeSpec): LayerSpec[] =>
    norm === 'none'
      ? [{ ...layer, activation }]
      : [{ ...layer, bias: false }, normOf(norm, layer.channels, activation)];
  const upper = channels.map((_, index): LayerSpec[] => {
    const [large, small] = [maps[index] as FeatureMap, maps[index + 1] as FeatureMap];
    const { x } = transposedConvolutionOf(small, large.channels, window, 1);
    const outputPadding: Pair = [large.height - x.height, large.width - x.width];
    const layer: ConvTransposeSpec = {
      kind: 'convTranspose',
      channels: large.channels,
      ...window,
      ...(outputPadding.some((extra) => extra > 0) && { outputPadding }),
    };
    return index === 0 ? [{ ...layer, activation: output }] : convolved(layer);
  });
  return {
    sizes: { inputs: sizeOfMap(image), image },
    lower: [
      ...channels.flatMap((count) => convolved({ kind: 'conv', channels: count, ...window })),
      // Before a conditional model's labels join.
      ...(dropout === 0 ? [] : [{ kind: 'dropout' as const, probability: dropout }]),
    ],
    upper: upper.toReversed().flat(),
    deepest,
    convolved,
  };
}

const normOf = (norm: Exclude<Norm, 'none'>, channels: number, activation: Activation): NormSpec => {
  if (norm !== 'group') return { kind: norm === 'batch' ? 'batchNorm' : 'layerNorm', activation };
  const size = [4, 2, 1].find((each) => channels % each === 0) ?? 1;
  return { kind: 'groupNorm', groups: channels / size, activation };
};

function requireSizes(values: unknown, name: string): void {
  const good =
    Array.isArray(values) && values.length > 0 && values.every((value) => Number.isInteger(value) && value > 0);
  if (!good)
    throw new ArgumentError(`${name}: ${JSON.stringify(values)}, must be positive integers, for example [32, 64]`);
}

function checked(spec: ModelSpec): ModelSpec {
  validateSpec(spec);
  return spec;
}

/**
 * The variational autoencoder pixels-hidden-(mu, log_var)-hidden-pixels with a standard normal prior. The defaults are the
 * MNIST VAE 784-512-256-64 with ReLU and Bernoulli pixels; the mse loss makes the pixels Gaussian.
 * @throws ArgumentError naming what is wrong
 * Source: Kingma & Welling 2014, "Auto-Encoding Variational Bayes".
 */
export function vae(options: VaeOptions = {}): ModelSpec {
  requireKnownKeys(options, [...VARIATIONAL, 'klWeight'], '');
  const { latent = 64, klWeight = 1, variance, freeBits, capacity, samples, logVarRange, ...layers } = options;
  const { loss, ...rest } = mirrored(layers);
  return checked({
    ...rest,
    code: { kind: 'gaussian', units: latent, ...(logVarRange !== undefined && { logVarRange }) },
    loss: {
      ...loss,
      klWeight,
      ...(variance !== undefined && { variance }),
      ...(freeBits !== undefined && { freeBits }),
      ...(capacity !== undefined && { capacity }),
      ...(samples !== undefined && { samples }),
    },
  });
}

/**
 * A VAE whose KL term weighs `beta`: above 1 the code's dimensions separate, below 1 the images are sharper.
 * Source: Higgins et al. 2017, "beta-VAE".
 */
export function betaVae(options: Omit<VaeOptions, 'klWeight'> & { beta?: number } = {}): ModelSpec {
  requireKnownKeys(options, [...VARIATIONAL, 'beta'], '');
  const { beta = 4, ...others } = options;
  return vae({ ...others, klWeight: beta });
}

/**
 * A VAE that is told each image's class, so that it can be asked for one.
 * Source: Sohn et al. 2015, "Learning Structured Output Representation using Deep Conditional Generative Models".
 */
export function conditionalVae(options: VaeOptions & { classes?: number } = {}): ModelSpec {
  requireKnownKeys(options, [...VARIATIONAL, 'klWeight', 'classes'], '');
  const { classes = 10, ...others } = options;
  return checked({ ...vae(others), classes });
}

/**
 * A VAE that is trained by the importance-weighted bound of several samples, 5 by default: tighter than a VAE's, and its codes need
 * not be as near to normal.
 * Source: Burda et al. 2016, "Importance Weighted Autoencoders", whose table 1 has 1, 5 and 50.
 */
export const iwae = (options: Omit<VaeOptions, 'freeBits' | 'capacity'> = {}): ModelSpec =>
  vae({ samples: 5, ...defined(options) });

/** The plain autoencoder: pixels-hidden-code-hidden-pixels, the code without an activation. */
export function ae(options: Layers = {}): ModelSpec {
  requireKnownKeys(options, LAYERS, '');
  const { latent = 64, ...layers } = options;
  return checked({ ...mirrored(layers), code: { kind: 'deterministic', units: latent, activation: 'identity' } });
}

/**
 * No activation anywhere and squared error: spans the subspace of the data's principal components.
 * Source: Baldi & Hornik 1989.
 */
export function linear(options: Sizes = {}): ModelSpec {
  requireKnownKeys(options, SIZES, '');
  const { hidden = [], ...sizes } = options;
  return ae({ ...sizes, hidden, activation: 'identity', loss: 'mse', output: 'identity' });
}

/** How a sparse autoencoder is kept sparse: one of the two. */
export interface SparseOptions extends Layers {
  /** Weight of the sum of |z| of a ReLU code; 0.1 by default. */
  l1?: number;
  /** Wanted mean activation of each dimension of a sigmoid code, between 0 and 1. */
  rho?: number;
  /** Weight of the divergence from rho; 1 by default. */
  sparsityWeight?: number;
}

/**
 * An autoencoder whose code is mostly near zero.
 * @throws ArgumentError if both l1 and rho are given, or a weight without rho
 * Source: Ng 2011, "Sparse autoencoder" (CS294A lecture notes).
 */
export function sparse(options: SparseOptions = {}): ModelSpec {
  requireKnownKeys(options, [...LAYERS, 'l1', 'rho', 'sparsityWeight'], '');
  const { latent = 64, l1, rho, sparsityWeight, ...layers } = options;
  if (l1 !== undefined && rho !== undefined)
    throw new ArgumentError(`l1 ${l1} and rho ${rho}: a code is kept sparse by one of them; leave one out`);
  if (sparsityWeight !== undefined && rho === undefined)
    throw new ArgumentError(
      `sparsityWeight ${sparsityWeight} without rho: it is the weight of the divergence from rho; give rho, 0.05 is usual, or leave it out`,
    );
  const { loss, ...rest } = mirrored(layers);
  if (rho === undefined)
    return checked({
      ...rest,
      code: { kind: 'deterministic', units: latent, activation: 'relu' },
      loss: { ...loss, l1: l1 ?? 0.1 },
    });
  return checked({
    ...rest,
    code: { kind: 'deterministic', units: latent, activation: 'sigmoid' },
    loss: { ...loss, sparsity: { target: rho, weight: sparsityWeight ?? 1 } },
  });
}

/** A convolutional autoencoder with a vector as its code: `ae` with channels, [32, 64] by default. */
export const convAe = (options: Layers = {}): ModelSpec => ae({ channels: DEFAULT_CHANNELS, ...defined(options) });

/** A convolutional VAE: `vae` with channels, [32, 64] by default. */
export const convVae = (options: VaeOptions = {}): ModelSpec =>
  vae({ channels: DEFAULT_CHANNELS, ...defined(options) });

/** A convolutional denoising autoencoder: `denoising` with channels, [32, 64] by default. */
export const convDenoising = (options: Parameters<typeof denoising>[0] = {}): ModelSpec =>
  denoising({ channels: DEFAULT_CHANNELS, ...defined(options) });

/** A discrete code's. `latent`: channels of the feature map that is quantised, the numbers of each vector. */
export interface VqVaeOptions extends Omit<Layers, 'hidden'> {
  /** Vectors in the codebook; 512 by default. */
  codes?: number;
  /** Weight of the squared distance between the feature map and its vectors; 0.25 by default. */
  commitment?: number;
  /** How much of the codebook's running means a step keeps; 0.99 by default. */
  decay?: number;
}

/**
 * A convolutional autoencoder whose code is discrete: each place of the smallest feature map becomes one of `codes` vectors.
 * Channels are [32, 64] by default; a convolution of 1x1 gives the map that is quantised, one of 3x3 takes it up.
 * Source: van den Oord et al. 2017, "Neural Discrete Representation Learning".
 */
export function vqVae(options: VqVaeOptions = {}): ModelSpec {
  const known = [...LAYERS.filter((key) => key !== 'hidden'), 'codes', 'commitment', 'decay'];
  requireKnownKeys(options, known, '');
  const { latent = 64, codes = 512, commitment, decay, ...layers } = options;
  const { channels = DEFAULT_CHANNELS, activation = 'relu', loss: reconstruction = 'bce', range } = layers;
  const { sizes, lower, upper, deepest, convolved } = convolutional(layers, channels, activation, outputOf(layers));
  const units = deepest.height * deepest.width * latent;
  return checked({
    ...sizes,
    ...(range !== undefined && { range }),
    encoder: [...lower, { kind: 'conv', channels: latent, kernel: 1 }],
    code: { kind: 'quantized', units, codes, dimensions: latent, ...(decay !== undefined && { decay }) },
    decoder: [...convolved({ kind: 'conv', channels: deepest.channels, kernel: 3, padding: 1 }), ...upper],
    loss: { reconstruction, ...(commitment !== undefined && { commitment }) },
  });
}

/** Without keys that say nothing: their defaults hold. */
const defined = <Options extends object>(options: Options): Options =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;

/**
 * An autoencoder that is shown damaged images and asked for the clean ones. Gaussian noise of 0.3 by default.
 * Source: Vincent et al. 2010, "Stacked Denoising Autoencoders".
 */
export function denoising(options: Layers & { corruption?: CorruptionSpec } = {}): ModelSpec {
  requireKnownKeys(options, [...LAYERS, 'corruption'], '');
  const { corruption = { kind: 'gaussian', amount: 0.3 }, ...layers } = options;
  return checked({ ...ae(layers), corruption });
}

/**
 * A deep autoencoder of sigmoid layers, 784-1000-500-250-30 by default: train it layer by layer first (`pretrain`).
 * Source: Hinton & Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks".
 */
export function stacked(options: Omit<Layers, (typeof CONVOLUTIONAL)[number]> = {}): ModelSpec {
  requireKnownKeys(options, DENSE, '');
  const { hidden = STACKED.hidden, latent = STACKED.latent, activation = 'sigmoid', ...layers } = options;
  return ae({ ...layers, hidden, latent, activation });
}
