// A model without a trainer (src/train/model.ts): encode, decode, reconstruct, sample against f64 on the host, whatever
// the number of rows; parameters out and in; memory.
//
// Limit, relative L2: three layers that each round sums of k <= 100 products, like a random walk: sqrt(3 * 100) 2^-24 =
// 1e-6 (measured on SwiftShader: at most 7e-8).
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArgumentError, DeviceError } from '../../src/errors.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  type Named,
  safetensorsMetadata,
} from '../../src/formats/safetensors.js';
import type { Device } from '../../src/gpu/device.js';
import { decoderGraph, encoderGraph } from '../../src/graph/build.js';
import { ae, vae } from '../../src/model/presets.js';
import type { ModelSpec } from '../../src/model/spec.js';
import { normalAt, STREAM } from '../../src/random.js';
import { createModel } from '../../src/train/model.js';
import { type WeightTensor, weightsOf } from '../../src/train/weights/weights.js';
import { device, usesDevice } from '../support/device.js';
import { uniforms } from '../support/limits/numbers.js';
import { INITIAL, SPEC } from '../support/models/reference.js';
import { interpret } from '../support/oracle/interpret.js';
import { modelOf, relativeL2, sameBits } from '../support/training/training.js';

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

test('encode: a log variance is told within the bounds of the spec', async () => {
  const images = uniforms(7, 20 * PIXELS, 0, 1);
  const { logVar } = encoded(images);
  const [low, high] = [0.25, 0.75].map((share) => logVar.toSorted((a, b) => a - b)[Math.floor(share * logVar.length)]);
  assert.ok(low !== undefined && high !== undefined && low < high);
  for (const logVarRange of [[low, high] as const, null]) {
    const bounded = await modelOf({ ...SPEC, code: { kind: 'gaussian', units: LATENT, logVarRange } });
    bounded.loadParameters(INITIAL);
    const got = (await bounded.encode(images)).logVar ?? new Float32Array();
    close(got, logVarRange ? logVar.map((value) => Math.min(Math.max(value, low), high)) : logVar, `${logVarRange}`);
  }
});

