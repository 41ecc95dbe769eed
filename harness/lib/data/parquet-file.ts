// Tables from .parquet, one row group at a time, by hyparquet: small, without dependencies, kept up. Compressed by snappy, gzip,
// brotli or zstd (fzstd: Node has it from 22.15 on only). What a file claims is checked first (parquet-check.ts).
import fs from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { decompress as zstd } from 'fzstd';
import {
  type Compressors,
  type DecodedArray,
  type FileMetaData,
  parquetMetadata,
  parquetRead,
  snappyUncompress,
} from 'hyparquet';
import { FormatError, LatentGpuError } from 'latentgpu/node';
import { checkMetadata, checkPages } from './parquet-check.js';
import type { RowsOf } from './rows.js';

export const isParquet = (file: string): boolean => /\.(?:parquet|pq)$/i.test(file);

const MAGIC = 'PAR1';
const END_BYTES = 8;
/** Rows that a byte of a file may stand for: all of a column may be one run, but a table of such columns is of no use. */
const MOST_ROWS_A_BYTE = 100;
/** What pandas keeps of an index that has no name. */
const INDEX = /^__index_level_\d+__$/;

const exactly = (bytes: Uint8Array, length: number): Uint8Array => {
  if (bytes.length !== length) throw new FormatError(`a page has ${bytes.length} bytes, must have ${length}`);
  return bytes;
};

/** A page claims no more than its bytes can be. */
const within = (packed: Uint8Array, length: number, ratio: number): void => {
  if (!(length >= 0 && length <= ratio * packed.length + 1024))
    throw new FormatError(`a page claims ${length} bytes, of which its ${packed.length} packed ones cannot be`);
};

const COMPRESSORS: Compressors = {
  SNAPPY: (packed, length) => {
    within(packed, length, 64);
    const out = new Uint8Array(length);
    snappyUncompress(packed, out);
    return out;
  },
  GZIP: (packed, length) => {
    within(packed, length, 1032);
    return exactly(gunzipSync(packed, { maxOutputLength: Math.max(1, length) }), length);
  },
  BROTLI: (packed, length) => exactly(brotliDecompressSync(packed, { maxOutputLength: Math.max(1, length) }), length),
  ZSTD: (packed, length) => {
    within(packed, length, 2 ** 15);
    return exactly(zstd(packed, new Uint8Array(length)), length);
  },
};

