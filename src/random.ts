// Counter-based random numbers on the host: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011), bit-equal to shaders/lib/random/philox.wgsl. A number is a pure function of (seed, stream, position): nothing is
// stored, nothing depends on the order of evaluation, and host and GPU agree.

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** Four u32 words. */
export type Words = [number, number, number, number];

/** The fourth counter word: which purpose a number is drawn for. `shuffle` stands in shaders/lib/random/philox.wgsl as well. */
export const STREAM = {
  init: 1,
  noise: 2,
  shuffle: 3,
  evaluation: 4,
  prior: 5,
  data: 6,
  corruption: 7,
  evaluationCorruption: 8,
  dropout: 9,
  codebook: 10,
} as const;

/** High 32 bits of a u32 product; the low ones are `Math.imul(a, b) >>> 0`. */
export function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0;
}

/** Philox4x32-10: counter (four u32) and key (two u32) to four uniformly distributed u32. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [x0, x1, x2, x3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, x0);
    const low0 = Math.imul(MULTIPLIER_0, x0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, x2);
    const low1 = Math.imul(MULTIPLIER_1, x2) >>> 0;
    [x0, x1, x2, x3] = [(high1 ^ x1 ^ k0) >>> 0, low1, (high0 ^ x3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [x0, x1, x2, x3];
}

/** A seed as Philox's key: low and high 32 bits of a non-negative safe integer. */
export function seedKey(seed: number): [number, number] {
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}

/** A u32 as a number in [0, 1): its upper 24 bits, exact in f32. */
export function unit(word: number): number {
  return (word >>> 8) * 2 ** -24;
}

/** A u32 as a number in (0, 1), never 0 nor 1: its upper 23 bits and a half, exact in f32. Safe to take the log of. */
export function openUnit(word: number): number {
  return ((word >>> 9) + 0.5) * 2 ** -23;
}

/** Four standard normal numbers from four u32 by Box-Muller, in f64: (0,1) and (2,3) are the pairs. */
export function normals(words: Words): Words {
  const pair = (a: number, b: number): [number, number] => {
    const radius = Math.sqrt(-2 * Math.log(openUnit(a)));
    const angle = 2 * Math.PI * unit(b);
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  };
  return [...pair(words[0], words[1]), ...pair(words[2], words[3])];
}

/** The standard normal number number `index` of (seed, stream, step): word `index % 4` of counter [index / 4, step, 0, stream]. */
export function normalAt(seed: number, stream: number, step: number, index: number): number {
  const four = normals(philox([Math.floor(index / 4), step, 0, stream], seedKey(seed)));
  return four[(index % 4) as 0 | 1 | 2 | 3];
}

/** Number `index` in [0, 1) of (seed, stream, step, layer): word `index % 4` of counter [index / 4, step, layer, stream]. */
export function uniformAt(seed: number, stream: number, step: number, index: number, layer = 0): number {
  const words = philox([Math.floor(index / 4), step, layer, stream], seedKey(seed));
  return unit(words[(index % 4) as 0 | 1 | 2 | 3]);
}

/**
 * A whole number below `count`, from word `index % 4` of the same counter. Bit-equal to pick() of
 * shaders/quantize/codebook_vectors.wgsl.
 */
export function pickAt(seed: number, stream: number, step: number, index: number, count: number): number {
  const words = philox([Math.floor(index / 4), step, 0, stream], seedKey(seed));
  return multiplyHigh(words[(index % 4) as 0 | 1 | 2 | 3], count);
}

const PERMUTATION_ROUNDS = 8;

/**
 * Where a keyed permutation of 0..count-1 sends `position`: a Feistel network over the next even power of two (at least
 * 64), walked until the result falls below `count` (Black & Rogaway 2002, "Ciphers with arbitrary finite domains"). No
 * table, so a shader finds the row of one example by itself. Bit-equal to shaders/lib/random/permutation.wgsl.
 * @param position 0 <= position < count
 * @param count    size of the set, at most 2^30
 * @param epoch    a new order for each
 */
export function permute(position: number, count: number, seed: number, epoch: number): number {
  const key = seedKey(seed);
  const keys = [...philox([0, epoch, 0, STREAM.shuffle], key), ...philox([1, epoch, 0, STREAM.shuffle], key)];
  let halfBits = 3; // with fewer bits the rounds would mix too little: some orders would be favoured
  while (2 ** (2 * halfBits) < count) halfBits++;
  const mask = 2 ** halfBits - 1;
  let at = position;
  do {
    let left = at >>> halfBits;
    let right = at & mask;
    for (let round = 0; round < PERMUTATION_ROUNDS; round++) {
      const mixed = (right ^ (keys[round] ?? 0)) >>> 0;
      const f = multiplyHigh(MULTIPLIER_0, mixed) ^ Math.imul(MULTIPLIER_0, mixed);
      [left, right] = [right, (left ^ f) & mask];
    }
    at = ((left << halfBits) | right) >>> 0;
  } while (at >= count);
  return at;
}
