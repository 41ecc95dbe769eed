// Which shade a number of an image has (harness/lib/plots/shades.ts), and damage in the units that training damages.
import { corruptImages } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { damagedImages, shadesOf } from '../../../harness/lib/plots/shades.js';
import { ae } from '../../../src/model/presets.js';
import type { ScalingSpec } from '../../../src/model/scaling.js';

const spec = (scaling?: ScalingSpec) => ({ ...ae({ pixels: 4, hidden: [], latent: 1 }), ...(scaling && { scaling }) });
const values = Float32Array.of(100, 200, 300, 500);

test('pixels are shades already; minmax ends at black and white; others show two deviations to each side', () => {
  assert.is(shadesOf(spec())(values), values);
  assert.equal([...shadesOf(spec({ kind: 'minmax', offset: [100], scale: [400] }))(values)], [0, 0.25, 0.5, 1]);
  assert.equal([...shadesOf(spec({ kind: 'standard', offset: [300], scale: [100] }))(values)], [0, 0.25, 0.5, 1]);
});

test('noise is added to what the model sees, whatever the units', () => {
  const scaling: ScalingSpec = { kind: 'minmax', offset: [100], scale: [400] };
  const corruption = { kind: 'gaussian', amount: 0.3 } as const;
  const damaged = damagedImages(spec(scaling), values, corruption, 3);
  const wanted = corruptImages(Float32Array.of(0, 0.25, 0.5, 1), corruption, 3);
  damaged.forEach((value, i) => {
    // Three roundings to f32 of numbers below 2^10.
    assert.ok(Math.abs(value - (100 + 400 * (wanted[i] ?? 0))) <= 3 * 2 ** (10 - 24), `${value}`);
  });
  const plain = Float32Array.of(0, 0.25, 0.5, 1);
  assert.equal(damagedImages(spec(), plain, corruption, 3), corruptImages(plain, corruption, 3));
});

test.run();
