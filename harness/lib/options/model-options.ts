// Which model the flags ask for: a preset of the family with its flags, or a spec from a file. A flag that the chosen
// model has no use for is refused, never ignored. train.js and profile.js both read these.
import fs from 'node:fs';
import {
  ACTIVATIONS,
  type Activation,
  ArgumentError,
  ae,
  betaVae,
  type CorruptionSpec,
  checkMirrored,
  conditionalVae,
  convAe,
  convDenoising,
  convVae,
  denoising,
  type FeatureMap,
  INITIALIZATIONS,
  type Initialization,
  iwae,
  LatentGpuError,
  type LEARNED,
  linear,
  type ModelSpec,
  NORMS,
  type Norm,
  type PixelRange,
  RANGES,
  RECONSTRUCTIONS,
  SCALINGS,
  type ScalingSpec,
  sizeOf,
  sparse,
  stacked,
  vae,
  validateSpec,
  vqVae,
} from 'latentgpu/node';
import type { ExampleSet } from '../data/arrays.js';
import { describeExamples, imageSizeOf } from '../data/examples.js';
import { asIs, count, counts, noise, notNegative, oneOf, positive, positiveOrLearned, share } from './flag-values.js';
import type { Flag } from './flags.js';
import { present } from './present.js';
import { type Suited, suitedTo } from './suited.js';
import type { CourseOptions } from './training-options.js';

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

const VAES: readonly ModelName[] = ['vae', 'beta-vae', 'conditional-vae', 'iwae', 'conv-vae'];
/** Whose KL term is the divergence itself, at least by default. */
const OF_DIVERGENCE = VAES.filter((name) => name !== 'iwae');
/** Convolutional by name. */
const CONVOLUTIONAL: readonly ModelName[] = ['conv-vae', 'conv-ae', 'conv-denoising', 'vq-vae'];
const OF_CONVOLUTIONS = ['kernel-size', 'norm', 'dropout'] as const;
const MAY_CONVOLVE = MODELS.filter((name) => name !== 'linear' && name !== 'stacked');
const NOT_LINEAR = MODELS.filter((name) => name !== 'linear');
const NOT_QUANTIZED = MODELS.filter((name) => name !== 'vq-vae');
/** What all but one or two take. */
const MOST: readonly (readonly ModelName[])[] = [MAY_CONVOLVE, NOT_LINEAR, NOT_QUANTIZED];

/** Flags that only some models have a use for, and why. Those of training (--warmup, --pretrain) are among them. */
const USES: Record<string, { models: readonly ModelName[]; why: string }> = {
  activation: { models: NOT_LINEAR, why: 'a linear autoencoder has no activations' },
  loss: { models: NOT_LINEAR, why: "a linear autoencoder's loss is the squared error" },
  output: { models: NOT_LINEAR, why: 'a linear autoencoder has no activations' },
  range: { models: NOT_LINEAR, why: 'to scale the pixels changes nothing for a linear autoencoder' },
  hidden: { models: NOT_QUANTIZED, why: 'its code is a feature map, with convolutions alone around it' },
  channels: { models: MAY_CONVOLVE, why: 'its layers are fully connected' },
  'kernel-size': { models: MAY_CONVOLVE, why: 'its layers are fully connected' },
  norm: { models: MAY_CONVOLVE, why: 'its layers are fully connected' },
  dropout: { models: MAY_CONVOLVE, why: 'its layers are fully connected' },
  beta: { models: ['beta-vae', 'conditional-vae'], why: 'only beta-vae and conditional-vae weigh their KL term' },
  variance: { models: VAES, why: "it is the variance of a VAE's pixels" },
  'free-bits': { models: OF_DIVERGENCE, why: 'it is of the KL divergence, which only the ELBO has' },
  capacity: { models: OF_DIVERGENCE, why: 'it is of the KL divergence, which only the ELBO has' },
  iwae: { models: VAES, why: "it is of a VAE's samples" },
  l1: { models: ['sparse'], why: 'only sparse has a penalty on its code' },
  rho: { models: ['sparse'], why: 'only sparse has a penalty on its code' },
  'sparsity-weight': { models: ['sparse'], why: 'only sparse has a penalty on its code' },
  noise: { models: ['denoising', 'conv-denoising'], why: 'only denoising shows the encoder damaged images' },
  codes: { models: ['vq-vae'], why: 'only vq-vae has a codebook' },
  commitment: { models: ['vq-vae'], why: 'only vq-vae has a codebook' },
  warmup: { models: VAES, why: 'it raises the weight of the KL term, which only a VAE has' },
  pretrain: { models: ['stacked'], why: 'only stacked trains its layers one by one first' },
  'pretrain-steps': { models: ['stacked'], why: 'only stacked trains its layers one by one first' },
};

