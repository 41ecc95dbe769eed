// Where the images of --data come from: folders of IDX files, the cache, and downloads from a server on this machine that
// behaves well or badly. No test leaves 127.0.0.1.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chooseImages, dataPlaces, type LoadedData, loadData, type Places } from '../../harness/lib/data/data.js';
import { encodeNpy } from '../../harness/lib/plots/npy.js';
import { splitImages } from '../../harness/lib/run/begin.js';

const TRAIN = 'train-images-idx3-ubyte';
const TEST = 't10k-images-idx3-ubyte';

/** An IDX file of bytes 0, 1, 2... */
function idx(...shape: number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt8(8, 2);
  header.writeUInt8(shape.length, 3);
  shape.forEach((size, axis) => {
    header.writeUInt32BE(size, 4 + 4 * axis);
  });
  const values = Buffer.from({ length: shape.reduce((product, size) => product * size, 1) }).map((_, i) => i);
  return Buffer.concat([header, values]);
}

const FILES: Record<string, Buffer> = {
  [`${TRAIN}.gz`]: gzipSync(idx(6, 4, 3)),
  'train-labels-idx1-ubyte.gz': gzipSync(idx(6)),
  [`${TEST}.gz`]: gzipSync(idx(2, 4, 3)),
  't10k-labels-idx1-ubyte.gz': gzipSync(idx(2)),
};
const md5 = (bytes: Buffer | undefined) =>
  createHash('md5')
    .update(bytes ?? '')
    .digest('hex');

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-data-'));
let folders = 0;

/** A folder with these files in it. */
function folder(files: Record<string, Buffer | string>, name = `folder-${folders++}`): string {
  const dir = path.join(scratch, name);
  fs.mkdirSync(dir, { recursive: true });
  for (const [file, bytes] of Object.entries(files)) fs.writeFileSync(path.join(dir, file), bytes);
  return dir;
}

/** An empty cache, no system folder, and `mnist` and `fashion-mnist` at `mirror`, both made of FILES. */
function places(mirror: string): Places {
  const source = (name: string, title: string) => ({
    title,
    mirror: `${mirror}/${name}/`,
    md5: {
      'train-images-idx3': md5(FILES[`${TRAIN}.gz`]),
      'train-labels-idx1': md5(FILES['train-labels-idx1-ubyte.gz']),
      't10k-images-idx3': md5(FILES[`${TEST}.gz`]),
      't10k-labels-idx1': md5(FILES['t10k-labels-idx1-ubyte.gz']),
    },
  });
  return {
    cache: folder({}),
    system: folder({}),
    sources: { mnist: source('mnist', 'MNIST'), 'fashion-mnist': source('fashion-mnist', 'Fashion-MNIST') },
  };
}

type Handler = (request: http.IncomingMessage, response: http.ServerResponse, file: string) => void;
const good: Handler = (_request, response, file) => {
  const bytes = FILES[file];
  response.writeHead(bytes ? 200 : 404, { 'content-length': bytes?.length ?? 0 }).end(bytes);
};

/** Runs `use` with a server's address; returns the paths that were asked for. */
async function serve(handler: Handler, use: (mirror: string) => Promise<void>): Promise<string[]> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    handler(request, response, path.basename(request.url ?? ''));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return asked;
}

/** loadData, what it said and after how many seconds, and the transfers it showed. */
async function load(choice: string | undefined, where: Places, limit?: number) {
  const started = performance.now();
  const said: string[] = [];
  const times: number[] = [];
  const transfers: [string, number, number | undefined][] = [];
  const listener = {
    say: (line: string) => {
      said.push(line);
      times.push((performance.now() - started) / 1000);
    },
    download: (file: string, received: number, total: number | undefined) => transfers.push([file, received, total]),
  };
  const loaded: LoadedData = await loadData(choice, listener, { places: where, ...(limit && { limit }) });
  return { ...loaded, said, times, transfers };
}

