// Files and folders of one's own for --data: under which names they are found, what their arrays are taken for, and the one
// line that says why they are refused. Named data sets and downloads: data.test.ts.
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeSafetensors, type HostTensor } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type LoadedData, loadData } from '../../harness/lib/data/data.js';
import { encodeNpy } from '../../harness/lib/plots/npy.js';
import { splitImages } from '../../harness/lib/run/begin.js';
import {
  cleansUp,
  folder,
  idx,
  load,
  nowhere,
  partsOf,
  refusal,
  TEST,
  TRAIN,
} from '../support/programs/data-places.js';

test('a folder of plain, gzipped and dotted files; labels may be missing', async () => {
  const dir = folder({ 'train-images.idx3-ubyte': idx(6, 4, 3), [`${TEST}.gz`]: gzipSync(idx(2, 4, 3)) });
  const { dataset, from } = await load(dir, nowhere());
  assert.is(from, dir);
  assert.is(dataset.name, path.basename(dir));
  assert.equal([dataset.train.shape, dataset.test.shape, dataset.train.labels], [[6, 4, 3], [2, 4, 3], undefined]);
  assert.equal([...dataset.train.values.subarray(0, 4)], [0, 1, 2, 3]);
});

const images = { [TRAIN]: idx(6, 4, 3), [TEST]: idx(2, 4, 3) };
const badFolders: [string, Record<string, Buffer>, RegExp][] = [
  [
    'no training images',
    { [TEST]: idx(2, 4, 3) },
    /has no file train-images-idx3-ubyte .*must have the training images/,
  ],
  [
    'truncated',
    { ...images, [TRAIN]: idx(6, 4, 3).subarray(0, 60) },
    /train-images-idx3-ubyte is truncated: .* 60 bytes/,
  ],
  [
    'truncated gzip',
    { [`${TRAIN}.gz`]: gzipSync(idx(6, 4, 3)).subarray(0, 30), [TEST]: idx(2, 4, 3) },
    /not a whole gzip/,
  ],
  ['not IDX', { ...images, [TEST]: Buffer.from('<html>') }, /t10k-images-idx3-ubyte is not an IDX file/],
  ['empty file', { ...images, [TEST]: Buffer.alloc(0) }, /t10k-images-idx3-ubyte is not an IDX file: it is empty/],
  [
    'two sizes',
    { ...images, [TEST]: idx(2, 3, 3) },
    /t10k-images-idx3-ubyte has examples of 3x3, must have 4x3 as the training examples/,
  ],
  ['labels for images', { ...images, [TRAIN]: idx(6) }, /train-images-idx3-ubyte has shape \[6\]/],
  ['too few labels', { ...images, 'train-labels-idx1-ubyte': idx(5) }, /has 5 labels, must have one for each of the 6/],
];
for (const [what, files, message] of badFolders)
  test(`a folder with ${what} is refused`, async () => {
    const dir = folder(files);
    const text = await refusal('FormatError', load(dir, nowhere()));
    assert.match(text, message);
    assert.ok(text.includes(dir), text);
  });

test('a folder that is not there, or is a file', async () => {
  assert.is(
    await refusal('ArgumentError', load('fasion-mnist', nowhere())),
    '--data fasion-mnist does not exist, must be one of mnist, fashion-mnist, digits, a folder of IDX files or of pictures, or an .npz, .npy, .safetensors, .csv or .parquet file; did you mean fashion-mnist?',
  );
  const file = path.join(folder(images), TRAIN);
  assert.match(
    await refusal('ArgumentError', load(file, nowhere())),
    /is a file that is none of \.npz, \.npy, \.safetensors, \.csv, \.tsv and \.parquet, must be .* the folder of the IDX files/,
  );
});

/** What a data set has: images and labels of each part. */
const counts = ({ dataset: { train, test: held } }: LoadedData) => ({
  train: train.shape,
  test: held.shape,
  labels: [train.labels?.[1], held.labels?.[1]],
});

const SHAPES = { train: [6, 4, 3], test: [2, 4, 3], labels: [1, 1] };
const qmnist = Buffer.concat([
  Buffer.from([0, 0, 12, 2, 0, 0, 0, 2, 0, 0, 0, 2]),
  Buffer.from([0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 9]),
]);
const letters = (name: string) => ({
  [`emnist-${name}-train-images-idx3-ubyte.gz`]: gzipSync(idx(6, 4, 3)),
  [`emnist-${name}-train-labels-idx1-ubyte.gz`]: gzipSync(idx(6)),
  [`emnist-${name}-test-images-idx3-ubyte`]: idx(2, 4, 3),
  [`emnist-${name}-test-labels-idx1-ubyte`]: idx(2),
});

