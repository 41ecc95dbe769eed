// From which interval the first parameters of each layer are drawn (src/graph/build.ts). That they fill it, and follow
// from the seed, is tested in test/train/determinism.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parameterSpecs } from '../../../src/graph/layers.js';
import { vae } from '../../../src/model/presets.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import { layoutOf } from '../../../src/plan/layout.js';
import { initialParameters } from '../../../src/train/weights/initialize.js';

const SPEC = vae({ pixels: 100, hidden: [48], latent: 6 });

const boundsOf = (spec: ModelSpec) =>
  parameterSpecs(spec).map(({ name, init }) => [name, init.kind === 'uniform' && init.bound]);

/** Inputs and units; the two heads are one matrix, but each is a layer of its own. */
const LAYERS = [
  ['encoder.0', 100, 48],
  ['heads', 48, 6],
  ['decoder.0', 6, 48],
  ['decoder.2', 48, 100],
] as const;

const expected = (weight: (inputs: number, units: number) => number, bias: (inputs: number) => number) =>
  LAYERS.flatMap(([name, inputs, units]) => [
    [`${name}.weight`, weight(inputs, units)],
    [`${name}.bias`, bias(inputs)],
  ]);

test('pytorch, which is the default: 1 / sqrt(inputs), biases too', () => {
  const want = expected(
    (inputs) => 1 / Math.sqrt(inputs),
    (inputs) => 1 / Math.sqrt(inputs),
  );
  assert.equal(boundsOf(SPEC), want);
  assert.equal(boundsOf({ ...SPEC, initialization: 'pytorch' }), want);
});

test('xavier: sqrt(6 / (inputs + units)), biases 0', () => {
  const want = expected(
    (inputs, units) => Math.sqrt(6 / (inputs + units)),
    () => 0,
  );
  assert.equal(boundsOf({ ...SPEC, initialization: 'xavier' }), want);
});

test('he: sqrt(6 / inputs), biases 0', () => {
  const want = expected(
    (inputs) => Math.sqrt(6 / inputs),
    () => 0,
  );
  assert.equal(boundsOf({ ...SPEC, initialization: 'he' }), want);
});

test('a constant for each part of a parameter', () => {
  const parts = [
    { name: 'norm.weight', rows: 3 },
    { name: 'norm.bias', rows: 2 },
  ];
  const init = { kind: 'constant', values: [1, -2] } as const;
  const first = { name: 'first.bias', shape: [2], init: { kind: 'uniform', bound: 0 }, parts: [] } as const;
  const layout = layoutOf([
    { ...first, parts: [] },
    { name: 'norm.affine', shape: [5], init, parts },
  ]);
  const values = initialParameters(layout, 3);
  assert.equal([...values.subarray(64, 64 + 6)], [1, 1, 1, -2, -2, 0]);
  assert.ok(values.subarray(0, 64).every((value) => value === 0));
});

test.run();
