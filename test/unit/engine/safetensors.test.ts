// safetensors (src/formats/safetensors.ts): the bytes of a small file written out by hand, and round trips of anything. What is
// refused: safetensors-refused.test.ts.
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Bytes } from '../../../src/data/files/bytes.js';
import { ArgumentError, FormatError } from '../../../src/errors.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  type HostTensor,
  safetensorsMetadata,
  type TensorValues,
} from '../../../src/formats/safetensors.js';
import { file, tensor, utf8 } from '../../support/programs/safetensors-files.js';

test('the bytes are those of the format', () => {
  const tensors = new Map([
    ['w', tensor([1, 2], Float32Array.of(1, -2))],
    ['n', tensor([3], Uint8Array.of(7, 8, 9))],
  ]);
  const json =
    '{"__metadata__":{"by":"u"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"n":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}';
  const padded = json.padEnd(136);
  assert.is(json.length, 135);
  const want = [136, 0, 0, 0, 0, 0, 0, 0, ...utf8(padded), 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 7, 8, 9];
  assert.equal([...encodeSafetensors(tensors, { by: 'u' })], want);
});

test('no tensors and no metadata are still a file', () => {
  const bytes = encodeSafetensors(new Map());
  assert.equal([...bytes], [8, 0, 0, 0, 0, 0, 0, 0, ...utf8('{}      ')]);
  assert.is(decodeSafetensors(bytes).size, 0);
  assert.equal(safetensorsMetadata(bytes), {});
});

/** Any typed array that the format takes, as long as its shape says; the bytes are anything, NaNs included. */
const anyTensor = fc
  .record({
    shape: fc.array(fc.nat({ max: 4 }), { maxLength: 3 }),
    array: fc.constantFrom(
      Float32Array,
      Float64Array,
      Uint8Array,
      Int8Array,
      Uint16Array,
      Int16Array,
      Uint32Array,
      Int32Array,
      BigUint64Array,
      BigInt64Array,
    ),
    seed: fc.integer(),
  })
  .map(({ shape, array, seed }): HostTensor => {
    const count = shape.reduce((a, b) => a * b, 1);
    const bytes = Uint8Array.from(
      { length: count * array.BYTES_PER_ELEMENT },
      (_, i) => Math.imul(seed + i, 0x9e3779b1) >>> 24,
    );
    return { shape, values: new array(bytes.buffer) };
  });
const anyName = fc
  .oneof(fc.string({ unit: 'binary' }), fc.constantFrom('0', '10', '2', '__proto__', 'constructor', '"', '\\', ''))
  .filter((name) => name !== '__metadata__');
const anyTensors = fc.uniqueArray(fc.tuple(anyName, anyTensor), { selector: ([name]) => name, maxLength: 6 });
const anyMetadata = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), {
  noNullPrototype: true,
});
const bytesOf = ({ buffer, byteOffset, byteLength }: TensorValues) => [
  ...new Uint8Array(buffer, byteOffset, byteLength),
];