test('EMNIST: one set of the folder, or the one that --split names', async () => {
  assert.equal(counts(await load(folder(letters('digits')), nowhere())), SHAPES);
  const both = folder({ ...letters('balanced'), ...letters('letters') });
  assert.is(
    await refusal('ArgumentError', load(both, nowhere())),
    `--data ${both} has several data sets: emnist-balanced, emnist-letters; choose one, for example --split letters`,
  );
  const chosen = await load(`${both}#letters`, nowhere());
  assert.equal(counts(chosen), SHAPES);
  assert.is(chosen.choice, `${both}#letters`);
  assert.match(
    await refusal('ArgumentError', load(`${both}#digits`, nowhere())),
    /--split digits: .* has emnist-balanced, emnist-letters; name one of them, or leave --split out$/,
  );
});

test('--split is for folders of several data sets', async () => {
  const listener = { say: () => undefined, download: () => undefined };
  const tables = folder({ 'a.csv': '1,2,3,4\n' });
  for (const [choice, message] of [
    [
      undefined,
      /^--split letters: without --data a data set is taken by its name; only folders of IDX files of several data sets take it: leave --split out$/,
    ],
    ['digits', /^--split letters: --data digits is a data set by its name; only folders/],
    [tables, /^--split letters: .* has tables; only folders of IDX files/],
  ] as const)
    assert.match(
      await refusal('ArgumentError', loadData(choice, listener, { places: nowhere(), split: 'letters' })),
      message,
    );
});

test("an archive's own validation images are not overwritten by --validation", async () => {
  const { dataset } = await load(folder({ [TRAIN]: idx(6, 4, 3), [TEST]: idx(2, 4, 3) }), nowhere());
  const own = { ...dataset, validation: dataset.test };
  assert.is(splitImages(dataset, { validation: 0.5, seed: 0 }).validation?.shape[0], 3);
  assert.is(splitImages(own, { seed: 0 }).validation?.shape[0], 2);
  assert.throws(
    () => splitImages(own, { validation: 0.5, seed: 0 }),
    /^--validation 0\.5: .* has 2 validation examples of its own; leave --validation out$/,
  );
});

test('QMNIST: labels of several columns, the first of which is the class', async () => {
  const dir = folder({
    'qmnist-train-images-idx3-ubyte.gz': gzipSync(idx(2, 4, 3)),
    'qmnist-train-labels-idx2-int.gz': gzipSync(qmnist),
    'qmnist-test-images-idx3-ubyte.gz': gzipSync(idx(2, 4, 3)),
    'qmnist-test-labels-idx2-int.gz': gzipSync(qmnist),
  });
  const { train, classes } = (await load(dir, nowhere())).dataset;
  assert.equal(
    [[...(train.labels ?? [])], classes],
    [
      [1, 0],
      ['1', '3'],
    ],
    'classes from 0 keep their names',
  );
});

test("Kaggle's folders, each with a file of its own name; plain files are taken before gzipped ones", async () => {
  const dir = folder({ [`${TEST}.gz`]: Buffer.from('broken'), [TEST]: idx(2, 4, 3) });
  for (const [name, bytes] of [
    [TRAIN, idx(6, 4, 3)],
    ['train-labels-idx1-ubyte', idx(6)],
    ['t10k-labels-idx1-ubyte', idx(2)],
  ] as const) {
    fs.mkdirSync(path.join(dir, name));
    fs.writeFileSync(path.join(dir, name, name), bytes);
  }
  assert.equal(counts(await load(dir, nowhere())), SHAPES);
});

test('without test images a tenth is held out, the same each time, and a line says so', async () => {
  const dir = folder({ [TRAIN]: idx(30, 4, 3), 'train-labels-idx1-ubyte': idx(30) });
  const [one, other] = [await load(dir, nowhere()), await load(dir, nowhere())];
  assert.equal(partsOf(one.dataset), [27, 3]);
  assert.equal(one.dataset.test.labels, other.dataset.test.labels);
  assert.equal(one.said, [`no test images in ${dir}: 3 of the 30 images, drawn by seed 0, are held out for testing`]);
});

