// The flags that say which model: a preset of the family with its own, or a spec from a file. train.js and profile.js have them.
import {
  ACTIVATIONS,
  type Activation,
  type CorruptionSpec,
  INITIALIZATIONS,
  type Initialization,
  type LEARNED,
  type ModelSpec,
  NORMS,
  type Norm,
  type PixelRange,
  RANGES,
  RECONSTRUCTIONS,
  SCALINGS,
  type ScalingSpec,
} from 'latentgpu/node';
import {
  asIs,
  count,
  counts,
  noise,
  notNegative,
  oneOf,
  positive,
  positiveOrLearned,
  share,
} from '../flags/flag-values.js';
import type { Flag } from '../flags/flags.js';

export const MODELS = [
  'vae',
  'beta-vae',
  'conditional-vae',
  'iwae',
  'ae',
  'linear',
  'sparse',
  'denoising',
  'stacked',
  'conv-vae',
  'conv-ae',
  'conv-denoising',
  'vq-vae',
] as const;
export type ModelName = (typeof MODELS)[number];

const OUTPUTS = ['sigmoid', 'tanh', 'identity'] as const;

/** What a model is made of; absent: the preset decides. */
export interface ModelOptions {
  /** `vae` if absent, unless there is a spec. */
  model?: ModelName;
  /** A JSON file. */
  spec?: string;
  hidden?: number[];
  channels?: number[];
  'kernel-size'?: number;
  norm?: Norm;
  dropout?: number;
  latent?: number;
  activation?: Activation;
  loss?: ModelSpec['loss']['reconstruction'];
  output?: (typeof OUTPUTS)[number];
  range?: PixelRange;
  scale?: 'none' | ScalingSpec['kind'];
  init?: Initialization;
  beta?: number;
  variance?: number | typeof LEARNED;
  'free-bits'?: number;
  capacity?: number;
  iwae?: number;
  l1?: number;
  rho?: number;
  'sparsity-weight'?: number;
  noise?: CorruptionSpec;
  codes?: number;
  commitment?: number;
}

const group = 'Model';

