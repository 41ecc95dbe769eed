// Random numbers of the page's own, for codes that no prior gives.

/** Standard normal numbers, the same for the same seed. Source: Box & Muller 1958. */
export function normals(seed: number): () => number {
  const random = uniforms(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Numbers 0 <= x < 1. Source: Marsaglia 2003, "Xorshift RNGs". */
function uniforms(seed: number): () => number {
  let word = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    return (word >>> 0) / 2 ** 32;
  };
}
