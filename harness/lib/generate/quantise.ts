// Uniform quantisation of codes: each dimension's range is cut into 2^bits cells of equal width, and a value becomes the
// number of its cell, which stands for the cell's middle. What that costs in bits, at a fixed length and as entropy.
// Arrays in, arrays out; compress.ts decodes and measures images.

/** The range of each dimension, [columns]. What lies outside is put into the outermost cell. */
export interface Ranges {
  low: Float32Array;
  high: Float32Array;
}

/**
 * Lowest and highest value of each column.
 * @param rows [n, columns]
 */
export function rangesOf(rows: Float32Array, columns: number): Ranges {
  const low = new Float32Array(columns).fill(Number.POSITIVE_INFINITY);
  const high = new Float32Array(columns).fill(Number.NEGATIVE_INFINITY);
  rows.forEach((value, at) => {
    const column = at % columns;
    low[column] = Math.min(low[column] ?? 0, value);
    high[column] = Math.max(high[column] ?? 0, value);
  });
  return { low, high };
}

/**
 * @param rows [n, columns]
 * @param bits of each number, 1 to 16
 * @returns the numbers of the cells, [n, columns]
 */
export function quantise(rows: Float32Array, { low, high }: Ranges, bits: number): Uint16Array {
  const cells = 2 ** bits;
  const columns = low.length;
  return Uint16Array.from(rows, (value, at) => {
    const from = low[at % columns] ?? 0;
    const width = (high[at % columns] ?? 0) - from;
    if (!(width > 0)) return 0; // a dimension that never changes
    return Math.min(cells - 1, Math.max(0, Math.floor(((value - from) / width) * cells)));
  });
}

/** What the cells' numbers stand for: the middle of each, [n, columns]. Off by half a cell at most, within the range. */
export function dequantise(cells: Uint16Array, { low, high }: Ranges, bits: number): Float32Array {
  const columns = low.length;
  return Float32Array.from(cells, (cell, at) => {
    const from = low[at % columns] ?? 0;
    return from + (((high[at % columns] ?? 0) - from) * (cell + 0.5)) / 2 ** bits;
  });
}

/**
 * Entropy of each column's numbers, summed: the bits a row that an ideal coder of independent columns needs, if the shares
 * in these rows are what it expects. Rows must be many more than cells, or their shares say too little.
 * @param cells [n, columns]
 */
export function entropyBits(cells: Uint16Array, columns: number): number {
  const n = cells.length / columns;
  let bits = 0;
  for (let column = 0; column < columns; column++) {
    const counts = new Map<number, number>();
    for (let row = 0; row < n; row++) {
      const cell = cells[row * columns + column] ?? 0;
      counts.set(cell, (counts.get(cell) ?? 0) + 1);
    }
    for (const count of counts.values()) bits += (count / n) * Math.log2(n / count);
  }
  return bits;
}

/**
 * Peak signal-to-noise ratio in dB of images of 0..1.
 * @param error mean squared error a pixel
 */
export const psnr = (error: number): number => -10 * Math.log10(error);

/** Mean over all numbers of the squared difference. */
export function meanSquaredError(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, at) => sum + (x - (b[at] ?? 0)) ** 2, 0) / a.length;
}
