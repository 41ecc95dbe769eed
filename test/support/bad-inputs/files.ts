// Bad inputs: files as they come from the net, from editors and from other programs; and folders that are not what they
// are said to be.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadData } from '../../../harness/lib/data/data.js';
import { readSpec } from '../../../harness/lib/options/model/choose-model.js';
import { readRun } from '../../../harness/lib/run-folder/read-run.js';
import { decodeIdx, gunzipIfNeeded, imagesFromIdx } from '../../../src/data/files/idx.js';
import { decodeSafetensors } from '../../../src/formats/safetensors.js';
import { decodeSnapshot } from '../../../src/train/snapshot/snapshot.js';
import { idxFile } from '../programs/programs.js';
import { type BadInput, type Row, rowsOf } from './row.js';

export const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-bad-'));
const bytes = (...values: number[]) => Uint8Array.from(values);
const text = (line: string) => new TextEncoder().encode(line);
const idx = (...sizes: number[]) =>
  new Uint8Array(idxFile(sizes, new Uint8Array(sizes.reduce((all, size) => all * size, 1))));

const IDX: Row[] = [
  ['an empty file', () => decodeIdx(bytes(), 'x'), /^x is not an IDX file: it is empty, must begin 00 00 08 01/],
  [
    'a page of HTML',
    () => decodeIdx(text('<!doctype html>'), 'x'),
    /^x is not an IDX file: it begins 3c 21 64 6f, must begin /,
  ],
  ['a picture', () => decodeIdx(bytes(0x89, 0x50, 0x4e, 0x47), 'x'), /^x is not an IDX file: it begins 89 50 4e 47, /],
  [
    'a cut file',
    () => decodeIdx(idx(2, 3, 3).subarray(0, 20), 'x'),
    'x is truncated: it has 20 bytes, its shape [2, 3, 3] needs 34; fetch it again',
  ],
  [
    'a file too long',
    () => decodeIdx(Uint8Array.from([...idx(2), 0]), 'x'),
    'x is too long: it has 11 bytes, its shape [2] needs 10; fetch it again',
  ],
  [
    'half a header',
    () => decodeIdx(bytes(0, 0, 8, 3, 0), 'x'),
    'x is truncated: it has 5 bytes, its header of 3 sizes needs 16; fetch it again',
  ],
  ['a gzipped file', () => decodeIdx(bytes(0x1f, 0x8b, 8, 0), 'x'), /^x is gzipped, must be plain IDX; /],
  [
    'a file that is gzipped twice',
    () => gunzipIfNeeded(new Uint8Array(gzipSync(gzipSync(idx(2)))), 'x'),
    'x is gzipped twice, must be gzipped once or not at all; unpack it once with gunzip',
  ],
  [
    'half a gzip file',
    () => gunzipIfNeeded(new Uint8Array(gzipSync(idx(2)).subarray(0, 15)), 'x'),
    /^x is not a whole gzip file: its 15 bytes cannot be unpacked \(.*\); fetch it again$/,
  ],
  [
    'labels as images',
    () => imagesFromIdx(decodeIdx(idx(3), 'x')),
    'x has shape [3], images must have [count, height, width] with no size 0; is it the file of labels?',
  ],
  [
    'fewer labels than images',
    () => imagesFromIdx(decodeIdx(idx(3, 2, 2), 'x'), decodeIdx(idx(2), 'y')),
    'y has 2 labels, must have one for each of the 3 images in x',
  ],
];

/** A file with this header. */
function safetensors(header: string, data = 0): Uint8Array {
  const json = text(header);
  const file = new Uint8Array(8 + json.length + data);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}
const tensor = (dtype: unknown, shape: unknown, offsets: unknown) =>
  JSON.stringify({ w: { dtype, shape, data_offsets: offsets } });

const TENSORS: [what: string, file: () => Uint8Array, told: string | RegExp][] = [
  ['3 bytes', () => bytes(1, 2, 3), "safetensors: the file has 3 bytes, its header's length alone takes 8"],
  [
    'a giant header',
    () => bytes(255, 255, 255, 255, 255, 255, 255, 127, 0, 0),
    /^safetensors: the header's length is 9223372036854775807, must be 2 to 2 bytes in a file of 10; /,
  ],
  ['a header that is no JSON', () => safetensors('{"w"'), /^safetensors: the header is not JSON in UTF-8: /],
  [
    'a header that is a list',
    () => safetensors('[]'),
    'safetensors: the header is JSON but not an object { name: tensor }',
  ],
  [
    'a tensor that is a number',
    () => safetensors('{"w":3}'),
    'safetensors: tensor "w": is 3, must be { dtype, shape, data_offsets }',
  ],
  [
    'an unknown dtype',
    () => safetensors(tensor('F8', [1], [0, 1]), 1),
    /^safetensors: tensor "w": dtype is "F8", must be one of F32, /,
  ],
  [
    'a shape below 0',
    () => safetensors(tensor('F32', [-1], [0, 4]), 4),
    'safetensors: tensor "w": shape is [-1], must be a list of non-negative integers',
  ],
  [
    'one offset',
    () => safetensors(tensor('F32', [1], [4]), 4),
    'safetensors: tensor "w": data_offsets is [4], must be [begin, end] in bytes',
  ],
  [
    'too few bytes',
    () => safetensors(tensor('F32', [2], [0, 4]), 4),
    'safetensors: tensor "w": data_offsets [0, 4] hold 4 bytes, F32 [2] needs 8',
  ],
  [
    'a gap',
    () => safetensors(tensor('F32', [1], [4, 8]), 8),
    'safetensors: tensor "w" begins at byte 4 of the data, must begin at 0: there is a gap before it',
  ],
  [
    'a cut file',
    () => safetensors(tensor('F32', [1], [0, 4]), 2),
    'safetensors: the file has 2 bytes of data, its header describes 4; it is truncated',
  ],
];

