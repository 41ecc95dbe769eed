// safetensors (github.com/huggingface/safetensors, README "Format"): named tensors to bytes and back. A u64 length, a
// JSON header { name: { dtype, shape, data_offsets } } padded with spaces, then the values without holes, row-major and
// little-endian, as every machine with WebGPU stores them. Half floats, booleans and 64-bit integers are refused: no
// typed array that all engines have holds the first two and nothing here needs the third. Reads and writes no file:
// checkpoints and programs do.
import { ArgumentError, FormatError } from '../errors.js';

const ARRAYS = {
  F32: Float32Array,
  F64: Float64Array,
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  I16: Int16Array,
  U32: Uint32Array,
  I32: Int32Array,
} as const;

type Dtype = keyof typeof ARRAYS;

/** Values of a tensor; the array's class is its dtype. */
export type TensorValues = InstanceType<(typeof ARRAYS)[Dtype]>;

/** A tensor on the host. */
export interface HostTensor<Values extends TensorValues = TensorValues> {
  /** Sizes, slowest axis first; [] is a scalar. */
  shape: readonly number[];
  /** Row-major, as many as the product of the shape. */
  values: Values;
}

const LENGTH_BYTES = 8;
/** The data starts at a multiple of this, as in files of the reference implementation. */
const ALIGNMENT = 8;
/** The reference implementation refuses a longer header. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const product = (shape: readonly number[]) => shape.reduce((all, size) => all * size, 1);

/**
 * Writes tensors in the order of the map.
 * @param tensors  by name; each with as many values as its shape says
 * @param metadata text by key, kept under `__metadata__`
 * @returns the whole file
 * @throws ArgumentError naming the tensor or the metadata key that cannot be written
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, HostTensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  // Text is joined by hand because an object would sort names that look like numbers to the front.
  const entries: string[] = [];
  if (metadata) entries.push(`${JSON.stringify(METADATA)}:${JSON.stringify(checkedMetadata(metadata))}`);
  let end = 0;
  for (const [name, { shape, values }] of tensors) {
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
  for (const { values } of tensors.values()) {
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
  const known = Object.values(ARRAYS).map((array) => array.name);
  throw new ArgumentError(
    `tensor "${name}": values are a ${(values as object).constructor.name}, must be one of ${known.join(', ')}`,
  );
}

/**
 * Reads every tensor of a file, in the order in which their data lie.
 * @param bytes the whole file
 * @returns tensors that own their memory, by name
 * @throws FormatError saying what is wrong with the header, or with which tensor
 */
export function decodeSafetensors(bytes: Uint8Array): Map<string, { shape: number[]; values: TensorValues }> {
  const { header, dataAt } = parseHeader(bytes);
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, entry]) => checkedEntry(name, entry))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== at)
      throw new FormatError(
        `safetensors: tensor "${name}" begins at byte ${begin} of the data, must begin at ${at}: ${begin < at ? 'it overlaps the tensor before it' : 'there is a gap before it'}`,
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
      return [name, { shape, values: new ARRAYS[dtype](buffer) }];
    }),
  );
}

/**
 * The text under `__metadata__`; empty if the file has none.
 * @throws FormatError if the header is not what the format says
 */
export function safetensorsMetadata(bytes: Uint8Array): Record<string, string> {
  const metadata = parseHeader(bytes).header[METADATA] ?? {};
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
  const header = parseJson(bytes.subarray(LENGTH_BYTES, dataAt));
  const metadata = header[METADATA];
  if (metadata !== undefined && !(isObject(metadata) && Object.values(metadata).every((v) => typeof v === 'string')))
    throw new FormatError(`safetensors: ${METADATA} is ${JSON.stringify(metadata)}, must map text to text`);
  return { header, dataAt };
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new FormatError(`safetensors: the header is not JSON in UTF-8: ${(cause as Error).message}`, { cause });
  }
  if (!isObject(value)) throw new FormatError('safetensors: the header is JSON but not an object { name: tensor }');
  return value;
}

function checkedEntry(name: string, entry: unknown) {
  const fault = (what: string) => new FormatError(`safetensors: tensor "${name}": ${what}`);
  if (!isObject(entry)) throw fault(`is ${JSON.stringify(entry)}, must be { dtype, shape, data_offsets }`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(ARRAYS, dtype))
    throw fault(`dtype is ${JSON.stringify(dtype)}, must be one of ${Object.keys(ARRAYS).join(', ')}`);
  if (!Array.isArray(shape) || !shape.every(isSize))
    throw fault(`shape is ${JSON.stringify(shape)}, must be a list of non-negative integers`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize))
    throw fault(`data_offsets is ${JSON.stringify(offsets)}, must be [begin, end] in bytes`);
  const [begin, end] = offsets as [number, number];
  const needed = product(shape) * ARRAYS[dtype as Dtype].BYTES_PER_ELEMENT;
  if (end - begin !== needed)
    throw fault(
      `data_offsets [${begin}, ${end}] hold ${end - begin} bytes, ${dtype} [${shape.join(', ')}] needs ${needed}`,
    );
  return { name, dtype: dtype as Dtype, shape: shape as number[], begin, end };
}
