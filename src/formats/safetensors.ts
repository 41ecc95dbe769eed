// safetensors (github.com/huggingface/safetensors, README "Format"): named tensors to bytes and back. A u64 length, a
// JSON header { name: { dtype, shape, data_offsets } } padded with spaces, then the values without holes, row-major and
// little-endian, as every machine with WebGPU stores them. A header is checked whole before anything is copied. Reads and
// writes no file: checkpoints and programs do.
import { asBytes, type Bytes, kindOf, tagOf } from '../data/files/bytes.js';
import { ArgumentError, FormatError } from '../errors.js';
import { cut, show } from '../show.js';

/** The array behind each dtype. An array is written as the first that has its class; those below the line are only read. */
const ARRAYS = {
  F32: Float32Array,
  F64: Float64Array,
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  I16: Int16Array,
  U32: Uint32Array,
  I32: Int32Array,
  U64: BigUint64Array,
  I64: BigInt64Array,
  // ---
  F16: Uint16Array,
  BF16: Uint16Array,
  BOOL: Uint8Array,
} as const;

/** What a file may call its values' type. */
export type Dtype = keyof typeof ARRAYS;

/** Values of a tensor; the array's class is the dtype that it is written as. */
export type TensorValues = InstanceType<(typeof ARRAYS)[Dtype]>;

/** A tensor on the host. */
export interface HostTensor<Values extends TensorValues = TensorValues> {
  /** Sizes, slowest axis first; [] is a scalar. */
  shape: readonly number[];
  /** Row-major, as many as the product of the shape. */
  values: Values;
}

/** A tensor of a file: F16 and BF16 as a Float32Array, which holds each of them exactly; BOOL as bytes, 0 for false. */
export interface StoredTensor extends HostTensor {
  shape: number[];
  /** As the file says it. */
  dtype: Dtype;
}

/** Tensors by name. */
export type Named<Tensor> = ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>;

const LENGTH_BYTES = 8;
/** The data starts at a multiple of this, as in files of the reference implementation. */
const ALIGNMENT = 8;
/** The reference implementation refuses a longer header. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** Of finite sizes; Infinity times 0 would not be a number. */
const product = (shape: readonly number[]) => (shape.includes(0) ? 0 : shape.reduce((all, size) => all * size, 1));

/**
 * Names and tensors, in the order in which they are given.
 * @throws ArgumentError if that is neither a Map nor a plain object, or holds anything but tensors
 */
export function entriesOf<Tensor>(tensors: Named<Tensor>): [string, Tensor][] {
  const tag = tagOf(tensors);
  if (tag !== 'Map' && tag !== 'Object')
    throw new ArgumentError(
      `tensors: ${kindOf(tensors)}, must be a Map or an object of { shape, values } by name; a file is read by decodeSafetensors(bytes)`,
    );
  const entries: [string, Tensor][] =
    tag === 'Map' ? [...(tensors as ReadonlyMap<string, Tensor>)] : Object.entries(tensors);
  for (const [name, tensor] of entries) {
    const { shape, values } = (tensor ?? {}) as Partial<HostTensor>;
    if (!Array.isArray(shape) || typeof values?.length !== 'number')
      throw new ArgumentError(`tensor ${show(name)}: ${kindOf(tensor)}, must be { shape, values }`);
  }
  return entries;
}

/**
 * Writes tensors in the order in which they are given.
 * @param tensors  by name; each with as many values as its shape says
 * @param metadata text by key, kept under `__metadata__`
 * @returns the whole file
 * @throws ArgumentError naming the tensor or the metadata key that cannot be written
 * @example
 * ```ts
 * const file = encodeSafetensors(await model.parameters(), { made: 'by latentgpu' });
 * const weight = decodeSafetensors(file).get('encoder.0.weight'); // { dtype: 'F32', shape, values }
 * ```
 */
export function encodeSafetensors(
  tensors: Named<HostTensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const named = entriesOf(tensors);
  // Text is joined by hand because an object would sort names that look like numbers to the front.
  const entries: string[] = [];
  if (metadata) entries.push(`${JSON.stringify(METADATA)}:${JSON.stringify(checkedMetadata(metadata))}`);
  let end = 0;
  for (const [name, { shape, values }] of named) {
    const begin = end;
    end += values.byteLength;
    const entry = { dtype: checkedDtype(name, shape, values), shape, data_offsets: [begin, end] };
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const json = new TextEncoder().encode(`{${entries.join(',')}}`);
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(LENGTH_BYTES + headerBytes + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  file.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  for (const [, { values }] of named) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return file;
}

function checkedMetadata(metadata: Readonly<Record<string, string>>) {
  for (const [key, value] of Object.entries(metadata))
    if (typeof value !== 'string')
      throw new ArgumentError(`metadata "${key}" is a ${typeof value}, must be a string; use JSON.stringify or String`);
  return metadata;
}

function checkedDtype(name: string, shape: readonly number[], values: TensorValues): Dtype {
  if (name === METADATA)
    throw new ArgumentError(`a tensor is called "${METADATA}", which the format reserves; rename it`);
  if (!shape.every((size) => isSize(size)))
    throw new ArgumentError(`tensor "${name}": shape [${shape.join(', ')}] must hold non-negative integers`);
  if (product(shape) !== values.length)
    throw new ArgumentError(
      `tensor "${name}" has ${values.length} values, its shape [${shape.join(', ')}] needs ${product(shape)}`,
    );
  const dtype = (Object.keys(ARRAYS) as Dtype[]).find((each) => values instanceof ARRAYS[each]);
  if (dtype) return dtype;
  const known = new Set(Object.values(ARRAYS).map((array) => array.name));
  throw new ArgumentError(`tensor "${name}": values are ${kindOf(values)}, must be one of ${[...known].join(', ')}`);
}

/**
 * Reads every tensor of a file, in the order in which their data lie.
 * @param file the whole file
 * @returns tensors that own their memory, by name
 * @throws FormatError saying what is wrong with the header, or with which tensor; ArgumentError if `file` is no bytes
 */
export function decodeSafetensors(file: Bytes): Map<string, StoredTensor> {
  const bytes = asBytes(file, 'safetensors file');
  const { header, dataAt } = parseHeader(bytes);
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, entry]) => checkedEntry(name, entry))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== at)
      throw new FormatError(
        `safetensors: tensor ${show(name)} begins at byte ${begin} of the data, must begin at ${at}: ${begin < at ? 'it overlaps the tensor before it' : 'there is a gap before it'}`,
      );
    at = end;
  }
  const available = bytes.length - dataAt;
  if (at !== available)
    throw new FormatError(
      `safetensors: the file has ${available} bytes of data, its header describes ${at}; it is ${available < at ? 'truncated' : 'too long'}`,
    );
  return new Map(
    entries.map(({ name, dtype, shape, begin, end }) => {
      // A copy, so that the values are aligned wherever they lay in the file.
      const { buffer } = new Uint8Array(bytes.subarray(dataAt + begin, dataAt + end));
      return [name, { dtype, shape, values: readValues(dtype, buffer) }];
    }),
  );
}

