// Numbers of images as shades, 0 black to 1 white: what pictures show, noise is added to, and errors in dB are of. Pixels are shades
// already; numbers that a model scales are not.
import { type CorruptionSpec, corruptImages, type ModelSpec, scaled, unscaled } from 'latentgpu/node';

/** Standard deviations (or distances of the quartiles) to each side that a picture shows of numbers without bounds. */
const REACH = 2;

/** Which shade each number of an image has. */
export function shadesOf({ scaling }: ModelSpec): (values: Float32Array) => Float32Array {
  if (!scaling) return (values) => values;
  const [low, span] = scaling.kind === 'minmax' ? [0, 1] : [-REACH, 2 * REACH];
  return (values) => scaled(values, scaling).map((value) => (value - low) / span);
}

/** Images in the data's units, damaged as training damages them: after they are scaled. */
export function damagedImages(
  { scaling }: ModelSpec,
  images: Float32Array,
  corruption: CorruptionSpec,
  seed: number,
): Float32Array {
  if (!scaling) return corruptImages(images, corruption, seed);
  return unscaled(corruptImages(scaled(images, scaling), corruption, seed), scaling);
}
