// safetensors (src/formats/safetensors.ts): the bytes of a small file written out by hand, round trips of anything, and
// the whole message for every way in which a file or a request can be wrong.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArgumentError, FormatError } from '../../src/errors.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  type HostTensor,
  safetensorsMetadata,
  type TensorValues,
} from '../../src/formats/safetensors.js';

const utf8 = (text: string) => new TextEncoder().encode(text);
const tensor = (shape: number[], values: TensorValues): HostTensor => ({ shape, values });

/** A file with this header, whatever it is, and this many bytes of data, 0, 1, 2... */
function file(header: unknown, dataBytes: number, headerLength?: bigint): Uint8Array {
  const json =
    header instanceof Uint8Array ? header : utf8(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true);
  bytes.set(json, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + json.length + i] = i;
  return bytes;
}

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

test('values read are a copy', () => {
  const bytes = encodeSafetensors(new Map([['a', tensor([1], Float32Array.of(5))]]));
  const read = decodeSafetensors(bytes);
  bytes.fill(0);
  assert.equal(read.get('a')?.values, Float32Array.of(5));
});

test('tensors come in the order of their data, whatever the order of the header', () => {
  const header = {
    b: { dtype: 'U8', shape: [1], data_offsets: [2, 3] },
    7: { dtype: 'U8', shape: [2], data_offsets: [0, 2] },
  };
  assert.equal([...decodeSafetensors(file(header, 3)).keys()], ['7', 'b']);
});

const u8 = (shape: unknown, data_offsets: unknown, dtype: unknown = 'U8') => ({ dtype, shape, data_offsets });
const DTYPES = 'F32, F64, U8, I8, U16, I16, U32, I32';
const MALFORMED: [what: string, bytes: Uint8Array, text: string | RegExp][] = [
  ['empty', new Uint8Array(), "the file has 0 bytes, its header's length alone takes 8"],
  ['seven bytes', new Uint8Array(7), "the file has 7 bytes, its header's length alone takes 8"],
  [
    'a header of no bytes',
    file('', 4),
    "the header's length is 0, must be 2 to 4 bytes in a file of 12; is it a safetensors file, and whole?",
  ],
  [
    'a header one byte longer than the file',
    file('{}', 0, 3n),
    "the header's length is 3, must be 2 to 2 bytes in a file of 10; is it a safetensors file, and whole?",
  ],
  [
    'a header of 2^64 - 1 bytes',
    file('{}', 0, 2n ** 64n - 1n),
    "the header's length is 18446744073709551615, must be 2 to 2 bytes in a file of 10; is it a safetensors file, and whole?",
  ],
  ['a header that is no JSON', file('{"a":', 0), /^the header is not JSON in UTF-8: /],
  ['a header that is no UTF-8', file(Uint8Array.of(0x22, 0xff, 0x22), 0), /^the header is not JSON in UTF-8: /],
  ['a byte order mark', file('\ufeff{}', 0), /^the header is not JSON in UTF-8: /],
  ['a list', file('[]', 0), 'the header is JSON but not an object { name: tensor }'],
  ['null', file('null', 0), 'the header is JSON but not an object { name: tensor }'],
  ['metadata not an object', file({ __metadata__: 'x' }, 0), '__metadata__ is "x", must map text to text'],
  ['metadata not text', file({ __metadata__: { a: 1 } }, 0), '__metadata__ is {"a":1}, must map text to text'],
  ['metadata null', file({ __metadata__: null }, 0), '__metadata__ is null, must map text to text'],
  ['a number for a tensor', file({ a: 3 }, 0), 'tensor "a": is 3, must be { dtype, shape, data_offsets }'],
  [
    'no dtype',
    file({ a: { shape: [], data_offsets: [0, 1] } }, 1),
    `tensor "a": dtype is undefined, must be one of ${DTYPES}`,
  ],
  ['half floats', file({ a: u8([1], [0, 2], 'F16') }, 2), `tensor "a": dtype is "F16", must be one of ${DTYPES}`],
  [
    'a dtype every object has',
    file({ a: u8([1], [0, 1], 'toString') }, 1),
    `tensor "a": dtype is "toString", must be one of ${DTYPES}`,
  ],
  [
    'no shape',
    file({ a: u8(undefined, [0, 1]) }, 1),
    'tensor "a": shape is undefined, must be a list of non-negative integers',
  ],
  [
    'a negative size',
    file({ a: u8([-1], [0, 1]) }, 1),
    'tensor "a": shape is [-1], must be a list of non-negative integers',
  ],
  [
    'a size with a fraction',
    file({ a: u8([0.5], [0, 1]) }, 1),
    'tensor "a": shape is [0.5], must be a list of non-negative integers',
  ],
  [
    'a size above 2^53',
    file({ a: u8([2 ** 53], [0, 1]) }, 1),
    'tensor "a": shape is [9007199254740992], must be a list of non-negative integers',
  ],
  [
    'no offsets',
    file({ a: u8([1], undefined) }, 1),
    'tensor "a": data_offsets is undefined, must be [begin, end] in bytes',
  ],
  ['one offset', file({ a: u8([1], [0]) }, 1), 'tensor "a": data_offsets is [0], must be [begin, end] in bytes'],
  [
    'a negative offset',
    file({ a: u8([1], [-1, 0]) }, 1),
    'tensor "a": data_offsets is [-1,0], must be [begin, end] in bytes',
  ],
  [
    'too few bytes for the shape',
    file({ a: u8([2], [0, 7], 'F32') }, 7),
    'tensor "a": data_offsets [0, 7] hold 7 bytes, F32 [2] needs 8',
  ],
  [
    'too many bytes for the shape',
    file({ a: u8([2], [0, 9], 'F32') }, 9),
    'tensor "a": data_offsets [0, 9] hold 9 bytes, F32 [2] needs 8',
  ],
  [
    'offsets the wrong way round',
    file({ a: u8([1], [1, 0]) }, 1),
    'tensor "a": data_offsets [1, 0] hold -1 bytes, U8 [1] needs 1',
  ],
  [
    'bytes for an empty tensor',
    file({ a: u8([0, 5], [0, 1]) }, 1),
    'tensor "a": data_offsets [0, 1] hold 1 bytes, U8 [0, 5] needs 0',
  ],
  [
    'no bytes for a scalar',
    file({ a: u8([], [0, 0]) }, 0),
    'tensor "a": data_offsets [0, 0] hold 0 bytes, U8 [] needs 1',
  ],
  [
    'a gap at the start',
    file({ a: u8([1], [1, 2]) }, 2),
    'tensor "a" begins at byte 1 of the data, must begin at 0: there is a gap before it',
  ],
  [
    'a gap between',
    file({ a: u8([1], [0, 1]), b: u8([1], [2, 3]) }, 3),
    'tensor "b" begins at byte 2 of the data, must begin at 1: there is a gap before it',
  ],
  [
    'an overlap',
    file({ a: u8([2], [0, 2]), b: u8([2], [1, 3]) }, 3),
    'tensor "b" begins at byte 1 of the data, must begin at 2: it overlaps the tensor before it',
  ],
  [
    'two tensors in one place',
    file({ a: u8([1], [0, 1]), b: u8([1], [0, 1]) }, 1),
    'tensor "b" begins at byte 0 of the data, must begin at 1: it overlaps the tensor before it',
  ],
  [
    'data cut short',
    file({ a: u8([4], [0, 4]) }, 3),
    'the file has 3 bytes of data, its header describes 4; it is truncated',
  ],
  [
    'data after the end',
    file({ a: u8([4], [0, 4]) }, 5),
    'the file has 5 bytes of data, its header describes 4; it is too long',
  ],
  ['data and no tensor', file('{}', 1), 'the file has 1 bytes of data, its header describes 0; it is too long'],
];
for (const [what, bytes, text] of MALFORMED)
  test(`refused: ${what}`, () =>
    assert.throws(
      () => decodeSafetensors(bytes),
      (error: Error) => {
        assert.instance(error, FormatError);
        assert.ok(error.message.startsWith('safetensors: '), error.message);
        const rest = error.message.slice('safetensors: '.length);
        if (typeof text === 'string') assert.is(rest, text);
        else assert.match(rest, text);
        return true;
      },
    ));

