// A model without a trainer (src/train/model.ts): encode, decode, reconstruct, sample against f64 on the host, whatever
// the number of rows; parameters out and in; memory.
//
// Limit, relative L2: three layers that each round sums of k <= 100 products, like a random walk: sqrt(3 * 100) 2^-24 =
// 1e-6 (measured on SwiftShader: at most 7e-8).
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArgumentError, DeviceError } from '../../src/errors.js';
import { decodeSafetensors, encodeSafetensors, safetensorsMetadata } from '../../src/formats/safetensors.js';
import type { Device } from '../../src/gpu/device.js';
import { decoderGraph, encoderGraph } from '../../src/graph/build.js';
import { vae } from '../../src/model/presets.js';
import type { ModelSpec } from '../../src/model/spec.js';
import { normalAt, STREAM } from '../../src/random.js';
import { createModel } from '../../src/train/model.js';
import { device, usesDevice } from '../support/device.js';
import { interpret } from '../support/interpret.js';
import { uniforms } from '../support/numbers.js';
import { INITIAL, SPEC } from '../support/reference.js';
import { modelOf, relativeL2, sameBits } from '../support/training.js';

const LIMIT = 1e-6;
const PIXELS = 100;
const LATENT = 6;

const model = await modelOf(SPEC);
test.before.each(() => model.loadParameters(INITIAL));

const parameters = new Map([...INITIAL].map(([name, { values }]) => [name, values]));

/** mu and log_var in f64. */
function encoded(images: Float32Array): { mean: number[]; logVar: number[] } {
  const { graph, output } = encoderGraph(SPEC, images.length / PIXELS);
  const heads = output && interpret(graph.nodes, { parameters, inputs: new Map([['images', images]]) }).get(output);
  const column = (i: number) => i % (2 * LATENT);
  const all = [...(heads ?? [])];
  return { mean: all.filter((_, i) => column(i) < LATENT), logVar: all.filter((_, i) => column(i) >= LATENT) };
}

/** Pixels in f64. */
function decoded(codes: ArrayLike<number>): Float64Array {
  const { graph, output } = decoderGraph(SPEC, codes.length / LATENT);
  const inputs = new Map([['codes', codes]]);
  return (output && interpret(graph.nodes, { parameters, inputs }).get(output)) ?? new Float64Array();
}

function close(got: Float32Array, want: ArrayLike<number>, what: string) {
  const distance = relativeL2(got, want);
  assert.ok(distance <= LIMIT, `${what}: ${distance.toExponential(2)} off (relative L2), at most ${LIMIT}`);
}

// One row, rows that are no power of two, a full pass, and one row more than that.
for (const rows of [1, 3, 128, 129]) {
  test(`encode, ${rows} images: mean and log variance are those of f64`, async () => {
    const images = uniforms(rows, rows * PIXELS, 0, 1);
    const { mean, logVar } = await model.encode(images);
    const want = encoded(images);
    close(mean, want.mean, 'mean');
    close(logVar ?? new Float32Array(), want.logVar, 'log variance');
  });

  test(`decode and reconstruct, ${rows} rows: pixels are those of f64`, async () => {
    const codes = uniforms(rows + 200, rows * LATENT, -2, 2);
    close(await model.decode(codes), decoded(codes), 'decoded');
    const images = uniforms(rows, rows * PIXELS, 0, 1);
    close(await model.reconstruct(images), decoded(encoded(images).mean), 'reconstructed');
  });
}

test('a few rows after many: nothing of the earlier call is left', async () => {
  const images = uniforms(9, 3 * PIXELS, 0, 1);
  const before = await model.reconstruct(images);
  await model.reconstruct(uniforms(10, 4 * PIXELS, 0, 1));
  assert.equal(await model.reconstruct(images), before);
});

test('calls at the same time do not disturb each other', async () => {
  const batches = [1, 2, 3, 4].map((seed) => uniforms(seed, 3 * PIXELS, 0, 1));
  const together = await Promise.all(batches.map((images) => model.reconstruct(images)));
  for (const [i, images] of batches.entries()) assert.equal(together[i], await model.reconstruct(images));
});

