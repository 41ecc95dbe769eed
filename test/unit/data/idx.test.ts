// IDX files (src/data/files/idx.ts): what a good one decodes to, and the whole message for every kind of bad one.
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Bytes } from '../../../src/data/files/bytes.js';
import { decodeIdx, gunzipIfNeeded, type Idx, imagesFromIdx } from '../../../src/data/files/idx.js';
import { ArgumentError, FormatError } from '../../../src/errors.js';

/** An IDX file; `type` and the values can be made wrong. */
function idxFile(shape: number[], values: Iterable<number>, type = 8): Uint8Array {
  const sizes = shape.flatMap((size) => [size >>> 24, size >>> 16, size >>> 8, size]);
  return Uint8Array.from([0, 0, type, shape.length, ...sizes, ...values]);
}

const counting = (count: number) => Array.from({ length: count }, (_, i) => i % 256);
const message = (text: string) => (error: Error) => {
  assert.instance(error, FormatError);
  assert.is(error.message, text);
  return true;
};

for (const shape of [[1], [5], [2, 3], [2, 3, 4], [1, 28, 28], [3, 1, 300], [0], [0, 28, 28], [2, 2, 2, 2]])
  test(`a file of shape [${shape}] decodes`, () => {
    const values = counting(shape.reduce((a, b) => a * b, 1));
    const idx = decodeIdx(idxFile(shape, values), 'f');
    assert.equal(idx.shape, shape);
    assert.equal([...idx.values], values);
    assert.is(idx.name, 'f');
  });

test('every element type decodes, big-endian as the format has it', () => {
  const cases: [type: number, bytes: number[], values: number[]][] = [
    [8, [0, 255], [0, 255]],
    [9, [0, 255], [0, -1]],
    [11, [1, 2, 0xff, 0xfe], [258, -2]],
    [12, [0, 0, 1, 2, 0xff, 0xff, 0xff, 0xfe], [258, -2]],
    [13, [0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0], [1, -2]],
    [14, [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], [1, -2]],
  ];
  for (const [type, bytes, values] of cases)
    assert.equal([...decodeIdx(idxFile([2], bytes, type), 'f').values], values, `type ${type}`);
});

test('images of one channel, or flat; labels of other types, or in a column', () => {
  const flat = idx('a', [2, 9]);
  assert.equal(imagesFromIdx(flat), { count: 2, height: 3, width: 3, pixels: flat.values });
  const channel = idx('a', [2, 3, 2, 1]);
  const floats = { ...channel, values: Float32Array.from(channel.values) };
  assert.equal(imagesFromIdx(floats), { count: 2, height: 3, width: 2, pixels: channel.values });
  const columns = { name: 'q', shape: [2, 3], values: Int32Array.of(7, 1, 2, 3, 4, 5) };
  assert.equal([...(imagesFromIdx(channel, columns).labels ?? [])], [7, 3]);
});

test('a file inside a larger buffer decodes', () => {
  const file = idxFile([2, 2], [9, 8, 7, 6]);
  const larger = new Uint8Array(file.length + 10).fill(255);
  larger.set(file, 5);
  const idx = decodeIdx(larger.subarray(5, 5 + file.length), 'f');
  assert.equal(idx.shape, [2, 2]);
  assert.equal([...idx.values], [9, 8, 7, 6]);
});

test('bytes in any form decode, and unpack', async () => {
  const file = idxFile([2], [9, 8]); // 10 bytes
  const zipped = new Uint8Array(gzipSync(file));
  const forms = (bytes: Uint8Array): Bytes[] => [
    bytes.slice().buffer,
    new DataView(bytes.slice().buffer),
    Buffer.from(bytes),
    Uint8ClampedArray.from(bytes),
  ];
  for (const form of [...forms(file), new Uint16Array(file.slice().buffer)]) {
    assert.equal([...decodeIdx(form, 'f').values], [9, 8]);
    assert.equal(new Uint8Array(await gunzipIfNeeded(form)), file);
  }
  for (const form of forms(zipped)) {
    assert.equal(new Uint8Array(await gunzipIfNeeded(form)), file);
    assert.throws(() => decodeIdx(form, 'f'), /^f is gzipped/);
  }
});

