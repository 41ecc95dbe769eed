// What a model spec must be (src/model/spec.ts, check-spec.ts). The specs of the presets: presets.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkMirrored, validateSpec } from '../../../src/model/check-spec.js';
import { corruptImages } from '../../../src/model/corrupt.js';
import { LAYER_KINDS } from '../../../src/model/layers.js';
import { ae, convVae, sparse, stacked, vae } from '../../../src/model/presets.js';
import { type CorruptionSpec, lossWeights, type ModelSpec } from '../../../src/model/spec.js';
import { refusal } from '../../support/programs/refusal.js';

/** A spec with one thing changed: `path` as in the messages, such as 'decoder[1].units'. */
function changed(path: string, value: unknown, from?: ModelSpec): unknown {
  const spec: unknown = structuredClone(from ?? vae({ pixels: 100, hidden: [48, 24], latent: 6 }));
  const keys = path.split(/[.[\]]+/).filter((key) => key !== '');
  const last = keys.pop() ?? '';
  const parent = keys.reduce((part, key) => (part as Record<string, unknown>)[key], spec);
  (parent as Record<string, unknown>)[last] = value;
  return spec;
}

const ok = vae({ pixels: 100, hidden: [48, 24], latent: 6 });
const output = { units: 100, activation: 'sigmoid' };
const deterministic = ae({ pixels: 100, hidden: [48, 24], latent: 6 });

const KINDS = LAYER_KINDS.join(', ');
const convolved = (path: string, value: unknown) => changed(path, value, convVae({ norm: 'none' }));

const ACTIVATION_NAMES = 'identity, relu, sigmoid, leaky-relu, elu, gelu, silu, softplus, tanh, exp';

