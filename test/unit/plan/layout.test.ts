// Where parameters lie in the flat buffers (src/plan/layout.ts), and under which names the outside finds them.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parameterSpecs } from '../../../src/graph/layers.js';
import { vae } from '../../../src/model/presets.js';
import { layoutOf, trainedOf } from '../../../src/plan/layout.js';

const layout = (pixels: number, hidden: number[], latent: number) =>
  layoutOf(parameterSpecs(vae({ pixels, hidden, latent })));

test('the seed model: names, shapes and count are those of its PyTorch module', () => {
  const { ranges, parameterCount } = layout(784, [512, 256], 64);
  assert.equal(
    ranges.map(({ name, shape }) => `${name} ${shape.join('x')}`),
    [
      'encoder.0.weight 512x784',
      'encoder.0.bias 512',
      'encoder.2.weight 256x512',
      'encoder.2.bias 256',
      'mu.weight 64x256',
      'log_var.weight 64x256',
      'mu.bias 64',
      'log_var.bias 64',
      'decoder.0.weight 256x64',
      'decoder.0.bias 256',
      'decoder.2.weight 512x256',
      'decoder.2.bias 512',
      'decoder.4.weight 784x512',
      'decoder.4.bias 784',
    ],
  );
  assert.is(
    parameterCount,
    784 * 512 + 512 + 512 * 256 + 256 + 2 * (256 * 64 + 64) + 64 * 256 + 256 + 256 * 512 + 512 + 512 * 784 + 784,
  );
});

test('a learned variance comes first, as a parameter of the module itself, in a segment of its own', () => {
  const { ranges, segments } = layoutOf(
    parameterSpecs(vae({ pixels: 10, hidden: [], latent: 3, loss: 'mse', variance: 'learned' })),
  );
  assert.equal(ranges[0], { name: 'log_sigma', shape: [1], rows: 1, offset: 0, bytes: 4 });
  assert.equal(
    segments.map(({ name, offset }) => `${name} ${offset}`),
    ['log_sigma 0', 'heads 256', 'decoder.0 768'],
  );
});

test('offsets of a small model, byte for byte', () => {
  const { entries, ranges, bytes } = layout(10, [], 3);
  assert.equal(
    entries.map(({ parameter, offset, bytes: size }) => [parameter.name, offset, size]),
    [
      ['heads.weight', 0, 240], // [6, 10]
      ['heads.bias', 256, 24], // [6]
      ['decoder.0.weight', 512, 120], // [10, 3]
      ['decoder.0.bias', 768, 40], // [10]
    ],
  );
  // log_var's rows follow mu's within the heads; no padding between them.
  assert.equal(
    ranges.slice(0, 4).map(({ name, shape, offset, bytes: size }) => [name, [...shape], offset, size]),
    [
      ['mu.weight', [3, 10], 0, 120],
      ['log_var.weight', [3, 10], 120, 120],
      ['mu.bias', [3], 256, 12],
      ['log_var.bias', [3], 268, 12],
    ],
  );
  assert.is(bytes, 1024);
});

test('for any sizes: entries are aligned to 256 bytes, do not overlap, and their parts fill them', () => {
  const size = fc.integer({ min: 1, max: 200 });
  fc.assert(
    fc.property(size, fc.array(size, { maxLength: 4 }), size, (pixels, hidden, latent) => {
      const { entries, ranges, bytes, parameterCount } = layout(pixels, hidden, latent);
      let end = 0;
      let rangeIndex = 0;
      for (const entry of entries) {
        assert.is(entry.offset % 256, 0, `${entry.parameter.name} is aligned`);
        assert.ok(entry.offset >= end && entry.offset < end + 256, `${entry.parameter.name} follows without waste`);
        end = entry.offset + entry.bytes;
        let at = entry.offset;
        for (const part of entry.parameter.parts) {
          const range = ranges[rangeIndex++];
          assert.equal([range?.name, range?.offset], [part.name, at]);
          assert.is(range?.bytes, 4 * (range?.shape.reduce((a, b) => a * b, 1) ?? 0));
          at += range?.bytes ?? 0;
        }
        assert.is(at, end, `the parts of ${entry.parameter.name} fill it`);
      }
      assert.is(rangeIndex, ranges.length);
      assert.ok(bytes % 256 === 0 && bytes >= end && bytes < end + 256, 'the whole ends at the next aligned byte');
      assert.is(
        parameterCount * 4,
        ranges.reduce((sum, range) => sum + range.bytes, 0),
        'gaps are not parameters',
      );
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('a buffer that is not trained has its place and its names, but does not count', () => {
  const init = { kind: 'constant', values: [0, 1] } as const;
  const parts = (names: string[]) => names.map((name) => ({ name: `norm.${name}`, rows: 3 }));
  const norm = layoutOf([
    { name: 'norm.affine', shape: [6], init, parts: parts(['weight', 'bias']) },
    { name: 'norm.running', shape: [6], init, parts: parts(['running_mean', 'running_var']), trained: false },
  ]);
  const { ranges, parameterCount, segments } = norm;
  assert.is(parameterCount, 6);
  assert.equal(
    trainedOf(norm).ranges.map(({ name }) => name),
    ['norm.weight', 'norm.bias'],
  );
  assert.equal(
    ranges.map(({ name, offset }) => [name, offset]),
    [
      ['norm.weight', 0],
      ['norm.bias', 12],
      ['norm.running_mean', 256],
      ['norm.running_var', 268],
    ],
  );
  assert.equal(segments, [{ name: 'norm', offset: 0, bytes: 512 }]);
});

test.run();
