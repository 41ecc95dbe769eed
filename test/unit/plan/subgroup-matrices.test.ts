// Subgroup matrices, which no adapter here can run: which matmuls they are offered to, and that matmul_matrix.wgsl compiles for
// Dawn's null backend, which knows them and computes nothing. Its indices: test/kernel/matrix.test.ts.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Device, deviceFromAdapter } from '../../../src/gpu/device.js';
import { Pipelines } from '../../../src/gpu/pipelines.js';
import { trainingGraph } from '../../../src/graph/build.js';
import { parameterSpecs } from '../../../src/graph/layers.js';
import {
  defaultVariant,
  deviceFeatures,
  matmulCandidates,
  parseVariant,
} from '../../../src/kernels/matmul/candidates.js';
import type { MatmulShape } from '../../../src/kernels/matmul/matmul.js';
import type { MatmulVariant } from '../../../src/kernels/matmul/matmul-variants.js';
import { vae } from '../../../src/model/presets.js';
import { openDevice } from '../../../src/node/adapters.js';
import { layoutOf } from '../../../src/plan/layout.js';
import { makePlan } from '../../../src/plan/make.js';
import type { Dispatch } from '../../../src/plan/plan.js';
import { candidatesOn, VariantTable } from '../../../src/train/variants.js';
import { NT, shapeOf } from '../../support/kernels/matmul.js';

const HALF = ['f16', 'f16'] as const;
const SIZES_16 = { m: 16, n: 16, k: 16 };

// --- which matmuls take it -------------------------------------------------------------------------------------------------

const TRAITS = { software: false, subgroupSizes: { min: 32, max: 32 }, subgroupMatrices: [SIZES_16] };
const FEATURES = deviceFeatures(new Set(['subgroups', 'shader-f16', 'chromium-experimental-subgroup-matrix']));
const LARGE: MatmulShape = { ...shapeOf([2048, 1024, 1024], NT), types: HALF };

const takes = (traits: object, shape: MatmulShape, features = FEATURES) => {
  const limits = { maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16384 };
  const isMatrix = ({ name }: MatmulVariant) => name === 'matrix';
  const offered = matmulCandidates({ ...TRAITS, ...traits }, features, limits, shape).some(isMatrix);
  assert.not.ok(isMatrix(defaultVariant({ ...TRAITS, ...traits }, features, shape)), 'the tuner checks it first');
  return offered;
};

test('where an adapter lists them, for large matmuls of f16 without an edge', () => {
  assert.ok(takes({}, LARGE), '2 G multiply-adds');
  for (const [what, traits, shape, features] of [
    ['1 G multiply-adds, no more', {}, { ...LARGE, m: 1024 }],
    ['f32', {}, { ...LARGE, types: undefined }],
    ['images of f32', {}, { ...LARGE, types: ['f32', 'f16'] }],
    ['rows that fill no tile', {}, { ...LARGE, m: 2048 + 16 }],
    ['columns that fill no tile', {}, { ...LARGE, n: 1024 + 16 }],
    ['k that is no whole matrix', {}, { ...LARGE, k: 1024 + 8 }],
    ['none listed', { subgroupMatrices: undefined }, LARGE],
    ['only such as fill no tile', { subgroupMatrices: [{ m: 16, n: 32, k: 16 }] }, LARGE],
    ['subgroups of any size', { subgroupSizes: { min: 8, max: 32 } }, LARGE],
    ['software', { software: true }, LARGE],
    ['the feature is off', {}, LARGE, deviceFeatures(new Set(['subgroups', 'shader-f16']))],
  ] as [string, object, MatmulShape, typeof FEATURES?][])
    assert.not.ok(takes(traits, shape, features), what);
});

// --- the null backend --------------------------------------------------------------------------------------------------------

/** Its subgroups may have up to 128 lanes, and a workgroup with matrices must have a multiple. */
const LANES = 128;

