// How numbers are scaled for a model (src/model/scaling.ts): the scalers of scikit-learn on a small table, there and back, and
// what is refused.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArgumentError } from '../../../src/errors.js';
import { validateSpec } from '../../../src/model/check-spec.js';
import { ae } from '../../../src/model/presets.js';
import { fitScaling, quantile, scaled, unscaled } from '../../../src/model/scaling.js';
import { uniforms } from '../../support/limits/numbers.js';

/** Three columns: 1 2 3 4 10, one that never changes, and one of which most are equal. */
const TABLE = Float32Array.of(1, 7, 0, 2, 7, 0, 3, 7, 0, 4, 7, 0, 10, 7, 6);

test('minmax, standard and robust, as MinMaxScaler, StandardScaler and RobustScaler have them', () => {
  assert.equal(fitScaling(TABLE, 3, 'minmax'), { kind: 'minmax', offset: [1, 7, 0], scale: [9, 0, 6] });
  const { offset, scale } = fitScaling(TABLE, 3, 'standard');
  assert.equal([offset[0], offset[1], scale[1]], [4, 7, 0]);
  assert.ok(Math.abs((scale[0] ?? 0) - Math.sqrt(10)) < 1e-12, 'of the population');
  // Quartiles 2 and 4; the last column's are equal, so its whole range counts.
  assert.equal(fitScaling(TABLE, 3, 'robust'), { kind: 'robust', offset: [3, 7, 0], scale: [2, 0, 6] });
});

test('one scale for all pixels of images', () => {
  assert.equal(fitScaling(TABLE, 1, 'minmax'), { kind: 'minmax', offset: [0], scale: [10] });
});

test('there and back; what never changed in training is 0 to the model, and itself afterwards', () => {
  const values = uniforms(1, 400 * 5, -1e3, 5e3);
  for (let row = 0; row < 400; row++) values[row * 5 + 2] = 0.1;
  for (const kind of ['minmax', 'standard', 'robust'] as const) {
    const scaling = fitScaling(values, 5, kind);
    const seen = scaled(values, scaling);
    assert.ok([...seen].every((x, i) => i % 5 !== 2 || x === 0));
    unscaled(seen, scaling).forEach((x, i) => {
      // Two roundings to f32 of numbers below 6e3.
      assert.ok(Math.abs(x - (values[i] ?? 0)) <= 2 * 6e3 * 2 ** -24, `${kind} ${i}: ${x}, was ${values[i]}`);
    });
  }
  const scaling = fitScaling(values, 5, 'standard');
  assert.is(scaled(Float32Array.of(1, 2, 99, 4, 5), scaling)[2], 0, 'kept at 0');
});

test('of many numbers that are equal but for a rounding of their mean, the scale is 0', () => {
  assert.equal(fitScaling(new Float32Array(1000).fill(0.1), 1, 'standard').scale, [0]);
});

test('quantiles between numbers', () => {
  const sorted = Float64Array.of(1, 2, 3, 10);
  assert.equal(
    [0, 0.25, 0.5, 1].map((share) => quantile(sorted, share)),
    [1, 1.75, 2.5, 10],
  );
});

const spec = (scaling: unknown) => ({ ...ae({ pixels: 3, hidden: [], latent: 1 }), scaling });
const good = fitScaling(TABLE, 3, 'standard');

test('a spec may have a scaling, and says what is wrong with one', () => {
  validateSpec(spec(good));
  validateSpec(spec({ kind: 'minmax', offset: [0], scale: [2] }));
  for (const [scaling, message] of [
    [{ ...good, kind: 'max' }, 'scaling.kind: "max", must be one of minmax, standard, robust'],
    [{ ...good, offset: [1, 2] }, 'scaling.offset: 2 numbers, must be a list of 1 or 3 numbers'],
    [{ ...good, scale: 2 }, 'scaling.scale: 2, must be a list of 1 or 3 numbers'],
    [{ ...good, scale: [1, -1, 1] }, 'scaling.scale[1]: -1, must be finite and at least 0'],
    [{ ...good, offset: [1, Number.NaN, 1] }, 'scaling.offset[1]: NaN, must be finite'],
    [{ ...good, offset: [1] }, 'scaling: 1 offsets and 3 scales, must be as many'],
    [{ ...good, mean: 1 }, 'scaling.mean: unknown, must be one of kind, offset, scale'],
  ] as const)
    assert.throws(
      () => validateSpec(spec(scaling)),
      (error: Error) => {
        assert.instance(error, ArgumentError);
        assert.is(error.message, message);
        return true;
      },
    );
  assert.throws(() => fitScaling(TABLE, 4, 'minmax'), /15 numbers, must be a positive multiple of 4 columns/);
  assert.throws(() => fitScaling([1, Number.NaN], 2, 'minmax'), /column 1 has numbers that are not finite/);
});

test.run();
