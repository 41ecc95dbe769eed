// Bad inputs: descriptions of models, by hand or from a JSON file, and what the presets are asked for.

import { validateSpec } from '../../../src/model/check-spec.js';
import {
  ae,
  betaVae,
  conditionalVae,
  denoising,
  linear,
  sparse,
  stacked,
  vae,
  vqVae,
} from '../../../src/model/presets.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import { type BadInput, type Row, rowsOf } from './row.js';

const ACTIVATIONS = 'identity, relu, sigmoid, leaky-relu, elu, gelu, silu, softplus, tanh, exp';
const SIZES = 'pixels, hidden, latent';
const DENSE = `${SIZES}, activation, loss, output, range`;
const LAYERS = `${DENSE}, channels, kernel, image, norm, dropout`;
const GOOD: ModelSpec = {
  inputs: 4,
  encoder: [{ units: 3, activation: 'relu' }],
  code: { kind: 'gaussian', units: 2 },
  decoder: [{ units: 4, activation: 'sigmoid' }],
  loss: { reconstruction: 'bce' },
};
const CODE = { kind: 'deterministic', units: 2, activation: 'relu' };

const QUANTIZED = { ...GOOD, code: { kind: 'quantized', units: 3, codes: 5, dimensions: 3 } };
const MAP = {
  ...QUANTIZED,
  image: { height: 2, width: 2, channels: 1 },
  encoder: [{ kind: 'conv', channels: 3, kernel: 1 }],
  decoder: [{ kind: 'conv', channels: 1, kernel: 1, activation: 'sigmoid' }],
};