async function refusal(name: string, promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.is((error as Error).name, name, (error as Error).stack);
    return (error as Error).message;
  }
  return assert.unreachable('accepted') as never;
}

/** A port where nobody listens: one that was free a moment ago. */
let closed = '';
await serve(good, async (mirror) => {
  closed = mirror;
});
const nowhere = () => places(closed);

test('a folder of plain, gzipped and dotted files; labels may be missing', async () => {
  const dir = folder({ 'train-images.idx3-ubyte': idx(6, 4, 3), [`${TEST}.gz`]: gzipSync(idx(2, 4, 3)) });
  const { dataset, from } = await load(dir, nowhere());
  assert.is(from, dir);
  assert.is(dataset.name, path.basename(dir));
  assert.equal(
    [dataset.train.count, dataset.train.height, dataset.train.width, dataset.test.count, dataset.train.labels],
    [6, 4, 3, 2, undefined],
  );
  assert.equal([...dataset.train.pixels.subarray(0, 4)], [0, 1, 2, 3]);
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
  ['two sizes', { ...images, [TEST]: idx(2, 3, 3) }, /training images are 4x3 and test images 3x3, must have one size/],
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
    '--data fasion-mnist does not exist, must be one of mnist, fashion-mnist, digits, a folder of IDX files, or an .npz, .npy or .csv file; did you mean fashion-mnist?',
  );
  const file = path.join(folder(images), TRAIN);
  assert.match(
    await refusal('ArgumentError', load(file, nowhere())),
    /is a file that is neither \.npz, \.npy nor \.csv, must be .* the folder of the IDX files/,
  );
});

/** What a data set has: images and labels of each part. */
const counts = ({ dataset: { train, test: held } }: LoadedData) => ({
  train: [train.count, train.height, train.width],
  test: [held.count, held.height, held.width],
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
    [undefined, /^--split letters with no --data: only a folder may have several data sets/],
    ['digits', /^--split letters with --data digits: only a folder/],
    [tables, /^--split letters: .* has tables, must have IDX files of several data sets; leave --split out$/],
  ] as const)
    assert.match(
      await refusal('ArgumentError', loadData(choice, listener, { places: nowhere(), split: 'letters' })),
      message,
    );
});

test("an archive's own validation images are not overwritten by --validation", async () => {
  const { dataset } = await load(folder({ [TRAIN]: idx(6, 4, 3), [TEST]: idx(2, 4, 3) }), nowhere());
  const own = { ...dataset, validation: dataset.test };
  assert.is(splitImages(dataset, { validation: 0.5, seed: 0 }).validation?.count, 3);
  assert.is(splitImages(own, { seed: 0 }).validation?.count, 2);
  assert.throws(
    () => splitImages(own, { validation: 0.5, seed: 0 }),
    /^--validation 0\.5: .* has 2 validation images of its own; leave --validation out$/,
  );
});

test('QMNIST: labels of several columns, the first of which is the class', async () => {
  const dir = folder({
    'qmnist-train-images-idx3-ubyte.gz': gzipSync(idx(2, 4, 3)),
    'qmnist-train-labels-idx2-int.gz': gzipSync(qmnist),
    'qmnist-test-images-idx3-ubyte.gz': gzipSync(idx(2, 4, 3)),
    'qmnist-test-labels-idx2-int.gz': gzipSync(qmnist),
  });
  assert.equal([...((await load(dir, nowhere())).dataset.train.labels ?? [])], [3, 1]);
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
  assert.equal([one.dataset.train.count, one.dataset.test.count], [27, 3]);
  assert.equal(one.dataset.test.labels, other.dataset.test.labels);
  assert.equal(one.said, [`no test images in ${dir}: 3 of the 30 images, drawn by seed 0, are held out for testing`]);
});