test('sample: decoded from the prior, the same for the same seed', async () => {
  const got = await model.sample(5, { seed: 3 });
  close(got, decoded(Array.from({ length: 5 * LATENT }, (_, i) => normalAt(3, STREAM.prior, 0, i))), 'samples');
  assert.ok(got.every((pixel) => pixel > 0 && pixel < 1));
  assert.equal(await model.sample(5, { seed: 3 }), got);
  assert.not.equal(await model.sample(5, { seed: 4 }), got);
  assert.equal(await model.sample(5), await model.sample(5, { seed: 0 }));
  assert.is((await model.sample(129)).length, 129 * PIXELS);
});

/** The message of the error of this class that `work` throws or rejects with. */
async function refusal(work: () => unknown, kind: new (message: string) => Error = ArgumentError): Promise<string> {
  try {
    await work();
  } catch (error) {
    assert.instance(error, kind);
    return (error as Error).message;
  }
  return 'accepted';
}

test('images and codes of a wrong length, counts and seeds are refused', async () => {
  const numbers = (count: number) => new Float32Array(count);
  const encode = 'must be a positive multiple of 100, [n, 100]';
  assert.is(await refusal(() => model.encode(numbers(150))), `images: 150 numbers, ${encode}`);
  assert.is(await refusal(() => model.encode(numbers(0))), `images: 0 numbers, ${encode}`);
  assert.is(await refusal(() => model.reconstruct(numbers(99))), `images: 99 numbers, ${encode}`);
  assert.is(
    await refusal(() => model.decode(numbers(7))),
    'codes: 7 numbers, must be a positive multiple of 6, [n, 6]',
  );
  for (const count of [0, -1, 1.5, Number.NaN])
    assert.is(await refusal(() => model.sample(count)), `sample count: ${count}, must be a positive integer`);
  for (const seed of [-1, 0.5, 2 ** 53, Number.NaN]) {
    const message = `seed: ${seed}, must be an integer from 0 to 2^53 - 1`;
    assert.is(await refusal(() => model.sample(1, { seed })), message);
    assert.is(await refusal(() => createModel(device, SPEC, { seed })), message);
  }
});

test('a spec that is wrong is refused before anything is made', async () => {
  const spec = { ...SPEC, inputs: -1 } as ModelSpec;
  assert.is(await refusal(() => createModel(device, spec)), 'inputs: -1, must be a positive integer');
});

test('the spec of a model is its own: what the caller changes later does not reach it', async () => {
  const spec = vae({ pixels: 4, hidden: [], latent: 1 });
  const made = await createModel(device, spec);
  spec.loss.klWeight = 7;
  assert.is(made.spec.loss.klWeight, 1);
  made.dispose();
});

// --- parameters ------------------------------------------------------------------------------------------------------

test('parameters: names and shapes of the PyTorch module, and the values that were loaded', async () => {
  const got = await model.parameters();
  const shapes = (tensors: ReadonlyMap<string, { shape: readonly number[] }>) =>
    [...tensors].map(([name, { shape }]) => `${name} ${shape.join('x')}`).sort();
  assert.equal(shapes(got), shapes(INITIAL));
  assert.ok(sameBits(new Map([...INITIAL.keys()].map((name) => [name, got.get(name) ?? { values: [] }])), INITIAL));
  const count = [...INITIAL.values()].reduce((sum, { values }) => sum + values.length, 0);
  assert.is(model.parameterCount, count);
});

test('parameters through a safetensors file and back into another model, bit for bit', async () => {
  const first = await model.parameters();
  const file = encodeSafetensors(first, { spec: JSON.stringify(SPEC) });
  const other = await createModel(device, JSON.parse(safetensorsMetadata(file).spec ?? ''), { seed: 99 });
  assert.not(sameBits(await other.parameters(), first));
  other.loadParameters(decodeSafetensors(file));
  assert.ok(sameBits(await other.parameters(), first));
  other.dispose();
});

const changed = (change: (tensors: Map<string, { shape: readonly number[]; values: ArrayLike<number> }>) => void) => {
  const tensors = new Map<string, { shape: readonly number[]; values: ArrayLike<number> }>(INITIAL);
  // The first tensor is another one too: it must not reach the model.
  tensors.set('encoder.0.weight', { shape: [48, 100], values: new Float32Array(4800) });
  change(tensors);
  return tensors;
};

