// What is fed to the readers of files, and what must come of it: a typed error, or what the file says; never another error,
// and never much more memory than the file has bytes.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import * as node from 'latentgpu/node';
import * as assert from 'uvu/assert';
import { readTensors as readTensorData } from '../../../harness/lib/data/array-files.js';
import { datasetOf } from '../../../harness/lib/data/arrays.js';
import { readParquet } from '../../../harness/lib/data/parquet-file.js';
import { decodePicture, resized } from '../../../harness/lib/pictures/picture.js';
import { encodeNpy } from '../../../harness/lib/plots/npy.js';
import { readRun } from '../../../harness/lib/run-folder/read-run.js';
import * as errors from '../../../src/errors.js';
import { parameterSpecs } from '../../../src/graph/layers.js';
import { validateSpec } from '../../../src/model/check-spec.js';
import { ae, conditionalVae, denoising, sparse, vae } from '../../../src/model/presets.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import { layoutOf } from '../../../src/plan/layout.js';
import { flatWeights } from '../../../src/train/weights/weights.js';
import { anyJsonMutant, anyMutant, safetensorsOf } from './mutations.js';
import { idxFile } from './programs.js';

/** Programs and library are built apart, each with its classes of errors. */
const isTyped = (error: unknown) => error instanceof errors.LatentGpuError || error instanceof node.LatentGpuError;

const MIB = 2 ** 20;

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Bytes of buffers, and of everything else. */
function memory(): [number, number] {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return [arrayBuffers, heapUsed];
}

/** Whether `read` came to its end; if not, by a typed error. Memory is compared before garbage is collected, mostly. */
async function tried(read: () => void | Promise<void>, bytes: number, growth = 8): Promise<boolean> {
  const [buffers, heap] = memory();
  let whole = true;
  try {
    await read();
  } catch (error) {
    if (!isTyped(error)) throw error;
    whole = false;
  }
  const [buffersNow, heapNow] = memory();
  const most = growth * bytes + MIB;
  assert.ok(buffersNow - buffers <= most, `${buffersNow - buffers} bytes of buffers for a file of ${bytes}`);
  assert.ok(heapNow - heap <= 40 * bytes + 64 * MIB, `${heapNow - heap} bytes of heap for a file of ${bytes}`);
  return whole;
}

// --- safetensors ------------------------------------------------------------------------------------------------------

/** All dtypes, an empty tensor, a scalar; 60 bytes of data. */
const HEADER = {
  __metadata__: { spec: '{}', step: '7' },
  'encoder.0.weight': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
  half: { dtype: 'F16', shape: [3], data_offsets: [24, 30] },
  brain: { dtype: 'BF16', shape: [1, 3], data_offsets: [30, 36] },
  count: { dtype: 'I64', shape: [], data_offsets: [36, 44] },
  empty: { dtype: 'U8', shape: [0, 7], data_offsets: [44, 44] },
  double: { dtype: 'F64', shape: [1], data_offsets: [44, 52] },
  mask: { dtype: 'BOOL', shape: [4], data_offsets: [52, 56] },
  small: { dtype: 'I16', shape: [2], data_offsets: [56, 60] },
};
const DATA_BYTES = 60;
const anyTensorFile = fc.oneof(
  anyMutant([safetensorsOf(JSON.stringify(HEADER), DATA_BYTES), node.encodeSafetensors(new Map())]),
  anyJsonMutant([HEADER]).map((header) => safetensorsOf(header, DATA_BYTES)),
);

