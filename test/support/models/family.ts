// A small member of every kind of the autoencoder family, for tests that must hold of all of them: odd sizes, so that no
// tile or word is filled, and a weight other than 1 wherever a term has one.
import type { Dataset, Images } from '../../../src/data/dataset.js';
import {
  ae,
  betaVae,
  conditionalVae,
  denoising,
  iwae,
  linear,
  sparse,
  stacked,
  vae,
} from '../../../src/model/presets.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import { uniforms } from '../limits/numbers.js';

const SIZES = { pixels: 49, hidden: [33, 17], latent: 5 };
const MSE = { ...SIZES, loss: 'mse' as const };

export const FAMILY: Record<string, ModelSpec> = {
  vae: vae(SIZES),
  'vae, gaussian pixels of -1..1': vae({ ...MSE, variance: 0.2, range: '-1..1', klWeight: 0.5 }),
  'beta-vae': betaVae({ ...SIZES, beta: 0.3 }),
  'vae, free bits': vae({ ...SIZES, freeBits: 0.02 }),
  'vae held at a capacity': vae({ ...SIZES, capacity: 0.2, klWeight: 3 }),
  'conditional-vae': conditionalVae({ ...SIZES, classes: 3 }),
  'vae, learned variance': vae({ ...MSE, variance: 'learned', klWeight: 0.7 }),
  'vae, learned variance, identity output': vae({ ...MSE, variance: 'learned', output: 'identity' }),
  iwae: iwae({ ...SIZES, samples: 3 }),
  'iwae of one sample': iwae({ ...SIZES, samples: 1 }),
  'iwae, gaussian pixels, part of the KL': iwae({ ...MSE, variance: 0.2, samples: 4, klWeight: 0.5 }),
  'iwae, learned variance': iwae({ ...MSE, variance: 'learned', samples: 3 }),
  'iwae, conditional': conditionalVae({ ...SIZES, classes: 3, samples: 2 }),
  'ae, bce': ae(SIZES),
  'ae, mse': ae(MSE),
  'ae, mse, identity output': ae({ ...MSE, output: 'identity' }),
  linear: linear({ pixels: 49, latent: 5 }),
  'linear, deep': linear({ ...SIZES }),
  'sparse, l1': sparse({ ...SIZES, l1: 0.2 }),
  'sparse, rho': sparse({ ...SIZES, rho: 0.1, sparsityWeight: 0.7 }),
  'denoising, gaussian': denoising({ ...SIZES, corruption: { kind: 'gaussian', amount: 0.3 } }),
  'denoising, mask': denoising({ ...MSE, corruption: { kind: 'mask', amount: 0.5 } }),
  'denoising, saltpepper, -1..1': denoising({
    ...MSE,
    range: '-1..1',
    output: 'identity',
    corruption: { kind: 'saltpepper', amount: 0.2 },
  }),
  stacked: stacked(SIZES),
  'conditional ae': { ...ae(SIZES), classes: 3 },
};

/** `count` images of 7x7, with labels 0 to 2. */
export const familyImages = (count: number, seed: number): Images => ({
  count,
  height: 7,
  width: 7,
  pixels: Uint8Array.from(uniforms(seed, count * 49, 0, 256)),
  labels: Uint8Array.from(uniforms(seed + 50, count, 0, 3)),
});

export const FAMILY_DATA: Dataset = { name: 'noise', train: familyImages(37, 1), test: familyImages(131, 2) };