/**
 * Refuses flags that the chosen model has no use for, and combinations that no model has.
 * @param given the options that the command line names
 * @throws ArgumentError in one line
 */
export function checkModelOptions(given: ModelOptions & Record<string, unknown>): void {
  if (given.spec !== undefined) {
    const flag = Object.keys(MODEL_FLAGS).find((name) => name !== 'spec' && given[name] !== undefined);
    if (flag !== undefined)
      throw new ArgumentError(
        `--${flag} with --spec ${given.spec}: the file alone says what the model is; leave --${flag} out, or change the file`,
      );
    return;
  }
  const model = given.model ?? 'vae';
  for (const [flag, { models, why }] of Object.entries(USES))
    if (given[flag] !== undefined && !models.includes(model)) {
      const others = MOST.includes(models) ? 'another model' : models.map((name) => `--model ${name}`).join(' or ');
      throw new ArgumentError(
        `--${flag} with --model ${model}${given.model ? '' : ' (the default)'}: ${why}; use ${others}, or leave --${flag} out`,
      );
    }
  for (const flag of ['free-bits', 'capacity'] as const)
    if (given[flag] !== undefined && given.iwae !== undefined)
      throw new ArgumentError(
        `--${flag} with --iwae ${given.iwae}: it is of the KL divergence, in whose place each sample has log q(z|x) - log p(z); leave one out`,
      );
  if (!isConvolutional(given))
    for (const flag of OF_CONVOLUTIONS)
      if (given[flag] !== undefined)
        throw new ArgumentError(
          `--${flag} ${given[flag]} with --model ${model}: its layers are fully connected; give --channels 32,64, or leave --${flag} out`,
        );
  // A file may hold numbers whose loss is another by default; then it is checked once they are there.
  if (given.loss === undefined && isPath(given.data)) return;
  checkCombinations(given);
  // Whatever is left is refused before any image is loaded, but for what depends on how large they are.
  if (!isPath(given.data) || !isConvolutional(given)) presetSpec(given, {});
}

const isConvolutional = ({ model = 'vae', channels }: ModelOptions): boolean =>
  channels !== undefined || CONVOLUTIONAL.includes(model);

const isPath = (data: unknown): boolean =>
  typeof data === 'string' && !['mnist', 'fashion-mnist', 'digits'].includes(data);

function checkCombinations(given: ModelOptions): void {
  const { loss, output, range, l1, rho, variance, iwae: samples, 'sparsity-weight': weight } = given;
  if ((samples !== undefined || given.model === 'iwae') && loss === 'mse' && variance === undefined)
    throw new ArgumentError(
      `${samples === undefined ? '--model iwae' : `--iwae ${samples}`} with --loss mse: the squared error is no likelihood without a variance; give --variance learned, or use --loss bce`,
    );
  if (loss === 'poisson') checkPoisson(given);
  const bce = `--loss ${loss ?? 'bce'}${loss === undefined ? ' (the default)' : ''}`;
  if (loss !== 'mse' && loss !== 'poisson' && given.model !== 'linear') {
    if (range === '-1..1')
      throw new ArgumentError(
        `--range -1..1 with ${bce}: cross entropy compares probabilities; use --loss mse, or leave --range out`,
      );
    if (output !== undefined && output !== 'sigmoid')
      throw new ArgumentError(
        `--output ${output} with ${bce}: cross entropy compares probabilities; use --loss mse, or --output sigmoid`,
      );
    if (variance !== undefined)
      throw new ArgumentError(
        `--variance with ${bce}: only the squared error has a variance; use --loss mse, or leave --variance out`,
      );
  }
  if (range === '-1..1' && output === 'sigmoid')
    throw new ArgumentError(
      '--output sigmoid with --range -1..1: it cannot give pixels below 0; use --output tanh or identity, or leave --range out',
    );
  if (l1 !== undefined && rho !== undefined)
    throw new ArgumentError('--l1 with --rho: a code is kept sparse by one of them; leave one out');
  if (weight !== undefined && rho === undefined)
    throw new ArgumentError(
      '--sparsity-weight without --rho: it is the weight of the divergence from --rho; give --rho 0.05 too',
    );
}