test('.npz as np.savez writes it, and .npy of images alone', async () => {
  const npz = path.join('test', 'unit', 'numpy-stored.npz');
  const loaded = await load(npz, nowhere());
  assert.is(loaded.dataset.name, 'numpy-stored');
  assert.equal([loaded.dataset.train.count, loaded.dataset.test.count], [1, 1]);
  assert.equal([loaded.dataset.train.height, loaded.dataset.train.width], [3, 2]);
  const npy = path.join(folder({}), 'some.npy');
  fs.writeFileSync(
    npy,
    encodeNpy(
      Uint8Array.from({ length: 48 }, (_, i) => i),
      [4, 4, 3],
    ),
  );
  assert.equal(
    [(await load(npy, nowhere())).dataset.train.count, (await load(npy, nowhere())).dataset.test.count],
    [3, 1],
  );
  fs.writeFileSync(npy, encodeNpy(Uint8Array.of(0, 1, 1, 0), [1, 2, 2]));
  assert.match(
    await refusal('FormatError', load(npy, nowhere())),
    /has pixels of 0 and 1 alone, must be 0 \(black\) to 255/,
  );
  fs.writeFileSync(npy, encodeNpy(Float32Array.of(0, 0.25, 1, 0), [1, 2, 2]));
  assert.match(
    await refusal('FormatError', load(npy, nowhere())),
    /has pixels such as 0\.25 \(number 1\), must be whole numbers/,
  );
});

/** A table of images of 2x2, whose pixels count on. */
const rows = (labels: readonly number[], header = '') =>
  `${header}${labels.map((label, row) => [label, 4 * row, 4 * row + 1, 4 * row + 2, 4 * row + 3].join(',')).join('\n')}\n`;
const KAGGLE = 'label,pixel0,pixel1,pixel2,pixel3\n';

test("Kaggle's label,pixel0,...; tables without names; a folder of two; progress by bytes", async () => {
  const tables = folder({ 'mnist_train.csv': rows([7, 2, 9], KAGGLE), 'mnist_test.csv': rows([2, 9], KAGGLE) });
  const both = await load(tables, nowhere());
  assert.equal(counts(both), { train: [3, 2, 2], test: [2, 2, 2], labels: [2, 9] });
  assert.equal(
    [...both.dataset.train.pixels],
    Array.from({ length: 12 }, (_, i) => i),
  );
  assert.equal([...(both.dataset.test.labels ?? [])], [2, 9], 'as they are in the file');
  const bytes = rows([7, 2, 9], KAGGLE).length;
  assert.equal(both.transfers[0], [path.join(tables, 'mnist_train.csv'), bytes, bytes]);
  const plain = path.join(folder({ 'all.csv': rows([3, 1, 2]) }), 'all.csv');
  assert.equal([...((await load(plain, nowhere())).dataset.train.labels ?? [])].length, 2);
  const unlabelled = path.join(folder({ 'all.tsv': '1\t2\t3\t4\n5\t6\t7\t8\n' }), 'all.tsv');
  assert.is((await load(unlabelled, nowhere())).dataset.train.labels, undefined);
});

test('tables that are no images are told', async () => {
  const table = (text: string) => load(path.join(folder({ 't.csv': text }), 't.csv'), nowhere());
  assert.match(
    await refusal('FormatError', table('sepal,petal\n1,2\n')),
    /t\.csv has the column "sepal", must have pixels alone .* tables of other numbers cannot be trained on yet$/,
  );
  assert.match(await refusal('FormatError', table('1,2,3\n')), /t\.csv has 3 columns without names/);
  assert.match(
    await refusal('FormatError', table(rows([1], KAGGLE).replace(',2,', ',2.5,'))),
    /has pixels such as 2\.5/,
  );
  assert.match(await refusal('FormatError', table(`${KAGGLE}cat,1,2,3,4\ncat,1,2,3,4\n`)), /labels such as NaN/);
});