const LOADS: Record<string, [change: Parameters<typeof changed>[0], message: string | RegExp]> = {
  'one is missing': [(tensors) => tensors.delete('mu.bias'), 'parameter "mu.bias" [6] is missing'],
  'one is unknown': [
    (tensors) => tensors.set('classifier.weight', { shape: [1], values: [0] }),
    /^parameter "classifier.weight" is not in this model, which has encoder\.0\.weight, .*, decoder\.4\.bias$/,
  ],
  'one has another shape': [
    (tensors) => tensors.set('mu.weight', { shape: [24, 6], values: new Float32Array(144) }),
    'parameter "mu.weight" is [24, 6] with 144 values, must be [6, 24]',
  ],
  'one has too few values': [
    (tensors) => tensors.set('mu.weight', { shape: [6, 24], values: new Float32Array(143) }),
    'parameter "mu.weight" is [6, 24] with 143 values, must be [6, 24]',
  ],
};

for (const [name, [change, message]] of Object.entries(LOADS))
  test(`loadParameters: ${name}: refused, and nothing is changed`, async () => {
    const before = await model.parameters();
    const text = await refusal(() => model.loadParameters(changed(change)));
    if (typeof message === 'string') assert.is(text, message);
    else assert.match(text, message);
    assert.ok(sameBits(await model.parameters(), before));
  });

// --- memory ----------------------------------------------------------------------------------------------------------

test('dispose frees all GPU memory; a second time does nothing; using the model then is an error', async () => {
  const mine = await createModel(device, SPEC);
  const { memory } = mine.machine;
  assert.is(memory.bytes, mine.layout.bytes);
  await mine.sample(2);
  assert.ok(memory.count > 3, 'halves of the model have buffers');
  mine.dispose();
  assert.equal([memory.count, memory.bytes], [0, 0]);
  mine.dispose();
  const message = 'this model was disposed; make a new one with createModel';
  for (const use of [
    () => mine.encode(new Float32Array(PIXELS)),
    () => mine.decode(new Float32Array(LATENT)),
    () => mine.reconstruct(new Float32Array(PIXELS)),
    () => mine.sample(1),
    () => mine.parameters(),
    () => mine.loadParameters(INITIAL),
  ])
    assert.is(await refusal(use), message);
  assert.equal([memory.count, memory.bytes], [0, 0]);
  device.check();
});

test('reading parameters leaves no memory behind', async () => {
  const { memory } = model.machine;
  const before = memory.bytes;
  await model.parameters();
  assert.is(memory.bytes, before);
});

test('parameters that exceed what the device binds: the error names buffer, need, limit and remedy', async () => {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  const spec = vae({ pixels: 784, hidden: [Math.ceil(limit / 4 / 784) + 1], latent: 2 });
  assert.match(
    await refusal(() => createModel(device, spec), DeviceError),
    /^buffer "parameters" needs [\d.]+ MiB; .* allows [\d.]+ MiB \(max(StorageBufferBinding|Buffer)Size\)\. Use narrower layers \(--hidden\) or a smaller code \(--latent\)\.$/,
  );
  device.check();
});

test('half of a model that does not fit: the error, its memory back, and fewer rows still work', async () => {
  const limits = { maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: 64 * 1024 } as GPUSupportedLimits;
  const small: Device = { ...device, limits };
  // 128 rows of 784 pixels do not go into 64 KiB; one row does.
  const wide = await createModel(small, vae({ pixels: 784, hidden: [], latent: 2 }));
  const atFirst = wide.machine.memory.bytes;
  assert.match(
    await refusal(() => wide.encode(new Float32Array(128 * 784)), DeviceError),
    /^buffer "encoder 128 input" needs 0\.4 MiB; .* allows 0\.1 MiB \(maxStorageBufferBindingSize\)\. /,
  );
  assert.match(
    await refusal(() => wide.decode(new Float32Array(128 * 2)), DeviceError),
    /^buffer "decoder 128 output" /,
  );
  assert.is(wide.machine.memory.bytes, atFirst);
  assert.is((await wide.encode(new Float32Array(784))).mean.length, 2);
  wide.dispose();
});

usesDevice(test);
test.run();
