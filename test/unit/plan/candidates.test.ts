// Which variants of the matmul are offered and taken, and their text form.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultVariant, matmulCandidates, parseVariant, variantText } from '../../../src/kernels/matmul/candidates.js';
import { type MatmulShape, matmulFor } from '../../../src/kernels/matmul/matmul.js';
import { fitsShape, partsOf, readsVec4 } from '../../../src/kernels/matmul/matmul-variants.js';

/** WebGPU's defaults, which every device meets. */
const LIMITS = { maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16384 };
const TRAITS = [
  { software: false },
  { software: true, subgroupSizes: { min: 8, max: 8 } },
  { software: true, subgroupSizes: { min: 4, max: 4 } },
  { software: true },
];
const SUBGROUPS = { subgroups: true };

function* shapes(): Generator<MatmulShape> {
  for (const m of [1, 127, 128, 784, 4096])
    for (const n of [3, 256, 512, 4096])
      for (const k of [1, 64, 128, 784, 4096])
        for (const transposeA of [false, true])
          for (const transposeB of [false, true]) yield { m, n, k, transposeA, transposeB, activation: 'relu' };
}

test('candidates and defaults fit the shape and the limits, and are a power of two wide', () => {
  for (const shape of shapes())
    for (const traits of TRAITS) {
      const all = matmulCandidates(traits, SUBGROUPS, LIMITS, shape);
      for (const variant of [...all, defaultVariant(traits, SUBGROUPS, shape)]) {
        const { workgroup, storage } = partsOf(variant);
        const text = `${variantText(variant)} ${JSON.stringify(shape)}`;
        assert.ok(fitsShape(variant, shape), text);
        assert.ok(storage <= LIMITS.maxComputeWorkgroupStorageSize, text);
        assert.ok(workgroup <= LIMITS.maxComputeInvocationsPerWorkgroup, text);
        assert.is(Math.log2(workgroup) % 1, 0, text);
      }
      assert.ok(all.length > 0 && all.length <= 60, `${all.length} candidates`);
    }
});

test('places of large feature maps have variants whose grids WebGPU takes', () => {
  const most = 65_535;
  const shape: MatmulShape = { m: 32 * most + 1, n: 4, k: 32, transposeA: false, transposeB: true, activation: 'relu' };
  for (const traits of TRAITS)
    for (const variant of [
      defaultVariant(traits, SUBGROUPS, shape),
      ...matmulCandidates(traits, SUBGROUPS, LIMITS, shape),
    ]) {
      const [rows, columns] = matmulFor(shape, variant, 'plain').grid(shape).toReversed().slice(1);
      assert.ok((rows ?? 0) <= most && (columns ?? 0) <= most, `${variantText(variant)}: ${rows} x ${columns}`);
    }
});

test('a variant is what its text says', () => {
  for (const shape of shapes())
    for (const traits of TRAITS)
      for (const variant of matmulCandidates(traits, SUBGROUPS, LIMITS, shape)) {
        const text = variantText(variant);
        assert.is(variantText(parseVariant(text)), text);
        assert.equal(partsOf(parseVariant(text)), partsOf(variant));
      }
  assert.is(variantText({ name: 'tiled' }), 'tiled 32x32x16 4x4');
  assert.equal(parseVariant('tiled 64x32x16 8x4 split 4'), {
    name: 'tiled',
    ...{ tileM: 64, tileN: 32, tileK: 16, threadM: 8, threadN: 4, split: 4, vec4: false },
  });
  for (const text of [
    '',
    'tiled',
    'tiled 24x64x16 4x4',
    'tiled 64x64x16 4x2',
    'subgroups 5 lanes 32x4',
    'registers lanes',
  ])
    assert.throws(() => parseVariant(text), `matmul variant "${text}", must be such as`);
});

test('the seed on a GPU: K is split for few rows, not for weight gradients or large squares', () => {
  const text = (m: number, n: number, k: number) =>
    variantText(
      defaultVariant(TRAITS[0] ?? { software: false }, SUBGROUPS, {
        ...{ m, n, k, transposeA: false, transposeB: true, activation: 'relu' },
      }),
    );
  assert.is(text(128, 512, 784), 'tiled 16x32x16 4x4 split 4 vec4');
  assert.is(text(128, 256, 512), 'tiled 16x16x8 4x4 split 8 vec4');
  assert.is(text(512, 784, 128), 'tiled 32x64x16 4x4 vec4');
  assert.is(text(4096, 4096, 4096), 'tiled 128x64x16 8x4 vec4');
});

test('vec4 needs whole quads of K and of what lies side by side', () => {
  const reads = (m: number, n: number, k: number, transposeA: boolean, transposeB: boolean) =>
    readsVec4({ m, n, k, transposeA, transposeB });
  assert.ok(reads(3, 5, 4, false, true));
  assert.not(reads(4, 4, 6, false, true));
  assert.not(reads(4, 5, 4, false, false));
  assert.not(reads(5, 4, 4, true, false));
});

test.run();
