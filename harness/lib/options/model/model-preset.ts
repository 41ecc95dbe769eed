// The spec that the flags of a preset describe, for data of some size.
import {
  ArgumentError,
  ae,
  betaVae,
  conditionalVae,
  convAe,
  convDenoising,
  convVae,
  denoising,
  type FeatureMap,
  iwae,
  linear,
  type ModelSpec,
  sizeOf,
  sparse,
  stacked,
  vae,
  vqVae,
} from 'latentgpu/node';
import type { ExampleSet } from '../../data/arrays.js';
import { describeExamples, imageSizeOf } from '../../data/examples.js';
import { present } from '../flags/present.js';
import type { Suited } from '../flags/suited.js';
import type { ModelName, ModelOptions } from './model-flags.js';

/** Convolutional by name. */
const CONVOLUTIONAL: readonly ModelName[] = ['conv-vae', 'conv-ae', 'conv-denoising', 'vq-vae'];

export const isConvolutional = ({ model = 'vae', channels }: ModelOptions): boolean =>
  channels !== undefined || CONVOLUTIONAL.includes(model);

/** What the presets are told of the data's examples. */
interface DataSizes {
  pixels?: number;
  image?: FeatureMap;
  classes?: number;
}

export function sizesOf({ model = 'vae', channels }: ModelOptions, { name, test }: ExampleSet): DataSizes {
  const pixels = sizeOf(test);
  if (!isConvolutional({ model, ...present({ channels }) })) return { pixels };
  const size = imageSizeOf(test);
  if (!size)
    throw new ArgumentError(
      `--model ${model}${channels ? ` --channels ${channels}` : ''} with ${describeExamples(test)} (${name}): a convolution needs images; use --model vae or ae`,
    );
  return { pixels, image: { channels: 1, ...size } };
}

export function presetSpec(options: Suited<ModelOptions>, data: DataSizes): ModelSpec {
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
export function classesOf({ model }: ModelOptions, { name, train, test }: ExampleSet): { classes?: number } {
  if (model !== 'conditional-vae') return {};
  if (!train.labels || !test.labels)
    throw new ArgumentError(
      `--model conditional-vae with data that have no labels (${name}): it learns to draw by label; use data with labels, or --model vae`,
    );
  const largest = [train.labels, test.labels].map((labels) => labels.reduce((most, label) => Math.max(most, label), 0));
  return { classes: Math.max(...largest) + 1 };
}