test('.npz as np.savez writes it, and .npy of images alone', async () => {
  const npz = 'test/unit/data/numpy-stored.npz';
  const loaded = await load(npz, nowhere());
  assert.is(loaded.dataset.name, 'numpy-stored');
  assert.equal(partsOf(loaded.dataset), [1, 1]);
  assert.equal(loaded.dataset.train.shape, [1, 3, 2]);
  const npy = path.join(folder({}), 'some.npy');
  fs.writeFileSync(
    npy,
    encodeNpy(
      Uint8Array.from({ length: 48 }, (_, i) => i),
      [4, 4, 3],
    ),
  );
  assert.equal(partsOf((await load(npy, nowhere())).dataset), [3, 1]);
});

/** A file of these tensors. */
function tensorFile(tensors: Record<string, HostTensor>): string {
  const file = path.join(folder({}), 't.safetensors');
  fs.writeFileSync(file, encodeSafetensors(tensors));
  return file;
}

test('.safetensors with tensors of the names that archives have, or with one', async () => {
  const grey = (count: number): HostTensor => ({ shape: [count, 4, 3], values: new Uint8Array(12 * count).fill(7) });
  const labels = (...values: bigint[]): HostTensor => ({ shape: [values.length], values: BigInt64Array.from(values) });
  const four = { x_train: grey(3), y_train: labels(0n, 2n, 1n), x_test: grey(2), y_test: labels(1n, 0n) };
  const whole = await load(tensorFile({ ...four, 'other.things': labels(2n ** 60n) }), nowhere());
  assert.equal(counts(whole), { train: [3, 4, 3], test: [2, 4, 3], labels: [2, 0] });
  assert.is(whole.dataset.what, 'x_train, y_train, x_test, y_test');
  const pair = await load(tensorFile({ images: grey(3), labels: labels(5n, 5n, 6n) }), nowhere());
  assert.equal(
    [partsOf(pair.dataset), pair.dataset.classes],
    [
      [2, 1],
      ['5', '6'],
    ],
  );
  const one = await load(tensorFile({ vectors: { shape: [4, 3], values: new Float32Array(12) } }), nowhere());
  assert.equal(one.dataset.train.shape, [3, 3]);
  for (const [tensors, message] of [
    [
      { 'a.weight': grey(1), 'b.weight': grey(1) },
      /t\.safetensors has the arrays a\.weight, b\.weight, must have x_train/,
    ],
    [
      { images: grey(2), labels: labels(1n, 2n ** 60n) },
      /t\.safetensors: labels has 1152921504606846976, must be within/,
    ],
    [{ images: grey(2), labels: labels(1n) }, /t\.safetensors: labels has 1 labels, must have one for each of the 2/],
  ] as const)
    assert.match(await refusal('FormatError', load(tensorFile(tensors), nowhere())), message);
  const broken = path.join(folder({ 'a.safetensors': 'nothing' }), 'a.safetensors');
  assert.match(await refusal('FormatError', load(broken, nowhere())), /^.*a\.safetensors: /);
});

/** A table of images of 2x2, whose pixels count on. */
const rows = (labels: readonly number[], header = '') =>
  `${header}${labels.map((label, row) => [label, 4 * row, 4 * row + 1, 4 * row + 2, 4 * row + 3].join(',')).join('\n')}\n`;
const KAGGLE = 'label,pixel0,pixel1,pixel2,pixel3\n';

test("Kaggle's label,pixel0,...; tables without names; a folder of two; progress by bytes", async () => {
  const tables = folder({ 'mnist_train.csv': rows([7, 2, 9], KAGGLE), 'mnist_test.csv': rows([2, 9], KAGGLE) });
  const both = await load(tables, nowhere());
  assert.equal(counts(both), { train: [3, 2, 2], test: [2, 2, 2], labels: [0, 2] });
  assert.equal(
    [...both.dataset.train.values],
    Array.from({ length: 12 }, (_, i) => i),
  );
  assert.equal(
    [[...(both.dataset.test.labels ?? [])], both.dataset.classes],
    [
      [0, 2],
      ['2', '7', '9'],
    ],
    'those of the training table',
  );
  const bytes = rows([7, 2, 9], KAGGLE).length;
  assert.equal(both.transfers[0], [path.join(tables, 'mnist_train.csv'), bytes, bytes]);
  const eight = [...Array(64).keys()].join(',');
  const plain = path.join(folder({ 'all.csv': `3,${eight}\n1,${eight}\n` }), 'all.csv');
  const { train } = (await load(plain, nowhere())).dataset;
  assert.equal(
    [train.shape, train.labels?.length],
    [[1, 8, 8], 1],
    'without names, the label before the pixels of 8x8',
  );
  const unlabelled = path.join(folder({ 'all.tsv': '1\t2\t3\t4\n5\t6\t7\t8\n' }), 'all.tsv');
  assert.is((await load(unlabelled, nowhere())).dataset.train.labels, undefined);
});

