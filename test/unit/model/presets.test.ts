// The specs that the presets write down (src/model/presets.ts), and the options that they refuse.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArgumentError } from '../../../src/errors.js';
import { activationOf } from '../../../src/model/layers.js';
import { layerSizes } from '../../../src/model/places.js';
import {
  ae,
  betaVae,
  conditionalVae,
  convVae,
  denoising,
  linear,
  sparse,
  stacked,
  type VaeOptions,
  vae,
} from '../../../src/model/presets.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import { refusal } from '../../support/programs/refusal.js';

test('vae(): the MNIST VAE', () => {
  const spec: ModelSpec = {
    inputs: 784,
    encoder: [
      { units: 512, activation: 'relu' },
      { units: 256, activation: 'relu' },
    ],
    code: { kind: 'gaussian', units: 64 },
    decoder: [
      { units: 256, activation: 'relu' },
      { units: 512, activation: 'relu' },
      { units: 784, activation: 'sigmoid' },
    ],
    loss: { reconstruction: 'bce', klWeight: 1 },
  };
  assert.equal(vae(), spec);
  assert.equal(JSON.parse(JSON.stringify(vae())), spec, 'plain data');
});

test('vae(): sizes and the KL weight are as given', () => {
  const spec = vae({ pixels: 9, hidden: [], latent: 2, klWeight: 0.5 });
  assert.equal(spec, {
    inputs: 9,
    encoder: [],
    code: { kind: 'gaussian', units: 2 },
    decoder: [{ units: 9, activation: 'sigmoid' }],
    loss: { reconstruction: 'bce', klWeight: 0.5 },
  });
});

const BAD_OPTIONS: [options: VaeOptions, message: string][] = [
  [{ hidden: [512, 0] }, 'encoder[1].units: 0, must be a positive integer'],
  [{ latent: 1.5 }, 'code.units: 1.5, must be a positive integer'],
  [{ pixels: -1 }, 'inputs: -1, must be a positive integer'],
  [{ hidden: 512 as unknown as number[] }, 'hidden: 512, must be a list of layer sizes, for example [512, 256]'],
  [
    { klweight: 7 } as VaeOptions,
    'klweight: unknown, must be one of pixels, hidden, latent, activation, loss, output, range, channels, kernel, image, norm, dropout, variance, freeBits, capacity, samples, logVarRange, klWeight; did you mean klWeight?',
  ],
  [{ klWeight: Number.NaN }, 'loss.klWeight: NaN, must be a finite number >= 0'],
];

for (const [options, message] of BAD_OPTIONS)
  test(`vae(${JSON.stringify(options)}) is refused`, () =>
    assert.is(
      refusal(() => vae(options)),
      message,
    ));

// --- the rest of the family ----------------------------------------------------------------------------------------------

const SMALL = { pixels: 9, hidden: [5], latent: 2 };

test('each preset differs from its neighbours in what its name says', () => {
  const plain = ae(SMALL);
  assert.equal(plain, {
    inputs: 9,
    encoder: [{ units: 5, activation: 'relu' }],
    code: { kind: 'deterministic', units: 2, activation: 'identity' },
    decoder: [
      { units: 5, activation: 'relu' },
      { units: 9, activation: 'sigmoid' },
    ],
    loss: { reconstruction: 'bce' },
  });
  assert.equal(betaVae({ ...SMALL, beta: 0.5 }), vae({ ...SMALL, klWeight: 0.5 }));
  assert.equal(betaVae(SMALL).loss, { reconstruction: 'bce', klWeight: 4 });
  assert.equal(conditionalVae(SMALL), { ...vae(SMALL), classes: 10 });
  assert.equal(denoising(SMALL), { ...plain, corruption: { kind: 'gaussian', amount: 0.3 } });
  const corruption = { kind: 'mask', amount: 0.5 } as const;
  assert.equal(denoising({ ...SMALL, corruption }), { ...plain, corruption });
  const relu = { ...plain.code, activation: 'relu' };
  assert.equal(sparse({ ...SMALL, l1: 0.01 }), { ...plain, code: relu, loss: { reconstruction: 'bce', l1: 0.01 } });
  const sparsity = { target: 0.05, weight: 3 };
  assert.equal(sparse({ ...SMALL, rho: 0.05, sparsityWeight: 3 }), {
    ...plain,
    code: { ...plain.code, activation: 'sigmoid' },
    loss: { reconstruction: 'bce', sparsity },
  });
  const all = linear({ pixels: 9, latent: 2 });
  assert.equal([all.encoder, all.loss], [[], { reconstruction: 'mse' }]);
  assert.equal(all.decoder, [{ units: 9, activation: 'identity' }]);
  assert.equal(
    [...stacked().encoder, stacked().code].map((layer) => 'units' in layer && layer.units),
    [1000, 500, 250, 30],
  );
});

