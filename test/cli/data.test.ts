// Named data sets of --data: the cache, the system's folder, and downloads from a server on this machine that behaves well or
// badly; and how many of the images are taken. Files of one's own: data-formats.test.ts.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { countOf } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chooseImages, dataPlaces } from '../../harness/lib/data/data.js';
import {
  cleansUp,
  FILES,
  folder,
  good,
  type Handler,
  idx,
  load,
  nowhere,
  partsOf,
  places,
  refusal,
  scratch,
  serve,
  TEST,
  TRAIN,
} from '../support/programs/data-places.js';

test('a good download is kept, and used without a server the next time', async () => {
  let where = nowhere();
  const asked = await serve(good, async (mirror) => {
    where = places(mirror);
    const { dataset, from, said, transfers } = await load('mnist', where);
    assert.equal([dataset.name, ...partsOf(dataset)], ['MNIST', 6, 2]);
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
  assert.equal([...partsOf(again.dataset), again.from, again.said], [6, 2, path.join(where.cache, 'mnist'), []]);
});

test('a file of the cache that is damaged is removed and fetched again, the others are not', async () => {
  const asked = await serve(good, async (mirror) => {
    const where = places(mirror);
    await load('mnist', where);
    fs.writeFileSync(path.join(where.cache, 'mnist', `${TEST}.gz`), 'damaged');
    const { dataset, said } = await load('mnist', where);
    assert.is(countOf(dataset.test), 2);
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
      const { dataset, said, times } = await load(undefined, places(mirror), { limit: 3 });
      const [, seconds = 0] = times;
      assert.ok(seconds > 3 && seconds < 5, `${seconds} s`);
      assert.equal([dataset.name, ...partsOf(dataset)], ['digits', 3, 10_000]);
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
    assert.equal([dataset.name, countOf(dataset.train), from], ['Fashion-MNIST', 6, dir]);
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
  assert.equal([dataset.name, countOf(dataset.train), from], ['MNIST', 5, path.join(where.system, 'mnist')]);
});

test('a cache that cannot be written costs a line, not the run', async () => {
  await serve(good, async (mirror) => {
    const where = { ...places(mirror), cache: path.join(folder({ file: '' }), 'file') };
    const { dataset, said } = await load('mnist', where);
    assert.is(countOf(dataset.train), 6);
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
  const { dataset } = await load(folder({ [TRAIN]: idx(6, 4, 3), [TEST]: idx(2, 4, 3) }), nowhere());
  const said: string[] = [];
  const choose = (limit?: number, batch?: number) =>
    chooseImages(dataset, { ...(batch && { batch }), ...(limit && { limit }) }, { say: (line) => said.push(line) });
  assert.equal(choose(undefined, 6), dataset);
  assert.equal([...partsOf(choose(4, 4)), choose(4, 4).train.values.length], [4, 2, 48]);
  assert.is(countOf(choose(4).train), 4, 'the default batch fits whatever there is');
  assert.equal(said, []);
  assert.is(countOf(choose(7, 1).train), 6);
  assert.equal(said, [`--limit 7 is more than ${dataset.name} has: all 6 training examples are used`]);
  assert.throws(
    () => choose(4, 5),
    (error: Error) => error.message === '--batch 5 is larger than the data: 4 training examples; use --batch <= 4',
  );
});

cleansUp(test);
test.run();
