// Pictures as other programs write them (Pillow: test/unit/pictures/pictures.py; fast-png) to bytes: every colour type and depth of PNG, and
// JPEG; resizing as Pillow's; and why a file is refused, before its pixels take any memory.
import fs from 'node:fs';
import { deflateSync } from 'node:zlib';
import { encode } from 'fast-png';
import { FormatError } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodePicture, resized } from '../../../harness/lib/pictures/picture.js';

interface Fixture {
  file: string;
  height: number;
  width: number;
  channels: 1 | 3;
  pixels: string;
}
const { pictures, resized: resizedByPillow } = JSON.parse(
  fs.readFileSync('test/unit/pictures/pictures.json', 'utf8'),
) as {
  pictures: Record<string, Fixture>;
  resized: Record<string, string>;
};
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));
const fixture = (name: string) => bytesOf(pictures[name]?.file ?? '');

/** PNG is exact; decoders of JPEG round each in their own way, and jpeg-js repeats colours that are of half the size. */
const mostOff = (name: string) => (!name.includes('JPEG') ? 0 : name.startsWith('subsampled') ? 24 : 3);

const furthest = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? 0))), 0);

for (const [name, { height, width, channels, pixels }] of Object.entries(pictures))
  test(`read: ${name}`, () => {
    const picture = decodePicture(fixture(name));
    assert.equal([picture.height, picture.width, picture.channels], [height, width, channels]);
    const want = bytesOf(pixels);
    assert.is(picture.pixels.length, want.length);
    const off = furthest(picture.pixels, want);
    assert.ok(off <= mostOff(name), `${off} off`);
  });

test('what fast-png writes, with each of its filters', () => {
  const data = Uint8Array.from({ length: 9 * 7 * 3 }, (_, i) => (i * i) % 251);
  assert.equal(decodePicture(encode({ width: 9, height: 7, channels: 3, data })).pixels, data);
});

for (const [name, base64] of Object.entries(resizedByPillow))
  test(`resized as Pillow does it: ${name}`, () => {
    const [kind = '', size = ''] = name.split(' ');
    const [height = 0, width = 0] = size.split('x').map(Number);
    const { pixels } = resized(decodePicture(fixture(kind)), height, width);
    const want = bytesOf(base64);
    assert.is(pixels.length, want.length);
    const off = furthest(pixels, want);
    assert.ok(off <= 1, `${off} off: its weights have 22 bits`);
  });

/** Bit by bit, as the specification has it. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) crc = (crc ^ (byte >> bit)) & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return ~crc >>> 0;
}

/** A PNG of one IDAT with this header. */
function png(
  width: number,
  height: number,
  lines: Uint8Array,
  { depth = 8, type = 0, interlace = 0 } = {},
): Uint8Array {
  const chunk = (name: string, data: Uint8Array) => {
    const bytes = Buffer.alloc(12 + data.length);
    bytes.writeUInt32BE(data.length);
    bytes.write(name, 4, 'latin1');
    bytes.set(data, 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
    return bytes;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([depth, type, 0, 0, interlace], 8);
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** Its frame's size written over. */
function jpegOf(height: number, width: number): Uint8Array {
  const bytes = fixture('grey JPEG');
  const frame = bytes.findIndex((byte, at) => byte === 0xff && bytes[at + 1] === 0xc0);
  bytes.set([height >> 8, height & 255, width >> 8, width & 255], frame + 5);
  return bytes;
}

const broken = fixture('grey');
broken[broken.length - 20] = 255 - (broken[broken.length - 20] ?? 0);
const REFUSED: [what: string, bytes: Uint8Array, message: RegExp][] = [
  ['nothing', new Uint8Array(), /^it is empty$/],
  ['another format', Buffer.from('GIF89a'), /^it is neither PNG nor JPEG$/],
  ['a PNG that is cut off', fixture('colour').subarray(0, 200), /^it is cut off$/],
  ['a PNG with a wrong byte', broken, /^the checksum of its chunk \w+ is wrong$/],
  ['a PNG of another size than it says', png(3, 3, new Uint8Array(11)), /^it has 11 bytes of pixels, must have 12$/],
  ['a PNG that unpacks to more', png(3, 3, new Uint8Array(1e6)), /^its pixels cannot be unpacked \(Cannot create/],
  [
    'a PNG that claims much',
    png(60_000, 60_000, new Uint8Array(9)),
    /^it claims 60000x60000 pixels, of which its \d+ packed bytes cannot be$/,
  ],
  ['a PNG with a filter that there is not', png(2, 1, Uint8Array.of(5, 1, 2)), /^row 0 has filter 5, must be 0 to 4$/],
  [
    'a PNG of no colour type',
    png(2, 1, Uint8Array.of(0, 1, 2), { type: 5 }),
    /^its header is of no PNG: 2x1, depth 8, colour type 5$/,
  ],
  ['a PNG without its palette', png(2, 1, Uint8Array.of(0, 1, 2), { type: 3 }), /^its palette has 0 bytes$/],
  ['a JPEG that is cut off', fixture('grey JPEG').subarray(0, 300), /^it is cut off/],
  [
    'a JPEG that claims much',
    jpegOf(65_000, 65_000),
    /^it claims 65000x65000 pixels, of which its \d+ bytes cannot be$/,
  ],
  ['a JPEG of no size', jpegOf(0, 11), /^its frame is 11x0 of 1 components of 8 bits$/],
];
for (const [what, bytes, message] of REFUSED)
  test(`refused: ${what}`, () => {
    const before = process.memoryUsage().arrayBuffers;
    assert.throws(
      () => decodePicture(bytes),
      (error: Error) => {
        assert.match(error.message, message);
        return error instanceof FormatError;
      },
    );
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 22);
  });

test.run();