// The whole message each time: a person finds the path, what is there, and what must be.
const REFUSED: [spec: unknown, message: string][] = [
  [undefined, 'model spec: undefined, must be an object (see ModelSpec)'],
  [null, 'model spec: null, must be an object (see ModelSpec)'],
  ['vae', 'model spec: "vae", must be an object (see ModelSpec)'],
  [{}, 'inputs: undefined, must be a positive integer'],
  [changed('inputs', 0), 'inputs: 0, must be a positive integer'],
  [changed('inputs', '100'), 'inputs: "100", must be a positive integer'],
  [changed('inputs', 99.5), 'inputs: 99.5, must be a positive integer'],
  [changed('encoder', undefined), 'encoder: undefined, must be a list of layers, such as { units, activation }'],
  [changed('encoder', { units: 5 }), 'encoder: {"units":5}, must be a list of layers, such as { units, activation }'],
  [changed('encoder[1].units', -5), 'encoder[1].units: -5, must be a positive integer'],
  [changed('encoder[0]', null), 'encoder[0].units: undefined, must be a positive integer'],
  [
    changed('encoder[0].activation', 'swish'),
    `encoder[0].activation: "swish", must be one of ${ACTIVATION_NAMES}; did you mean silu?`,
  ],
  [changed('code', undefined), 'code.kind: undefined, must be one of gaussian, deterministic, quantized'],
  [changed('code.kind', 'categorical'), 'code.kind: "categorical", must be one of gaussian, deterministic, quantized'],
  [changed('code.units', 0), 'code.units: 0, must be a positive integer'],
  [changed('code.logVarRange', 20), 'code.logVarRange: 20, must be [low, high], or null for no bounds'],
  [changed('code.logVarRange', [-30]), 'code.logVarRange: [-30], must be [low, high], or null for no bounds'],
  [changed('code.logVarRange', ['a', 20]), 'code.logVarRange[0]: "a", must be a finite number'],
  [
    changed('code.logVarRange', [-30, 89]),
    'code.logVarRange[1]: 89, must be at most 88, so that exp(high) is finite in f32',
  ],
  [changed('code.logVarRange', [3, 3]), 'code.logVarRange[0]: 3, must be below the upper bound (3)'],
  [changed('decoder[1].units', -5), 'decoder[1].units: -5, must be a positive integer'],
  [changed('decoder[2].activation', undefined), `decoder[2].activation: undefined, must be one of ${ACTIVATION_NAMES}`],
  [
    convolved('image', undefined),
    'image: undefined, must be { height, width, channels } of what encoder[0], a conv, sees',
  ],
  [convolved('image.channels', 3), 'inputs: 784, must be 2352, the numbers of an image of 28x28x3'],
  [convolved('image.depth', 3), 'image.depth: unknown, must be one of height, width, channels'],
  [convolved('encoder[0].kind', 'convolution'), `encoder[0].kind: "convolution", must be one of ${KINDS}`],
  [convolved('encoder[0].channels', 0), 'encoder[0].channels: 0, must be a positive integer'],
  [
    convolved('encoder[0].kernel', 2.5),
    'encoder[0].kernel: 2.5, must be an integer from 1 on, or [height, width] of two',
  ],
  [
    convolved('encoder[1].stride', [2]),
    'encoder[1].stride: [2], must be an integer from 1 on, or [height, width] of two',
  ],
  [
    convolved('encoder[1].padding', -1),
    'encoder[1].padding: -1, must be an integer from 0 on, or [height, width] of two',
  ],
  [convolved('encoder[1].groups', 5), 'encoder[1].groups: 5, must divide the channels of its input (32)'],
  [
    convolved('encoder[1].kernel', 17),
    'encoder[1].kernel: 17 of the height, dilation included, must be at most 16, which 14x14x32 has with padding 1; use a smaller kernel or more padding',
  ],
  [
    convolved('decoder[2].outputPadding', 2),
    'decoder[2].outputPadding: 2, must be below 2, the larger of stride and dilation',
  ],
  [convolved('decoder[1].height', 8), 'decoder[1]: "8x7x64", must be 3136 numbers, as many as the layer before gives'],
  [convolved('decoder[3].channels', 2), 'decoder[3]: "28x28x2", must give 784 numbers, as many as an image has'],
  [convolved('decoder[3].stride', 1), 'decoder[3]: "15x15x1", must give 784 numbers, as many as an image has'],
  [
    convolved('encoder[2]', { units: 5, activation: 'relu' }),
    'encoder[2]: "linear", needs a vector, gets a feature map of 7x7x64; put { kind: \'flatten\' } before it',
  ],
  [
    convolved('encoder[2]', { kind: 'conv', channels: 2, kernel: 1 }),
    'encoder: "7x7x2", must end in a vector, which the code is made of; put { kind: \'flatten\' } last',
  ],
  [
    convolved('decoder[1]', { units: 5, activation: 'relu' }),
    'decoder[2]: "convTranspose", needs a feature map, gets a vector of 5; put a reshape before it',
  ],
  [
    convolved('decoder[0]', { kind: 'flatten' }),
    'decoder[0]: "flatten", needs a feature map, gets a vector of 64; leave it out',
  ],
  [
    convolved('encoder[2]', { kind: 'batchNorm', activation: 'swish' }),
    `encoder[2].activation: "swish", must be one of ${ACTIVATION_NAMES}; did you mean silu?`,
  ],
  [convolved('encoder[2]', { kind: 'groupNorm', groups: 5 }), 'encoder[2].groups: 5, must divide the channels (64)'],
  [convolved('encoder[2]', { kind: 'groupNorm' }), 'encoder[2].groups: undefined, must be a positive integer'],
  [
    convolved('encoder[3]', { kind: 'batchNorm' }),
    'encoder[3]: "batchNorm", cannot follow { kind: \'flatten\' }; put it before, where there are channels',
  ],
  [
    convolved('encoder[2]', { kind: 'dropout', probability: 1 }),
    'encoder[2].probability: 1, must be a number from 0 to below 1',
  ],
  [
    convolved('encoder[2]', { kind: 'maxPool', kernel: 2, padding: 2 }),
    'encoder[2].padding: 2, must be at most half of the kernel (2)',
  ],
  [
    convolved('encoder[2]', { kind: 'avgPool', kernel: 9 }),
    'encoder[2].kernel: 9 of the height, dilation included, must be at most 7, which 7x7x64 has with padding 0; use a smaller kernel or more padding',
  ],
  [
    convolved('encoder[3]', { kind: 'maxPool', kernel: 2 }),
    'encoder[3]: "maxPool", needs a feature map, gets a vector of 3136',
  ],
  [
    convolved('encoder[2]', { kind: 'upsample', factor: 2, mode: 'bicubic' }),
    'encoder[2].mode: "bicubic", must be one of nearest, bilinear',
  ],
  [
    convolved('decoder[4]', { kind: 'batchNorm', activation: 'sigmoid' }),
    'decoder[4].kind: "batchNorm", must be one of linear, conv, convTranspose: the loss is of what it adds up',
  ],
  [
    convolved('encoder[2]', { kind: 'residual', layers: [{ kind: 'conv', channels: 8, kernel: 3, padding: 1 }] }),
    'encoder[2].layers: "a feature map of 7x7x8", must give a feature map of 7x7x64, which it is added to',
  ],
  [
    convolved('encoder[2]', { kind: 'residual', layers: [{ kind: 'conv', channels: 64, kernel: 9 }] }),
    'encoder[2].layers[0].kernel: 9 of the height, dilation included, must be at most 7, which 7x7x64 has with padding 0; use a smaller kernel or more padding',
  ],
  [
    convolved('encoder[2]', { kind: 'residual', layers: [{ kind: 'conv', channels: 64, kernel: 1.5 }] }),
    'encoder[2].layers[0].kernel: 1.5, must be an integer from 1 on, or [height, width] of two',
  ],
  [convolved('encoder[2]', { kind: 'residual', layers: [] }), 'encoder[2].layers: [], must have a layer at least'],
  [
    convolved('encoder[2]', { kind: 'residual' }),
    'encoder[2].layers: undefined, must be a list of layers, such as { units, activation }',
  ],
  [
    convolved('encoder[3]', { kind: 'residual', layers: [{ units: 3136, activation: 'relu' }] }),
    'encoder[3]: "residual", cannot follow { kind: \'flatten\' }; put it before, or a linear layer between them',
  ],
  [
    changed('encoder', [
      { units: 8, activation: 'relu' },
      {
        kind: 'residual',
        layers: [
          { units: 8, activation: 'relu' },
          { kind: 'reshape', height: 2, width: 2, channels: 2 },
          { kind: 'conv', channels: 2, kernel: 1 },
          { kind: 'flatten' },
        ],
      },
    ]),
    'encoder[1].layers: "flatten", must not be the last: numbers in the order of a map are added to a vector; put a linear layer after it',
  ],
  [
    convolved('decoder[4]', { kind: 'residual', layers: [{ kind: 'conv', channels: 1, kernel: 1 }] }),
    'decoder[4].kind: "residual", must be one of linear, conv, convTranspose: the loss is of what it adds up',
  ],
  [convolved('encoder[1].bias', 'no'), 'encoder[1].bias: "no", must be true or false'],
  [changed('decoder', []), 'decoder: [], must have at least its output layer'],
  [changed('decoder[2].units', 99), 'decoder[2].units: 99, must equal inputs (100): it gives one number a pixel'],
  [
    changed('decoder[2].activation', 'identity'),
    'decoder[2].activation: "identity", must be sigmoid for the bce loss: it compares probabilities; or use mse',
  ],
  [changed('loss', undefined), 'loss.reconstruction: undefined, must be one of bce, mse, poisson'],
  [
    changed('loss.reconstruction', 'l2'),
    'loss.reconstruction: "l2", must be one of bce, mse, poisson; did you mean mse?',
  ],
  [
    changed('hidden', [3]),
    'hidden: unknown, must be one of inputs, image, range, scaling, classes, corruption, encoder, code, decoder, loss, initialization',
  ],
  [
    changed('encoder[1].unit', 3),
    'encoder[1].unit: unknown, must be one of kind, units, activation; did you mean units?',
  ],
  [changed('code.activation', 'relu'), 'code.activation: unknown, must be one of kind, units, logVarRange'],
  [
    changed('loss.beta', 4),
    'loss.beta: unknown, must be one of reconstruction, variance, klWeight, freeBits, capacity, samples, l1, sparsity, commitment; did you mean klWeight?',
  ],
  [changed('range', '0..255'), 'range: "0..255", must be one of 0..1, -1..1'],
  [changed('range', '-1..1'), 'range: "-1..1", must be 0..1 for the bce loss: it compares probabilities; or use mse'],
  [
    { ...ae({ pixels: 100, loss: 'mse' }), range: '-1..1' },
    'decoder[2].activation: "sigmoid", cannot give pixels of -1..1; use tanh or identity',
  ],
  [changed('classes', 0), 'classes: 0, must be a positive integer'],
  [
    changed('corruption', { kind: 'blur', amount: 0.1 }),
    'corruption.kind: "blur", must be one of gaussian, mask, saltpepper',
  ],
  [changed('corruption', { kind: 'mask', amount: 1 }), 'corruption.amount: 1, must be a number between 0 and 1'],
  [changed('corruption', { kind: 'gaussian', amount: 0 }), 'corruption.amount: 0, must be a finite number above 0'],
  [
    changed('loss.l1', 0.1),
    'loss.l1: 0.1, must be left out: a gaussian code is a distribution, not a value; use a deterministic code',
  ],
  [
    changed('loss.klWeight', 1, deterministic),
    'loss.klWeight: 1, must be left out: only a gaussian code has a KL term',
  ],
  [
    changed('loss.sparsity', { target: 0.1, weight: 1 }, deterministic),
    'code.activation: "identity", must be sigmoid for loss.sparsity: it compares activations of 0..1',
  ],
  [
    changed('loss.sparsity', { target: 1.5, weight: 1 }, deterministic),
    'loss.sparsity.target: 1.5, must be a number between 0 and 1',
  ],
  [changed('loss.samples', 0), 'loss.samples: 0, must be a positive integer'],
  [changed('loss.samples', 2.5), 'loss.samples: 2.5, must be a positive integer'],
  [changed('loss.samples', 5, deterministic), 'loss.samples: 5, must be left out: only a gaussian code has samples'],
  [
    changed('loss.samples', 5, vae({ pixels: 100, freeBits: 0.1 })),
    'loss.freeBits: 0.1, must be left out with loss.samples: it is of the KL divergence; leave one out',
  ],
  [
    changed('loss.samples', 5, vae({ pixels: 100, capacity: 25 })),
    'loss.capacity: 25, must be left out with loss.samples: it is of the KL divergence; leave one out',
  ],
  [
    changed('loss.samples', 5, vae({ pixels: 100, loss: 'mse' })),
    'loss.samples: 5, must be left out: the squared error is no likelihood without a variance; give loss.variance, or use bce or poisson',
  ],
  [changed('loss.variance', 'learnt'), 'loss.variance: "learnt", must be a finite number above 0, or "learned"'],
  [changed('loss.variance', 'learned'), 'loss.variance: "learned", must be left out: only the mse loss has a variance'],
  [
    changed('loss.reconstruction', 'poisson'),
    'decoder[2].activation: "sigmoid", must be exp for the poisson loss: it compares rates; or use mse',
  ],
  [
    { ...ae({ pixels: 100, loss: 'poisson' }), scaling: { kind: 'standard', offset: [0], scale: [1] } },
    'scaling: "standard", must be left out for the poisson loss: scaled counts are none; or use mse',
  ],
  [
    { ...ae({ pixels: 100, loss: 'poisson' }), range: '-1..1' },
    'range: "-1..1", must be left out for the poisson loss: it compares counts; or use mse',
  ],
  [changed('loss.variance', 0.5), 'loss.variance: 0.5, must be left out: only the mse loss has a variance'],
  [changed('initialization', 'zeros'), 'initialization: "zeros", must be one of pytorch, xavier, he'],
  [changed('loss.klWeight', -0.5), 'loss.klWeight: -0.5, must be a finite number >= 0'],
  [changed('loss.klWeight', Number.POSITIVE_INFINITY), 'loss.klWeight: Infinity, must be a finite number >= 0'],
  [
    changed('loss.klWeight', 1e39),
    'loss.klWeight: 1e+39, must be a finite number >= 0 (f32, which the GPU computes with, makes it Infinity)',
  ],
  [changed('initialization', 'lecun'), 'initialization: "lecun", must be one of pytorch, xavier, he'],
  [changed('initialization', null), 'initialization: null, must be one of pytorch, xavier, he'],
  [changed('loss.klWeight', '1'), 'loss.klWeight: "1", must be a finite number >= 0'],
];

