import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArgumentError, FormatError } from '../../../src/errors.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  type HostTensor,
  type TensorValues,
} from '../../../src/formats/safetensors.js';
import { file, tensor, u8 } from '../../support/programs/safetensors-files.js';

const DTYPES = 'F32, F64, U8, I8, U16, I16, U32, I32, U64, I64, F16, BF16, BOOL';
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
  [
    'floats of 8 bits',
    file({ a: u8([1], [0, 1], 'F8_E4M3') }, 1),
    `tensor "a": dtype is "F8_E4M3", must be one of ${DTYPES}`,
  ],
  [
    'a name twice, of which JSON.parse would keep the last',
    file(
      '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"\\u0061" : {"dtype":"I8","shape":[2],"data_offsets":[0,2]}}',
      2,
    ),
    '"a" stands in the header twice, must stand there once',
  ],
  [
    'a dtype twice',
    file('{"a":{"dtype":"U8","shape":[1],"dtype":"I8","data_offsets":[0,1]}}', 1),
    '"dtype" stands in the header twice, must stand there once',
  ],
  [
    'metadata nested deeper than a call stack',
    file(`{"__metadata__":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, 0),
    '__metadata__ is nested too deep to show, must map text to text',
  ],
  [
    'a name as long as the file',
    file({ ['n'.repeat(100_000)]: 3 }, 0),
    `tensor "${'n'.repeat(79)}...: is 3, must be { dtype, shape, data_offsets }`,
  ],
  [
    'more axes than a message holds',
    file({ a: u8(Array(100_000).fill(1), [0, 2]) }, 2),
    `tensor "a": data_offsets [0, 2] hold 2 bytes, U8 [${'1, '.repeat(26)}1... needs 1`,
  ],
  [
    'a shape whose product is beyond every number',
    file({ a: u8(Array(50).fill(2 ** 53 - 1), [0, 1]) }, 1),
    /^tensor "a": data_offsets \[0, 1\] hold 1 bytes, U8 \[.*\.\.\. needs Infinity$/,
  ],
  [
    'a shape of 2^64 bytes, which wraps to 0 in 64 bits',
    file({ a: u8([2 ** 32, 2 ** 32], [0, 0]) }, 0),
    'tensor "a": data_offsets [0, 0] hold 0 bytes, U8 [4294967296, 4294967296] needs 18446744073709552000',
  ],
  [
    'data that end beyond any file',
    file({ a: u8([2 ** 50], [0, 2 ** 50]) }, 1),
    'the file has 1 bytes of data, its header describes 1125899906842624; it is truncated',
  ],
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

for (const [tensors, text] of [
  [
    undefined,
    'tensors: undefined, must be a Map or an object of { shape, values } by name; a file is read by decodeSafetensors(bytes)',
  ],
  [
    [1],
    'tensors: an Array, must be a Map or an object of { shape, values } by name; a file is read by decodeSafetensors(bytes)',
  ],
  [{ w: undefined }, 'tensor "w": undefined, must be { shape, values }'],
  [{ w: Float32Array.of(1) }, 'tensor "w": a Float32Array, must be { shape, values }'],
  [{ w: { shape: [1], values: [1] } }, 'tensor "w": values are an Array, must be one of Float32Array, '],
] as const)
  test(`not written: ${text}`, () =>
    assert.throws(
      () => encodeSafetensors(tensors as never),
      (error: Error) => error instanceof ArgumentError && error.message.startsWith(text),
    ));

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
    'tensor "w": values are a Uint8ClampedArray, must be one of Float32Array, Float64Array, Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, BigUint64Array, BigInt64Array',
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
