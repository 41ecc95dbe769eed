// The little statistics of a benchmark: medians, spreads and lines of least squares. By hand: each is a line or two, and a
// library would be larger than its use.

export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const half = sorted.length / 2;
  const median = sorted.length % 2 ? at(Math.floor(half)) : (at(half - 1) + at(half)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

export type Point = readonly [x: number, y: number];

/** y = a + b x */
export interface Line {
  a: number;
  b: number;
}

/**
 * The line that minimises the sum of (residual / y)^2: times spread over decades, and each counts by its own measure.
 * @returns undefined for fewer than two different x
 */
export function lineThrough(points: readonly Point[], weight = (y: number) => 1 / (y * y)): Line | undefined {
  let [w, wx, wy] = [0, 0, 0];
  for (const [x, y] of points) {
    w += weight(y);
    wx += weight(y) * x;
    wy += weight(y) * y;
  }
  const [meanX, meanY] = [wx / w, wy / w];
  let [xx, xy] = [0, 0];
  for (const [x, y] of points) {
    xx += weight(y) * (x - meanX) ** 2;
    xy += weight(y) * (x - meanX) * (y - meanY);
  }
  if (!(xx > 0)) return undefined;
  return { a: meanY - (xy / xx) * meanX, b: xy / xx };
}

/** e of y = c x^e: the slope of the plain line through the logarithms. */
export function exponentOf(points: readonly Point[]): number | undefined {
  const logs = points.map(([x, y]): Point => [Math.log(x), Math.log(y)]);
  return lineThrough(logs, () => 1)?.b;
}