/** A file of its own with one array. */
function arrayFile(values: Uint8Array | Float32Array, shape: number[]): string {
  const file = path.join(folder({}), 'some.npy');
  fs.writeFileSync(file, encodeNpy(values, shape));
  return file;
}
const dataOf = async (file: string, options = {}) => (await load(file, nowhere(), options)).dataset;
const counting = (count: number) => Uint8Array.from({ length: count }, (_, i) => i);

test('images of 0 and 1 become black and white, of floats stay floats', async () => {
  const bits = (await dataOf(arrayFile(Uint8Array.of(0, 1, 1, 0, 1, 1, 0, 0), [2, 2, 2]))).train;
  assert.equal([bits.shape, new Set(bits.values)], [[1, 2, 2], new Set([0, 255])]);
  assert.instance(bits.values, Uint8Array);
  const floats = (await dataOf(arrayFile(Float32Array.of(0, 0.25, 1, 0, 0.25, 1, 0.25, 0), [2, 2, 2]))).train;
  assert.equal([floats.shape, floats.values instanceof Float32Array], [[1, 2, 2], true]);
  assert.ok(floats.values.includes(0.25));
});

test('colour images: channels last, or first and then turned', async () => {
  const last = await dataOf(arrayFile(counting(2 * 4 * 5 * 3), [2, 4, 5, 3]));
  assert.equal(last.train.shape, [1, 4, 5, 3]);
  const first = await dataOf(arrayFile(counting(2 * 3 * 4 * 5), [2, 3, 4, 5]));
  assert.equal(first.train.shape, [1, 4, 5, 3]);
  const start = first.train.values[0] ?? 0; // which of the two images was held out is the seed's business
  assert.equal(
    [...first.train.values.subarray(0, 6)],
    [0, 20, 40, 1, 21, 41].map((value) => start + value),
  );
  const either = arrayFile(counting(2 * 3 * 5 * 3), [2, 3, 5, 3]);
  assert.equal((await dataOf(either)).train.shape, [1, 3, 5, 3]);
  assert.equal((await dataOf(either, { layout: 'chw' })).train.shape, [1, 5, 3, 3]);
  assert.equal((await dataOf(arrayFile(counting(40), [2, 1, 4, 5]))).train.shape, [1, 4, 5], 'one channel is grey');
  assert.match(
    await refusal('FormatError', dataOf(arrayFile(counting(160), [2, 4, 5, 4]))),
    /has shape \[2, 4, 5, 4\], must have .* with 1 or 3 channels; leave the fourth \(alpha\) out$/,
  );
});

test('other data of a run have the numbers that its own had, where they can be these', async () => {
  const dark = Uint8Array.from({ length: 128 }, (_, i) => i % 2);
  const as = async (
    numbers: 'pixels' | 'bits' | 'numbers' | 'scaled',
    values: Uint8Array | Float32Array,
    shape = [2, 8, 8],
  ) => {
    const { test: held, numbers: told } = await dataOf(arrayFile(values, shape), {
      known: { classes: 'numbers', numbers },
    });
    return [held.values instanceof Uint8Array, Math.max(...held.values), held.shape.slice(1).join('x'), told];
  };
  assert.equal(await as('pixels', dark), [true, 1, '8x8', 'pixels']);
  assert.equal(await as('pixels', dark, [2, 64]), [true, 1, '8x8', 'pixels']);
  assert.equal(await as('bits', dark), [true, 255, '8x8', 'bits']);
  assert.equal(
    (await as('scaled', counting(128))).filter((_, i) => i !== 1),
    [false, '8x8', 'numbers'],
  );
  assert.equal((await as('numbers', Float32Array.from(counting(128))))[0], false);
  assert.equal((await as('numbers', counting(128)))[0], true, 'bytes are pixels, which stand for 0..1');
  assert.equal(
    (
      await as(
        'pixels',
        Float32Array.from(dark, (bit) => bit / 2),
      )
    )[3],
    'numbers',
    'as no pixel is',
  );
});