/** Counts are not scaled, and their rates are the exp of what the last layer computes. */
function checkPoisson({ range, output, variance, scale }: ModelOptions): void {
  if (range !== undefined)
    throw new ArgumentError(`--range ${range} with --loss poisson: it is of pixels, not of counts; leave --range out`);
  if (output !== undefined)
    throw new ArgumentError(
      `--output ${output} with --loss poisson: rates are exp of the last layer's sums; use --loss mse, or leave --output out`,
    );
  if (variance !== undefined)
    throw new ArgumentError(
      `--variance with --loss poisson: the variance of counts is their rate; use --loss mse, or leave --variance out`,
    );
  if (scale !== undefined && scale !== 'none')
    throw new ArgumentError(
      `--scale ${scale} with --loss poisson: scaled counts are none; use --scale none, --loss mse, or leave --scale out`,
    );
}

/**
 * The model that the flags describe, for images that are not loaded yet; a spec's file is read now.
 * @param training flags of training, which may not fit the file's model
 * @returns makes the spec for the images
 * @throws ArgumentError; what is wrong in a file is told with the file's name and the path within it
 */
export function chosenModel(
  options: ModelOptions,
  training: Pick<CourseOptions, 'warmup' | 'pretrain' | 'pretrain-steps'> = {},
): (dataset: ExampleSet) => ModelSpec {
  const { spec: file } = options;
  if (file === undefined)
    return (dataset) => {
      const suited = suitedTo(options, dataset);
      checkCombinations(suited);
      return presetSpec(suited, { ...sizesOf(options, dataset), ...classesOf(options, dataset) });
    };
  return fixedModel(readSpec(file), { flag: '--spec', file }, training);
}

interface Source {
  flag: '--spec' | '--init';
  file: string;
}

/**
 * A model that does not depend on the data, which must fit it.
 * @param source the flag and the file that it is from, for messages
 */
export function fixedModel(
  spec: ModelSpec,
  source: Source,
  training: Pick<CourseOptions, 'warmup' | 'pretrain' | 'pretrain-steps'> = {},
): (dataset: ExampleSet) => ModelSpec {
  checkTrainingOf(spec, source, training);
  const { file } = source;
  return ({ name, test }) => {
    if (spec.inputs !== sizeOf(test))
      throw new ArgumentError(
        `${file}: inputs: ${spec.inputs}, must be ${sizeOf(test)}: ${name} has ${describeExamples(test)}`,
      );
    return spec;
  };
}

function checkTrainingOf(
  spec: ModelSpec,
  { flag, file }: Source,
  training: Pick<CourseOptions, 'warmup' | 'pretrain' | 'pretrain-steps'>,
): void {
  if (training.warmup !== undefined && spec.code.kind !== 'gaussian')
    throw new ArgumentError(
      `--warmup with ${flag} ${file}: it raises the weight of the KL term, which only a gaussian code has; leave --warmup out`,
    );
  if (!training.pretrain && training['pretrain-steps'] === undefined) return;
  try {
    checkMirrored(spec);
  } catch (cause) {
    throw new ArgumentError(`${file}: ${(cause as Error).message}; or leave --pretrain out`, { cause });
  }
}

/**
 * A file's spec, validated.
 * @throws ArgumentError naming the file and the path of what is wrong
 */
