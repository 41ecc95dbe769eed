// PNG to bytes of grey or colour: every colour type, depth and interlacing; depths above 8 lose their lower byte, and alpha is
// left out. Own code, because fast-png, with which pictures are written, unpacks without a bound and reads interlaced pictures
// of less than 8 bits wrongly.
// Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)".
import { inflateSync } from 'node:zlib';
import { FormatError } from 'latentgpu/node';
import type { Picture } from './pixels.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const CHUNK_BYTES = 12;
const HEADER_BYTES = 13;
/** What deflate packs into a byte at most: what claims more is a bomb. */
const MOST_RATIO = 1032;
const PALETTE = 3;
/** Channels of each colour type, and its depths. */
const TYPES: Readonly<Record<number, { channels: number; depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  [PALETTE]: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};
/** Adam7: where each pass begins, and its steps. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const WHOLE = [[0, 0, 1, 1]] as const;

export const isPng = (bytes: Uint8Array): boolean => SIGNATURE.every((byte, at) => bytes[at] === byte);

interface Header {
  width: number;
  height: number;
  depth: number;
  type: number;
  channels: number;
  interlaced: boolean;
}

/** @throws FormatError without the file's name: it is cut off, claims more than it can hold, or is otherwise broken */
export function decodePng(bytes: Uint8Array): Picture {
  const { header, palette, packed } = chunksOf(bytes);
  const { width, height, depth, type, channels } = header;
  const passes = (header.interlaced ? PASSES : WHOLE).map(([x, y, across, down]) => {
    const columns = Math.ceil((width - x) / across);
    const rows = Math.ceil((height - y) / down);
    const lineBytes = Math.ceil((columns * channels * depth) / 8);
    return {
      x,
      y,
      across,
      down,
      columns,
      rows,
      lineBytes,
      bytes: columns > 0 && rows > 0 ? rows * (1 + lineBytes) : 0,
    };
  });
  const expected = passes.reduce((sum, pass) => sum + pass.bytes, 0);
  if (expected > MOST_RATIO * packed.length)
    throw new FormatError(`it claims ${width}x${height} pixels, of which its ${packed.length} packed bytes cannot be`);
  const lines = inflated(packed, expected);
  const samples = new Uint8Array(width * height * channels);
  const asTheyLie = depth === 8 && !header.interlaced;
  let at = 0;
  for (const pass of passes) {
    if (pass.bytes === 0) continue;
    const line = unfilter(lines.subarray(at, at + pass.bytes), pass.lineBytes, Math.max(1, (channels * depth) >> 3));
    if (asTheyLie) samples.set(line);
    for (let row = 0; row < pass.rows && !asTheyLie; row++)
      for (let column = 0; column < pass.columns; column++) {
        const to = ((pass.y + row * pass.down) * width + pass.x + column * pass.across) * channels;
        for (let channel = 0; channel < channels; channel++)
          samples[to + channel] = sampleAt(line, row * pass.lineBytes, column * channels + channel, depth);
      }
    at += pass.bytes;
  }
  if (type === PALETTE) return { height, width, ...coloursOf(samples, palette) };
  // A depth below 8 is brought to 0..255.
  const scale = depth < 8 ? 255 / (2 ** depth - 1) : 1;
  const kept = channels <= 2 ? 1 : 3;
  const pixels = new Uint8Array(width * height * kept);
  for (let pixel = 0; pixel < width * height; pixel++)
    for (let channel = 0; channel < kept; channel++)
      pixels[pixel * kept + channel] = scale * (samples[pixel * channels + channel] ?? 0);
  return { height, width, channels: kept, pixels };
}

