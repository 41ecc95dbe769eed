// Every candidate of the matmul, on this adapter and as GPUs are offered them, at small sizes: all forms against f64, the bias
// gradient (of tiles every other, since each is a kernel more to compile), each element stored once, the same bits twice.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultVariant, matmulCandidates, parseVariant, variantText } from '../../src/kernels/matmul/candidates.js';
import { type AdapterTraits, type MatmulVariant, matmulFor } from '../../src/kernels/matmul/matmul.js';
import { device, usesDevice } from '../support/device.js';
import {
  checkPlain,
  checkRepeats,
  checkStoredOnce,
  checkWeightGradient,
  type Form,
  formName,
  NN,
  NT,
  type Size,
  shapeOf,
  TN,
} from '../support/kernels/matmul.js';

const TT: Form = { transposeA: true, transposeB: true };
const FORMS = [NT, NN, TN, TT];
/** In which every tile has edges: whole in quads, and odd. */
const QUADS: Size = [36, 68, 20];
const ODD: Size = [33, 17, 130];
const SMALL: Size[] = [
  [1, 1, 1],
  [5, 7, 3],
];
/** Where the lists are taken from: all that some shape of the seed is offered. */
const OFFERED: Size[] = [
  [128, 784, 512],
  [4096, 4096, 4096],
  [512, 128, 784],
  [127, 785, 511],
];

const { adapter, features, limits } = device;
const subgroups = features.has('subgroups');

function candidates(traits: AdapterTraits): MatmulVariant[] {
  const all = OFFERED.flatMap((size) => matmulCandidates(traits, { subgroups }, limits, shapeOf(size, NT)));
  const defaults = OFFERED.map((size) => defaultVariant(traits, { subgroups }, shapeOf(size, NT)));
  return [...new Set([...all, ...defaults].map(variantText))].map(parseVariant);
}

const ALL = [...(adapter.software ? candidates(adapter) : []), ...candidates({ software: false })];

/** Of tiles that are read number by number, every third: they differ from those in quads in how they read, and in nothing else. */
const CHOSEN = ALL.filter((variant, index) => variant.name !== 'tiled' || variant.vec4 || index % 3 === 0);

// Software adapters compile a kernel of tiles for more than a second: each candidate takes its turn of the forms.
CHOSEN.forEach((variant, index) => {
  const vec4 = 'vec4' in variant && variant.vec4;
  const form = FORMS[index % FORMS.length] ?? NT;
  const own = vec4 ? QUADS : ODD;
  for (const size of vec4 ? [QUADS] : [ODD, ...SMALL])
    test(`matmul ${variantText(variant)} ${formName(form)} ${size.join('x')}`, () =>
      checkPlain(matmulFor(shapeOf(size, form), variant, 'plain'), size, form));
  if (variant.name !== 'tiled' || index % 2 === 0)
    test(`matmul ${variantText(variant)} with bias gradient`, () =>
      checkWeightGradient(matmulFor(shapeOf(own, TN), variant, 'weight_gradient'), own));
  test(`matmul ${variantText(variant)} gives the same bits twice`, () => checkRepeats(variant, own, form));
  if (index % 8 === 0 || variant.name !== 'tiled')
    test(`matmul ${variantText(variant)} stores each element once`, () => checkStoredOnce(variant, own, form));
});

test('there are tiled candidates with and without a split, with and without vec4', () => {
  const texts = ALL.map(variantText).join('\n');
  for (const part of [/^tiled .* split 8 vec4$/m, /^tiled 64x64x16 8x4 vec4$/m, /^tiled 64x64x16 8x4$/m])
    assert.match(texts, part);
});

usesDevice(test);
test.run();
