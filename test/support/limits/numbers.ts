// Numbers for tests: the same ones every time, already rounded to f32.
import { philox, seedKey, unit } from '../../../src/random.js';

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

const bits = new Uint32Array(1);
const asFloat = new Float32Array(bits.buffer);

/** The number that an f16 with these bits is.  Source: IEEE 754-2008, binary16. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The bits of the nearest f16; ties to even. */
export function toHalf(value: number): number {
  asFloat[0] = value;
  const sign = ((bits[0] ?? 0) >>> 16) & 0x8000;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00; // halfway from the largest to 2^16
  // 2^-24 is the step below 2^-14, and 2^(e - 10) that between 2^e and 2^(e + 1).
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const step = 2 ** (exponent - 10);
  const floor = Math.floor(size / step);
  const rest = size / step - floor;
  const steps = floor + Number(rest > 0.5 || (rest === 0.5 && floor % 2 === 1));
  // The exponent's field is 0 below 2^-14, where the step is the same as above it.
  return sign | (steps + (exponent + 14) * 1024);
}

/** f16 of the same numbers, and these as they are then. */
export function halves(values: Float32Array): { bits: Uint16Array; values: Float32Array } {
  const bits = Uint16Array.from(values, toHalf);
  return { bits, values: Float32Array.from(bits, fromHalf) };
}