test('what is no bytes is told', async () => {
  const text =
    'f: a Promise, must be an ArrayBuffer or a typed array of bytes; for example await response.arrayBuffer()';
  const promise = Promise.resolve(new ArrayBuffer(8)) as unknown as Bytes;
  const told = (error: Error) => {
    assert.instance(error, ArgumentError);
    assert.is(error.message, text);
    return true;
  };
  assert.throws(() => decodeIdx(promise, 'f'), told);
  await gunzipIfNeeded(promise, 'f').then(() => assert.unreachable(), told);
});

const good = idxFile([3, 2, 2], counting(12)); // 16 bytes of header and 12 of values
const BAD: [what: string, bytes: Uint8Array, text: string][] = [
  [
    'empty',
    new Uint8Array(),
    'train is not an IDX file: it is empty, must begin 00 00 08 01 (labels) or 00 00 08 03 (images)',
  ],
  [
    'text',
    new TextEncoder().encode('<!DOCTYPE html>'),
    'train is not an IDX file: it begins 3c 21 44 4f, must begin 00 00 08 01 (labels) or 00 00 08 03 (images)',
  ],
  [
    'second byte not zero',
    Uint8Array.from([0, 1, 8, 1, 0, 0, 0, 1, 5]),
    'train is not an IDX file: it begins 00 01 08 01, must begin 00 00 08 01 (labels) or 00 00 08 03 (images)',
  ],
  [
    'cut in the first four bytes',
    good.subarray(0, 3),
    'train is not an IDX file: it begins 00 00 08, must begin 00 00 08 01 (labels) or 00 00 08 03 (images)',
  ],
  [
    'no axes',
    Uint8Array.from([0, 0, 8, 0, 1]),
    'train is not an IDX file: it begins 00 00 08 00, must begin 00 00 08 01 (labels) or 00 00 08 03 (images)',
  ],
  [
    'floats that are cut',
    idxFile([2], [0, 0, 0, 0], 13),
    'train is truncated: it has 12 bytes, its shape [2] needs 16; fetch it again',
  ],
  [
    'a type that does not exist',
    idxFile([1], [0], 7),
    'train holds IDX element type 0x07, must be 08 (unsigned bytes), 09, 0b, 0c, 0d or 0e',
  ],
  [
    'cut in the header',
    good.subarray(0, 15),
    'train is truncated: it has 15 bytes, its header of 3 sizes needs 16; fetch it again',
  ],
  [
    'cut after the header',
    good.subarray(0, 16),
    'train is truncated: it has 16 bytes, its shape [3, 2, 2] needs 28; fetch it again',
  ],
  [
    'one byte short',
    good.subarray(0, 27),
    'train is truncated: it has 27 bytes, its shape [3, 2, 2] needs 28; fetch it again',
  ],
  [
    'one byte long',
    Uint8Array.from([...good, 0]),
    'train is too long: it has 29 bytes, its shape [3, 2, 2] needs 28; fetch it again',
  ],
  [
    'a size of 2^32 - 1',
    idxFile([0xffffffff], [1]),
    'train is truncated: it has 9 bytes, its shape [4294967295] needs 4294967303; fetch it again',
  ],
  ['gzipped', gzipSync(good), 'train is gzipped, must be plain IDX; unpack it with gunzipIfNeeded() first'],
];
for (const [what, bytes, text] of BAD)
  test(`refused: ${what}`, () => assert.throws(() => decodeIdx(bytes, 'train'), message(text)));

const idx = (name: string, shape: number[]): Idx => ({
  name,
  shape,
  values: Uint8Array.from(counting(shape.reduce((a, b) => a * b, 1))),
});

test('images and labels become Images', () => {
  const images = idx('images', [3, 2, 4]);
  const labels = idx('labels', [3]);
  assert.equal(imagesFromIdx(images, labels), {
    count: 3,
    height: 2,
    width: 4,
    pixels: images.values,
    labels: labels.values,
  });
  assert.equal(imagesFromIdx(images), { count: 3, height: 2, width: 4, pixels: images.values });
});

