// Convolutions against plain f64 loops: as matmuls whose operands are index maps, by this adapter's default variant and a sample
// of the others, and by the kernels of unfused plans. All geometries: test/families/convolution.test.ts; all variants:
// test/variants/convolution.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultVariant, parseVariant, variantText } from '../../src/kernels/matmul/candidates.js';
import { conv2d, conv2dWeight, convTranspose2d } from '../../src/kernels/matmul/convolution.js';
import type { MatmulVariant } from '../../src/kernels/matmul/matmul-variants.js';
import { device, usesDevice } from '../support/device.js';
import {
  checkGradients,
  checkProduct,
  checkSingle,
  checkStored,
  productCount,
  productShape,
  RESULTS,
} from '../support/kernels/convolution.js';
import { CONVOLUTIONS } from '../support/kernels/convolutions.js';

const { adapter, features } = device;
const standard = (shape: ReturnType<typeof productShape>): MatmulVariant =>
  defaultVariant(adapter, { subgroups: features.has('subgroups') }, shape);

const SINGLE = { y: conv2d, x: convTranspose2d, weight: conv2dWeight };

/** Each is a pipeline of its own, which software adapters compile for longer than it runs. */
const FEW = [
  'one place',
  'stride 2, padding 1, kernel 4',
  'stride 2, kernel 3 of an odd size',
  'output padding, in groups',
];

for (const [name, convolution] of Object.entries(CONVOLUTIONS).filter(([name]) => FEW.includes(name)))
  for (const result of RESULTS) {
    test(`${result} of a convolution, ${name}`, () =>
      checkProduct(result, convolution, standard(productShape(result, convolution))));
    test(`${result} of a convolution by itself, ${name}`, () => checkSingle(result, convolution, SINGLE[result]));
  }

/** One of each form that reads scalars and one that reads quads, with edges of every tile. */
const OTHERS = [
  'registers 4 lanes',
  'rows 4 lanes 8x4 vec4',
  'rows 8 lanes 8x4',
  'tiled 16x16x8 4x4',
  'tiled 16x32x8 4x4 split 2 vec4',
].map(parseVariant);
const SAMPLE = ['stride 2, padding 1, kernel 4', 'dilated', 'in two groups'] as const;

for (const name of SAMPLE) {
  const convolution = CONVOLUTIONS[name];
  if (!convolution) throw new Error(`no convolution "${name}"`);
  for (const variant of name === 'in two groups' ? OTHERS : [])
    for (const result of RESULTS)
      test(`${result} of a convolution by ${variantText(variant)}, ${name}`, () =>
        checkProduct(result, convolution, variant));
  const variant = standard(productShape('weight', convolution));
  test(`a convolution's bias gradient, ${name}`, () => checkGradients(convolution, variant));
  for (const result of RESULTS)
    test(`${result} of a convolution is stored once, ${name}`, () =>
      checkStored(result, convolution, standard(productShape(result, convolution))));
}

test('a transposed convolution is a product a phase, unless phases differ', () => {
  const count = (name: keyof typeof CONVOLUTIONS) => {
    const convolution = CONVOLUTIONS[name];
    return convolution && productCount('x', convolution);
  };
  assert.is(count('stride 2, padding 1, kernel 4'), 4);
  assert.is(count('stride 2, kernel 3 of an odd size'), 1);
  assert.is(count('dilated'), 1);
  assert.is(count('in three groups of odd sizes'), 3);
});

usesDevice(test);
test.run();
