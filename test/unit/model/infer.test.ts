// The model of some weights, from their names and shapes.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FormatError } from '../../../src/errors.js';
import { parameterSpecs } from '../../../src/graph/layers.js';
import { inferSpec } from '../../../src/model/infer.js';
import { ae, conditionalVae, vae } from '../../../src/model/presets.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import { layoutOf } from '../../../src/plan/layout.js';

const shapesOf = (spec: ModelSpec) =>
  new Map(layoutOf(parameterSpecs(spec)).ranges.map(({ name, shape }) => [name, { shape }]));

const shape = (...sizes: number[]) => ({ shape: sizes });

for (const [name, spec] of Object.entries({
  vae: vae(),
  'vae without hidden layers': vae({ pixels: 9, hidden: [], latent: 2 }),
  'vae with a learned variance': vae({ pixels: 9, hidden: [5], latent: 2, loss: 'mse', variance: 'learned' }),
  'conditional-vae': conditionalVae({ pixels: 16, hidden: [5, 3], latent: 2, classes: 4 }),
  ae: ae({ pixels: 16, hidden: [5, 3], latent: 2 }),
  'ae without hidden layers': ae({ pixels: 9, hidden: [], latent: 2 }),
}))
  test(`${name}: the preset, as far as shapes tell`, () => {
    const { spec: found } = inferSpec(shapesOf(spec));
    assert.equal(shapesOf(found), shapesOf(spec));
    const { encoder, decoder, code, classes, inputs } = spec;
    assert.equal(
      [found.encoder, found.decoder, found.code.kind, found.classes, found.inputs],
      [encoder, decoder, code.kind, classes, inputs],
    );
  });

test('what was assumed is said', () => {
  const rest = 'sigmoid pixels of 0..1, binary cross entropy';
  assert.is(inferSpec(shapesOf(vae())).assumed, `relu in the hidden layers, ${rest}`);
  const learned = vae({ loss: 'mse', variance: 'learned' });
  assert.equal(inferSpec(shapesOf(learned)).spec.loss, { reconstruction: 'mse', variance: 'learned' });
  assert.is(
    inferSpec(shapesOf(learned)).assumed,
    'relu in the hidden layers, sigmoid pixels of 0..1, squared error with the learned variance',
  );
  assert.is(inferSpec(shapesOf(ae())).assumed, `relu in the hidden layers, a code without activation, ${rest}`);
});

const ENCODER = { 'encoder.0.weight': shape(3, 9), 'encoder.2.weight': shape(2, 3) };
for (const [what, tensors, message] of [
  [
    'other names',
    { 'conv1.weight': shape(8, 1, 3, 3) },
    /^the weights are not those of an autoencoder .*; describe the model with a spec$/,
  ],
  ['no decoder', ENCODER, /^the weights are not those of an autoencoder/],
  [
    'a convolution',
    { ...ENCODER, 'decoder.0.weight': shape(8, 1, 3, 3) },
    /^decoder\.0\.weight is \[8,1,3,3\], must be \[units, inputs\] of a fully connected layer; describe/,
  ],
  [
    'a code of another size',
    { ...ENCODER, 'decoder.0.weight': shape(9, 4) },
    /^the decoder takes 4 numbers and gives 9, but the encoder takes 9 and gives a code of 2: these do not go together;/,
  ],
] as const)
  test(`${what}: refused`, () => {
    try {
      inferSpec(new Map(Object.entries(tensors)));
    } catch (error) {
      assert.instance(error, FormatError);
      return assert.match((error as Error).message, message);
    }
    assert.unreachable('nothing was refused');
  });

test.run();
