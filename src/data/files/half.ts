// binary16 of IEEE 754-2008, as bits: not every platform has Float16Array.

const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);

/** The nearest f16, ties to even; what exceeds 65504 by half a step becomes infinite. */
export function halfBits(value: number): number {
  FLOAT[0] = value;
  const bits = BITS[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fff_ffff;
  if (magnitude >= 0x7f80_0000) return sign | (magnitude > 0x7f80_0000 ? 0x7e00 : 0x7c00);
  // Below 2^-14 halves have one step, 2^-24: an integer that many of them. f32 divides by a power of two exactly.
  if (magnitude < 0x3880_0000) return sign | roundToEven(Math.abs(FLOAT[0]) * 2 ** 24);
  // 13 bits of the fraction go; a carry moves on into the exponent, which is right.
  const shifted = magnitude - (112 << 23);
  return sign | Math.min(0x7c00, roundToEven(shifted / 2 ** 13));
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
