// The page's model without WebGPU against the same layers in f64, one number at a time.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cpuModel } from '../../../harness/web/cpu-model.js';
import { encodeSafetensors } from '../../../src/index.js';

/** Numbers between -1 and 1 that look random, the same each time. */
const numbers = (count: number, from: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) + from));

/** Sizes of each layer by name: units and inputs. */
const LAYERS: [string, number, number][] = [
  ['encoder.0', 5, 6],
  ['encoder.2', 4, 5],
  ['mu', 2, 4],
  ['decoder.0', 4, 2],
  ['decoder.2', 5, 4],
  ['decoder.4', 6, 5],
];
const weights = new Map(
  LAYERS.map(([name, units, inputs], at) => [
    name,
    { units, inputs, weight: numbers(units * inputs, at), bias: numbers(units, at + 100) },
  ]),
);
const file = encodeSafetensors(
  Object.fromEntries(
    [...weights].flatMap(([name, { units, inputs, weight, bias }]) => [
      [`${name}.weight`, { shape: [units, inputs], values: weight }],
      [`${name}.bias`, { shape: [units], values: bias }],
    ]),
  ),
);
const test3 = { shape: [3, 2, 3], values: Uint8Array.from({ length: 18 }, (_, i) => (37 * i) % 256) };

/** One row through layers in f64; ReLU after each but the last. */
function reference(names: readonly string[], row: number[]): number[] {
  return names.reduce((values, name, at) => {
    const { units = 0, inputs = 0, weight = [], bias = [] } = weights.get(name) ?? {};
    return Array.from({ length: units }, (_, unit) => {
      const terms = values.map((value, k) => (weight[unit * inputs + k] ?? 0) * value);
      const sum = terms.reduce((all, term) => all + term, bias[unit] ?? 0);
      return at < names.length - 1 ? Math.max(0, sum) : sum;
    });
  }, row);
}
const encoded = (row: number[]) => reference(['encoder.0', 'encoder.2', 'mu'], row);
const decoded = (code: number[]) =>
  reference(['decoder.0', 'decoder.2', 'decoder.4'], code).map((logit) => 1 / (1 + Math.exp(-logit)));
const rows = Array.from({ length: 3 }, (_, row) =>
  Array.from(test3.values.subarray(6 * row, 6 * row + 6), (b) => b / 255),
);

/** Each layer rounds its sums of at most 6 products of numbers below 12 to f32, and the next multiplies that by at most 6. */
const LIMIT = 6 * 6 * 6 * 12 * 2 ** -24;
function near(got: Float32Array, wanted: number[]): void {
  assert.is(got.length, wanted.length);
  wanted.forEach((value, i) => {
    assert.ok(Math.abs((got[i] ?? Number.NaN) - value) <= LIMIT, `number ${i} is ${got[i]}, must be ${value}`);
  });
}

const model = cpuModel(file, test3);

test('codes of test examples, and of examples of the page’s own', async () => {
  near((await model.encode({ set: 'test' })).mean, rows.flatMap(encoded));
  near((await model.encode({ set: 'test', first: 1, count: 2 })).mean, rows.slice(1).flatMap(encoded));
  near((await model.encode(Float32Array.from(rows[2] ?? []))).mean, encoded(rows[2] ?? []));
});

test('images of codes, and reconstructions', async () => {
  near(await model.decode(Float32Array.of(0.5, -2, 1, 0)), [...decoded([0.5, -2]), ...decoded([1, 0])]);
  near(
    await model.reconstruct({ set: 'test' }),
    rows.flatMap((row) => decoded(encoded(row))),
  );
});

test('samples are of the seed', async () => {
  const [one, same, other] = await Promise.all([1, 1, 2].map((seed) => model.sample(4, { seed })));
  assert.is(one?.length, 24);
  assert.equal(one, same);
  assert.not.equal(one, other);
});

test('a file without a layer is refused', () => {
  const half = encodeSafetensors({ 'encoder.0.weight': { shape: [1, 6], values: new Float32Array(6) } });
  assert.throws(() => cpuModel(half, test3), /the model has no encoder\.0/);
});

test.run();