for (const [spec, message] of REFUSED)
  test(`refused: ${message}`, () =>
    assert.is(
      refusal(() => validateSpec(spec)),
      message,
    ));

const ACCEPTED: Record<string, unknown> = {
  'a VAE': ok,
  'no hidden layers': { ...ok, encoder: [], decoder: [output] },
  'a decoder that does not mirror the encoder': { ...ok, decoder: [{ units: 3, activation: 'sigmoid' }, output] },
  'sizes of 1': {
    ...ok,
    inputs: 1,
    encoder: [],
    code: { kind: 'gaussian', units: 1 },
    decoder: [{ ...output, units: 1 }],
  },
  'another initialization': changed('initialization', 'xavier'),
  'no KL term': changed('loss.klWeight', 0),
};

for (const [name, spec] of Object.entries(ACCEPTED))
  test(`accepted: ${name}`, () =>
    assert.is(
      refusal(() => validateSpec(spec)),
      'accepted',
    ));

test('corruptImages: the damage and the seed are checked', () => {
  const image = new Float32Array(4);
  assert.is(
    refusal(() => corruptImages(image, { kind: 'salt', amount: 5 } as unknown as CorruptionSpec)),
    'corruption.kind: "salt", must be one of gaussian, mask, saltpepper; did you mean saltpepper?',
  );
  assert.is(
    refusal(() => corruptImages(image, { kind: 'mask', amount: 0.5 }, -1)),
    'seed: -1, must be an integer from 0 to 2^53 - 1',
  );
});

