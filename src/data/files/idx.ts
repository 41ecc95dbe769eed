// IDX, the format of MNIST's files (http://yann.lecun.com/exdb/mnist/, "THE IDX FILE FORMAT"): bytes to a shape and
// values, of any rank and element type, and a pair of such files to Images. Reads no file itself: a program or a page fetches
// the bytes, passes them through gunzipIfNeeded() and then here.
import { ArgumentError, FormatError } from '../../errors.js';
import { imagesFromArrays } from '../as-images.js';
import type { Images } from '../dataset.js';
import { asBytes, type Bytes, kindOf } from './bytes.js';
import { decodeElements, ELEMENT_BYTES, type ElementType, type HostArray } from './elements.js';

/** The contents of an IDX file. Bytes share memory with what they were decoded from. */
export type Idx = HostArray;

const TYPES: Readonly<Record<number, ElementType>> = { 8: 'u8', 9: 'i8', 11: 'i16', 12: 'i32', 13: 'f32', 14: 'f64' };

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * Decodes an IDX file: two zero bytes, the element type, the number of axes, a big-endian u32 size for each, the values.
 * @param file the whole file, already unpacked
 * @param name what to call it in an error
 * @throws FormatError if it is not IDX, holds an unknown element type, or is too short or too long for its shape;
 *   ArgumentError if `file` is no bytes
 */
export function decodeIdx(file: Bytes, name = 'the file'): Idx {
  const bytes = asBytes(file, name);
  if (isGzip(bytes))
    throw new FormatError(`${name} is gzipped, must be plain IDX; unpack it with gunzipIfNeeded() first`);
  const [zero0, zero1, type, rank] = bytes;
  if (zero0 !== 0 || zero1 !== 0 || type === undefined || !rank)
    throw new FormatError(
      `${name} is not an IDX file: it ${bytes.length === 0 ? 'is empty' : `begins ${hex(bytes.subarray(0, 4))}`}, must begin 00 00 08 01 (labels) or 00 00 08 03 (images)`,
    );
  const element = TYPES[type];
  if (!element)
    throw new FormatError(
      `${name} holds IDX element type 0x${hex(bytes.subarray(2, 3))}, must be 08 (unsigned bytes), 09, 0b, 0c, 0d or 0e`,
    );
  const header = 4 + 4 * rank;
  if (bytes.length < header)
    throw new FormatError(
      `${name} is truncated: it has ${bytes.length} bytes, its header of ${rank} sizes needs ${header}; fetch it again`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = header + shape.reduce((product, size) => product * size, ELEMENT_BYTES[element]);
  if (bytes.length !== expected)
    throw new FormatError(
      `${name} is ${bytes.length < expected ? 'truncated' : 'too long'}: it has ${bytes.length} bytes, its shape [${shape.join(', ')}] needs ${expected}; fetch it again`,
    );
  return { name, shape, values: decodeElements(bytes.subarray(header), element, false, name) };
}

/**
 * Images, with their labels if given, from decoded IDX files.
 * @param images as imagesFromArrays takes them: [count, height, width] of 0 (black) to 255 (white)
 * @param labels [count]
 * @throws FormatError naming the file whose shape is something else; ArgumentError for what is not decoded
 * @example
 * ```ts
 * const pixels = decodeIdx(await gunzipIfNeeded(file), 'train-images-idx3-ubyte.gz');
 * const images = imagesFromIdx(pixels);
 * ```
 */
export function imagesFromIdx(images: Idx, labels?: Idx): Images {
  for (const [what, idx] of Object.entries({ images, ...(labels && { labels }) }))
    if (!Array.isArray(idx?.shape))
      throw new ArgumentError(`${what}: ${kindOf(idx)}, must be what decodeIdx gives: decodeIdx(bytes, name)`);
  return imagesFromArrays(images, labels);
}

/**
 * The bytes themselves, or what they unpack to if they begin as a gzip file does (1f 8b). By the platform's own
 * DecompressionStream, so it works in browsers and in Node.
 * @param name what to call them in an error
 * @throws FormatError (rejects) if the gzip data is corrupt or truncated; ArgumentError if `file` is no bytes
 */
export async function gunzipIfNeeded(file: Bytes, name = 'the file'): Promise<Uint8Array> {
  const bytes = asBytes(file, name);
  if (!isGzip(bytes)) return bytes;
  let unpacked: Uint8Array;
  try {
    const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream('gzip'));
    unpacked = new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new FormatError(
      `${name} is not a whole gzip file: its ${bytes.length} bytes cannot be unpacked (${reason(cause)}); fetch it again`,
      { cause },
    );
  }
  if (isGzip(unpacked))
    throw new FormatError(`${name} is gzipped twice, must be gzipped once or not at all; unpack it once with gunzip`);
  return unpacked;
}

/** What zlib said: engines bury it at different depths ("terminated" in front of "unexpected end of file"). */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reason(error.cause) : error.message;
}