/** Dawn's null backend, whose adapter lists no matrices, as if it listed these. */
async function nullDevice(sizes: { m: number; n: number; k: number }[]): Promise<Device> {
  const plain = await openDevice({ flags: ['backend=null'] });
  plain.dispose();
  const { create } = await import('webgpu');
  const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  const adapter = await gpu.requestAdapter();
  assert.ok(adapter);
  const config = (own: object) => ({ componentType: 'f16', resultComponentType: 'f32', ...own });
  const info = {
    ...{ vendor: '', architecture: '', device: 'null-backend', description: '', isFallbackAdapter: false },
    ...{ subgroupMinSize: LANES, subgroupMaxSize: LANES },
    subgroupMatrixConfigs: [
      ...sizes.map(({ m, n, k }) => config({ M: m, N: n, K: k })),
      config({ M: 8, N: 8, K: 8, resultComponentType: 'f16' }),
      config({ M: 8, N: 8, K: 8, componentType: 'u8' }),
    ],
  };
  const listed = new Proxy(adapter, {
    get(target, key) {
      if (key === 'info') return info;
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const opened = await deviceFromAdapter(listed);
  // Dawn's instance lives as long as the device.
  return Object.assign(opened, { gpuInstance: gpu });
}

const onNull = await nullDevice([SIZES_16, { m: 16, n: 8, k: 16 }]);

function planOn(own: Device, hidden: number[], batch: number): Dispatch[] {
  const spec = vae({ hidden });
  const sizes = { layout: layoutOf(parameterSpecs(spec)), rows: batch, imageBytes: 4, metricsCapacity: 1 };
  const usual = new VariantTable(own).choose;
  // As the tuner would choose, if it found them the fastest.
  const choose = (shape: MatmulShape) => candidatesOn(own, shape).find(({ name }) => name === 'matrix') ?? usual(shape);
  return makePlan('step', trainingGraph(spec, batch), { ...sizes, choose, fuse: true, precision: 'f16' }).dispatches;
}

const withMatrices = (dispatches: Dispatch[]) => dispatches.filter(({ kernel }) => kernel.startsWith('matmul_matrix'));

test('the adapter tells matrices of f16 with sums of f32, and the device has the feature', () => {
  assert.equal(onNull.adapter.subgroupMatrices, [SIZES_16, { m: 16, n: 8, k: 16 }]);
  assert.ok(onNull.features.has('chromium-experimental-subgroup-matrix'));
});

test('the seed model has no matmul for them, a wide one those above 1 G multiply-adds', () => {
  assert.equal(withMatrices(planOn(onNull, [512, 256], 128)), []);
  const wide = withMatrices(planOn(onNull, [4096, 2048], 256));
  // 256 x 4096 x 2048 is 2 G, forward, the input's gradient and the weight's, in the encoder and in the decoder.
  assert.equal(
    wide.map(({ label, kernel, grid }) => `${label} ${kernel.split('+')[1]} ${grid.join('x')}`),
    [
      'encoder.2 bias_activation 64x8x1',
      'decoder.2 bias_activation 128x8x1',
      'decoder.2 weight_gradient 64x128x1',
      'decoder.2 activation_gradient 64x8x1',
      'encoder.2 weight_gradient 128x64x1',
      'encoder.2 activation_gradient 128x8x1',
    ],
  );
  for (const { variant, workgroup } of wide) {
    assert.is(variant, `matrix 16x16x16 ${LANES} lanes`);
    assert.equal(parseVariant(variant ?? ''), { name: 'matrix', ...SIZES_16, lanes: LANES });
    assert.is(workgroup, LANES);
  }
});

test('it compiles, in every form, with every epilogue and size of matrices', async () => {
  const pipelines = new Pipelines(onNull);
  for (const dispatch of withMatrices(planOn(onNull, [4096, 2048], 256))) await pipelines.get(dispatch);
  // The heads' matmul with its pairs, and the last one's with the loss, are large with a large code and batch.
  const spec = vae({ pixels: 1024, hidden: [2048], latent: 512 });
  const sizes = { layout: layoutOf(parameterSpecs(spec)), rows: 1024, imageBytes: 4, metricsCapacity: 1 };
  const seen = new Set<string>();
  for (const index of [0, 1]) {
    const choose = (shape: MatmulShape): MatmulVariant => {
      const all = candidatesOn(onNull, shape);
      return all.filter(({ name }) => name === 'matrix')[index] ?? (all[0] as MatmulVariant);
    };
    const { dispatches } = makePlan('step', trainingGraph(spec, 1024), {
      ...sizes,
      choose,
      fuse: true,
      precision: 'f16',
    });
    for (const dispatch of withMatrices(dispatches)) {
      await pipelines.get(dispatch);
      seen.add(`${dispatch.variant?.split(' ')[1]} ${dispatch.kernel.split('+').slice(1).join('+')}`);
    }
  }
  const epilogues = ['sampled_heads', 'bce_with_gradient', 'weight_gradient', 'activation_gradient'];
  for (const sizesOf of ['16x16x16', '16x8x16'])
    for (const epilogue of epilogues) assert.ok(seen.has(`${sizesOf} ${epilogue}`), `${epilogue}: ${[...seen]}`);
});

test('a device without the feature does not compile it, and is not offered it', async () => {
  const [wide] = withMatrices(planOn(onNull, [4096, 2048], 256));
  assert.ok(wide);
  let said = '';
  const without = ['chromium-experimental-subgroup-matrix'];
  const device = await openDevice({ flags: ['backend=null'], withoutFeatures: without as GPUFeatureName[] });
  await new Pipelines(device).get(wide).catch((error) => {
    said = String(error);
  });
  assert.match(said, /ShaderError/);
  assert.equal(withMatrices(planOn(device, [4096, 2048], 256)), []);
  device.dispose();
});

test.after(() => onNull.dispose());
test.run();
