// The table of a model's layers: every layer, what it gives, and as many numbers as the model has.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { layerTable } from '../../../harness/lib/report/layer-table.js';
import { parameterSpecs } from '../../../src/graph/layers.js';
import { vae } from '../../../src/model/presets.js';
import { layoutOf } from '../../../src/plan/layout.js';
import { summarizeModel } from '../../../src/train/summary.js';
import { CONVOLUTIONAL } from '../../support/models/convolution-models.js';
import { FAMILY } from '../../support/models/family.js';

for (const [name, spec] of Object.entries({ ...FAMILY, ...CONVOLUTIONAL }))
  test(`${name}: all of its numbers`, () => {
    const { parameterCount, ranges } = layoutOf(parameterSpecs(spec));
    const layers = summarizeModel(spec);
    const sum = (key: 'parameters' | 'buffers') => layers.reduce((total, layer) => total + layer[key], 0);
    const running = ranges.filter(({ trained }) => trained === false);
    assert.is(sum('parameters'), parameterCount);
    assert.is(
      sum('buffers'),
      running.reduce((total, { bytes }) => total + bytes / 4, 0),
    );
  });

test('a VAE, and a learned variance beside its layers', () => {
  const table = layerTable(vae({ pixels: 100, hidden: [30], latent: 4, loss: 'mse', variance: 'learned' }));
  assert.equal(table.split('\n'), [
    'name       layer            output  parameters',
    'encoder.0  linear, relu         30       3,030',
    'mu         linear                4         124',
    'log_var    linear                4         124',
    'decoder.0  linear, relu         30         150',
    'decoder.2  linear, sigmoid     100       3,100',
    'log_sigma  parameter                         1',
    '6,529 parameters, 0.03 MB',
  ]);
});

test('what is inside a residual comes before it; buffers have a column', () => {
  const lines = layerTable(CONVOLUTIONAL.residual as (typeof CONVOLUTIONAL)[string]).split('\n');
  const words = lines.slice(0, 7).map((line) => line.replace(/ +/g, ' '));
  assert.equal(words, [
    'name layer output parameters buffers',
    'encoder.0 conv, kernel 3, stride 2, padding 1, relu 4x4x4 40 0',
    'encoder.2.layers.0 conv, kernel 3, padding 1, no bias 4x4x3 108 0',
    'encoder.2.layers.1 batchNorm, relu 4x4x3 6 6',
    'encoder.2.layers.3 conv, kernel 1 4x4x4 16 0',
    'encoder.2 residual, silu 4x4x4 0 0',
    'encoder.4.layers.0 conv, kernel 3, padding 1, tanh 4x4x4 148 0',
  ]);
  assert.match(lines.at(-1) ?? '', /^[\d,]+ parameters and 6 in buffers, 0.\d\d MB$/);
});

test.run();
