// What a model spec must be (src/model/spec.ts), and the specs that the presets write down.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArgumentError } from '../../src/errors.js';
import { type VaeOptions, vae } from '../../src/model/presets.js';
import { type ModelSpec, validateSpec } from '../../src/model/spec.js';

/** A spec with one thing changed: `path` as in the messages, such as 'decoder[1].units'. */
function changed(path: string, value: unknown): unknown {
  const spec: unknown = structuredClone(vae({ pixels: 100, hidden: [48, 24], latent: 6 }));
  const keys = path.split(/[.[\]]+/).filter((key) => key !== '');
  const last = keys.pop() ?? '';
  const parent = keys.reduce((part, key) => (part as Record<string, unknown>)[key], spec);
  (parent as Record<string, unknown>)[last] = value;
  return spec;
}

const ok = vae({ pixels: 100, hidden: [48, 24], latent: 6 });
const linear = { units: 100, activation: 'identity' };

// The whole message each time: a person finds the path, what is there, and what must be.
const REFUSED: [spec: unknown, message: string][] = [
  [undefined, 'model spec: undefined, must be an object (see ModelSpec)'],
  [null, 'model spec: null, must be an object (see ModelSpec)'],
  ['vae', 'model spec: "vae", must be an object (see ModelSpec)'],
  [{}, 'inputs: undefined, must be a positive integer'],
  [changed('inputs', 0), 'inputs: 0, must be a positive integer'],
  [changed('inputs', '100'), 'inputs: "100", must be a positive integer'],
  [changed('inputs', 99.5), 'inputs: 99.5, must be a positive integer'],
  [changed('encoder', undefined), 'encoder: undefined, must be a list of { units, activation }'],
  [changed('encoder', { units: 5 }), 'encoder: {"units":5}, must be a list of { units, activation }'],
  [changed('encoder[1].units', -5), 'encoder[1].units: -5, must be a positive integer'],
  [changed('encoder[0]', null), 'encoder[0].units: undefined, must be a positive integer'],
  [changed('encoder[0].activation', 'tanh'), 'encoder[0].activation: "tanh", must be one of identity, relu, sigmoid'],
  [changed('code', undefined), 'code.kind: undefined, must be one of gaussian'],
  [changed('code.kind', 'categorical'), 'code.kind: "categorical", must be one of gaussian'],
  [changed('code.units', 0), 'code.units: 0, must be a positive integer'],
  [changed('decoder[1].units', -5), 'decoder[1].units: -5, must be a positive integer'],
  [
    changed('decoder[2].activation', undefined),
    'decoder[2].activation: undefined, must be one of identity, relu, sigmoid',
  ],
  [changed('decoder', []), 'decoder: [], must have at least its output layer'],
  [changed('decoder[2].units', 99), 'decoder[2].units: 99, must equal inputs (100): it gives one logit a pixel'],
  [
    changed('decoder[2].activation', 'sigmoid'),
    'decoder[2].activation: "sigmoid", must be identity: the bce loss takes logits',
  ],
  [changed('loss', undefined), 'loss.reconstruction: undefined, must be one of bce'],
  [changed('loss.reconstruction', 'mse'), 'loss.reconstruction: "mse", must be one of bce'],
  [changed('loss.klWeight', -0.5), 'loss.klWeight: -0.5, must be a number >= 0 that f32 holds (up to 3e38)'],
  [
    changed('loss.klWeight', Number.POSITIVE_INFINITY),
    'loss.klWeight: Infinity, must be a number >= 0 that f32 holds (up to 3e38)',
  ],
  [changed('loss.klWeight', 1e39), 'loss.klWeight: 1e+39, must be a number >= 0 that f32 holds (up to 3e38)'],
  [changed('initialization', 'lecun'), 'initialization: "lecun", must be one of pytorch, xavier, he'],
  [changed('initialization', null), 'initialization: null, must be one of pytorch, xavier, he'],
  [changed('loss.klWeight', '1'), 'loss.klWeight: "1", must be a number >= 0 that f32 holds (up to 3e38)'],
];

/** The message of the ArgumentError that `work` throws. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.instance(error, ArgumentError);
    return (error as Error).message;
  }
  return 'accepted';
}

for (const [spec, message] of REFUSED)
  test(`refused: ${message}`, () =>
    assert.is(
      refusal(() => validateSpec(spec)),
      message,
    ));

const ACCEPTED: Record<string, unknown> = {
  'a VAE': ok,
  'no hidden layers': { ...ok, encoder: [], decoder: [linear] },
  'a decoder that does not mirror the encoder': { ...ok, decoder: [{ units: 3, activation: 'sigmoid' }, linear] },
  'sizes of 1': {
    ...ok,
    inputs: 1,
    encoder: [],
    code: { kind: 'gaussian', units: 1 },
    decoder: [{ ...linear, units: 1 }],
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
      { units: 784, activation: 'identity' },
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
    decoder: [{ units: 9, activation: 'identity' }],
    loss: { reconstruction: 'bce', klWeight: 0.5 },
  });
});

const BAD_OPTIONS: [options: VaeOptions, message: string][] = [
  [{ hidden: [512, 0] }, 'encoder[1].units: 0, must be a positive integer'],
  [{ latent: 1.5 }, 'code.units: 1.5, must be a positive integer'],
  [{ pixels: -1 }, 'inputs: -1, must be a positive integer'],
  [{ hidden: 512 as unknown as number[] }, 'hidden: 512, must be a list of layer sizes, for example [512, 256]'],
  [{ klWeight: Number.NaN }, 'loss.klWeight: NaN, must be a number >= 0 that f32 holds (up to 3e38)'],
];

for (const [options, message] of BAD_OPTIONS)
  test(`vae(${JSON.stringify(options)}) is refused`, () =>
    assert.is(
      refusal(() => vae(options)),
      message,
    ));

test.run();
