// Test support: pictures of 32x32 in colour, one disc each on a ground that darkens to one side.
import type { Dataset } from '../../../src/data/dataset.js';
import type { Examples } from '../../../src/data/examples.js';
import { uniformAt } from '../../../src/random.js';

const SIDE = 32;
const CHANNELS = 3;

/** Colours, place and size are drawn from the seed. */
export function colourDiscs({ train, test, seed }: { train: number; test: number; seed: number }): Dataset<Examples> {
  return { name: 'colour discs', train: discs(train, seed, 0), test: discs(test, seed, 1) };
}

function discs(count: number, seed: number, part: number): Examples {
  const shape = [count, SIDE, SIDE, CHANNELS];
  const values = new Uint8Array(count * SIDE * SIDE * CHANNELS);
  for (let index = 0; index < count; index++)
    values.set(
      disc(Array.from({ length: 10 }, (_, which) => uniformAt(seed, 31 + part, index, which))),
      index * SIDE * SIDE * CHANNELS,
    );
  return { values, shape };
}

/** @param drawn ten numbers of 0..1: place and size, to which side it darkens, colours of disc and ground */
function disc([down = 0, right = 0, size = 0, side = 0, ...colours]: readonly number[]): Uint8Array {
  const [row, column, radius] = [8 + 16 * down, 8 + 16 * right, 4 + 8 * size];
  return Uint8Array.from({ length: SIDE * SIDE * CHANNELS }, (_, at) => {
    const [pixel, channel] = [Math.floor(at / CHANNELS), at % CHANNELS];
    const [y, x] = [Math.floor(pixel / SIDE), pixel % SIDE];
    if ((y - row) ** 2 + (x - column) ** 2 < radius ** 2) return 255 * (colours[channel] ?? 0);
    return 255 * (1 - (side < 0.5 ? y : x) / (2 * SIDE)) * (colours[CHANNELS + channel] ?? 0);
  });
}