function readTensors(bytes: Uint8Array): void {
  const tensors = node.decodeSafetensors(bytes);
  node.safetensorsMetadata(bytes);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const data = bytes.subarray(8 + Number(length));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + Number(length))));
  assert.is(tensors.size, Object.keys(header).filter((name) => name !== '__metadata__').length);
  let described = 0;
  for (const [name, { dtype, shape, values }] of tensors) {
    const { data_offsets: offsets, ...told } = header[name];
    described += offsets[1] - offsets[0];
    assert.equal({ dtype, shape }, { dtype: told.dtype, shape: told.shape });
    assert.is(values.length, shape.includes(0) ? 0 : shape.reduce((all, size) => all * size, 1));
    if (/F16/.test(dtype)) continue; // widened
    const got = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    assert.equal([...got], [...data.subarray(...(offsets as [number, number]))], name);
  }
  assert.is(described, data.length, 'no byte twice, none left over');
}

// --- IDX ----------------------------------------------------------------------------------------------------------------

const IMAGES = new Uint8Array(
  idxFile(
    [3, 2, 4],
    Uint8Array.from({ length: 24 }, (_, i) => i * 10),
  ),
);
const LABELS = new Uint8Array(idxFile([3], Uint8Array.of(2, 0, 1)));

const CSV = ['label,a,b\n1,2,3.5\n0,"4",5e-1\n', 'x\ty\n1\t2\n', '1,2,3,4\n5,6,7,8\n9,10,11,12\n'].map(utf8);

function readCsv(bytes: Uint8Array): void {
  const builder = new node.TableBuilder('t.csv', { missing: 'drop' });
  const csv = new node.CsvReader('t.csv', builder);
  csv.push(bytes);
  csv.end();
  const { features, names } = builder.table();
  assert.is(features.values.length, (features.shape[0] ?? 0) * names.length);
}

const NPY = [encodeNpy(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]), encodeNpy(Uint8Array.of(1, 2, 3), [3])];
const NPZ = [new Uint8Array(fs.readFileSync('test/unit/data/numpy-stored.npz'))];
const ZIPPED = [IMAGES, LABELS].map((file) => new Uint8Array(gzipSync(file)));

const PICTURES: Record<string, { file: string }> = JSON.parse(
  fs.readFileSync('test/unit/pictures/pictures.json', 'utf8'),
).pictures;
const pictures = (of: (name: string) => boolean) =>
  Object.entries(PICTURES).flatMap(([name, { file }]) =>
    of(name) ? [new Uint8Array(Buffer.from(file, 'base64'))] : [],
  );
const PARQUET: Record<string, string> = JSON.parse(fs.readFileSync('test/unit/data/parquet.json', 'utf8')).files;

function readPicture(bytes: Uint8Array): void {
  const { height, width, channels, pixels } = decodePicture(bytes);
  assert.is(pixels.length, height * width * channels);
  assert.is(resized({ height, width, channels, pixels }, 3, 2).pixels.length, 6 * channels);
}

const parquetFile = (name: string) => new Uint8Array(Buffer.from(PARQUET[name] ?? '', 'base64'));

async function readTable(bytes: Uint8Array): Promise<void> {
  const file = path.join(runFolder(), 't.parquet');
  fs.rmSync(file, { force: true });
  fs.writeFileSync(file, bytes);
  const builder = new node.TableBuilder(file, { categorical: ['colour', 'kind'], missing: 'mean' });
  await readParquet(file, builder, () => {});
  const { features, names } = builder.table();
  assert.is(features.values.length, (features.shape[0] ?? 0) * names.length);
}

/** As --data takes it: names, then shapes, numbers and classes. */
const DATA_FILE = node.encodeSafetensors({
  x_train: { shape: [3, 2, 2], values: Float32Array.from({ length: 12 }, (_, i) => i / 3) },
  y_train: { shape: [3], values: BigInt64Array.of(7n, 5n, 7n) },
  images: { shape: [3, 4], values: Uint8Array.from({ length: 12 }, (_, i) => i) },
});

function readData(bytes: Uint8Array): void {
  const { train, test } = datasetOf({ name: 'd', place: 'd' }, readTensorData(bytes, 'd.safetensors'), () => {});
  for (const { shape, values } of [train, test])
    assert.is(
      values.length,
      shape.reduce((all, size) => all * size, 1),
    );
}