test('convolutional presets: each map is half of the one before, and the decoder brings back odd sizes', () => {
  const image = { height: 7, width: 9, channels: 3 };
  const { encoder, decoder } = convVae({ image, channels: [4, 6], latent: 2, dropout: 0.1 });
  const kinds = (layers: ModelSpec['encoder']) => layers.map(({ kind }) => kind);
  // What is dropped, is before labels join.
  assert.equal(kinds(encoder), ['conv', 'batchNorm', 'conv', 'batchNorm', 'dropout', 'flatten']);
  assert.equal(kinds(decoder), [undefined, 'reshape', 'convTranspose', 'batchNorm', 'convTranspose']);
  assert.equal(layerSizes(convVae({ image, channels: [4, 6], latent: 2 })), [
    '7x9x3',
    '3x4x4',
    '1x2x6',
    '2',
    '12',
    '3x4x4',
    '7x9x3',
  ]);
  assert.equal(kinds(convVae({ image, channels: [4], norm: 'none' }).encoder), ['conv', 'flatten']);
  const groups = convVae({ image, channels: [6], norm: 'group' }).encoder[1];
  assert.equal(groups, { kind: 'groupNorm', groups: 3, activation: 'relu' });
});

for (const [what, make, message] of [
  [
    'too many channels',
    () => convVae({ channels: [8, 16, 32, 64, 128] }),
    'channels: [8,16,32,64,128], must be at most 4 for images of 28x28x1 and kernel 4: 1x1x64 cannot be halved again; use fewer channels, or a smaller kernel',
  ],
  ['no channels', () => convVae({ channels: [] }), 'channels: [], must be positive integers, for example [32, 64]'],
  [
    'a negative dropout',
    () => convVae({ dropout: -0.5 }),
    'encoder[4].probability: -0.5, must be a number from 0 to below 1',
  ],
  [
    'pixels that are not the image',
    () => convVae({ pixels: 100 }),
    'pixels: 100, must be 784, those of an image of 28x28x1',
  ],
  [
    'a kernel without channels',
    () => vae({ kernel: 3 }),
    'kernel: 3 without channels: it is of a convolutional model; give channels, [32, 64] is usual, or leave it out',
  ],
] as const)
  test(`convolutional presets: ${what} is refused`, () =>
    assert.throws(make, (error: unknown) => {
      assert.instance(error, ArgumentError);
      assert.is((error as Error).message, message);
      return true;
    }));

test('images of -1..1: the output is tanh unless it is said', () => {
  const options = { ...SMALL, loss: 'mse', range: '-1..1' } as const;
  const output = ({ decoder }: ModelSpec) => decoder.map(activationOf).at(-1);
  assert.is(output(ae(options)), 'tanh');
  assert.is(output(ae({ ...options, output: 'identity' })), 'identity');
});

test('what is undefined is left to the default, of each preset its own', () => {
  assert.equal(stacked({ hidden: undefined, latent: undefined, activation: undefined } as object), stacked());
  assert.equal(vae({ hidden: undefined, latent: undefined, klWeight: undefined } as object), vae());
  assert.is(
    refusal(() => betaVae({ klWeight: 9 } as object)),
    'klWeight: unknown, must be one of pixels, hidden, latent, activation, loss, output, range, channels, kernel, image, norm, dropout, variance, freeBits, capacity, samples, logVarRange, beta; did you mean beta?',
  );
});

test('a code is kept sparse by one penalty', () =>
  assert.is(
    refusal(() => sparse({ l1: 0.1, rho: 0.05 })),
    'l1 0.1 and rho 0.05: a code is kept sparse by one of them; leave one out',
  ));

test.run();
