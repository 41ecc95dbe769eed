// Numbers as files hold them: of any element type, in either byte order, to a typed array of this machine.
import { FormatError } from '../../errors.js';
import { fromHalf } from './half.js';

/** Numbers of a file with their shape. */
export interface HostArray {
  /** What to call it in an error: the file's name, or the array's in its file. */
  name: string;
  /** Sizes, slowest axis first. */
  shape: number[];
  /** Row-major. */
  values: NumericArray;
}

/** What numbers of a file are held in. */
export type NumericArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** What a file's numbers are; bool is a byte of 0 or 1. */
export type ElementType = 'bool' | 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'f16' | 'f32' | 'f64';

export const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  bool: 1,
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  f16: 2,
  f32: 4,
  f64: 8,
};

/** Types that this machine has as they lie in the file, if the byte order is its own. */
const VIEWS = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

/**
 * @param bytes whole elements
 * @param name  what to call them in an error
 * @returns 64-bit integers as f64, f16 as f32, bool as u8; bytes share memory with `bytes`, the rest is a copy
 * @throws FormatError for an integer that f64 does not hold, or a bool that is neither 0 nor 1
 */
export function decodeElements(
  bytes: Uint8Array,
  type: ElementType,
  littleEndian: boolean,
  name: string,
): NumericArray {
  const count = bytes.length / ELEMENT_BYTES[type];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Node's Buffer is a Uint8Array, too, but its slice() is no copy.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case 'bool': {
      const wrong = bytes.findIndex((byte) => byte > 1);
      if (wrong >= 0) throw new FormatError(`${name}: element ${wrong} is ${bytes[wrong]}, must be 0 or 1 (bool)`);
      return plain;
    }
    case 'u8':
      return plain;
    case 'u64':
    case 'i64':
      return Float64Array.from({ length: count }, (_, i) => {
        const value = type === 'u64' ? view.getBigUint64(8 * i, littleEndian) : view.getBigInt64(8 * i, littleEndian);
        if (!Number.isSafeInteger(Number(value)))
          throw new FormatError(`${name}: element ${i} is ${value}, must be within +-2^53: f64 holds no more`);
        return Number(value);
      });
    case 'f16':
      return Float32Array.from({ length: count }, (_, i) => fromHalf(view.getUint16(2 * i, littleEndian)));
    default: {
      // Typed arrays want aligned memory and have this machine's byte order.
      const copy = plain.slice();
      if (!littleEndian && ELEMENT_BYTES[type] > 1) swap(copy, ELEMENT_BYTES[type]);
      return new VIEWS[type](copy.buffer, 0, count);
    }
  }
}

/** Turns each element's bytes round, in place. Every machine with WebGPU is little-endian. */
function swap(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}
