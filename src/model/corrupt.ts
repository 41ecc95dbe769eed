// The damage of a denoising autoencoder on the host: the same as shaders/layers/corrupt.wgsl up to rounding, for pictures of what
// such a model is shown, and as the oracle of that shader's tests.
import { normalAt, STREAM, uniformAt } from '../random.js';
import { validateCorruption } from './check-spec.js';
import type { CorruptionSpec } from './spec.js';
import { checkSeed } from './values.js';

/** What the noise is drawn from: the same for the same. */
export interface NoiseSource {
  seed: number;
  /** A step of training. */
  step: number;
  /** One of STREAM. */
  stream: number;
}

/** Number `index` of a batch of pixels, 0 black to 1 white, damaged; Gaussian noise is not clipped. */
export function corruptPixel(x: number, index: number, { kind, amount }: CorruptionSpec, noise: NoiseSource): number {
  const { seed, stream, step } = noise;
  if (kind === 'gaussian') return x + amount * normalAt(seed, stream, step, index);
  const chance = uniformAt(seed, stream, step, index);
  const share = Math.fround(amount); // as the shader has it
  if (chance < (kind === 'mask' ? share : share / 2)) return 0;
  return chance < share ? 1 : x;
}

/**
 * Damages images as a denoising model does in training, but on the host.
 * @param images [n, pixels], 0 black to 1 white
 * @param seed   another damage for each; 0 by default
 * @returns as many, damaged; Gaussian noise is not clipped
 * @throws ArgumentError naming what is wrong in `corruption`, or the seed
 */
export function corruptImages(images: Float32Array, corruption: CorruptionSpec, seed = 0): Float32Array<ArrayBuffer> {
  validateCorruption(corruption);
  const noise = { seed: checkSeed(seed), step: 0, stream: STREAM.evaluationCorruption };
  return Float32Array.from(images, (x, i) => corruptPixel(x, i, corruption, noise));
}