const SPECS: [what: string, spec: unknown, told: string | RegExp][] = [
  ['nothing', undefined, 'model spec: undefined, must be an object (see ModelSpec)'],
  ['a name', 'vae', 'model spec: "vae", must be an object (see ModelSpec)'],
  ['a list', [], 'model spec: [], must be an object (see ModelSpec)'],
  ['inputs of 0', { ...GOOD, inputs: 0 }, 'inputs: 0, must be a positive integer'],
  ['inputs as text', { ...GOOD, inputs: '784' }, 'inputs: "784", must be a positive integer'],
  ['inputs of NaN', { ...GOOD, inputs: Number.NaN }, 'inputs: NaN, must be a positive integer'],
  [
    'another word for inputs',
    { ...GOOD, input_size: 4 },
    /^input_size: unknown, must be one of inputs, .*; did you mean inputs\?$/,
  ],
  ['a slip in the encoder', { ...GOOD, encodr: [] }, /^encodr: unknown, must be one of .*; did you mean encoder\?$/],
  [
    'a key of nothing',
    { ...GOOD, frobnicate: 1 },
    /^frobnicate: unknown, must be one of inputs, image, range, [\w, ]+$/,
  ],
  ['a range', { ...GOOD, range: '0..255' }, 'range: "0..255", must be one of 0..1, -1..1'],
  ['no classes', { ...GOOD, classes: 0 }, 'classes: 0, must be a positive integer'],
  [
    'an encoder that is no list',
    { ...GOOD, encoder: { units: 3 } },
    'encoder: {"units":3}, must be a list of layers, such as { units, activation }',
  ],
  ['a layer that is a number', { ...GOOD, encoder: [3] }, 'encoder[0].units: undefined, must be a positive integer'],
  [
    'a layer of -3',
    { ...GOOD, encoder: [{ units: -3, activation: 'relu' }] },
    'encoder[0].units: -3, must be a positive integer',
  ],
  [
    'an activation by another name',
    { ...GOOD, encoder: [{ units: 3, activation: 'LeakyReLU' }] },
    `encoder[0].activation: "LeakyReLU", must be one of ${ACTIVATIONS}; did you mean leaky-relu?`,
  ],
  [
    'no activation',
    { ...GOOD, encoder: [{ units: 3 }] },
    `encoder[0].activation: undefined, must be one of ${ACTIVATIONS}`,
  ],
  [
    'another word for activation',
    { ...GOOD, encoder: [{ units: 3, activation: 'relu', act: 'relu' }] },
    'encoder[0].act: unknown, must be one of kind, units, activation; did you mean activation?',
  ],
  [
    'no codebook',
    { ...GOOD, code: { kind: 'quantized', units: 2, dimensions: 2 } },
    'code.codes: undefined, must be an integer from 1 to 65535',
  ],
  [
    'a code of other units than the encoder gives',
    { ...QUANTIZED, code: { ...QUANTIZED.code, units: 2 } },
    'code.units: 2, must be 3: the encoder ends in a vector of 3',
  ],
  [
    'vectors that do not divide the code',
    { ...QUANTIZED, code: { ...QUANTIZED.code, dimensions: 2 } },
    'code.dimensions: 2, must divide code.units (3)',
  ],
  [
    'vectors of other channels',
    { ...MAP, code: { ...QUANTIZED.code, units: 12, dimensions: 2 } },
    'code.dimensions: 2, must be 3, the channels that the encoder ends in (2x2x3)',
  ],
  [
    'a quantised code of other units than the map has',
    MAP,
    'code.units: 3, must be 12: the encoder ends in a feature map of 2x2x3',
  ],
  [
    'a quantised code of a flattened map',
    { ...MAP, encoder: [...MAP.encoder, { kind: 'flatten' }] },
    'encoder: "flatten", must end in the feature map itself for a quantized code; leave the last \'flatten\' out',
  ],
  [
    'a decay of 1',
    { ...QUANTIZED, code: { ...QUANTIZED.code, decay: 1 } },
    'code.decay: 1, must be a number between 0 and 1',
  ],
  [
    'a quantised code with labels',
    { ...QUANTIZED, classes: 3 },
    'classes: 3, must be left out: a quantized code takes no labels; use a gaussian one',
  ],
  [
    'a quantised code with a penalty',
    { ...QUANTIZED, loss: { reconstruction: 'bce', l1: 0.1 } },
    'loss.l1: 0.1, must be left out: a quantized code has no penalty of its own; use a deterministic code',
  ],
  [
    'a quantised code with a KL term',
    { ...QUANTIZED, loss: { reconstruction: 'bce', klWeight: 2 } },
    'loss.klWeight: 2, must be left out: only a gaussian code has a KL term',
  ],
  [
    'a commitment without a codebook',
    { ...GOOD, loss: { reconstruction: 'bce', commitment: 0.25 } },
    'loss.commitment: 0.25, must be left out: only a quantized code has a commitment term',
  ],
  ['no code', { ...GOOD, code: undefined }, 'code.kind: undefined, must be one of gaussian, deterministic, quantized'],
  [
    'a code by another name',
    { ...GOOD, code: { kind: 'normal', units: 2 } },
    'code.kind: "normal", must be one of gaussian, deterministic, quantized; did you mean gaussian?',
  ],
  [
    'another word for units',
    { ...GOOD, code: { kind: 'gaussian', units: 2, size: 2 } },
    /^code\.size: unknown, must be one of kind, units.*; did you mean units\?$/,
  ],
  ['a decoder of nothing', { ...GOOD, decoder: [] }, 'decoder: [], must have at least its output layer'],
  [
    'a decoder of other images',
    { ...GOOD, decoder: [{ units: 5, activation: 'sigmoid' }] },
    'decoder[0].units: 5, must equal inputs (4): it gives one number a pixel',
  ],
  [
    'bce of no probabilities',
    { ...GOOD, decoder: [{ units: 4, activation: 'tanh' }] },
    'decoder[0].activation: "tanh", must be sigmoid for the bce loss: it compares probabilities; or use mse',
  ],
  ['no loss', { ...GOOD, loss: undefined }, 'loss.reconstruction: undefined, must be one of bce, mse, poisson'],
  [
    'a loss by another name',
    { ...GOOD, loss: { reconstruction: 'cross_entropy' } },
    'loss.reconstruction: "cross_entropy", must be one of bce, mse, poisson; did you mean bce?',
  ],
  [
    'another word for the KL weight',
    { ...GOOD, loss: { reconstruction: 'bce', beta: 4 } },
    'loss.beta: unknown, must be one of reconstruction, variance, klWeight, freeBits, capacity, samples, l1, sparsity, commitment; did you mean klWeight?',
  ],
  [
    'a KL weight below 0',
    { ...GOOD, loss: { reconstruction: 'bce', klWeight: -1 } },
    'loss.klWeight: -1, must be a finite number >= 0',
  ],
  [
    'a variance that f32 takes for 0',
    { ...GOOD, loss: { reconstruction: 'mse', variance: 1e-40 } },
    'loss.variance: 1e-40, must be a finite number above 0 (f32, which the GPU computes with, makes it 0)',
  ],
  [
    'a variance with bce',
    { ...GOOD, loss: { reconstruction: 'bce', variance: 1 } },
    'loss.variance: 1, must be left out: only the mse loss has a variance',
  ],
  [
    'a KL weight without KL',
    { ...GOOD, code: CODE, loss: { reconstruction: 'bce', klWeight: 1 } },
    'loss.klWeight: 1, must be left out: only a gaussian code has a KL term',
  ],
  [
    'sparsity of a relu code',
    { ...GOOD, code: CODE, loss: { reconstruction: 'bce', sparsity: { target: 0.1, weight: 1 } } },
    'code.activation: "relu", must be sigmoid for loss.sparsity: it compares activations of 0..1',
  ],
  [
    'another word for the target',
    {
      ...GOOD,
      code: { ...CODE, activation: 'sigmoid' },
      loss: { reconstruction: 'bce', sparsity: { target: 0.1, weight: 1, rho: 0.1 } },
    },
    'loss.sparsity.rho: unknown, must be one of target, weight; did you mean target?',
  ],
  [
    'noise of 1',
    { ...GOOD, corruption: { kind: 'mask', amount: 1 } },
    'corruption.amount: 1, must be a number between 0 and 1',
  ],
  [
    'noise by another name',
    { ...GOOD, corruption: { kind: 'dropout', amount: 0.5 } },
    'corruption.kind: "dropout", must be one of gaussian, mask, saltpepper; did you mean mask?',
  ],
  [
    'first weights by another name',
    { ...GOOD, initialization: 'kaiming' },
    'initialization: "kaiming", must be one of pytorch, xavier, he; did you mean he?',
  ],
];

