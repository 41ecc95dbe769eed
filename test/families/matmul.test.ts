// Every candidate of the matmul, on this adapter and as GPUs are offered them, at small sizes: all forms against f64, the bias
// gradient, each element stored once, the same bits twice.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultVariant, matmulCandidates, parseVariant, variantText } from '../../src/kernels/candidates.js';
import { type AdapterTraits, type MatmulVariant, matmul } from '../../src/kernels/matmul.js';
import { fitsShape } from '../../src/kernels/matmul-variants.js';
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
} from '../support/matmul.js';

const SIZES: Size[] = [
  [1, 1, 1],
  [5, 7, 3],
  [33, 17, 130],
  [36, 68, 20],
];
const TT: Form = { transposeA: true, transposeB: true };
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

for (const variant of ALL)
  test(`matmul ${variantText(variant)}`, async () => {
    let checked = 0;
    for (const size of SIZES)
      for (const form of [NT, NN, TN, TT]) {
        if (!fitsShape(variant, shapeOf(size, form))) continue;
        checked++;
        await checkPlain(matmul(variant, 'plain'), size, form).catch((cause: Error) => {
          throw new Error(`${formName(form)} ${size.join('x')}: ${cause.message}`, { cause });
        });
        if (form === TN) await checkWeightGradient(matmul(variant, 'weight_gradient'), size);
      }
    assert.ok(checked > 0, 'no size fits');
    const last = SIZES.at(-1) ?? [4, 4, 4];
    await checkStoredOnce(variant, last, NT);
    await checkRepeats(variant, last, NT);
  });

test('there are tiled candidates with and without a split, with and without vec4', () => {
  const texts = ALL.map(variantText).join('\n');
  for (const part of [/^tiled .* split 8 vec4$/m, /^tiled 64x64x16 8x4 vec4$/m, /^tiled 64x64x16 8x4$/m])
    assert.match(texts, part);
});

usesDevice(test);
test.run();
