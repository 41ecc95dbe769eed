// What a visitor chooses: data, model and numbers; how that reads in the page's address; and the model it stands for.
// Plain data, nothing of the page.

import {
  ae,
  betaVae,
  CORRUPTIONS,
  conditionalVae,
  denoising,
  linear,
  type ModelSpec,
  sparse,
  stacked,
  vae,
} from 'latentgpu';

export const PRESETS = ['vae', 'betaVae', 'conditionalVae', 'ae', 'linear', 'sparse', 'denoising', 'stacked'] as const;
export type Preset = (typeof PRESETS)[number];

export interface Setup {
  /** How many of the built-in digits to train on; of own images, at most so many. */
  images: number;
  preset: Preset;
  /** Units of the encoder's hidden layers. */
  hidden: number[];
  latent: number;
  lr: number;
  batch: number;
  /** betaVae: weight of the KL term. */
  beta: number;
  /** sparse: weight of the sum of |z|. */
  l1: number;
  /** denoising: what the encoder's images suffer, and how much. */
  corruption: (typeof CORRUPTIONS)[number];
  noise: number;
  /** stacked: epochs for which each layer is trained alone before the whole is. */
  pretrain: number;
  seed: number;
}

export const DEFAULTS: Setup = {
  images: 4000,
  preset: 'vae',
  hidden: [128, 64],
  latent: 2,
  lr: 0.003,
  batch: 128,
  beta: 4,
  l1: 0.1,
  corruption: 'gaussian',
  noise: 0.5,
  pretrain: 2,
  seed: 1,
};

/** The bounds of each number, those included; what lies outside is not taken. */
export const BOUNDS = {
  images: [100, 60_000],
  latent: [1, 256],
  lr: [1e-6, 1],
  batch: [1, 4096],
  beta: [0, 1000],
  l1: [0, 1000],
  noise: [0, 1],
  pretrain: [0, 1000],
  seed: [0, 2 ** 32],
} as const;
type NumberField = keyof typeof BOUNDS;
const WHOLE: readonly string[] = ['images', 'latent', 'batch', 'pretrain', 'seed'];
const MOST_LAYERS = 6;
const MOST_UNITS = 2048;

/** The numbers that only some presets have. */
export const OWN_NUMBERS: Partial<Record<Preset, readonly (keyof Setup)[]>> = {
  betaVae: ['beta'],
  sparse: ['l1'],
  denoising: ['corruption', 'noise'],
  stacked: ['pretrain'],
};

/** What the page calls the numbers. */
const NAMES: Record<NumberField, string> = {
  images: 'Images',
  latent: 'Latent size',
  lr: 'Learning rate',
  batch: 'Batch',
  beta: 'KL weight',
  l1: 'L1 weight',
  noise: 'How much',
  pretrain: 'Pretraining',
  seed: 'Seed',
};

/** @returns what is wrong with a field's value, or nothing */
export function fault(field: keyof Setup, setup: Setup): string | undefined {
  if (field === 'hidden') return hiddenFault(setup.hidden);
  if (!(field in BOUNDS)) return undefined;
  const number = field as NumberField;
  const value = setup[number];
  const [least, most] = BOUNDS[number];
  if (!(value >= least && value <= most)) return `${NAMES[number]} must be from ${least} to ${most}`;
  return WHOLE.includes(field) && !Number.isInteger(value) ? `${NAMES[number]} must be a whole number` : undefined;
}

function hiddenFault(hidden: number[]): string | undefined {
  if (hidden.length > MOST_LAYERS) return `Hidden layers: at most ${MOST_LAYERS}`;
  const bad = hidden.some((units) => !Number.isInteger(units) || units < 1 || units > MOST_UNITS);
  return bad ? `Hidden layers must be whole numbers from 1 to ${MOST_UNITS}, for example 128, 64` : undefined;
}

export const parseHidden = (text: string): number[] =>
  text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map(Number);

/** The fields that are not as they are by default, as `preset=ae&latent=8`. */
export function toHash(setup: Setup): string {
  const changed = Object.entries(setup).filter(
    ([field, value]) => String(value) !== String(DEFAULTS[field as keyof Setup]),
  );
  return changed.map(([field, value]) => `${field}=${String(value)}`).join('&');
}

/**
 * The set-up of an address. What is missing or cannot be is as it is by default; the faults say, a sentence each, what was
 * not taken.
 */
export function readHash(hash: string): { setup: Setup; faults: string[] } {
  const setup = structuredClone(DEFAULTS);
  const faults: string[] = [];
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ''))) {
    const field = name as keyof Setup;
    const known = Object.hasOwn(DEFAULTS, name);
    const changed = known ? withField(setup, field, text) : undefined;
    const wrong = changed ? fault(field, changed) : `no such ${known ? name : 'field'}`;
    if (changed && !wrong) Object.assign(setup, changed);
    else faults.push(`Not taken from the address: ${name}=${text} (${wrong}).`);
  }
  return { setup, faults };
}

/** The set-up with one field as a visitor wrote it; nothing if that is no value of the field at all. */
export function withField(setup: Setup, field: keyof Setup, text: string): Setup | undefined {
  if (field === 'hidden') return { ...setup, hidden: parseHidden(text) };
  if (field === 'preset') return isOneOf(PRESETS, text) ? { ...setup, preset: text } : undefined;
  if (field === 'corruption') return isOneOf(CORRUPTIONS, text) ? { ...setup, corruption: text } : undefined;
  return { ...setup, [field]: numberOf(text) };
}

/** With a point or, as many people write it, a comma. */
const numberOf = (text: string): number =>
  text.trim() === '' ? Number.NaN : Number(text.replace(/^\s*([-+]?\d*),(\d+)\s*$/, '$1.$2'));

const isOneOf = <T extends string>(list: readonly T[], text: string): text is T => list.includes(text as T);

/** Presets with no numbers of their own. */
const PLAIN = { vae, ae, linear, stacked };

/**
 * @param classes of the data, which a conditional model is told; 10 by default
 * @throws ArgumentError naming what is wrong
 */
export function modelOf(setup: Setup, pixels: number, classes?: number): ModelSpec {
  const { preset, hidden, latent, beta, l1, corruption, noise } = setup;
  const sizes = { pixels, hidden, latent };
  switch (preset) {
    case 'betaVae':
      return betaVae({ ...sizes, beta });
    case 'conditionalVae':
      return conditionalVae({ ...sizes, ...(classes !== undefined && { classes }) });
    case 'sparse':
      return sparse({ ...sizes, l1 });
    case 'denoising':
      return denoising({ ...sizes, corruption: { kind: corruption, amount: noise } });
    default:
      return PLAIN[preset](sizes);
  }
}