const PRESETS: Row[] = [
  ['vae(null)', () => vae(null as never), /^options: null, must be an object with some of pixels, /],
  [
    'vae({ latentDim })',
    () => vae({ latentDim: 2 } as never),
    /^latentDim: unknown, must be one of .*; did you mean latent\?$/,
  ],
  ['vae({ beta })', () => vae({ beta: 4 } as never), /^beta: unknown, must be one of .*; did you mean klWeight\?$/],
  [
    'vae({ hidden: 512 })',
    () => vae({ hidden: 512 as never }),
    'hidden: 512, must be a list of layer sizes, for example [512, 256]',
  ],
  ['vae({ latent: 0 })', () => vae({ latent: 0 }), 'code.units: 0, must be a positive integer'],
  [
    'betaVae({ klWeight })',
    () => betaVae({ klWeight: 4 } as never),
    /^klWeight: unknown, must be one of .*; did you mean beta\?$/,
  ],
  [
    'conditionalVae({ numClasses })',
    () => conditionalVae({ numClasses: 4 } as never),
    /^numClasses: unknown, must be one of .*; did you mean classes\?$/,
  ],
  ['ae({ klWeight })', () => ae({ klWeight: 1 } as never), `klWeight: unknown, must be one of ${LAYERS}`],
  [
    'linear({ activation })',
    () => linear({ activation: 'relu' } as never),
    `activation: unknown, must be one of ${SIZES}`,
  ],
  [
    'sparse({ l1, rho })',
    () => sparse({ l1: 0.1, rho: 0.1 }),
    'l1 0.1 and rho 0.1: a code is kept sparse by one of them; leave one out',
  ],
  [
    'sparse({ sparsityWeight })',
    () => sparse({ sparsityWeight: 3 }),
    'sparsityWeight 3 without rho: it is the weight of the divergence from rho; give rho, 0.05 is usual, or leave it out',
  ],
  [
    'vqVae({ hidden })',
    () => vqVae({ hidden: [9] } as never),
    /^hidden: unknown, must be one of pixels, latent, activation, .*, codes, commitment, decay$/,
  ],
  ['vqVae({ codes: 0 })', () => vqVae({ codes: 0 }), 'code.codes: 0, must be an integer from 1 to 65535'],
  [
    'denoising({ noise })',
    () => denoising({ noise: { kind: 'mask', amount: 0.1 } } as never),
    `noise: unknown, must be one of ${LAYERS}, corruption; did you mean corruption?`,
  ],
  [
    'stacked({ layers })',
    () => stacked({ layers: [3] } as never),
    `layers: unknown, must be one of ${DENSE}; did you mean hidden?`,
  ],
];

export const SPECIFICATIONS: BadInput[] = rowsOf([
  ...SPECS.map(([what, spec, told]): Row => [what, () => validateSpec(spec), told]),
  ...PRESETS,
]);