const clamped = new Uint8ClampedArray(1) as unknown as TensorValues;
const UNWRITABLE: [what: string, tensors: [string, HostTensor][], metadata: unknown, text: string][] = [
  [
    'fewer values than the shape',
    [['w', tensor([2, 3], new Float32Array(5))]],
    {},
    'tensor "w" has 5 values, its shape [2, 3] needs 6',
  ],
  [
    'more values than a scalar',
    [['w', tensor([], new Float32Array(2))]],
    {},
    'tensor "w" has 2 values, its shape [] needs 1',
  ],
  [
    'a negative size',
    [['w', tensor([-1], new Float32Array(1))]],
    {},
    'tensor "w": shape [-1] must hold non-negative integers',
  ],
  [
    'a size with a fraction',
    [['w', tensor([0.5, 2], new Float32Array(1))]],
    {},
    'tensor "w": shape [0.5, 2] must hold non-negative integers',
  ],
  [
    'the reserved name',
    [['__metadata__', tensor([1], new Float32Array(1))]],
    {},
    'a tensor is called "__metadata__", which the format reserves; rename it',
  ],
  [
    'an array the format does not know',
    [['w', tensor([1], clamped)]],
    {},
    'tensor "w": values are a Uint8ClampedArray, must be one of Float32Array, Float64Array, Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array',
  ],
  [
    'metadata that is not text',
    [],
    { epoch: 3 },
    'metadata "epoch" is a number, must be a string; use JSON.stringify or String',
  ],
];
for (const [what, tensors, metadata, text] of UNWRITABLE)
  test(`not written: ${what}`, () =>
    assert.throws(
      () => encodeSafetensors(new Map(tensors), metadata as Record<string, string>),
      (error: Error) => {
        assert.instance(error, ArgumentError);
        assert.is(error.message, text);
        return true;
      },
    ));

test.run();