test('a good download is kept, and used without a server the next time', async () => {
  let where = nowhere();
  const asked = await serve(good, async (mirror) => {
    where = places(mirror);
    const { dataset, from, said, transfers } = await load('mnist', where);
    assert.equal([dataset.name, dataset.train.count, dataset.test.count], ['MNIST', 6, 2]);
    assert.equal(dataset.train.labels && [...dataset.train.labels], [0, 1, 2, 3, 4, 5]);
    assert.is(from, `${mirror}/mnist/, kept in ${path.join(where.cache, 'mnist')}`);
    assert.equal(said, [`downloading MNIST (4 files) from ${new URL(mirror).host}`]);
    const size = FILES[`${TRAIN}.gz`]?.length;
    assert.equal(transfers.filter(([file]) => file === `${TRAIN}.gz`).at(-1), [`${TRAIN}.gz`, size, size]);
  });
  assert.equal(
    asked,
    Object.keys(FILES).map((file) => `/mnist/${file}`),
  );
  assert.equal(fs.readdirSync(path.join(where.cache, 'mnist')).sort(), Object.keys(FILES).sort());
  const again = await load('mnist', where);
  assert.equal([again.dataset.train.count, again.from, again.said], [6, path.join(where.cache, 'mnist'), []]);
});

test('a file of the cache that is damaged is removed and fetched again, the others are not', async () => {
  const asked = await serve(good, async (mirror) => {
    const where = places(mirror);
    await load('mnist', where);
    fs.writeFileSync(path.join(where.cache, 'mnist', `${TEST}.gz`), 'damaged');
    const { dataset, said } = await load('mnist', where);
    assert.is(dataset.test.count, 2);
    assert.match(said[0] ?? '', /t10k-images-idx3-ubyte\.gz: its MD5 is .*, must be .*; removed, to be fetched again$/);
  });
  assert.equal(asked.slice(4), [`/mnist/${TEST}.gz`]);
});

test('a damaged file of the cache is gone even if it cannot be fetched', async () => {
  const where = nowhere();
  const cache = folder(
    { ...FILES, [`${TEST}.gz`]: 'damaged' },
    path.relative(scratch, path.join(where.cache, 'mnist')),
  );
  await refusal('DownloadError', load('mnist', where));
  assert.equal(
    fs.readdirSync(cache).sort(),
    Object.keys(FILES)
      .filter((file) => file !== `${TEST}.gz`)
      .sort(),
  );
});

test('a download with a wrong checksum is refused and nothing is kept', async () => {
  const wrong: Handler = (_request, response) => response.end('<html>please log in</html>');
  await serve(wrong, async (mirror) => {
    const where = places(mirror);
    const text = await refusal('DownloadError', load('mnist', where));
    assert.match(
      text,
      /train-images-idx3-ubyte\.gz: the MD5 of what came \(26 bytes\) is \w+, must be \w+; it was thrown/,
    );
    assert.match(text, /use --data digits$/);
    assert.not(fs.existsSync(path.join(where.cache, 'mnist')));
  });
});

test('a server that has not got the file', async () => {
  const missing: Handler = (_request, response) => response.writeHead(404).end();
  await serve(missing, async (mirror) => {
    assert.match(await refusal('DownloadError', load('mnist', places(mirror))), /the server answers 404 Not Found/);
  });
});

test('a connection that is cut in the middle', async () => {
  const cut: Handler = (_request, response) => {
    response.writeHead(200, { 'content-length': 1000 }).write('x'.repeat(10), () => response.destroy());
  };
  await serve(cut, async (mirror) => {
    const where = places(mirror);
    assert.match(await refusal('DownloadError', load('mnist', where)), /the connection was cut/);
    assert.equal(fs.readdirSync(where.cache), []);
  });
});

test('a server that never answers is noticed within 5 s in all', async () => {
  const asked = await serve(
    () => undefined,
    async (mirror) => {
      const { dataset, said, times } = await load(undefined, places(mirror), 3);
      const [, seconds = 0] = times;
      assert.ok(seconds > 3 && seconds < 5, `${seconds} s`);
      assert.equal([dataset.name, dataset.train.count, dataset.test.count], ['digits', 3, 10_000]);
      assert.is(said.length, 2);
      assert.match(
        said[1] ?? '',
        /^no MNIST: it is not in .*: no answer within 4 s; Fashion-MNIST is not here either, so/,
      );
    },
  );
  assert.is(asked.length, 1);
});

