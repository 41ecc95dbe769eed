// Every candidate of the matmul, on this adapter and as GPUs are offered them, for one product of a convolution: against f64, the
// bias gradient; of some that each element is stored once.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { matmulCandidates, variantText } from '../../src/kernels/matmul/candidates.js';
import { type AdapterTraits, fitsShape, type MatmulVariant } from '../../src/kernels/matmul/matmul.js';
import type { Convolution } from '../../src/model/convolution.js';
import { device, usesDevice } from '../support/device.js';
import { checkGradients, checkProduct, checkStored, productShape, RESULTS } from '../support/kernels/convolution.js';
import { CONVOLUTIONS } from '../support/kernels/convolutions.js';

const { adapter, features, limits } = device;
const subgroups = features.has('subgroups');
const NAMES = Object.keys(CONVOLUTIONS);

/** All that some product is offered. */
const offered = (traits: AdapterTraits): MatmulVariant[] =>
  Object.values(CONVOLUTIONS).flatMap((convolution) =>
    RESULTS.flatMap((result) => matmulCandidates(traits, { subgroups }, limits, productShape(result, convolution))),
  );
const all = new Map(
  [...(adapter.software ? offered(adapter) : []), ...offered({ software: false })].map((one) => [
    variantText(one),
    one,
  ]),
);

// Software adapters compile a kernel of tiles for more than a second: each candidate takes its turn of products and geometries.
[...all].forEach(([text, variant], index) => {
  const result = RESULTS[index % RESULTS.length] ?? 'y';
  const fitting = NAMES.filter((name) => fitsShape(variant, productShape(result, CONVOLUTIONS[name] as Convolution)));
  const name = fitting[index % fitting.length];
  const convolution = name && CONVOLUTIONS[name];
  if (!convolution) return;
  test(`${result} of a convolution by ${text}, ${name}`, () => checkProduct(result, convolution, variant));
  if (result === 'weight') test(`gradients by ${text}, ${name}`, () => checkGradients(convolution, variant));
  else if (index % 4 === 0)
    test(`${result} of a convolution by ${text} is stored once, ${name}`, () =>
      checkStored(result, convolution, variant));
});

test('there are candidates of several forms', () =>
  assert.ok(new Set([...all.values()].map(({ name }) => name)).size >= 2, [...all.keys()].join(', ')));

usesDevice(test);
test.run();
