// NumPy's file format, version 1.0: one array, C order, little-endian as every machine with WebGPU stores it. To bytes
// only; `numpy.load` reads the file. Three kinds of numbers, those that codes, their indices and labels are made of.
// Source: numpy.lib.format, "Format Version 1.0".
import { ArgumentError } from 'latentgpu/node';

/** The header ends at a multiple of this, so that the values may be mapped into memory as they lie. */
const ALIGNMENT = 64;
/** 0x93, "NUMPY", version 1.0. */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];
const LENGTH_BYTES = 2;

/**
 * @param values row-major
 * @param shape  sizes, slowest axis first; at least one
 * @returns the whole file
 * @throws ArgumentError if there are not as many values as the shape says
 */
export function encodeNpy(
  values: Float32Array | Uint32Array | Uint8Array,
  shape: readonly number[],
): Uint8Array<ArrayBuffer> {
  if (shape.reduce((all, size) => all * size, 1) !== values.length)
    throw new ArgumentError(`npy: ${values.length} values cannot have the shape [${shape.join(', ')}]`);
  const descr = values instanceof Float32Array ? '<f4' : values instanceof Uint32Array ? '<u4' : '|u1';
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const before = MAGIC.length + LENGTH_BYTES;
  const header = Math.ceil((before + text.length + 1) / ALIGNMENT) * ALIGNMENT - before;
  const file = new Uint8Array(before + header + values.byteLength);
  file.set(MAGIC);
  new DataView(file.buffer).setUint16(MAGIC.length, header, true);
  file.set(new TextEncoder().encode(`${text.padEnd(header - 1)}\n`), before);
  file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), before + header);
  return file;
}