/** Feeds a file to a listener, a row group after the other. Its lines are its rows, from 1. */
export const readParquet: RowsOf = async (file, listener, progress) => {
  const handle = fs.openSync(file, 'r');
  try {
    const size = fs.fstatSync(handle).size;
    const slice = (start: number, end: number = size): ArrayBuffer => {
      const length = end - start;
      if (!(start >= 0 && length >= 0 && end <= size))
        throw new FormatError(`it is cut off: bytes ${start} to ${end} would lie beyond its ${size}`);
      const bytes = new Uint8Array(length);
      fs.readSync(handle, bytes, 0, length, start);
      return bytes.buffer;
    };
    const metadata = metadataOf(slice, size);
    const columns = columnsOf(metadata);
    const names = columns.map(({ name }) => name);
    listener.columns([...names], true);
    const total = Number(metadata.num_rows);
    const flat = columns.flatMap(({ name, nested }) => (nested ? [] : [name]));
    const numbers = new Float64Array(names.length);
    const texts: (string | undefined)[] = new Array(names.length).fill(undefined);
    let rowStart = 0;
    const schema = metadata.schema;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      checkGroup(group, schema, slice);
      const chunks = new Map(flat.map((name) => [name, new Array<unknown>(rowEnd - rowStart)]));
      await parquetRead({
        file: { byteLength: size, slice },
        metadata,
        columns: flat,
        rowStart,
        rowEnd,
        compressors: COMPRESSORS,
        onChunk: ({ columnName, columnData, rowStart: from }) =>
          take(chunks.get(columnName), columnData, from - rowStart),
      });
      for (let row = rowStart; row < rowEnd; row++) {
        columns.forEach(({ name, nested }, at) => {
          const value = nested ? 'a list or a struct' : chunks.get(name)?.[row - rowStart];
          [numbers[at], texts[at]] = fieldOf(value);
        });
        listener.row(numbers, texts, row + 1);
      }
      rowStart = rowEnd;
      progress(file, Math.round((size * rowEnd) / Math.max(1, total)), size);
    }
  } catch (cause) {
    if (cause instanceof LatentGpuError && cause.message.startsWith(file)) throw cause;
    throw new FormatError(`${file} cannot be read as parquet: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  } finally {
    fs.closeSync(handle);
  }
};

/** The pages of flat columns; others are not read. */
function checkGroup(
  { columns, num_rows: count }: FileMetaData['row_groups'][number],
  schema: FileMetaData['schema'],
  slice: (start: number, end?: number) => ArrayBuffer,
): void {
  const top = belowRoot(schema);
  for (const { meta_data: column } of columns) {
    if (!column) throw new FormatError('a column has no metadata');
    const { codec, path_in_schema: path, type, total_compressed_size: size } = column;
    if (path.length !== 1) continue;
    const optional = top.some(({ name, repetition_type: kind }) => name === path[0] && kind === 'OPTIONAL');
    const start = Number(column.dictionary_page_offset || column.data_page_offset);
    const unpack = (packed: Uint8Array, length: number) =>
      codec === 'UNCOMPRESSED' ? exactly(packed, length) : (COMPRESSORS[codec]?.(packed, length) ?? unknown(codec));
    checkPages(new Uint8Array(slice(start, start + Number(size))), {
      rows: Number(count),
      optional,
      isBoolean: type === 'BOOLEAN',
      unpack,
    });
  }
}

const unknown = (codec: string): never => {
  throw new FormatError(`it is compressed by ${codec}, must be by snappy, gzip, brotli or zstd`);
};

function take(rows: unknown[] | undefined, data: DecodedArray, from: number): void {
  if (!rows) return;
  for (let i = 0; i < data.length && from + i < rows.length; i++) rows[from + i] = data[i];
}

function metadataOf(slice: (start: number, end?: number) => ArrayBuffer, size: number): FileMetaData {
  const isOurs = (at: number) => new TextDecoder('latin1').decode(slice(at, at + MAGIC.length)) === MAGIC;
  if (size < END_BYTES + MAGIC.length || !isOurs(0) || !isOurs(size - MAGIC.length))
    throw new FormatError('it must begin and end with PAR1');
  const length = new DataView(slice(size - END_BYTES)).getUint32(0, true);
  const footer = slice(Math.max(0, size - END_BYTES - length));
  checkMetadata(new Uint8Array(footer));
  const metadata = parquetMetadata(footer, { geoparquet: false });
  const rows = metadata.row_groups.map(({ num_rows: count }) => Number(count));
  const sum = rows.reduce((all, count) => all + count, 0);
  if (rows.some((count) => !(count >= 0)) || sum !== Number(metadata.num_rows))
    throw new FormatError(`its row groups have ${sum} rows, must have ${metadata.num_rows}`);
  if (sum > MOST_ROWS_A_BYTE * size) throw new FormatError(`it claims ${sum} rows, which its ${size} bytes cannot be`);
  return metadata;
}

/** Those below the root; of a list or a struct, one that cannot be a feature. */
function columnsOf({ schema }: FileMetaData): { name: string; nested: boolean }[] {
  return belowRoot(schema).flatMap(({ name, num_children: children, repetition_type: repeated }) =>
    INDEX.test(name) ? [] : [{ name, nested: (children ?? 0) > 0 || repeated === 'REPEATED' }],
  );
}

/** The schema lists a tree in depth-first order, the root first; what is further down may be called as a column is. */
function belowRoot(schema: FileMetaData['schema']): FileMetaData['schema'] {
  const children: FileMetaData['schema'] = [];
  const below = (at: number): number => {
    let next = at + 1;
    for (let child = 0; child < (schema[at]?.num_children ?? 0) && next < schema.length; child++) next = below(next);
    return next;
  };
  for (let at = 1; at < schema.length; at = below(at)) children.push(...schema.slice(at, at + 1));
  return children;
}

/** As a table of text has it: a number, or a text that is none; missing values are empty. */
function fieldOf(value: unknown): [number: number, text: string | undefined] {
  if (typeof value === 'number') return Number.isNaN(value) ? [value, 'NaN'] : [value, undefined];
  if (typeof value === 'boolean') return [Number(value), undefined];
  if (typeof value === 'bigint') return [Number(value), undefined];
  if (value === null || value === undefined) return [Number.NaN, ''];
  const text = value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : String(value).trim();
  const number = text === '' ? Number.NaN : Number(text);
  return Number.isNaN(number) ? [number, text] : [number, undefined];
}