export const MODEL_FLAGS: Record<Exclude<keyof ModelOptions, undefined>, Flag> = {
  model: {
    group,
    value: 'NAME',
    example: 'vae',
    read: oneOf(MODELS),
    help: [
      'vae (the default), beta-vae, conditional-vae (learns to draw by label), iwae',
      '(a tighter bound, of several samples), ae, linear (no activations: finds the',
      'principal components), sparse, denoising, stacked (deep; trained layer by',
      'layer first), and convolutional: conv-vae, conv-ae, conv-denoising, vq-vae',
      '(a code of vectors of a codebook)',
    ],
  },
  spec: {
    group,
    value: 'FILE',
    example: 'net.json',
    read: asIs,
    help: ['a ModelSpec as JSON, as the `spec` of a run.json; without other model flags'],
  },
  hidden: {
    group,
    value: 'N,N',
    example: '512,256',
    read: counts,
    help: [
      'units of the hidden layers; the decoder mirrors them (default: 512,256;',
      'stacked 1000,500,250; linear and, behind the convolutions, conv-*: none)',
    ],
  },
  channels: {
    group,
    value: 'N,N',
    example: '32,64',
    read: counts,
    help: [
      'channels of the convolutions, each of which halves height and width (default',
      'of conv-* and vq-vae: 32,64); makes another model convolutional, too',
    ],
  },
  'kernel-size': {
    group,
    value: 'N',
    example: '3',
    read: count,
    help: ["height and width of the convolutions' kernels (default: 4)"],
  },
  norm: {
    group,
    value: 'NAME',
    example: 'group',
    read: oneOf(NORMS),
    help: ['what follows each convolution: batch (the default), layer, group (of 4', 'channels) or none'],
  },
  dropout: {
    group,
    value: 'X',
    example: '0.1',
    read: share,
    help: ['probability with which a number of the last feature map is dropped in', 'training (default: none)'],
  },
  latent: {
    group,
    value: 'N',
    example: '64',
    read: count,
    help: ['dimensions of the code, of vq-vae of each place (default: 64; stacked 30)'],
  },
  activation: {
    group,
    value: 'NAME',
    example: 'relu',
    read: oneOf(ACTIVATIONS),
    help: ['of the hidden layers (default: relu; stacked sigmoid):', ACTIVATIONS.join(', ')],
  },
  loss: {
    group,
    value: 'NAME',
    example: 'mse',
    read: oneOf(RECONSTRUCTIONS),
    help: [
      'bce, cross entropy (default for pixels); mse, squared error (default for',
      'other numbers; linear: always); poisson, likelihood of counts, numbers >= 0',
      'that are not scaled',
    ],
  },
  output: {
    group,
    value: 'NAME',
    example: 'sigmoid',
    read: oneOf(OUTPUTS),
    help: [
      'activation of the last layer: sigmoid (default for pixels), tanh or identity',
      '(default for other numbers); with bce always sigmoid, with poisson none',
    ],
  },
  range: {
    group,
    value: 'RANGE',
    example: '0..1',
    read: oneOf(RANGES),
    help: [
      'what pixels become: 0..1 (default) or -1..1, with --loss mse and then',
      '--output tanh (default) or identity',
    ],
  },
  scale: {
    group,
    value: 'NAME',
    example: 'standard',
    read: oneOf(['none', ...SCALINGS]),
    help: [
      'what becomes of numbers that are no bytes, fitted to the training examples:',
      'none, minmax (to 0..1), standard (mean 0, deviation 1) or robust (by median',
      'and quartiles); default: standard for rows of features, minmax for images',
      'beyond 0..1, else none',
    ],
  },
  init: {
    group,
    value: 'NAME',
    example: 'he',
    read: oneOf(INITIALIZATIONS),
    help: ["first weights: pytorch (nn.Linear's, the default), xavier or he"],
  },
  beta: {
    group,
    value: 'X',
    example: '4',
    read: notNegative,
    help: ['weight of the KL term, of beta-vae (default: 4) or conditional-vae (1)'],
  },
  variance: {
    group,
    value: 'X',
    example: '0.05',
    read: positiveOrLearned,
    help: [
      "of a VAE's numbers with --loss mse, whose weight is then 1 / (2 X); learned:",
      'one for all numbers is trained, and the loss is their likelihood',
    ],
  },
  'free-bits': {
    group,
    value: 'X',
    example: '0.5',
    read: positive,
    help: ["a VAE's: nats of each dimension's KL that cost nothing, so that the code is", 'used (default: none)'],
  },
  capacity: {
    group,
    value: 'X',
    example: '25',
    read: positive,
    help: ["a VAE's: nats that the KL term is held at, by --beta times its distance from", 'them (default: not)'],
  },
  iwae: {
    group,
    value: 'K',
    example: '5',
    read: count,
    help: [
      "samples of a VAE's code an example, whose importance-weighted bound is then",
      'the loss: tighter the more there are (default: 5 of --model iwae, else none)',
    ],
  },
  l1: {
    group,
    value: 'X',
    example: '0.1',
    read: notNegative,
    help: ['sparse: weight of the sum of |code| (default: 0.1)'],
  },
  rho: {
    group,
    value: 'X',
    example: '0.05',
    read: share,
    help: ['sparse, instead of --l1: mean activation of each dimension of a', 'sigmoid code'],
  },
  'sparsity-weight': {
    group,
    value: 'X',
    example: '3',
    read: notNegative,
    help: ['weight of the divergence from --rho (default: 1)'],
  },
  noise: {
    group,
    value: 'KIND:X',
    example: 'gaussian:0.3',
    read: noise,
    help: ['denoising: gaussian:DEVIATION, mask:SHARE or saltpepper:SHARE of the', 'pixels (default: gaussian:0.3)'],
  },
  codes: {
    group,
    value: 'N',
    example: '512',
    read: count,
    help: ['vq-vae: vectors in the codebook (default: 512), of --latent numbers each'],
  },
  commitment: {
    group,
    value: 'X',
    example: '0.25',
    read: notNegative,
    help: ["vq-vae: weight of the encoder's squared distance from the vectors (default:", '0.25)'],
  },
};