function readIdx(bytes: Uint8Array, labels: Uint8Array): void {
  const { shape, values } = node.decodeIdx(bytes, 'images');
  const header = 4 + 4 * shape.length;
  assert.is(bytes.length, header + shape.reduce((all, size) => all * size, 1));
  assert.equal([...values], [...bytes.subarray(header)]);
  const images = node.imagesFromIdx(node.decodeIdx(bytes, 'images'), node.decodeIdx(labels, 'labels'));
  assert.is(images.pixels.length, images.count * images.height * images.width);
  assert.is(images.labels?.length, images.count);
}

// --- models -------------------------------------------------------------------------------------------------------------

const small = { pixels: 6, hidden: [3], latent: 2 };
const SPECS: ModelSpec[] = [
  vae(small),
  conditionalVae({ ...small, classes: 3 }),
  { ...ae({ ...small, loss: 'mse' }), initialization: 'he', range: '0..1' },
  denoising(small),
  sparse({ ...small, rho: 0.1, sparsityWeight: 2 }),
];

/** What no JSON is, is refused by JSON.parse. */
function readSpec(text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new errors.FormatError('no JSON', { cause });
  }
  layoutFrom(value);
}

/** What the spec says of its parameters, if it is one. */
function layoutFrom(spec: unknown) {
  validateSpec(spec);
  const layout = layoutOf(parameterSpecs(spec));
  assert.ok(layout.parameterCount > 0, `${layout.parameterCount} parameters`);
  return layout;
}

// --- folders of runs ----------------------------------------------------------------------------------------------------

const spec = vae(small);
const weights = new Map(
  layoutOf(parameterSpecs(spec)).ranges.map(({ name, shape }, index) => {
    const values = new Float32Array(shape.reduce((all, size) => all * size, 1)).fill(index / 8);
    return [name, { shape, values }] as const;
  }),
);
const RUN = { spec, config: { dataChoice: 'digits', height: 2, width: 3 }, seconds: 3 };
const MODEL = node.encodeSafetensors(weights);
const METADATA: Record<string, string> = Object.fromEntries(
  Object.entries({
    checkpoint: 1,
    spec,
    training: { batch: 4, lr: 0.1 },
    step: 3,
    epochs: 1,
    epoch: { sums: [1, 2, 3], images: 4 },
    data: {
      name: 'd',
      train: { count: 4, height: 2, width: 3, pixels: '0' },
      test: { count: 4, height: 2, width: 3, pixels: '0' },
    },
  }).map(([key, value]) => [key, JSON.stringify(value)]),
);
const CHECKPOINT = node.encodeSafetensors(
  new Map([...weights, ...[...weights].map(([name, tensor]) => [`optimizer.exp_avg.${name}`, tensor] as const)]),
  METADATA,
);
const anyRun = fc.tuple(
  fc.oneof(
    { weight: 3, arbitrary: anyJsonMutant([RUN]).map(utf8) },
    { weight: 1, arbitrary: anyMutant([utf8(JSON.stringify(RUN))]) },
    { weight: 1, arbitrary: fc.constant(utf8(`\ufeff${JSON.stringify(RUN)}`)) },
  ),
  fc.oneof({ weight: 2, arbitrary: anyMutant([MODEL]) }, { weight: 1, arbitrary: fc.constant(MODEL) }),
);

let folder = '';
/** @returns a folder that is written anew for each run */
const runFolder = () => {
  if (!folder) {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-readers-'));
    process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  }
  return folder;
};

function readFolder(): void {
  const run = readRun(runFolder());
  if (run.shape)
    assert.is(
      run.shape.reduce((product, size) => product * size, 1),
      run.spec.inputs,
    );
  const flat = flatWeights(layoutFrom(run.spec), run.tensors);
  assert.ok(flat.every(Number.isFinite));
}

