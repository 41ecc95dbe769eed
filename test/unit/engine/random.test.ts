// The host's random numbers (src/random.ts): Philox against Random123's known answers, the shapes of the distributions
// made from it, and the keyed permutation that shuffles an epoch.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  multiplyHigh,
  normalAt,
  normals,
  openUnit,
  permute,
  philox,
  STREAM,
  seedKey,
  unit,
  type Words,
} from '../../../src/random.js';

const hex = (words: Words) => words.map((word) => word.toString(16).padStart(8, '0')).join(' ');

// Random123's kat_vectors, "philox4x32 10".
const KNOWN: [counter: Words, key: [number, number], want: string][] = [
  [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
  [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
  [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
];
for (const [counter, key, want] of KNOWN)
  test(`philox(${hex(counter)}) is Random123's`, () => assert.is(hex(philox(counter, key)), want));

test('multiplyHigh is the upper half of the 64-bit product, carries included', () => {
  const edges = [0, 1, 2, 0xffff, 0x10000, 0x10001, 0x7fffffff, 0x80000000, 0xffff0000, 0xfffffffe, 0xffffffff];
  const words = [...edges, ...philox([1, 2, 3, 4], [5, 6]), 0xd2511f53, 0xcd9e8d57];
  for (const a of words)
    for (const b of words)
      assert.is(multiplyHigh(a, b), Number((BigInt(a) * BigInt(b)) >> 32n), `${a.toString(16)} * ${b.toString(16)}`);
});

test('seedKey splits a seed into its low and high words', () => {
  assert.equal(seedKey(0), [0, 0]);
  assert.equal(seedKey(2 ** 32 - 1), [0xffffffff, 0]);
  assert.equal(seedKey(2 ** 32), [0, 1]);
  assert.equal(seedKey(Number.MAX_SAFE_INTEGER), [0xffffffff, 0x1fffff]);
});

test('the purposes numbers are drawn for are all different', () =>
  assert.is(new Set(Object.values(STREAM)).size, Object.keys(STREAM).length));

test('unit covers [0, 1) and openUnit (0, 1), both exact in f32', () => {
  assert.is(unit(0), 0);
  assert.is(unit(0xff), 0);
  assert.is(unit(0x100), 2 ** -24);
  assert.is(unit(0xffffffff), 1 - 2 ** -24);
  assert.is(openUnit(0), 2 ** -24);
  assert.is(openUnit(0x1ff), 2 ** -24);
  assert.is(openUnit(0x200), 1.5 * 2 ** -23);
  assert.is(openUnit(0xffffffff), 1 - 2 ** -24);
  for (const word of [0, 0x80000000, 0xffffffff, ...philox([0, 0, 0, 0], [7, 7])]) {
    assert.is(Math.fround(unit(word)), unit(word));
    assert.is(Math.fround(openUnit(word)), openUnit(word));
  }
});

// How far a mean of n independent numbers may lie from its expectation: 4.5 standard errors, which a right generator
// exceeds once in 150,000 seeds. The seed is fixed, so the test passes always or never.
const Z = 4.5;
const COUNT = 200_000;

/** Fails if the mean of `values`, whose expectation and variance are known, is further off than chance allows. */
function expectMean(what: string, values: number[], expectation: number, variance: number): void {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const z = (mean - expectation) / Math.sqrt(variance / values.length);
  assert.ok(Math.abs(z) < Z, `${what}: mean ${mean}, expected ${expectation}: ${z.toFixed(1)} standard errors off`);
}

/** Standard normal numbers as a kernel would draw them: position by position. */
const drawn = Array.from({ length: COUNT / 4 }, (_, i) => normals(philox([i, 3, 0, STREAM.noise], seedKey(42)))).flat();

// Moments of a standard normal number: E x^k = 0, 1, 0, 3, and Var x^k = E x^2k - (E x^k)^2 = 1, 2, 15, 96.
const MOMENTS: [power: number, expectation: number, variance: number][] = [
  [1, 0, 1],
  [2, 1, 2],
  [3, 0, 15],
  [4, 3, 96],
];
for (const [power, expectation, variance] of MOMENTS)
  test(`normals: moment ${power} is ${expectation}`, () =>
    expectMean(
      `x^${power}`,
      drawn.map((x) => x ** power),
      expectation,
      variance,
    ));

test('normals: as many lie beyond 1, 2 and 3 as must', () => {
  for (const [bound, share] of [
    [1, 0.3173105],
    [2, 0.0455003],
    [3, 0.0026998],
  ] as const)
    expectMean(
      `|x| > ${bound}`,
      drawn.map((x) => (Math.abs(x) > bound ? 1 : 0)),
      share,
      share * (1 - share),
    );
});

for (const distance of [1, 2, 3, 4])
  test(`normals: numbers ${distance} apart are uncorrelated`, () =>
    expectMean(
      `x[i] x[i + ${distance}]`,
      drawn.slice(distance).map((x, i) => x * (drawn[i] ?? 0)),
      0,
      1,
    ));

test('normals follow Box and Muller: radius from the first word of a pair, angle from the second', () => {
  // openUnit(0x40000000) is 1/4 and a half step of 2^-23; an eighth of a turn and three quarters.
  const radius = Math.sqrt(-2 * Math.log(0.25 + 2 ** -24));
  const got = normals([0x40000000, 0x20000000, 0x40000000, 0xc0000000]);
  const want = [radius * Math.SQRT1_2, radius * Math.SQRT1_2, 0, -radius];
  got.forEach((x, i) => {
    assert.ok(Math.abs(x - (want[i] ?? 0)) < 1e-14, `${i}: got ${x}, want ${want[i]}`);
  });
});

test('normals are finite at the extremes of their words', () => {
  const most = Math.sqrt(-2 * Math.log(2 ** -24));
  for (const radius of [0, 0xffffffff])
    for (const angle of [0, 0x80000000, 0xffffffff])
      for (const x of normals([radius, angle, angle, radius]))
        assert.ok(Math.abs(x) <= most + 1e-12, `${radius}, ${angle}: ${x}`);
});

test('normalAt picks word index % 4 of counter [index / 4, step, 0, stream]', () => {
  for (const index of [0, 1, 2, 3, 4, 7, 1001])
    assert.is(
      normalAt(9, STREAM.prior, 5, index),
      normals(philox([Math.floor(index / 4), 5, 0, STREAM.prior], seedKey(9)))[index % 4],
    );
});

const order = (count: number, seed: number, epoch: number) =>
  Array.from({ length: count }, (_, position) => permute(position, count, seed, epoch));

for (const count of [1, 2, 3, 4, 5, 10, 16, 17, 127, 128, 129, 1000, 60_000])
  test(`permute: ${count} positions go to ${count} different ones`, () => {
    const sorted = Float64Array.from(order(count, 1, 2)).sort();
    const wrong = sorted.findIndex((value, i) => value !== i);
    assert.is(
      wrong,
      -1,
      `${wrong} is missing or twice there; next to it ${sorted.slice(Math.max(0, wrong - 2), wrong + 3)}`,
    );
  });

/** At how many positions two orders agree; for two independent ones it is Poisson with mean 1, above 9 once in 10^7. */
const agreements = (a: number[], b: number[]) => a.filter((value, i) => value === b[i]).length;

test('permute: another epoch, another seed (in its high word too), and no epoch in file order', () => {
  const first = order(1000, 1, 0);
  const inOrder = first.map((_, i) => i);
  for (const [what, other] of [
    ['file order', inOrder],
    ['epoch 1', order(1000, 1, 1)],
    ['seed 2', order(1000, 2, 0)],
    ['seed 1 + 2^32', order(1000, 1 + 2 ** 32, 0)],
  ] as const)
    assert.ok(agreements(first, other) <= 9, `${what}: ${agreements(first, other)} of 1000 positions agree`);
  assert.equal(order(1000, 1, 0), first, 'the same seed and epoch give the same order');
});

test('permute: the order is that of every earlier run with this seed', () => {
  assert.equal(
    Array.from({ length: 8 }, (_, position) => permute(position, 60_000, 42, 1)),
    [57774, 52839, 4086, 38742, 36459, 38432, 49252, 37262],
  );
});

for (const count of [3, 4, 10, 16, 17, 50, 64, 1000, 60_000])
  test(`permute: over many epochs a position among ${count} is sent everywhere equally often`, () => {
    const epochs = 4000;
    for (const position of [0, 1, count - 1]) {
      const thirds = [0, 0, 0];
      const shares = [0, 1, 2].map((third) => Math.ceil(((third + 1) * count) / 3) - Math.ceil((third * count) / 3));
      for (let epoch = 0; epoch < epochs; epoch++) {
        const third = Math.floor((permute(position, count, 3, epoch) * 3) / count);
        thirds[third] = (thirds[third] ?? 0) + 1;
      }
      const chiSquare = thirds.reduce((sum, hits, third) => {
        const expected = (epochs * (shares[third] ?? 0)) / count;
        return sum + (hits - expected) ** 2 / expected;
      }, 0);
      // 2 degrees of freedom: above 23 once in 100,000.
      assert.ok(chiSquare < 23, `position ${position} goes to the thirds ${thirds} times, chi-square ${chiSquare}`);
    }
  });

test.run();
