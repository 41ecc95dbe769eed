// Between which images a walk goes, and over which codes. Arithmetic only: generate.js and the exported page draw it.

/** Shares 0..1 of the way, both ends among them. */
export const shares = (count: number): number[] => Array.from({ length: count }, (_, i) => i / (count - 1));

/** The test images to walk between if nobody says: the first, and the first of another class (or simply the second). */
export function defaultWalk({ count, labels }: { count: number; labels?: Uint8Array | undefined }): [number, number] {
  const other = labels?.findIndex((label) => label !== labels[0]) ?? -1;
  return [0, other > 0 ? other : Math.min(1, count - 1)];
}

/**
 * Codes whose every place is a vector of the codebook: the nearest one. What lies between two quantised codes is none.
 * @param codes    [n, code], places of `dimensions` numbers each
 * @param codebook [vectors, dimensions]
 */
export function snapped(codes: Float32Array, codebook: Float32Array, dimensions: number): Float32Array {
  const out = new Float32Array(codes.length);
  for (let place = 0; place < codes.length; place += dimensions) {
    let [nearest, least] = [0, Number.POSITIVE_INFINITY];
    for (let from = 0; from < codebook.length; from += dimensions) {
      let distance = 0;
      for (let d = 0; d < dimensions; d++) distance += ((codes[place + d] ?? 0) - (codebook[from + d] ?? 0)) ** 2;
      if (distance < least) [nearest, least] = [from, distance];
    }
    out.set(codebook.subarray(nearest, nearest + dimensions), place);
  }
  return out;
}

/** Codes on the straight line from `from` to `to`, [steps, latent], both ends among them. */
export function line(from: Float32Array, to: Float32Array, steps: number): Float32Array {
  return Float32Array.from(
    shares(steps).flatMap((share) => [...from].map((x, at) => (1 - share) * x + share * (to[at] ?? 0))),
  );
}