export function readSpec(file: string): ModelSpec {
  let text: string;
  try {
    text = textOf(fs.readFileSync(file), file);
  } catch (cause) {
    if (cause instanceof ArgumentError) throw cause;
    throw new ArgumentError(
      `--spec ${file} cannot be read (${(cause as Error).message}), must be a JSON file with a ModelSpec; name another`,
      { cause },
    );
  }
  try {
    const value: unknown = JSON.parse(text);
    validateSpec(value);
    return value;
  } catch (cause) {
    if (cause instanceof LatentGpuError) throw new ArgumentError(`${file}: ${cause.message}`, { cause });
    throw new ArgumentError(
      `${file} is not JSON (${(cause as Error).message}), must hold a ModelSpec as JSON; correct it`,
      {
        cause,
      },
    );
  }
}

/** UTF-8, with or without the byte order mark that some editors write first. */
function textOf(bytes: Uint8Array, file: string): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new ArgumentError(`${file} is text in UTF-16, must be in UTF-8; save it again as UTF-8`);
  return new TextDecoder().decode(bytes); // without the mark
}

/** What the presets are told of the data's examples. */
interface DataSizes {
  pixels?: number;
  image?: FeatureMap;
  classes?: number;
}

function sizesOf({ model = 'vae', channels }: ModelOptions, { name, test }: ExampleSet): DataSizes {
  const pixels = sizeOf(test);
  if (!isConvolutional({ model, ...present({ channels }) })) return { pixels };
  const size = imageSizeOf(test);
  if (!size)
    throw new ArgumentError(
      `--model ${model}${channels ? ` --channels ${channels}` : ''} with ${describeExamples(test)} (${name}): a convolution needs images; use --model vae or ae`,
    );
  return { pixels, image: { channels: 1, ...size } };
}

function presetSpec(options: Suited<ModelOptions>, data: DataSizes): ModelSpec {
  const { model = 'vae', hidden, latent, activation, loss, output, range, scaling, init } = options;
  const { beta, variance, capacity, 'free-bits': freeBits, iwae: samples } = options;
  const { l1, rho, noise: corruption, 'sparsity-weight': sparsityWeight } = options;
  const { channels, 'kernel-size': kernel, norm, dropout, codes, commitment } = options;
  const { pixels, image, classes } = data;
  const sizes = present({ pixels, hidden, latent });
  const layers = { ...sizes, ...present({ activation, loss, output, range, channels, kernel, image, norm, dropout }) };
  const variational = present({ variance, freeBits, capacity, samples });
  const makers: Record<ModelName, () => ModelSpec> = {
    vae: () => vae({ ...layers, ...variational }),
    'beta-vae': () => betaVae({ ...layers, ...variational, ...present({ beta }) }),
    'conditional-vae': () => conditionalVae({ ...layers, ...variational, ...present({ klWeight: beta, classes }) }),
    iwae: () => iwae({ ...layers, ...present({ variance, samples }) }),
    ae: () => ae(layers),
    linear: () => linear(sizes),
    sparse: () => sparse({ ...layers, ...present({ l1, rho, sparsityWeight }) }),
    denoising: () => denoising({ ...layers, ...present({ corruption }) }),
    stacked: () => stacked(layers),
    'conv-vae': () => convVae({ ...layers, ...variational }),
    'conv-ae': () => convAe(layers),
    'conv-denoising': () => convDenoising({ ...layers, ...present({ corruption }) }),
    'vq-vae': () => vqVae({ ...layers, ...present({ codes, commitment }) }),
  };
  return { ...makers[model](), ...present({ scaling, initialization: init }) };
}

/** How many classes the labels of the data have, for a conditional model. */
function classesOf({ model }: ModelOptions, { name, train, test }: ExampleSet): { classes?: number } {
  if (model !== 'conditional-vae') return {};
  if (!train.labels || !test.labels)
    throw new ArgumentError(
      `--model conditional-vae with data that have no labels (${name}): it learns to draw by label; use data with labels, or --model vae`,
    );
  const largest = [train.labels, test.labels].map((labels) => labels.reduce((most, label) => Math.max(most, label), 0));
  return { classes: Math.max(...largest) + 1 };
}
