// What a .parquet file claims, checked before hyparquet allocates or loops by it: lists, pages and runs are no longer than their
// bytes and rows allow. Knows Thrift's compact protocol and the headers of pages, as far as that takes.
// Source: github.com/apache/parquet-format, parquet.thrift, Encodings.md; Thrift, "thrift-compact-protocol.md".
import { FormatError } from 'latentgpu/node';

type Value = number | boolean | undefined | Struct;
type Struct = Map<number, Value>;

const refuse = (what: string): never => {
  throw new FormatError(what);
};

/** A reader that never leaves its bytes. */
class Thrift {
  constructor(
    private readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  private byte(): number {
    return this.bytes[this.at++] ?? refuse('it is cut off within a header');
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return refuse('a number in a header has no end');
  }

  private zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  private skip(count: number): undefined {
    if (!(count <= this.bytes.length - this.at)) refuse(`a header claims ${count} bytes more than there are`);
    this.at += count;
  }

  struct(depth = 0): Struct {
    if (depth > 16) refuse('its headers are nested too deep');
    const fields: Struct = new Map();
    for (let id = 0; ; ) {
      const byte = this.byte();
      if ((byte & 15) === 0) return fields;
      id = byte >> 4 === 0 ? this.zigzag() : id + (byte >> 4);
      fields.set(id, this.value(byte & 15, depth));
    }
  }

  private value(type: number, depth: number): Value {
    switch (type) {
      case 1:
      case 2:
        return type === 1;
      case 3:
        return this.byte();
      case 4:
      case 5:
      case 6:
        return this.zigzag();
      case 7:
        return this.skip(8);
      case 8:
        return this.skip(this.varint());
      case 9: {
        const head = this.byte();
        const count = head >> 4 === 15 ? this.varint() : head >> 4;
        if (count > this.bytes.length - this.at) refuse(`a list in a header claims ${count} parts`);
        const type = head & 15;
        for (let i = 0; i < count; i++) {
          if (type <= 2) this.byte();
          else this.value(type, depth);
        }
        return undefined;
      }
      case 12:
        return this.struct(depth + 1);
      default:
        return refuse(`a header has a field of type ${type}`);
    }
  }
}

/** @throws FormatError if the metadata at a file's end are not whole */
export const checkMetadata = (bytes: Uint8Array): void => void new Thrift(bytes).struct();

/** Of a column in a row group. */
export interface ColumnPages {
  rows: number;
  /** Whether values may be missing, so that pages have levels. */
  optional: boolean;
  isBoolean: boolean;
  /** @throws FormatError for a page that claims more than it can hold */
  unpack(packed: Uint8Array, length: number): Uint8Array;
}

const [DATA, DICTIONARY, DATA_2] = [0, 2, 3];
const [PLAIN_DICTIONARY, RLE, DELTA, DELTA_LENGTH, DELTA_BYTES, RLE_DICTIONARY] = [2, 3, 5, 6, 7, 8];

/** @throws FormatError for pages that do not make up the rows, or runs that go beyond them */
export function checkPages(bytes: Uint8Array, column: ColumnPages): void {
  const { rows, unpack } = column;
  let values = 0;
  for (let at = 0; values < rows; ) {
    const thrift = new Thrift(bytes, at);
    const header = thrift.struct();
    const size = numberIn(header, 2);
    const packed = bytes.subarray(thrift.at, thrift.at + numberIn(header, 3));
    if (packed.length !== numberIn(header, 3)) refuse('a page is cut off');
    at = thrift.at + packed.length;
    const kind = numberIn(header, 1);
    if (kind === DICTIONARY) {
      const page = unpack(packed, size);
      const count = numberIn(structIn(header, 7), 1);
      if (count > 8 * page.length) refuse(`a dictionary claims ${count} values in ${page.length} bytes`);
    } else if (kind === DATA || kind === DATA_2) {
      const about = structIn(header, kind === DATA ? 5 : 8);
      const count = numberIn(about, 1);
      if (count < 1 || values + count > rows) refuse(`a page claims ${count} values of ${rows} rows`);
      values += count;
      if (kind === DATA) checkData(unpack(packed, size), numberIn(about, 2), count, column);
      else checkData2(packed, about, size, column);
    } else refuse(`a page is of kind ${kind}`);
  }
}

function checkData(page: Uint8Array, encoding: number, count: number, column: ColumnPages): void {
  let at = 0;
  if (column.optional) at = checkLengthAndRuns(page, 0, 1, count);
  checkValues(page.subarray(at), encoding, count, column);
}

/** Levels lie before the values, not packed. */
function checkData2(packed: Uint8Array, about: Struct, size: number, column: ColumnPages): void {
  const [count, nulls, levels] = [numberIn(about, 1), numberIn(about, 2), numberIn(about, 5)];
  if (numberIn(about, 6) !== 0 || levels > packed.length || levels > size || nulls > count)
    refuse('a page has odd levels');
  if (column.optional) checkRuns(packed.subarray(0, levels), 0, 1, count);
  const rest = packed.subarray(levels);
  const page = about.get(7) === false || size === levels ? rest : column.unpack(rest, size - levels);
  checkValues(page, numberIn(about, 4), count - nulls, column);
}

function checkValues(page: Uint8Array, encoding: number, most: number, { isBoolean }: ColumnPages): void {
  if (encoding === PLAIN_DICTIONARY || encoding === RLE_DICTIONARY) {
    const width = page[0] ?? 0;
    if (width > 32) refuse(`a page has indices of ${width} bits`);
    if (width > 0) checkRuns(page, 1, width, most);
  } else if (encoding === RLE && isBoolean) checkLengthAndRuns(page, 0, 1, most);
  else if (encoding === DELTA || encoding === DELTA_LENGTH) checkDelta(page);
  else if (encoding === DELTA_BYTES)
    refuse('a page is coded as DELTA_BYTE_ARRAY, which is not read; write it as PLAIN');
}

function checkDelta(page: Uint8Array): void {
  const thrift = new Thrift(page);
  const [block, parts] = [thrift.varint(), thrift.varint()];
  if (block < 32 || block > 2 ** 16 || parts < 1 || block % parts !== 0 || (block / parts) % 32 !== 0)
    refuse(`a page has delta blocks of ${block} values in ${parts} parts`);
}

/** @returns where they end */
function checkLengthAndRuns(page: Uint8Array, at: number, width: number, count: number): number {
  if (at + 4 > page.length) refuse('a page is cut off');
  const length = new DataView(page.buffer, page.byteOffset, page.byteLength).getUint32(at, true);
  if (length > page.length - at - 4) refuse(`a page claims ${length} bytes of levels`);
  checkRuns(page.subarray(at + 4, at + 4 + length), 0, width, count);
  return at + 4 + length;
}

/** Runs of one value, and groups of eight that are packed into bits, until there are `count`. Fewer are refused by hyparquet. */
function checkRuns(bytes: Uint8Array, from: number, width: number, count: number): void {
  const thrift = new Thrift(bytes, from);
  for (let seen = 0; seen < count && thrift.at < bytes.length; ) {
    const head = thrift.varint();
    const isPacked = head % 2 === 1;
    const length = isPacked ? 8 * ((head - 1) / 2) : head / 2;
    // Groups are filled up.
    if (length < 1 || length > count - seen + (isPacked ? 512 : 0))
      refuse(`a run claims ${length} of ${count - seen} values`);
    thrift.at += isPacked ? (length / 8) * width : Math.ceil(width / 8);
    seen += length;
  }
}

function numberIn(fields: Struct, id: number): number {
  const value = fields.get(id);
  return typeof value === 'number' && value >= 0
    ? value
    : refuse(`a header of a page has no number as its field ${id}`);
}

function structIn(fields: Struct, id: number): Struct {
  const value = fields.get(id);
  return value instanceof Map ? value : refuse(`a header of a page has no field ${id}`);
}
