// Numbers as f16, for operands that are timed: only such as f16 holds, so nothing is rounded.

/** Bits of numbers that f16 holds as normal ones (or zero), taken from those of f32: a smaller exponent, a cut fraction. */
export function halfBits(values: Float32Array<ArrayBuffer>): Uint16Array<ArrayBuffer> {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(words, (word) => {
    const exponent = (word >>> 23) & 0xff;
    if (exponent === 0) return 0;
    return ((word >>> 16) & 0x8000) | ((exponent - 127 + 15) << 10) | ((word >>> 13) & 0x3ff);
  });
}