test('what is written is read: names, order, shapes, types, every bit, metadata', () => {
  fc.assert(
    fc.property(anyTensors, anyMetadata, fc.nat({ max: 9 }), (entries, metadata, shift) => {
      const bytes = encodeSafetensors(new Map(entries), metadata);
      const header = Number(new DataView(bytes.buffer).getBigUint64(0, true));
      assert.is(header % 8, 0, 'the data is aligned');
      // Anywhere in a larger buffer, so that nothing in the file is aligned.
      const larger = new Uint8Array(bytes.length + shift + 3);
      larger.set(bytes, shift);
      const moved = larger.subarray(shift, shift + bytes.length);
      const read = decodeSafetensors(moved);
      assert.equal(safetensorsMetadata(moved), metadata);
      assert.is(read.size, entries.length);
      for (const [name, want] of entries) {
        const got = read.get(name);
        assert.ok(got, name);
        assert.equal(got.shape, want.shape);
        assert.is(got.values.constructor, want.values.constructor);
        assert.equal(bytesOf(got.values), bytesOf(want.values));
      }
      // Tensors without values lie nowhere, so their order is not kept.
      const filled = (names: Iterable<string>) => [...names].filter((name) => read.get(name)?.values.length);
      assert.equal(filled(read.keys()), filled(entries.map(([name]) => name)));
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('any one byte of a header changed is a FormatError or still a file, never another error', () => {
  const bytes = encodeSafetensors(new Map([['a', tensor([2, 2], Float32Array.of(1, 2, 3, 4))]]), { k: 'v' });
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 17 }), fc.nat({ max: 255 }), (at, value) => {
      const changed = bytes.slice();
      changed[at] = value;
      try {
        decodeSafetensors(changed);
        safetensorsMetadata(changed);
      } catch (error) {
        assert.instance(error, FormatError);
      }
    }),
    { numRuns: 2000, seed: 2 },
  );
});

test('a file cut anywhere is a FormatError', () => {
  const bytes = encodeSafetensors(new Map([['a', tensor([3], Float32Array.of(1, 2, 3))]]));
  for (let length = 0; length < bytes.length; length++)
    assert.throws(
      () => decodeSafetensors(bytes.subarray(0, length)),
      (error: Error) => error instanceof FormatError,
      `${length} of ${bytes.length} bytes`,
    );
});

test('values that are part of a larger array are written alone', () => {
  const larger = Float32Array.of(1, 2, 3, 4, 5);
  const bytes = encodeSafetensors(new Map([['a', tensor([2], larger.subarray(1, 3))]]));
  assert.equal(decodeSafetensors(bytes).get('a')?.values, Float32Array.of(2, 3));
});

/** The bytes in every form in which JavaScript has them. */
const FORMS: Record<string, (bytes: Uint8Array) => Bytes> = {
  ArrayBuffer: (bytes) => bytes.slice().buffer,
  SharedArrayBuffer: (bytes) => {
    const shared = new SharedArrayBuffer(bytes.length);
    new Uint8Array(shared).set(bytes);
    return shared;
  },
  DataView: (bytes) => new DataView(new Uint8Array([0, ...bytes, 0]).buffer, 1, bytes.length),
  Uint8ClampedArray: (bytes) => Uint8ClampedArray.from(bytes),
  Uint16Array: (bytes) => new Uint16Array(bytes.slice().buffer),
  "Node's Buffer, a part of its pool": (bytes) => Buffer.from(bytes),
  'an ArrayBuffer of another realm': (bytes) =>
    runInNewContext('Uint8Array.from(bytes).buffer', { bytes: [...bytes] }) as ArrayBuffer,
};
for (const [form, make] of Object.entries(FORMS))
  test(`bytes as ${form} are read`, () => {
    const file = make(encodeSafetensors(new Map([['a', tensor([2], Float32Array.of(3, 4))]]), { k: 'v' }));
    assert.equal(decodeSafetensors(file).get('a')?.values, Float32Array.of(3, 4));
    assert.equal(safetensorsMetadata(file), { k: 'v' });
  });

for (const [value, kind] of [
  [undefined, 'undefined'],
  ['text', 'a String'],
  [Promise.resolve(new ArrayBuffer(8)), 'a Promise'],
  [new Blob([]), 'a Blob'],
  [[1, 2], 'an Array'],
] as const)
  test(`no bytes: ${kind}`, () => {
    for (const read of [decodeSafetensors, safetensorsMetadata])
      assert.throws(
        () => read(value as unknown as Bytes),
        (error: Error) => {
          assert.instance(error, ArgumentError);
          assert.is(
            error.message,
            `safetensors file: ${kind}, must be an ArrayBuffer or a typed array of bytes; for example await response.arrayBuffer()`,
          );
          return true;
        },
      );
  });

/** A file with one tensor [n] of this dtype. */
const stored = (dtype: string, size: number, bytes: number[]) => {
  const made = file({ a: { dtype, shape: [bytes.length / size], data_offsets: [0, bytes.length] } }, bytes.length);
  made.set(bytes, made.length - bytes.length);
  return made;
};
/** The two bytes of each. */
const words = (...bits: number[]) => bits.flatMap((word) => [word & 255, word >> 8]);
const DTYPES_READ: Record<string, [size: number, bytes: number[], values: TensorValues]> = {
  // IEEE 754-2019, table 3.5: the smallest and largest subnormal and normal numbers, both zeros, infinities, NaN.
  F16: [
    2,
    words(0, 0x8000, 1, 0x03ff, 0x0400, 0x3c00, 0xc500, 0x3555, 0x7bff, 0x7c00, 0xfc00, 0x7e00),
    Float32Array.of(
      ...[0, -0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1, -5, 1365 / 4096, 65504, Infinity, -Infinity, Number.NaN],
    ),
  ],
  // The upper 16 bits of f32.
  BF16: [
    2,
    words(0, 0x8000, 1, 0x3f80, 0xc0a0, 0x3eab, 0x7f7f, 0x7f80, 0xff80, 0x7fc0),
    Float32Array.of(...[0, -0, 2 ** -133, 1, -5, 171 / 512, 255 * 2 ** 120, Infinity, -Infinity, Number.NaN]),
  ],
  F32: [4, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0], Float32Array.of(1, -2)],
  F64: [8, [0, 0, 0, 0, 0, 0, 0xf0, 0x3f], Float64Array.of(1)],
  I64: [8, [255, 255, 255, 255, 255, 255, 255, 127, ...Array(8).fill(255)], BigInt64Array.of(2n ** 63n - 1n, -1n)],
  U64: [8, Array(8).fill(255), BigUint64Array.of(2n ** 64n - 1n)],
  I32: [4, [255, 255, 255, 255], Int32Array.of(-1)],
  U32: [4, [255, 255, 255, 255], Uint32Array.of(2 ** 32 - 1)],
  I16: [2, words(0xfffe), Int16Array.of(-2)],
  U16: [2, words(0xfffe), Uint16Array.of(0xfffe)],
  I8: [1, [0xfd], Int8Array.of(-3)],
  U8: [1, [0xfd], Uint8Array.of(0xfd)],
  BOOL: [1, [0, 1], Uint8Array.of(0, 1)],
};
for (const [dtype, [size, bytes, values]] of Object.entries(DTYPES_READ))
  test(`${dtype} is read, bit for bit`, () => {
    const read = decodeSafetensors(stored(dtype, size, bytes)).get('a');
    assert.is(read?.dtype, dtype);
    assert.equal(read?.shape, [values.length]);
    assert.is(read?.values.constructor, values.constructor);
    assert.equal(
      Array.from(read?.values as Float32Array, (value) => (Object.is(value, -0) ? '-0' : String(value))),
      Array.from(values as Float32Array, (value) => (Object.is(value, -0) ? '-0' : String(value))),
    );
    const half = stored(dtype, size, bytes.slice(0, size)).slice(0, -1);
    if (size > 1) assert.throws(() => decodeSafetensors(half), /must|truncated/);
  });