function chunksOf(bytes: Uint8Array): { header: Header; palette: Uint8Array; packed: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | undefined;
  let palette = new Uint8Array(0);
  const data: Uint8Array[] = [];
  for (let at = SIGNATURE.length; ; ) {
    if (at + CHUNK_BYTES > bytes.length) throw new FormatError('it is cut off');
    const length = view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + CHUNK_BYTES + length;
    if (end > bytes.length) throw new FormatError('it is cut off');
    const chunk = bytes.subarray(at + 8, at + 8 + length);
    const isOurs = ['IHDR', 'PLTE', 'IDAT', 'IEND'].includes(name);
    if (isOurs && crcOf(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(end - 4))
      throw new FormatError(`the checksum of its chunk ${name} is wrong`);
    if (name === 'IHDR') header ??= headerOf(chunk);
    else if (!header) throw new FormatError(`its first chunk is ${JSON.stringify(name)}, must be IHDR`);
    else if (name === 'PLTE') palette = new Uint8Array(chunk);
    else if (name === 'IDAT') data.push(chunk);
    else if (name === 'IEND') return { header, palette, packed: joined(data) };
    else if (!isOurs && /^[A-Z]/.test(name))
      throw new FormatError(`it has a chunk ${JSON.stringify(name)} that is not known`);
    at = end;
  }
}

function headerOf(chunk: Uint8Array): Header {
  if (chunk.length !== HEADER_BYTES)
    throw new FormatError(`its header has ${chunk.length} bytes, must have ${HEADER_BYTES}`);
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth = 0, type = 0, compression, filter, interlace = 0] = chunk.subarray(8);
  const known = TYPES[type];
  if (width < 1 || height < 1 || !known?.depths.includes(depth) || compression !== 0 || filter !== 0 || interlace > 1)
    throw new FormatError(`its header is of no PNG: ${width}x${height}, depth ${depth}, colour type ${type}`);
  return { width, height, depth, type, channels: known.channels, interlaced: interlace === 1 };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first, ...more] = parts;
  return first && more.length === 0 ? first : Buffer.concat(parts);
}

/** Into no more memory than was announced. */
function inflated(packed: Uint8Array, expected: number): Uint8Array {
  let lines: Uint8Array;
  try {
    lines = inflateSync(packed, { maxOutputLength: Math.max(1, expected) });
  } catch (cause) {
    throw new FormatError(`its pixels cannot be unpacked (${(cause as Error).message})`, { cause });
  }
  if (lines.length !== expected) throw new FormatError(`it has ${lines.length} bytes of pixels, must have ${expected}`);
  return lines;
}

/** Lines without their filters, one after the other. */
function unfilter(lines: Uint8Array, lineBytes: number, pixelBytes: number): Uint8Array {
  const rows = lines.length / (lineBytes + 1);
  const out = new Uint8Array(rows * lineBytes);
  for (let row = 0; row < rows; row++) {
    const from = row * (lineBytes + 1);
    const filter = lines[from] ?? 0;
    if (filter > 4) throw new FormatError(`row ${row} has filter ${filter}, must be 0 to 4`);
    const to = row * lineBytes;
    for (let at = 0; at < lineBytes; at++) {
      const left = at >= pixelBytes ? (out[to + at - pixelBytes] ?? 0) : 0;
      const up = row > 0 ? (out[to + at - lineBytes] ?? 0) : 0;
      const corner = row > 0 && at >= pixelBytes ? (out[to + at - lineBytes - pixelBytes] ?? 0) : 0;
      out[to + at] = (lines[from + 1 + at] ?? 0) + guessOf(filter, left, up, corner);
    }
  }
  return out;
}

function guessOf(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    default:
      return paeth(left, up, corner);
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** The sample with this number in a line; of 16 bits the upper 8. */
function sampleAt(lines: Uint8Array, line: number, index: number, depth: number): number {
  if (depth >= 8) return lines[line + (index * depth) / 8] ?? 0;
  const bit = index * depth;
  return ((lines[line + (bit >> 3)] ?? 0) >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}

/** Grey if every colour of the palette is. */
function coloursOf(indices: Uint8Array, palette: Uint8Array): Pick<Picture, 'channels' | 'pixels'> {
  const colours = palette.length / 3;
  if (colours < 1 || !Number.isInteger(colours)) throw new FormatError(`its palette has ${palette.length} bytes`);
  const wrong = indices.find((index) => index >= colours);
  if (wrong !== undefined) throw new FormatError(`it uses colour ${wrong} of a palette of ${colours}`);
  const isGrey = palette.every((value, at) => value === palette[at - (at % 3)]);
  const channels = isGrey ? 1 : 3;
  const pixels = new Uint8Array(indices.length * channels);
  for (let pixel = 0; pixel < indices.length; pixel++)
    for (let channel = 0; channel < channels; channel++)
      pixels[pixel * channels + channel] = palette[3 * (indices[pixel] ?? 0) + channel] ?? 0;
  return { channels, pixels };
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
