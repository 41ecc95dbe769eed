// Numbers as they are shown: 0 is black, or the foot of a chart, and 1 white, or its top. Pixels are that already; of numbers that a
// model scales it is what the model sees.
import { type CorruptionSpec, corruptImages, type ScalingSpec, scaled, unscaled } from 'latentgpu';

/** Of numbers that are standardised, so many deviations to each side are told apart: as session.draw does. */
const REACH = 3;

/** The least and the greatest number that is told apart. */
export type Range = readonly [low: number, high: number];

export const PIXELS: Range = [0, 1];

/** Of numbers that are not scaled, those that there are. */
export function rangeOf(values: Float32Array): Range {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return high > low ? [low, high] : [low - 1, low + 1];
}

const rangeFor = (scaling: ScalingSpec | undefined, plain: Range): Range =>
  !scaling ? plain : scaling.kind === 'minmax' ? PIXELS : [-REACH, REACH];

/** @param plain of numbers that are not scaled */
export function toShades(values: Float32Array, scaling: ScalingSpec | undefined, plain: Range): Float32Array {
  const [low, high] = rangeFor(scaling, plain);
  const seen = scaling ? scaled(values, scaling) : values;
  return low === 0 && high === 1 ? seen : seen.map((value) => (value - low) / (high - low));
}

/** The way back. */
export function fromShades(shades: Float32Array, scaling: ScalingSpec | undefined, plain: Range): Float32Array {
  const [low, high] = rangeFor(scaling, plain);
  const seen = low === 0 && high === 1 ? shades : shades.map((shade) => low + shade * (high - low));
  return scaling ? unscaled(seen, scaling) : seen;
}

/** Examples in the data's units, damaged as training damages them: after they are scaled. */
export function damaged(values: Float32Array, corruption: CorruptionSpec, seed: number, scaling?: ScalingSpec) {
  if (!scaling) return corruptImages(values, corruption, seed);
  return unscaled(corruptImages(scaled(values, scaling), corruption, seed), scaling);
}
