// Codes to make images from where no image is given: of the prior, or, of a model that has none, of a normal distribution
// that fits the codes of the example images. Arithmetic only.
import { normals } from '../../../web/drawing/normals.js';
import { rangesOf } from '../../generate/quantise.js';

/**
 * Codes from the normal distribution with the mean and the covariance of some codes. No number lies beyond those that occur
 * in its dimension: the code of a ReLU or a sigmoid has bounds.
 *
 * A sum of the codes' deviations, each times a standard normal number, over the root of how many they are, has just that
 * covariance: no matrix is needed.
 * @param codes [n, latent], at least one
 * @returns [count, latent], the same for the same seed
 */
export function drawFitted(
  codes: Float32Array,
  latent: number,
  count: number,
  seed: number,
): Float32Array<ArrayBuffer> {
  const n = codes.length / latent;
  const mean = new Float64Array(latent);
  codes.forEach((z, i) => {
    mean[i % latent] = (mean[i % latent] ?? 0) + z / n;
  });
  const { low, high } = rangesOf(codes, latent);
  const normal = normals(seed);
  const drawn = new Float32Array(count * latent);
  for (let row = 0; row < count; row++) {
    const z = Float64Array.from(mean);
    for (let i = 0; i < n; i++) {
      const times = normal() / Math.sqrt(n);
      for (let d = 0; d < latent; d++) z[d] = (z[d] ?? 0) + times * ((codes[i * latent + d] ?? 0) - (mean[d] ?? 0));
    }
    z.forEach((value, d) => {
      drawn[row * latent + d] = Math.min(high[d] ?? 0, Math.max(low[d] ?? 0, value));
    });
  }
  return drawn;
}