/** A file, or a folder of files, that a program is given. @param make its contents */
function at(name: string, make: string | Uint8Array | Record<string, string | Uint8Array>): string {
  const place = path.join(scratch, name);
  if (typeof make === 'string' || make instanceof Uint8Array) fs.writeFileSync(place, make);
  else {
    fs.mkdirSync(place);
    for (const [file, contents] of Object.entries(make)) fs.writeFileSync(path.join(place, file), contents);
  }
  return place;
}

const nobody = { say: () => {}, download: () => {} };
const data = (choice: string) => loadData(choice, nobody);
const IMAGES = { 'train-images-idx3-ubyte': idx(3, 2, 2), 't10k-images-idx3-ubyte': idx(2, 2, 2) };
const utf16 = new Uint8Array(Buffer.from('\ufeff{}', 'utf16le'));

/** What the machine says in brackets is left open; so is where the temporary folder is. */
const PLACES: Row[] = [
  [
    'a spec that is not there',
    () => readSpec('/no/net.json'),
    /^--spec \/no\/net\.json cannot be read \(ENOENT.*\), must be a JSON file with a ModelSpec; name another$/,
  ],
  ['a spec that is a folder', () => readSpec(scratch), /^--spec .* cannot be read \(EISDIR.*\), must be a JSON file/],
  [
    'a spec with a comma too many',
    () => readSpec(at('comma.json', '{"inputs": 4,}')),
    /comma\.json is not JSON \(.*\), must hold a ModelSpec as JSON; correct it$/,
  ],
  [
    'a spec in UTF-16',
    () => readSpec(at('utf16.json', utf16)),
    /utf16\.json is text in UTF-16, must be in UTF-8; save it again as UTF-8$/,
  ],
  [
    'a spec with a byte order mark and a slip',
    () => readSpec(at('mark.json', '\ufeff{"input": 4}')),
    /mark\.json: input: unknown, must be one of inputs, .*; did you mean inputs\?$/,
  ],
  [
    'a spec that is empty',
    () => readSpec(at('empty.json', '')),
    /empty\.json is not JSON \(.*\), must hold a ModelSpec/,
  ],
  [
    'data by a slip of the pen',
    () => data('fashon-mnist'),
    /^--data fashon-mnist does not exist, must be one of mnist, fashion-mnist, digits, a folder of IDX files or of pictures, or an \.npz, \.npy, \.safetensors, \.csv or \.parquet file; did you mean fashion-mnist\?$/,
  ],
  [
    'data that are not there',
    () => data('/no/such/folder'),
    /^--data \/no\/such\/folder does not exist, must be one of mnist, fashion-mnist, digits, a folder/,
  ],
  [
    'data without training images',
    () => data(at('no-train', { 't10k-images-idx3-ubyte': idx(3, 2, 2) })),
    /no-train has no file train-images-idx3-ubyte /,
    'FormatError',
  ],
  [
    'one image, and nothing to test with',
    () => data(at('one', { 'train-images-idx3-ubyte': idx(1, 2, 2) })),
    /one has 1 training example and no test images, must have two at least$/,
    'FormatError',
  ],
  [
    'two data sets in a folder',
    () => data(at('two', { 'a-train-images-idx3-ubyte': idx(3, 2, 2), 'b-train-images-idx3-ubyte': idx(3, 2, 2) })),
    /two has several data sets: a, b; choose one, for example --split b$/,
  ],
  [
    'a table with words',
    () => data(at('table.csv', 'name,size\nx,2\n')),
    /table\.csv: line 2, column "?name"? is "x"/,
    'FormatError',
  ],
  [
    'data of two sizes',
    () => data(at('sizes', { ...IMAGES, 't10k-images-idx3-ubyte': idx(2, 3, 3) })),
    /t10k-images-idx3-ubyte has examples of 3x3, must have 2x2 as the training examples/,
    'FormatError',
  ],
  [
    'data that are gzipped twice',
    () => data(at('twice', { ...IMAGES, 'train-images-idx3-ubyte': new Uint8Array(gzipSync(gzipSync(idx(3, 2, 2)))) })),
    /train-images-idx3-ubyte is gzipped twice, must be gzipped once/,
    'FormatError',
  ],
  [
    'a run that is not there',
    () => readRun('/no/run'),
    /^--run \/no\/run does not exist, must be a run's folder; name the folder of a run of harness\/train\.js$/,
  ],
  ['a run that is a file', () => readRun(at('run-file', '')), /run-file is a file, must be a run's folder; /],
  ['a folder of no run', () => readRun(at('no-run', {})), /no-run has no run\.json, must be a run's folder; /],
  [
    'a run whose run.json is cut',
    () => readRun(at('cut-run', { 'run.json': '{"spec"' })),
    /run\.json is not JSON \(.*\), must be as harness\/train\.js wrote it; /,
    'FormatError',
  ],
];

const format = (rows: Row[]): Row[] => rows.map(([what, give, told]) => [what, give, told, 'FormatError']);

export const FILES: BadInput[] = rowsOf([
  ...format(IDX),
  ...format(TENSORS.map(([what, file, told]) => [`safetensors: ${what}`, () => decodeSafetensors(file()), told])),
  [
    'a Response for its bytes',
    () => decodeIdx(new Response('') as never, 'x'),
    /^x: a Response, must be an ArrayBuffer or a typed array of bytes; /,
  ],
  [
    'a snapshot that was not awaited',
    () => decodeSnapshot(Promise.resolve() as never),
    /: a Promise, must be an ArrayBuffer or a typed array of bytes; /,
  ],
  ...PLACES,
]);