// --- all of them --------------------------------------------------------------------------------------------------------

/** How many files were read, and how many refused by a typed error. */
interface Seen {
  read: number;
  refused: number;
}

function reader<T>(arbitrary: fc.Arbitrary<T>, read: (input: T) => Promise<boolean>) {
  return async (runs: number, seed: number): Promise<Seen> => {
    const seen: Seen = { read: 0, refused: 0 };
    const property = fc.asyncProperty(arbitrary, async (input) => {
      seen[(await read(input)) ? 'read' : 'refused']++;
    });
    await fc.assert(property, { numRuns: runs, seed });
    return seen;
  };
}

/** By what is read. Each fails with the smallest file that breaks it, and the seed. */
export const READERS: Record<string, (runs: number, seed: number) => Promise<Seen>> = {
  safetensors: reader(anyTensorFile, (bytes) => tried(() => readTensors(bytes), bytes.length)),
  IDX: reader(fc.tuple(anyMutant([IMAGES, LABELS]), anyMutant([LABELS])), ([images, labels]) =>
    tried(() => readIdx(images, labels), images.length + labels.length),
  ),
  // A digit becomes a number of four bytes, which is copied once; a line has a row of eight-byte ones.
  csv: reader(anyMutant(CSV), (bytes) => tried(() => readCsv(bytes), bytes.length, 40)),
  npy: reader(anyMutant(NPY), (bytes) => tried(() => void node.decodeNpy(bytes), bytes.length)),
  // Deflate makes at most 1,032 bytes of one.
  npz: reader(anyMutant(NPZ), (bytes) => tried(async () => void (await node.decodeNpz(bytes)), bytes.length, 1100)),
  // Deflate makes at most 1,032 bytes of one, and a byte of a line is up to eight pixels; of a JPEG's pixel there are
  // coefficients of four bytes.
  PNG: reader(anyMutant(pictures((name) => !name.includes('JPEG'))), (bytes) =>
    tried(() => readPicture(bytes), bytes.length, 20_000),
  ),
  JPEG: reader(anyMutant(pictures((name) => name.includes('JPEG'))), (bytes) =>
    tried(() => readPicture(bytes), bytes.length, 20_000),
  ),
  parquet: reader(anyMutant(['none', 'gzip', 'snappy', 'delta', 'pages of version 2'].map(parquetFile)), (bytes) =>
    tried(() => readTable(bytes), bytes.length, 2000),
  ),
  'safetensors of --data': reader(anyMutant([DATA_FILE]), (bytes) => tried(() => readData(bytes), bytes.length)),
  'gzipped IDX': reader(anyMutant(ZIPPED), (bytes) =>
    tried(async () => readIdx(await node.gunzipIfNeeded(bytes), LABELS), bytes.length, 1100),
  ),
  'spec JSON': reader(anyJsonMutant(SPECS), (text) => tried(() => readSpec(text), text.length)),
  checkpoint: reader(anyMutant([CHECKPOINT]), (bytes) => tried(() => void node.decodeSnapshot(bytes), bytes.length)),
  'checkpoint metadata': reader(
    fc.tuple(
      fc.constantFrom(...Object.keys(METADATA)),
      anyJsonMutant(Object.values(METADATA).map((text) => JSON.parse(text))),
    ),
    ([key, text]) => {
      const bytes = node.encodeSafetensors(weights, { ...METADATA, [key]: text });
      return tried(() => void node.decodeSnapshot(bytes), bytes.length);
    },
  ),
  'run folder': reader(anyRun, ([run, model]) => {
    for (const [name, bytes] of Object.entries({ 'run.json': run, 'model.safetensors': model })) {
      // Anew: some file systems flush a file that is cut and written again.
      fs.rmSync(path.join(runFolder(), name), { force: true });
      fs.writeFileSync(path.join(runFolder(), name), bytes);
    }
    return tried(readFolder, run.length + model.length);
  }),
};
