// Random numbers in shaders against the published answers and against the host's twin.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Kernel, linearGrid, WORKGROUP } from '../../src/kernels/kernel.js';
import { permute, philox, STREAM, seedKey, type Words } from '../../src/random.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { close } from '../support/limits/close.js';
import { normalAndLimit } from '../support/limits/tolerance.js';
import permutationSource from './permutation.wgsl';
import randomSource from './random.wgsl';

const random: Kernel<{ count: number; stream: number; step: number }> = {
  name: 'random',
  sources: [randomSource],
  bindings: { counters: 'read', keys: 'read', indices: 'read', words: 'write', normals: 'write' },
  constants: ({ count, stream, step }) => ({ WORKGROUP, COUNT: count, STREAM: stream, STEP: step }),
  grid: ({ count }) => linearGrid(count),
  flops: () => 0,
};
const permutation: Kernel<{ count: number; epoch: number }> = {
  name: 'permutation',
  sources: [permutationSource],
  bindings: { key: 'read', images: 'write' },
  constants: ({ count, epoch }) => ({ WORKGROUP, COUNT: count, EPOCH: epoch }),
  grid: ({ count }) => linearGrid(count),
  flops: () => 0,
};

const SEED = 2 ** 33 + 7;
const STEP = 123_456;

interface Draw {
  counter: Words;
  key: [number, number];
  index: number;
}

async function draw(draws: Draw[], stream: number = STREAM.noise) {
  const count = draws.length;
  return runKernel(
    random,
    { count, stream, step: STEP },
    {
      counters: new Uint32Array(draws.flatMap(({ counter }) => counter)),
      keys: new Uint32Array(draws.flatMap(({ key }) => key)),
      indices: new Uint32Array(draws.map(({ index }) => index)),
      words: 4 * count,
      normals: count,
    },
  );
}

/** Random123's known answers for philox4x32-10. */
const KNOWN: { counter: Words; key: [number, number]; words: Words }[] = [
  { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

test('philox gives the three known answers', async () => {
  const results = await draw(KNOWN.map(({ counter, key }) => ({ counter, key, index: 0 })));
  assert.equal(
    [...results.u32('words')],
    KNOWN.flatMap(({ words }) => words),
  );
});

test('philox is the host’s, bit for bit', async () => {
  const draws = Array.from({ length: 527 }, (_, i): Draw => {
    const [a, b, c, d] = philox([i, 1, 2, 3], [4, 5]);
    return { counter: [a, b, c, i], key: [d, i], index: 0 };
  });
  const results = await draw(draws);
  const want = draws.flatMap(({ counter, key }) => philox(counter, key));
  close(
    results.u32('words'),
    want,
    () => 0,
    (i) => `word ${i % 4} of draw ${Math.floor(i / 4)}`,
  );
});

async function checkNormals(indices: number[], stream: number): Promise<Float32Array> {
  const draws = indices.map((index): Draw => ({ counter: [0, 0, 0, 0], key: seedKey(SEED), index }));
  const got = (await draw(draws, stream)).f32('normals');
  const want = indices.map((index) => normalAndLimit(SEED, stream, STEP, index));
  close(
    got,
    want.map(({ eps }) => eps),
    (i) => want[i]?.limit ?? 0,
    (i) => `normal number ${indices[i]}`,
  );
  return got;
}

for (const stream of ['noise', 'evaluation'] as const)
  test(`normal numbers of stream ${stream} are the host’s up to rounding`, async () => {
    const got = await checkNormals(
      Array.from({ length: 8192 }, (_, i) => i),
      STREAM[stream],
    );
    // The mean of n has a deviation of 1/sqrt(n), their variance one of sqrt(2/n): five of each.
    const mean = got.reduce((sum, value) => sum + value, 0) / got.length;
    const variance = got.reduce((sum, value) => sum + (value - mean) ** 2, 0) / got.length;
    assert.ok(Math.abs(mean) < 5 / Math.sqrt(got.length), `mean ${mean}`);
    assert.ok(Math.abs(variance - 1) < 5 * Math.sqrt(2 / got.length), `variance ${variance}`);
  });

test('normal numbers are numbers where the uniform ones are nearest to 1 and to 0', async () => {
  // Found by search: words 0 or 2 of these counters are 0xfffffe.. or 0x000000... There log(u) is -2^-24, smaller than the
  // error that WGSL allows it, and -24 log 2.
  const nearOne = [42_410_708, 62_760_984];
  const nearZero = [3_120_802, 13_939_460];
  const pairs = [...nearOne, ...nearZero].flatMap((index) => [index, index + 1]);
  const got = await checkNormals(pairs, STREAM.noise);
  const radius = (at: number) => Math.hypot(got[at] ?? Number.NaN, got[at + 1] ?? Number.NaN);
  assert.ok(radius(0) < 2e-3 && radius(2) < 2e-3, 'near one');
  assert.ok(Math.abs(radius(4) - Math.sqrt(48 * Math.LN2)) < 1e-5, 'near zero');
});

for (const [count, epoch] of [
  [1, 0],
  [2, 1],
  [63, 2],
  [64, 3],
  [65, 4],
  [1000, 5],
  [60_000, 19],
] as const)
  test(`permutation of ${count} is the host’s, bit for bit`, async () => {
    const results = await runKernel(
      permutation,
      { count, epoch },
      { key: new Uint32Array(seedKey(SEED)), images: count },
    );
    const images = results.u32('images');
    const want = Uint32Array.from({ length: count }, (_, at) => permute(at, count, SEED, epoch));
    close(
      images,
      want,
      () => 0,
      (at) => `position ${at}`,
    );
    assert.is(new Set(images).size, count, 'no image twice');
  });

usesDevice(test);
test.run();