test('the terms of each loss, with their weights', () => {
  const terms = (spec: ModelSpec) => [...lossWeights(spec)];
  assert.equal(terms(ae()), [['bce', 1]]);
  assert.equal(terms(vae({ klWeight: 3 })), [
    ['bce', 1],
    ['kl', 3],
  ]);
  assert.equal(terms(vae({ loss: 'mse', variance: 0.25 })), [
    ['mse', 2],
    ['kl', 1],
  ]);
  const both = sparse({ l1: 0.5 });
  both.code = { kind: 'deterministic', units: 3, activation: 'sigmoid' };
  both.loss.sparsity = { target: 0.1, weight: 7 };
  assert.equal(terms(both), [
    ['bce', 1],
    ['l1', 0.5],
    ['sparsity', 7],
  ]);
});

const SMALL = { pixels: 9, hidden: [5], latent: 2 };
const UNMIRRORED: [spec: ModelSpec, message: string][] = [
  [vae(SMALL), 'code.kind: "gaussian", must be deterministic to be trained layer by layer'],
  [{ ...ae(SMALL), classes: 3 }, 'classes: 3, must be left out to be trained layer by layer'],
  [
    { ...ae(SMALL), encoder: [] },
    "decoder: 2, must have 1 layers, one for each of the encoder's, to be trained layer by layer",
  ],
  [
    { ...ae(SMALL), encoder: [{ units: 6, activation: 'relu' }] },
    'decoder[0].units: 5, must be 6, mirroring the encoder, to be trained layer by layer',
  ],
];
for (const [spec, message] of UNMIRRORED)
  test(`not layer by layer: ${message}`, () =>
    assert.is(
      refusal(() => checkMirrored(spec)),
      message,
    ));

test('layer by layer: the stacked preset, and a plain autoencoder', () => {
  checkMirrored(stacked());
  checkMirrored(ae(SMALL));
});

test.run();