// One row, rows that are no power of two, full passes, and some rows more than that.
for (const rows of [1, 3, 128, 129, 700]) {
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

test('many rows go through in passes of 512, of as many as fit 32 MiB where a row takes much, and the rest', async () => {
  const { gpu } = device;
  const made: string[] = [];
  const { createBuffer } = gpu;
  gpu.createBuffer = (descriptor) => {
    if (/^encoder \d+ input$/.test(descriptor.label ?? '')) made.push(descriptor.label ?? '');
    return createBuffer.call(gpu, descriptor);
  };
  try {
    for (const [hidden, passes] of [
      [8, [512, 128, 64]],
      [20_000, [256, 128, 64]], // 80 kB a row
    ] as const) {
      made.length = 0;
      const own = await modelOf(ae({ pixels: 2, hidden: [hidden], latent: 1 }));
      await own.encode(new Float32Array(2 * 700));
      assert.equal(
        made,
        passes.map((rows) => `encoder ${rows} input`),
      );
    }
  } finally {
    Reflect.deleteProperty(gpu, 'createBuffer');
  }
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

const SPEC_REMEDY = '. Make the model from the spec that they were trained with';
const NOT_FINITE = 'a training that diverged leaves such weights, take those of an earlier checkpoint';
const LOADS: Record<string, [change: Parameters<typeof changed>[0], message: string]> = {
  'several are missing': [
    (tensors) => {
      tensors.delete('mu.bias');
      tensors.delete('decoder.4.weight');
    },
    `the tensors are not those of this model: 2 missing: mu.bias [6], decoder.4.weight [100, 48]${SPEC_REMEDY}`,
  ],
  'all kinds of faults at once': [
    (tensors) => {
      tensors.delete('mu.bias');
      tensors.set('classifier.weight', { shape: [1], values: [0] });
      tensors.set('mu.weight', { shape: [24, 6], values: new Float32Array(144) });
      tensors.set('log_var.bias', { shape: [6], values: new Float32Array(5) });
    },
    `the tensors are not those of this model: 1 missing: mu.bias [6]; 1 superfluous: classifier.weight [1]; 2 of another shape: mu.weight [24, 6], must be [6, 24], log_var.bias [6] with 5 values, must be [6]${SPEC_REMEDY}`,
  ],
  'more than anyone wants to read': [
    (tensors) => {
      for (let i = 0; i < 13; i++) tensors.set(`extra.${i}`, { shape: [i], values: new Float32Array(i) });
    },
    `the tensors are not those of this model: 13 superfluous: ${Array.from({ length: 10 }, (_, i) => `extra.${i} [${i}]`).join(', ')}, and 3 more${SPEC_REMEDY}`,
  ],
  'names of which only some have a prefix': [
    (tensors) => {
      const bias = tensors.get('mu.bias');
      tensors.delete('mu.bias');
      if (bias) tensors.set('module.mu.bias', bias);
    },
    `the tensors are not those of this model: 1 missing: mu.bias [6]; 1 superfluous: module.mu.bias [6]${SPEC_REMEDY}`,
  ],
  'one is of integers': [
    (tensors) => tensors.set('mu.bias', { shape: [6], values: new Int8Array(6) }),
    'parameter "mu.bias" holds integers (an Int8Array), must hold floats; weights that were quantised must be turned back to floats first',
  ],
  'one is no tensor': [
    (tensors) => tensors.set('mu.bias', new Float32Array(6) as never),
    'tensor "mu.bias": a Float32Array, must be { shape, values }',
  ],
  'one is not a number': [
    (tensors) => tensors.set('mu.bias', { shape: [6], values: Float32Array.of(0, 0, Number.NaN, 0, Infinity, 0) }),
    `parameter "mu.bias": 2 of 6 values are not finite in f32, the first is NaN at index 2; ${NOT_FINITE}`,
  ],
  'one is infinite as f32': [
    (tensors) =>
      tensors.set('decoder.4.bias', {
        shape: [100],
        values: Float64Array.from({ length: 100 }, (_, i) => (i === 99 ? -1e300 : i)),
      }),
    `parameter "decoder.4.bias": 1 of 100 values are not finite in f32, the first is -1e+300 at index 99; ${NOT_FINITE}`,
  ],
};

for (const [name, [change, message]] of Object.entries(LOADS))
  test(`loadParameters: ${name}: refused, and nothing is changed`, async () => {
    const before = await model.parameters();
    assert.is(await refusal(() => model.loadParameters(changed(change))), message);
    assert.ok(sameBits(await model.parameters(), before));
  });

for (const [tensors, kind] of [
  [undefined, 'undefined'],
  [new ArrayBuffer(8), 'an ArrayBuffer'],
  [[], 'an Array'],
] as const)
  test(`loadParameters: ${kind} is no map of tensors`, async () =>
    assert.is(
      await refusal(() => model.loadParameters(tensors as never)),
      `tensors: ${kind}, must be a Map or an object of { shape, values } by name; a file is read by decodeSafetensors(bytes)`,
    ));

/** Ways in which a model's weights come, and the model takes them. */
const WRAPPED: Record<string, (all: [string, WeightTensor][]) => Named<WeightTensor>> = {
  'a plain object': (all) => Object.fromEntries(all),
  'plain arrays': (all) =>
    new Map(all.map(([name, { shape, values }]) => [name, { shape, values: Array.from(values as Float32Array) }])),
  f64: (all) =>
    new Map(
      all.map(([name, { shape, values }]) => [name, { shape, values: Float64Array.from(values as Float32Array) }]),
    ),
  'module. before every name': (all) => new Map(all.map(([name, tensor]) => [`module.${name}`, tensor])),
  'model. before every name': (all) => new Map(all.map(([name, tensor]) => [`model.${name}`, tensor])),
  '_orig_mod. before every name': (all) => new Map(all.map(([name, tensor]) => [`_orig_mod.${name}`, tensor])),
  'with counters': (all) =>
    new Map([
      ...all,
      ['bn.num_batches_tracked', { shape: [], values: BigInt64Array.of(7n) }],
      ['steps', { shape: [1], values: Int32Array.of(1) }],
    ]),
  'a checkpoint': (all) =>
    new Map([...all.map(([name, tensor]): [string, WeightTensor] => [`optimizer.exp_avg.${name}`, tensor]), ...all]),
};
for (const [name, wrap] of Object.entries(WRAPPED))
  test(`loadParameters: ${name}`, async () => {
    const wanted = [...INITIAL].map(([name, { shape, values }]): [string, WeightTensor] => [
      name,
      { shape, values: Float32Array.from(values, (value) => -value) },
    ]);
    model.loadParameters(wrap(wanted));
    const got = await model.parameters();
    assert.ok(
      sameBits(new Map(wanted.map(([key]) => [key, got.get(key) ?? { values: [] }])), new Map(wanted) as never),
    );
  });

test('weightsOf: one prefix goes, what the optimizer keeps goes', () => {
  const names = (...all: string[]) => [
    ...weightsOf(new Map(all.map((name) => [name, { shape: [0], values: [] }]))).keys(),
  ];
  assert.equal(names('module.model.a', 'module.b'), ['model.a', 'b']);
  assert.equal(names('module.a', 'optimizer.exp_avg.a'), ['a']);
  assert.equal(names('module.a', 'model.b'), ['module.a', 'model.b']);
  assert.equal(names(), []);
});

// --- what may be encoded and decoded ---------------------------------------------------------------------------------

test('encode and decode take any array of numbers; a Uint8Array of images holds bytes of 0 to 255', async () => {
  const bytes = Uint8Array.from({ length: 2 * PIXELS }, (_, i) => (i * 7) % 256);
  const images = Float32Array.from(bytes, (byte) => byte / 255);
  const want = await model.encode(images);
  for (const same of [bytes, Buffer.from(bytes), [...images], Float64Array.from(images)])
    assert.equal(await model.encode(same), want, same.constructor.name);
  assert.equal(await model.reconstruct(bytes), await model.reconstruct(images));
  // Training takes them, too.
  const bits = Array.from({ length: PIXELS }, (_, i) => i % 2);
  for (const same of [Int32Array.from(bits), Uint16Array.from(bits)]) {
    assert.equal(await model.encode(same), await model.encode(bits), same.constructor.name);
    assert.equal(await model.scores(same), await model.scores(bits), same.constructor.name);
  }
  const codes = Int8Array.from({ length: LATENT }, (_, i) => i - 3);
  const decoded = await model.decode(Float32Array.from(codes));
  for (const same of [codes, [...codes], Float64Array.from(codes), Int32Array.from(codes)])
    assert.equal(await model.decode(same), decoded, same.constructor.name);
});

test('a model of numbers takes integers, as its training does; bytes stand for 0..1 still', async () => {
  const vectors = await modelOf(ae({ pixels: 3, hidden: [4], latent: 2, loss: 'mse', output: 'identity' }));
  const counts = await modelOf(ae({ pixels: 3, hidden: [4], latent: 2, loss: 'poisson' }));
  const values = [0, 1, 2, 300, 40, 5];
  for (const own of [vectors, counts]) {
    const want = await own.encode(values);
    for (const same of [Int16Array.from(values), Uint16Array.from(values), Int32Array.from(values)]) {
      assert.equal(await own.encode(same), want, same.constructor.name);
      assert.equal(await own.scores(same), await own.scores(values), same.constructor.name);
    }
  }
  const bytes = Uint8Array.of(0, 51, 255);
  assert.equal(await vectors.encode(bytes), await vectors.encode([0, Math.fround(0.2), 1]));
  assert.is(
    await refusal(() => counts.encode(bytes)),
    'a Uint8Array, whose bytes stand for 0..1, must be counts for a model with the poisson loss; for example Float32Array.from(values)',
  );
});

const FLOATS = `must be an array of 0..1, for example a Float32Array [n, 100], or a Uint8Array of 0..255`;
const finite = (values: number[], size: number) => Float64Array.from({ length: size }, (_, i) => values[i] ?? 0);
const INPUTS: Record<string, [work: () => Promise<unknown>, message: string]> = {
  'a canvas': [
    () => model.encode(new Uint8ClampedArray(4 * PIXELS)),
    'images: a Uint8ClampedArray, as a canvas gives it with 4 bytes a pixel (RGBA); must have one number a pixel, for example Float32Array.from({ length: data.length / 4 }, (_, i) => data[4 * i] / 255)',
  ],
  'integers as images': [
    () => model.encode(Int32Array.from({ length: PIXELS }, (_, i) => i % 3)),
    'images: an Int32Array with 2 at index 2, must be integers of 0 and 1, floats of 0..1, or a Uint8Array of 0..255',
  ],
  'an ArrayBuffer as images': [
    () => model.encode(new ArrayBuffer(PIXELS) as never),
    `images: an ArrayBuffer, ${FLOATS}`,
  ],
  'no images': [() => model.reconstruct(undefined as never), `images: undefined, ${FLOATS}`],
  'BigInts as codes': [
    () => model.decode(new BigInt64Array(LATENT) as never),
    'codes: a BigInt64Array, must be an array of numbers, for example a Float32Array [n, 6]',
  ],
  'an image that is not a number': [
    () => model.encode(finite([0, Number.NaN, 1, Infinity], 2 * PIXELS)),
    'images: 2 of 200 values are not finite in f32, the first is NaN at index 1',
  ],
  'an image to reconstruct that is infinite as f32': [
    () => model.reconstruct(finite([0, 0, 1e39], PIXELS)),
    'images: 1 of 100 values are not finite in f32, the first is 1e+39 at index 2',
  ],
  'a hole in a plain array': [
    () => model.decode([0, 0, undefined as never, 0, 0, 0]),
    'codes: 1 of 6 values are not finite in f32, the first is undefined at index 2',
  ],
  'a code that is infinite': [
    () => model.decode(finite([-Infinity], LATENT)),
    'codes: 1 of 6 values are not finite in f32, the first is -Infinity at index 0',
  ],
};
for (const [name, [work, message]] of Object.entries(INPUTS))
  test(`refused: ${name}`, async () => assert.is(await refusal(work), message));

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
    /^buffer "parameters of [\w.]+" needs [\d.]+ MiB; .* allows [\d.]+ MiB \(max(StorageBufferBinding|Buffer)Size\)\. Use narrower layers or a smaller code\.$/,
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