test('every F16 is the number that its bits say', () => {
  const all = Array.from({ length: 1 << 16 }, (_, bits) => bits);
  const { values } = decodeSafetensors(stored('F16', 2, words(...all))).get('a') ?? { values: [] };
  for (const bits of all) {
    // By words, not by formula: sign, exponent and fraction as binary digits.
    const [, sign = '', exponent = '', fraction = ''] =
      /^(.)(.{5})(.{10})$/.exec(bits.toString(2).padStart(16, '0')) ?? [];
    const power = Number.parseInt(exponent, 2);
    const part = Number.parseInt(fraction, 2) / 1024;
    const size =
      power === 31 ? (part ? Number.NaN : Infinity) : power === 0 ? part * 2 ** -14 : (1 + part) * 2 ** (power - 15);
    assert.ok(Object.is(values[bits], sign === '1' ? -size : size), `${bits}: ${values[bits]}, want ${size}`);
  }
});

test('values read are a copy', () => {
  const bytes = encodeSafetensors(new Map([['a', tensor([1], Float32Array.of(5))]]));
  const read = decodeSafetensors(bytes);
  bytes.fill(0);
  assert.equal(read.get('a')?.values, Float32Array.of(5));
});

test('repeated names are told from the same name in another place, and from what looks like one in text', () => {
  const text = '{"__metadata__":{"a":"\\"a\\":{","b":"}"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}';
  assert.equal([...decodeSafetensors(file(text, 1)).keys()], ['a']);
});

test('an empty tensor may have an axis of any size', () => {
  const huge = file({ a: { dtype: 'F32', shape: [...Array(50).fill(2 ** 53 - 1), 0], data_offsets: [0, 0] } }, 0);
  assert.is(decodeSafetensors(huge).get('a')?.values.length, 0);
});

test('tensors come in the order of their data, whatever the order of the header', () => {
  const header = {
    b: { dtype: 'U8', shape: [1], data_offsets: [2, 3] },
    7: { dtype: 'U8', shape: [2], data_offsets: [0, 2] },
  };
  assert.equal([...decodeSafetensors(file(header, 3)).keys()], ['7', 'b']);
});

test('a plain object is written as a map is', () => {
  const tensors = { b: tensor([1], Float32Array.of(1)), a: tensor([1], Uint8Array.of(2)) };
  assert.equal(encodeSafetensors(tensors), encodeSafetensors(new Map(Object.entries(tensors))));
});

test.run();