test('without a choice and a network: Fashion-MNIST of the system or the cache, and why', async () => {
  for (const place of ['system', 'cache'] as const) {
    const where = nowhere();
    folder(FILES, path.relative(scratch, path.join(where[place], 'fashion-mnist')));
    const { dataset, from, said } = await load(undefined, where);
    const dir = path.join(where[place], 'fashion-mnist');
    assert.equal([dataset.name, dataset.train.count, from], ['Fashion-MNIST', 6, dir]);
    assert.match(
      said[1] ?? '',
      /^no MNIST: it is not in .*, and cannot download .*: the connection was refused; taking/,
    );
    assert.ok(said[1]?.endsWith(`; taking Fashion-MNIST from ${dir}`), said[1]);
  }
});

test('without a choice, with a network: MNIST', async () => {
  await serve(good, async (mirror) => {
    assert.is((await load(undefined, places(mirror))).dataset.name, 'MNIST');
  });
});

test("the system's files need not have the mirror's checksum", async () => {
  const where = nowhere();
  const other = { [`${TRAIN}.gz`]: gzipSync(idx(5, 4, 3), { level: 1 }), [`${TEST}.gz`]: FILES[`${TEST}.gz`] ?? '' };
  folder(
    { ...FILES, 'train-labels-idx1-ubyte.gz': gzipSync(idx(5)), ...other },
    path.relative(scratch, path.join(where.system, 'mnist')),
  );
  const { dataset, from } = await load('mnist', where);
  assert.equal([dataset.name, dataset.train.count, from], ['MNIST', 5, path.join(where.system, 'mnist')]);
});

test('a cache that cannot be written costs a line, not the run', async () => {
  await serve(good, async (mirror) => {
    const where = { ...places(mirror), cache: path.join(folder({ file: '' }), 'file') };
    const { dataset, said } = await load('mnist', where);
    assert.is(dataset.train.count, 6);
    assert.match(said[1] ?? '', /train-images-idx3-ubyte\.gz cannot be kept for the next time: ENOTDIR/);
  });
});

test('environment variables move the places', () => {
  const env = { LATENTGPU_DATA_CACHE: '/a', LATENTGPU_DATA_SYSTEM: '/b', LATENTGPU_DATA_MIRROR: 'http://c/d' };
  const { cache, system, sources } = dataPlaces(env);
  assert.equal([cache, system, sources.mnist?.mirror], ['/a', '/b', 'http://c/d/mnist/']);
  assert.is(dataPlaces({ XDG_CACHE_HOME: '/x' }).cache, '/x/latentgpu');
  assert.is(dataPlaces({ XDG_CACHE_HOME: 'relative' }).cache, path.join(os.homedir(), '.cache/latentgpu'));
});

test('--limit takes the first images, all if there are fewer; --batch must fit', async () => {
  const { dataset } = await load(folder(images), nowhere());
  const said: string[] = [];
  const choose = (limit?: number, batch?: number) =>
    chooseImages(dataset, { ...(batch && { batch }), ...(limit && { limit }) }, { say: (line) => said.push(line) });
  assert.equal(choose(undefined, 6), dataset);
  assert.equal([choose(4, 4).train.count, choose(4, 4).train.pixels.length, choose(4, 4).test.count], [4, 48, 2]);
  assert.is(choose(4).train.count, 4, 'the default batch fits whatever there is');
  assert.equal(said, []);
  assert.is(choose(7, 1).train.count, 6);
  assert.equal(said, [`--limit 7 is more than ${dataset.name} has: all 6 training images are used`]);
  assert.throws(
    () => choose(4, 5),
    (error: Error) => error.message === '--batch 5 is larger than the data: 4 training images; use --batch <= 4',
  );
});

test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
test.run();
