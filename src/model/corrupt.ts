// The damage of a denoising autoencoder on the host: the same as shaders/corrupt.wgsl up to rounding, for pictures of what
// such a model is shown, and as the oracle of that shader's tests.
import { normalAt, STREAM, uniformAt } from '../random.js';
import type { CorruptionSpec } from './spec.js';

/** What the noise is drawn from: the same for the same. */
export interface NoiseSource {
  /** 0 by default. */
  seed?: number;
  /** A step of training; 0 by default. */
  step?: number;
  /** By default that of evaluation. */
  stream?: number;
}

/**
 * @param images 0 black to 1 white
 * @returns as many, damaged; Gaussian noise is not clipped
 */
export function corruptImages(
  images: Float32Array,
  { kind, amount }: CorruptionSpec,
  { seed = 0, step = 0, stream = STREAM.evaluationCorruption }: NoiseSource = {},
): Float32Array<ArrayBuffer> {
  if (kind === 'gaussian') return Float32Array.from(images, (x, i) => x + amount * normalAt(seed, stream, step, i));
  const flip = kind === 'saltpepper' ? amount / 2 : amount;
  return Float32Array.from(images, (x, i) => {
    const chance = uniformAt(seed, stream, step, i);
    if (chance < flip) return 0;
    return chance < amount ? 1 : x;
  });
}
