// How much each dimension of a Gaussian code carries: its KL divergence from the prior, the mean over examples. One that stays at
// the prior whatever it is shown tells the decoder nothing (posterior collapse).
import type { Codes } from 'latentgpu/node';
import { figures } from './losses.js';

/** Nats below which a dimension carries nothing. Burda et al. 2016 call a unit inactive at a variance of its mean below 0.01. */
const LEAST = 0.01;
const SHOWN = 16;

/** Nats of each dimension, [latent]. */
export function divergences({ mean, logVar = new Float32Array() }: Codes, latent: number): number[] {
  const rows = mean.length / latent;
  return Array.from({ length: latent }, (_, dimension) => {
    let sum = 0;
    for (let at = dimension; at < mean.length; at += latent) {
      const [mu = 0, v = 0] = [mean[at], logVar[at]];
      sum += (mu * mu + Math.exp(v) - 1 - v) / 2;
    }
    return sum / rows;
  });
}

/** "code      all of 64 dimensions ..., 14.70 nats together", or which of them carry nothing. */
export function codeUseText(nats: readonly number[]): string {
  const all = nats.reduce((sum, each) => sum + each, 0);
  const idle = nats.flatMap((each, dimension) => (each < LEAST ? [dimension] : []));
  const shown = idle.slice(0, SHOWN).join(', ') + (idle.length > SHOWN ? ', ...' : '');
  const told = idle.length === 0 ? '' : `; below ${LEAST} nats, so that they carry nothing: ${shown}`;
  return `code      ${nats.length - idle.length} of ${nats.length} dimensions are used, ${figures(all)} nats together${told}`;
}