const UNFIT: [images: Idx, labels: Idx | undefined, text: string][] = [
  [
    idx('a', [3]),
    undefined,
    'a has shape [3], images must have [count, height, width] with no size 0; is it the file of labels?',
  ],
  [
    idx('a', [3, 2, 2, 3]),
    undefined,
    'a has shape [3, 2, 2, 3], images must be grey, [count, height, width]: take the mean over the 3 channels',
  ],
  [
    idx('a', [3, 5]),
    undefined,
    'a has shape [3, 5], images must have [count, height, width], or [count, pixels] of square images: 5 is no square',
  ],
  [
    { ...idx('a', [1, 2, 2]), values: Float32Array.of(0, 255, 0.5, 1) },
    undefined,
    'a has pixels such as 0.5 (number 2), must be whole numbers of 0 to 255: multiply images of 0..1 by 255 and save them as bytes',
  ],
  [
    idx('a', [2, 2, 2]),
    { ...idx('b', [2]), values: Int32Array.of(0, 256) },
    'b has labels such as 256 (number 1), must be whole numbers of 0 to 255: number the classes from 0',
  ],
  ...[
    [0, 2, 2],
    [3, 0, 2],
    [3, 2, 0],
  ].map((shape): [Idx, undefined, string] => [
    idx('a', shape),
    undefined,
    `a has shape [${shape.join(', ')}], images must have [count, height, width] with no size 0; is it the file of labels?`,
  ]),
  [
    idx('a', [3, 2, 2]),
    idx('b', [3, 2, 2]),
    'b has shape [3, 2, 2], labels must have [count]; is it the file of images?',
  ],
  [idx('a', [3, 2, 2]), idx('b', [2]), 'b has 2 labels, must have one for each of the 3 images in a'],
  [idx('a', [3, 2, 2]), idx('b', [4]), 'b has 4 labels, must have one for each of the 3 images in a'],
];
for (const [images, labels, text] of UNFIT)
  test(`refused: images [${images.shape}]${labels ? ` with labels [${labels.shape}]` : ''}`, () =>
    assert.throws(() => imagesFromIdx(images, labels), message(text)));

test('bytes that are not decoded are no images', () =>
  assert.throws(
    () => imagesFromIdx(new ArrayBuffer(8) as unknown as Idx),
    (error: Error) =>
      error instanceof ArgumentError &&
      error.message === 'images: an ArrayBuffer, must be what decodeIdx gives: decodeIdx(bytes, name)',
  ));

test('gunzipIfNeeded unpacks gzip and leaves the rest alone', async () => {
  const plain = idxFile([100, 10, 10], counting(10_000));
  assert.equal(await gunzipIfNeeded(gzipSync(plain)), plain);
  assert.is(await gunzipIfNeeded(plain), plain);
  const empty = new Uint8Array();
  assert.is(await gunzipIfNeeded(empty), empty);
  assert.equal(await gunzipIfNeeded(gzipSync(empty)), empty);
});

/** The error with which unpacking fails. */
async function gunzipError(bytes: Uint8Array): Promise<Error> {
  try {
    await gunzipIfNeeded(bytes, 'labels.gz');
  } catch (error) {
    return error as Error;
  }
  throw new Error(`${bytes.length} bytes were unpacked`);
}

const packed = new Uint8Array(gzipSync(idxFile([100, 10, 10], noise(10_000))));
/** Bytes that gzip cannot shorten to nothing, so that a cut hits the data. */
function noise(count: number): number[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    return state >>> 24;
  });
}
const flipped = (at: number) => packed.map((byte, i) => (i === at ? byte ^ 0xff : byte));
const CORRUPT: [what: string, bytes: Uint8Array][] = [
  ['only the two magic bytes', packed.subarray(0, 2)],
  ['cut in the gzip header', packed.subarray(0, 9)],
  ['cut in the middle', packed.subarray(0, packed.length >> 1)],
  ['cut by one byte', packed.subarray(0, packed.length - 1)],
  ['unknown compression method', flipped(2)],
  ['a wrong byte in the data', flipped(20)],
  ['a wrong checksum', flipped(packed.length - 8)],
  ['a wrong length', flipped(packed.length - 1)],
];
for (const [what, bytes] of CORRUPT)
  test(`refused: gzip with ${what}`, async () => {
    const error = await gunzipError(bytes);
    assert.instance(error, FormatError);
    assert.match(
      error.message,
      /^labels\.gz is not a whole gzip file: its \d+ bytes cannot be unpacked \(.+\); fetch it again$/,
    );
    assert.match(error.message, `its ${bytes.length} bytes`);
  });

test.run();
