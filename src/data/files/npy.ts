// NumPy's formats: .npy, one array, and .npz, a zip archive of them. To typed arrays in C order.
// Source: numpy.lib.format, versions 1.0 to 3.0.
import { FormatError } from '../../errors.js';
import { asBytes, type Bytes } from './bytes.js';
import { decodeElements, ELEMENT_BYTES, type ElementType, type HostArray, type NumericArray } from './elements.js';
import { readZip } from './zip.js';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // "\x93NUMPY"

/** The letter and bytes of a NumPy dtype. */
const TYPES: Readonly<Record<string, ElementType>> = {
  b1: 'bool',
  u1: 'u8',
  i1: 'i8',
  u2: 'u16',
  i2: 'i16',
  u4: 'u32',
  i4: 'i32',
  u8: 'u64',
  i8: 'i64',
  f2: 'f16',
  f4: 'f32',
  f8: 'f64',
};

const OTHERS: Readonly<Record<string, string>> = {
  c: 'complex numbers',
  O: 'Python objects',
  S: 'byte strings',
  U: 'text',
  V: 'records',
  M: 'dates',
  m: 'time spans',
  f: 'long doubles',
};

/** Whether a file begins as .npy does. */
export const isNpy = (bytes: Uint8Array): boolean => MAGIC.every((byte, at) => bytes[at] === byte);

/**
 * Decodes an .npy file: C or Fortran order, bool, integers of 8 to 64 bits, f16, f32, f64, in either byte order.
 * @param file the whole file
 * @param name what to call it in an error
 * @throws FormatError if it is no .npy, holds other elements, or is too short or too long for its shape
 */
export function decodeNpy(file: Bytes, name = 'the file'): HostArray {
  const bytes = asBytes(file, name);
  if (!isNpy(bytes)) throw new FormatError(`${name} is not an .npy file: it must begin with 93 4e 55 4d 50 59`);
  const { type, littleEndian, fortran, shape, dataAt } = parseHeader(bytes, name);
  const data = bytes.subarray(dataAt);
  const expected = shape.reduce((product, size) => product * size, ELEMENT_BYTES[type]);
  if (data.length !== expected)
    throw new FormatError(
      `${name} is ${data.length < expected ? 'truncated' : 'too long'}: it has ${data.length} bytes of data, its shape [${shape.join(', ')}] of ${type} needs ${expected}; save it again`,
    );
  const values = decodeElements(data, type, littleEndian, name);
  return { name, shape, values: fortran ? inRows(values, shape) : values };
}

function parseHeader(bytes: Uint8Array, name: string) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6] ?? 0;
  const lengthBytes = version === 1 ? 2 : 4;
  const textAt = 8 + lengthBytes;
  if (version < 1 || version > 3 || bytes.length < textAt)
    throw new FormatError(`${name}: its format is version ${version}, must be 1, 2 or 3, with a whole header`);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (textAt + length > bytes.length)
    throw new FormatError(`${name} is truncated: its header needs ${textAt + length} bytes, it has ${bytes.length}`);
  const text = new TextDecoder().decode(bytes.subarray(textAt, textAt + length));
  const field = (pattern: RegExp, what: string): string => {
    const found = pattern.exec(text)?.[1];
    if (found === undefined) throw new FormatError(`${name}: its header "${text.trim().slice(0, 120)}" has no ${what}`);
    return found;
  };
  const descr = field(/'descr'\s*:\s*('[^']*'|\[)/, "'descr' of one kind of numbers");
  const [, order = '', kind = '', size = ''] = /^'([<>|=])([a-zA-Z])(\d*(?:\[.*\])?)'$/.exec(descr) ?? [];
  const type = TYPES[kind + size];
  if (!type)
    throw new FormatError(
      `${name} holds ${OTHERS[descr === '[' ? 'V' : kind] ?? `elements ${descr}`} (dtype ${descr === '[' ? 'of several fields' : descr}), must be numbers or bool: save it with .astype('float32')`,
    );
  const fortran = field(/'fortran_order'\s*:\s*(True|False)/, "'fortran_order'") === 'True';
  const sizes = field(/'shape'\s*:\s*\(([\d\s,]*)\)/, "'shape' of whole numbers");
  const shape = sizes
    .split(',')
    .map((size) => size.trim())
    .filter(Boolean)
    .map(Number);
  return { type, littleEndian: order !== '>', fortran, shape, dataAt: textAt + length };
}

/** Fortran's order, in which the first axis is the fastest, to rows. */
function inRows(values: NumericArray, shape: readonly number[]): NumericArray {
  const out = values.slice();
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));
  const index = new Uint32Array(shape.length);
  for (let at = 0; at < out.length; at++) {
    let from = 0;
    for (let axis = 0; axis < index.length; axis++) from += (index[axis] ?? 0) * (strides[axis] ?? 0);
    out[at] = values[from] ?? 0;
    for (let axis = index.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      index[axis] = next === shape[axis] ? 0 : next;
      if (next !== shape[axis]) break;
    }
  }
  return out;
}

/**
 * Decodes an .npz file, as np.savez and np.savez_compressed write it.
 * @param file the whole file
 * @param name what to call it in an error
 * @param wanted which of them, by name; all by default. Others may hold anything
 * @returns the arrays by their names, in the file's order
 * @throws FormatError (rejects) if it is no zip archive, or holds something else than .npy files
 * @example
 * ```ts
 * const { train, test } = namedParts(await decodeNpz(file, 'mnist.npz', isNamedPart), 'mnist.npz');
 * ```
 */
export async function decodeNpz(
  file: Bytes,
  name = 'the file',
  wanted: (array: string) => boolean = () => true,
): Promise<Map<string, HostArray>> {
  const arrays = new Map<string, HostArray>();
  for (const entry of readZip(file, name)) {
    const path = `${name}: ${entry.path}`;
    if (!entry.path.endsWith('.npy')) throw new FormatError(`${path} is no .npy file; is ${name} another archive?`);
    const array = entry.path.slice(0, -'.npy'.length);
    if (wanted(array)) arrays.set(array, decodeNpy(await entry.read(), path));
  }
  return arrays;
}
