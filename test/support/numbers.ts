// Numbers for tests: the same ones every time, already rounded to f32.
import { philox, seedKey, unit } from '../../src/random.js';

/** Not a stream of the engine (STREAM in src/random.ts). */
const TEST_STREAM = 99;

/** `count` numbers uniform in [low, high); another `seed`, other numbers. */
export function uniforms(seed: number, count: number, low = -1, high = 1): Float32Array {
  const values = new Float32Array(count);
  for (let at = 0; at < count; at += 4)
    philox([at, 0, 0, TEST_STREAM], seedKey(seed)).forEach((word, index) => {
      if (at + index < count) values[at + index] = low + (high - low) * unit(word);
    });
  return values;
}