test('parts of one size but other sides are refused, unless one is flat', async () => {
  const archive = (train: number[], held: number[]) =>
    dataOf(
      tensorFile({
        x_train: { shape: train, values: counting(144) },
        x_test: { shape: held, values: counting(144) },
      }),
    );
  assert.match(
    await refusal('FormatError', archive([2, 9, 8], [2, 8, 9])),
    /x_test has examples of 8x9, must have 9x8 as the training examples$/,
  );
  assert.equal((await archive([2, 9, 8], [2, 72])).test.shape, [2, 9, 8]);
});

test('--layout is of arrays of colour images', async () => {
  const layout = { layout: 'chw' } as const;
  assert.match(
    await refusal('ArgumentError', dataOf(arrayFile(counting(26), [2, 13]), layout)),
    /^--layout chw: .*some\.npy has shape \[2, 13\], vectors; only arrays of colour images take it: leave --layout out$/,
  );
  assert.match(
    await refusal('ArgumentError', dataOf(arrayFile(counting(40), [2, 4, 5]), layout)),
    /^--layout chw: .* has shape \[2, 4, 5\], grey images; only/,
  );
  assert.equal((await dataOf(arrayFile(counting(40), [2, 1, 4, 5]), layout)).train.shape, [1, 4, 5]);
});

test('rows of features: of any numbers, and of bytes, which are no pixels then', async () => {
  const rows = await dataOf(
    arrayFile(
      Float32Array.from(counting(26), (x) => x - 7.5),
      [2, 13],
    ),
  );
  assert.equal([rows.train.shape, rows.train.values.length], [[1, 13], 13]);
  const bytes = await dataOf(arrayFile(counting(26), [2, 13]));
  assert.instance(bytes.train.values, Float32Array);
  const square = await dataOf(arrayFile(counting(128), [2, 64]));
  assert.equal([square.train.shape, square.train.values instanceof Uint8Array], [[1, 8, 8], true]);
  const few = await dataOf(arrayFile(counting(18), [2, 9]));
  assert.equal(few.train.shape, [1, 9], 'nine bytes are no image of 3x3');
  assert.match(
    await refusal('FormatError', dataOf(arrayFile(Float32Array.of(1, 2, Number.NaN, 4), [2, 2]))),
    /some\.npy has NaN in row 1, column 0, must have numbers that are finite in f32; leave such rows out$/,
  );
});

test('the other parts are what the training part is', async () => {
  const dir = folder({
    [TRAIN]: idx(6, 4, 3),
    [TEST]: Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 3, ...Array(12).fill(1)]),
  });
  const { test: held } = await dataOf(dir);
  assert.equal(
    [held.values instanceof Uint8Array, held.values[0]],
    [true, 1],
    'not black and white, as it has 0 and 1 alone',
  );
});

test('tables of other columns than pixels are rows of features', async () => {
  const table = (text: string) => dataOf(path.join(folder({ 't.csv': text }), 't.csv'));
  const iris = await table('sepal,petal,label\n1,2,0\n3,4.5,1\n5,6,1\n');
  assert.equal([iris.train.shape, iris.features, iris.train.labels?.length], [[2, 2], ['sepal', 'petal'], 2]);
  assert.equal((await table('1,2,3\n4,5,6\n')).train.shape, [1, 3]);
  assert.match(await refusal('FormatError', table('a,b\n1,x\n')), /t\.csv: line 2, column "?b"? is "x"/);
  const pixels = await table(`${rows([1, 2], KAGGLE)}`.replace(',2,', ',2.5,'));
  assert.equal([pixels.train.shape, pixels.train.values instanceof Float32Array], [[1, 2, 2], true]);
  const words = await table(`${KAGGLE}cat,1,2,3,4\nape,1,2,3,4\ncat,1,2,3,4\n`);
  assert.equal(words.classes, ['ape', 'cat']);
});

cleansUp(test);
test.run();
