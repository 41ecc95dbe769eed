// Zip archives: the list of their files, and each file's bytes, stored or deflated; by the platform's own DecompressionStream.
// Source: PKWARE, "APPNOTE.TXT", 4.3 and 4.5.3 (Zip64).
import { FormatError } from '../../errors.js';
import { asBytes, type Bytes } from './bytes.js';

export interface ZipEntry {
  path: string;
  /** Of the file, unpacked, as the archive says. */
  bytes: number;
  /** @throws FormatError (rejects) if it is not what the archive says, is encrypted, or is packed in another way */
  read(): Promise<Uint8Array>;
}

const END = 0x06054b50;
const END_BYTES = 22;
const END64_LOCATOR = 0x07064b50;
const END64 = 0x06064b50;
const DIRECTORY = 0x02014b50;
const DIRECTORY_BYTES = 46;
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
/** The longest comment at an archive's end. */
const MOST_COMMENT = 0xffff;
/** In 32 bits: the number is in the extra field of Zip64. */
const IN_ZIP64 = 0xffffffff;
const ZIP64_FIELD = 1;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
/** What deflate packs into a byte at most: what claims more is a bomb. */
const MOST_RATIO = 1032;

/** Whether a file begins as an archive with a file in it does. */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true) === LOCAL;

/**
 * @param file the whole archive
 * @param name what to call it in an error
 * @throws FormatError if it is no archive, or one that is cut off
 */
export function readZip(file: Bytes, name: string): ZipEntry[] {
  const bytes = asBytes(file, name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const refuse = (what: string): never => {
    throw new FormatError(`${name} is not a whole zip archive: ${what}; fetch or save it again`);
  };
  const within = (at: number, length: number, what: string): number =>
    at >= 0 && at + length <= bytes.length ? at : refuse(`${what} would lie beyond its ${bytes.length} bytes`);
  let { count, at } = findDirectory(view, refuse);
  const entries: ZipEntry[] = [];
  for (; count > 0; count--) {
    within(at, DIRECTORY_BYTES, 'its list of files');
    if (view.getUint32(at, true) !== DIRECTORY) refuse('its list of files is broken');
    const [pathLength, extraLength, commentLength] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const pathAt = at + DIRECTORY_BYTES;
    const extraAt = pathAt + (pathLength ?? 0);
    within(pathAt, (pathLength ?? 0) + (extraLength ?? 0), 'its list of files');
    const path = new TextDecoder().decode(bytes.subarray(pathAt, extraAt));
    const sizes = [24, 20, 42].map((offset) => view.getUint32(at + offset, true));
    const [unpacked = 0, packed = 0, local = 0] = zip64Sizes(view, extraAt, extraLength ?? 0, sizes);
    const method = view.getUint16(at + 10, true);
    const flags = view.getUint16(at + 8, true);
    const data = () => {
      within(local, LOCAL_BYTES, path);
      const dataAt = local + LOCAL_BYTES + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      return bytes.subarray(within(dataAt, packed, path), dataAt + packed);
    };
    if (!path.endsWith('/'))
      entries.push({
        path,
        bytes: unpacked,
        read: () => unpack(`${name}: ${path}`, { data, method, flags, unpacked }),
      });
    at = extraAt + (extraLength ?? 0) + (commentLength ?? 0);
  }
  return entries;
}

function findDirectory(view: DataView, refuse: (what: string) => never): { count: number; at: number } {
  const last = view.byteLength - END_BYTES;
  let at = last;
  while (at >= 0 && at >= last - MOST_COMMENT && view.getUint32(at, true) !== END) at--;
  if (at < 0 || at < last - MOST_COMMENT) return refuse('its end is missing');
  const [count, directory] = [view.getUint16(at + 10, true), view.getUint32(at + 16, true)];
  const locator = at - 20;
  if (directory !== IN_ZIP64 || locator < 0 || view.getUint32(locator, true) !== END64_LOCATOR)
    return { count, at: directory };
  const end = Number(view.getBigUint64(locator + 8, true));
  if (end + 56 > view.byteLength || view.getUint32(end, true) !== END64) return refuse('its Zip64 end is missing');
  return { count: Number(view.getBigUint64(end + 32, true)), at: Number(view.getBigUint64(end + 48, true)) };
}

/** [unpacked, packed, offset], each from the extra field if 32 bits do not hold it. */
function zip64Sizes(view: DataView, extraAt: number, extraLength: number, sizes: number[]): number[] {
  if (!sizes.includes(IN_ZIP64)) return sizes;
  for (let at = extraAt; at + 4 <= extraAt + extraLength; ) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === ZIP64_FIELD) {
      let next = at + 4;
      return sizes.map((size) => {
        if (size !== IN_ZIP64 || next + 8 > at + 4 + length || next + 8 > view.byteLength) return size;
        next += 8;
        return Number(view.getBigUint64(next - 8, true));
      });
    }
    at += 4 + length;
  }
  return sizes;
}

interface Packed {
  data: () => Uint8Array;
  method: number;
  flags: number;
  unpacked: number;
}

async function unpack(name: string, { data, method, flags, unpacked }: Packed): Promise<Uint8Array> {
  if (flags & ENCRYPTED) throw new FormatError(`${name} is encrypted; unpack it first`);
  if (method !== STORED && method !== DEFLATED)
    throw new FormatError(`${name} is packed by method ${method}, must be stored or deflated; pack it again`);
  const packed = data();
  const most = method === STORED ? packed.length : MOST_RATIO * packed.length;
  if (unpacked > most)
    throw new FormatError(`${name} claims ${unpacked} bytes, of which its ${packed.length} packed ones cannot be`);
  const bytes = method === STORED ? packed : await inflate(packed, unpacked, name);
  if (bytes.length !== unpacked)
    throw new FormatError(`${name} has ${bytes.length} bytes, must have the ${unpacked} that its archive says`);
  return bytes;
}

/** Into exactly as much memory as was announced. */
async function inflate(packed: Uint8Array, unpacked: number, name: string): Promise<Uint8Array> {
  const out = new Uint8Array(unpacked);
  let at = 0;
  try {
    const stream = new Blob([new Uint8Array(packed)]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    const reader = stream.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (at + next.value.length > unpacked) {
        await reader.cancel();
        break;
      }
      out.set(next.value, at);
      at += next.value.length;
    }
  } catch (cause) {
    throw new FormatError(`${name} cannot be unpacked: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  if (at !== unpacked) throw new FormatError(`${name} does not unpack to the ${unpacked} bytes that its archive says`);
  return out;
}