function readValues(dtype: Dtype, buffer: ArrayBuffer): TensorValues {
  const values = new ARRAYS[dtype](buffer);
  if (dtype === 'F16') return Float32Array.from(values as Uint16Array, fromHalf);
  // The upper half of an f32.
  if (dtype === 'BF16') return new Float32Array(Uint32Array.from(values as Uint16Array, (bits) => bits << 16).buffer);
  return values;
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/**
 * The text under `__metadata__`; empty if the file has none.
 * @throws FormatError if the header is not what the format says; ArgumentError if `file` is no bytes
 */
export function safetensorsMetadata(file: Bytes): Record<string, string> {
  const metadata = parseHeader(asBytes(file, 'safetensors file')).header[METADATA] ?? {};
  return metadata as Record<string, string>;
}

/** The header, its metadata checked and its tensors not yet, and the byte at which the data starts. */
function parseHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataAt: number } {
  if (bytes.length < LENGTH_BYTES)
    throw new FormatError(`safetensors: the file has ${bytes.length} bytes, its header's length alone takes 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const most = Math.min(bytes.length - LENGTH_BYTES, MAX_HEADER_BYTES);
  if (length < 2n || length > most)
    throw new FormatError(
      `safetensors: the header's length is ${length}, must be 2 to ${most} bytes in a file of ${bytes.length}; is it a safetensors file, and whole?`,
    );
  const dataAt = LENGTH_BYTES + Number(length);
  // A copy: TextDecoder takes no shared memory.
  const header = parseJson(new Uint8Array(bytes.subarray(LENGTH_BYTES, dataAt)));
  const metadata = header[METADATA];
  if (metadata !== undefined && !(isObject(metadata) && Object.values(metadata).every((v) => typeof v === 'string')))
    throw new FormatError(`safetensors: ${METADATA} is ${show(metadata)}, must map text to text`);
  return { header, dataAt };
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  let repeated: string | undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
    repeated = repeatedKey(text);
  } catch (cause) {
    throw new FormatError(`safetensors: the header is not JSON in UTF-8: ${(cause as Error).message}`, { cause });
  }
  if (!isObject(value)) throw new FormatError('safetensors: the header is JSON but not an object { name: tensor }');
  if (repeated !== undefined)
    throw new FormatError(`safetensors: ${show(repeated)} stands in the header twice, must stand there once`);
  return value;
}

/** A key that an object of this JSON has twice, of which JSON.parse keeps the last without a word. */
function repeatedKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, colon] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (colon !== undefined) {
      const key: string = JSON.parse(token.slice(0, -colon.length));
      if (open.at(-1)?.has(key)) return key;
      open.at(-1)?.add(key);
    }
  }
  return undefined;
}

function checkedEntry(name: string, entry: unknown) {
  const fault = (what: string) => new FormatError(`safetensors: tensor ${show(name)}: ${what}`);
  if (!isObject(entry)) throw fault(`is ${show(entry)}, must be { dtype, shape, data_offsets }`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(ARRAYS, dtype))
    throw fault(`dtype is ${show(dtype)}, must be one of ${Object.keys(ARRAYS).join(', ')}`);
  if (!Array.isArray(shape) || !shape.every(isSize))
    throw fault(`shape is ${show(shape)}, must be a list of non-negative integers`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    throw fault(`data_offsets is ${show(offsets)}, must be [begin, end] in bytes`);
  const [begin, end] = offsets as [number, number];
  const needed = product(shape) * ARRAYS[dtype as Dtype].BYTES_PER_ELEMENT;
  if (end - begin !== needed)
    throw fault(
      `data_offsets [${begin}, ${end}] hold ${end - begin} bytes, ${dtype} ${cut(`[${shape.join(', ')}]`)} needs ${needed}`,
    );
  return { name, dtype: dtype as Dtype, shape: shape as number[], begin, end };
}
