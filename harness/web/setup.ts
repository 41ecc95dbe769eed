// What a visitor chooses: data, model and numbers; how that reads in the page's address; and the model it stands for.
// Plain data, nothing of the page.

import {
  ae,
  betaVae,
  CORRUPTIONS,
  conditionalVae,
  convAe,
  convDenoising,
  convVae,
  denoising,
  iwae,
  linear,
  type ModelSpec,
  SCALINGS,
  type ScalingSpec,
  sparse,
  stacked,
  vae,
  vqVae,
} from 'latentgpu';

export const PRESETS = [
  'vae',
  'betaVae',
  'conditionalVae',
  'iwae',
  'ae',
  'linear',
  'sparse',
  'denoising',
  'stacked',
  'convVae',
  'convAe',
  'convDenoising',
  'vqVae',
] as const;
export type Preset = (typeof PRESETS)[number];
export const MISSING = ['refuse', 'mean', 'drop'] as const;
export const SCALES = ['default', 'none', ...SCALINGS] as const;

/** Fields of which the data are made: after another value, they are made anew. */
export const OF_DATA: readonly (keyof Setup)[] = ['images', 'size', 'label', 'drop', 'categorical', 'missing', 'scale'];
/** Whether the data of a set-up are others. Of own data, the seed says which are held out for testing. */
export const needsData = (before: Setup, now: Setup, ownFiles: boolean): boolean =>
  OF_DATA.some((field) => String(before[field]) !== String(now[field])) || (ownFiles && before.seed !== now.seed);
/** Numbers that the kernels read at each step: a model that learns goes on with others. */
export const LIVE: readonly (keyof Setup)[] = ['lr', 'beta', 'l1', 'corruption', 'noise'];

/** Whether a model of one set-up is no model of another, whatever their live numbers are. */
export const needsModel = (made: Setup, now: Setup, ownFiles: boolean): boolean =>
  needsData(made, now, ownFiles) ||
  Object.keys(now).some((name) => {
    const field = name as keyof Setup;
    if (LIVE.includes(field) || OF_DATA.includes(field) || !isUsed(field, now.preset)) return false;
    return String(made[field]) !== String(now[field]);
  });
/** Those of text, whose values may hold anything. */
const TEXTS: readonly string[] = ['size', 'label', 'drop', 'categorical'];

export interface Setup {
  /** How many of the built-in digits to train on; of own data, at most so many. */
  images: number;
  /** Of pictures: height and width that all are scaled to, "32x32"; empty: their own, if it is one and small, else 28x28. */
  size: string;
  /** Of tables: the column of the classes, by name or number; empty: "label", if there is one. */
  label: string;
  /** Of tables: columns that are left out, and columns of categories. */
  drop: string[];
  categorical: string[];
  missing: (typeof MISSING)[number];
  /** Of numbers that are no pixels. */
  scale: (typeof SCALES)[number];
  preset: Preset;
  /** Units of the encoder's hidden layers. */
  hidden: number[];
  /** Convolutional: channels of the encoder's feature maps, instead of hidden layers. */
  channels: number[];
  latent: number;
  lr: number;
  batch: number;
  /** betaVae: weight of the KL term. */
  beta: number;
  /** iwae: samples of each code. */
  samples: number;
  /** vqVae: vectors in the codebook, of `latent` numbers each. */
  codes: number;
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
  size: '',
  label: '',
  drop: [],
  categorical: [],
  missing: 'refuse',
  scale: 'default',
  preset: 'vae',
  hidden: [128, 64],
  channels: [8, 16],
  latent: 2,
  lr: 0.003,
  batch: 128,
  beta: 4,
  samples: 5,
  codes: 64,
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
  samples: [1, 50],
  codes: [2, 4096],
  l1: [0, 1000],
  noise: [0, 1],
  pretrain: [0, 1000],
  seed: [0, 2 ** 32],
} as const;
type NumberField = keyof typeof BOUNDS;
const WHOLE: readonly string[] = ['images', 'latent', 'batch', 'samples', 'codes', 'pretrain', 'seed'];
const MOST_LAYERS = 6;
const MOST_UNITS = 2048;
/** Four halvings leave 1x1 of 28x28. */
const MOST_MAPS = 4;
const MOST_CHANNELS = 256;

const CONVOLUTIONAL: readonly Preset[] = ['convVae', 'convAe', 'convDenoising', 'vqVae'];
export const isConvolutional = (preset: Preset): boolean => CONVOLUTIONAL.includes(preset);

/** The numbers that only some presets have. */
const OWN_NUMBERS: Partial<Record<Preset, readonly (keyof Setup)[]>> = {
  betaVae: ['beta'],
  iwae: ['samples'],
  sparse: ['l1'],
  denoising: ['corruption', 'noise'],
  stacked: ['pretrain'],
  convVae: ['channels'],
  convAe: ['channels'],
  convDenoising: ['channels', 'corruption', 'noise'],
  vqVae: ['channels', 'codes'],
};
const OF_SOME: readonly (keyof Setup)[] = Object.values(OWN_NUMBERS).flat();

/** Whether a preset has a use for a field; a convolutional one has channels instead of hidden layers. */
export const isUsed = (field: keyof Setup, preset: Preset): boolean =>
  field === 'hidden'
    ? !isConvolutional(preset)
    : !OF_SOME.includes(field) || OWN_NUMBERS[preset]?.includes(field) === true;

/** What the page calls the numbers. */
const NAMES: Record<NumberField, string> = {
  images: 'Images',
  latent: 'Latent size',
  lr: 'Learning rate',
  batch: 'Batch',
  beta: 'KL weight',
  samples: 'Samples',
  codes: 'Vectors',
  l1: 'L1 weight',
  noise: 'How much',
  pretrain: 'Pretraining',
  seed: 'Seed',
};

/** @returns what is wrong with a field's value, or nothing */
export function fault(field: keyof Setup, setup: Setup): string | undefined {
  if (field === 'hidden') return hiddenFault(setup.hidden);
  if (field === 'channels') return channelsFault(setup.channels);
  if (field === 'size') return setup.size === '' || sizeOf(setup.size) ? undefined : SIZE_FAULT;
  if (!(field in BOUNDS)) return undefined;
  const number = field as NumberField;
  const value = setup[number];
  const [least, most] = BOUNDS[number];
  if (!(value >= least && value <= most)) return `${NAMES[number]} must be from ${least} to ${most}`;
  return WHOLE.includes(field) && !Number.isInteger(value) ? `${NAMES[number]} must be a whole number` : undefined;
}

const SIZE_FAULT = 'Picture size must be a height and a width from 4 to 256, for example 32x32';

/** @returns nothing for what is no size */
export function sizeOf(text: string): { height: number; width: number } | undefined {
  const [, height = 0, width = 0] = (/^\s*(\d+)\s*x\s*(\d+)\s*$/i.exec(text) ?? []).map(Number);
  return [height, width].every((side) => side >= 4 && side <= 256) ? { height, width } : undefined;
}

function hiddenFault(hidden: number[]): string | undefined {
  if (hidden.length > MOST_LAYERS) return `Hidden layers: at most ${MOST_LAYERS}`;
  const bad = hidden.some((units) => !Number.isInteger(units) || units < 1 || units > MOST_UNITS);
  return bad ? `Hidden layers must be whole numbers from 1 to ${MOST_UNITS}, for example 128, 64` : undefined;
}

function channelsFault(channels: number[]): string | undefined {
  if (channels.length < 1 || channels.length > MOST_MAPS) return `Channels: from 1 to ${MOST_MAPS} numbers`;
  const bad = channels.some((count) => !Number.isInteger(count) || count < 1 || count > MOST_CHANNELS);
  return bad ? `Channels must be whole numbers from 1 to ${MOST_CHANNELS}, for example 8, 16` : undefined;
}

export const parseList = (text: string): number[] =>
  text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map(Number);

/** Names of columns, between commas. */
export const parseNames = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** The fields that are not as they are by default, as `preset=ae&latent=8`. */
export function toHash(setup: Setup): string {
  const changed = Object.entries(setup).filter(
    ([field, value]) => String(value) !== String(DEFAULTS[field as keyof Setup]),
  );
  const text = (field: string, value: unknown) =>
    TEXTS.includes(field) ? encodeURIComponent(String(value)) : String(value);
  return changed.map(([field, value]) => `${field}=${text(field, value)}`).join('&');
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
  if (field === 'hidden' || field === 'channels') return { ...setup, [field]: parseList(text) };
  if (field === 'size' || field === 'label') return { ...setup, [field]: text.trim() };
  if (field === 'drop' || field === 'categorical') return { ...setup, [field]: parseNames(text) };
  if (field === 'missing') return isOneOf(MISSING, text) ? { ...setup, missing: text } : undefined;
  if (field === 'scale') return isOneOf(SCALES, text) ? { ...setup, scale: text } : undefined;
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

/** What the presets are told of the data. */
export interface DataSizes {
  /** Of one example: [features], [height, width] or [height, width, 3]. */
  shape: readonly number[];
  /** Whether its numbers are of 0..1, as pixels are; else any. */
  pixels: boolean;
  scaling?: ScalingSpec | undefined;
  /** Which a conditional model is told; 10 by default. */
  classes?: number | undefined;
}

/**
 * Pixels are compared by cross entropy, other numbers by their squared error.
 * @throws Error naming what is wrong
 */
export function modelOf(setup: Setup, data: DataSizes): ModelSpec {
  const spec = presetOf(setup, data);
  return data.scaling ? { ...spec, scaling: data.scaling } : spec;
}

function presetOf(setup: Setup, { shape, pixels: arePixels, classes }: DataSizes): ModelSpec {
  const { preset, hidden, channels, latent, beta, samples, codes, l1, corruption, noise } = setup;
  const pixels = shape.reduce((product, length) => product * length, 1);
  const [height = 0, width, depth = 1] = shape;
  if (isConvolutional(preset) && width === undefined)
    throw new Error(
      'A convolutional model is of images, and these data are rows of features: choose another kind of model.',
    );
  const numbers = arePixels ? {} : ({ loss: 'mse', output: 'identity' } as const);
  const sizes = { pixels, hidden, latent, ...(preset !== 'linear' && numbers) };
  const maps = { channels, latent, image: { height, width: width ?? 0, channels: depth }, ...numbers };
  const damage = { corruption: { kind: corruption, amount: noise } };
  switch (preset) {
    case 'betaVae':
      return betaVae({ ...sizes, beta });
    case 'conditionalVae':
      return conditionalVae({ ...sizes, ...(classes !== undefined && { classes }) });
    case 'iwae':
      // Samples weigh by their likelihood, which the squared error alone is not.
      return iwae({ ...sizes, samples, ...(!arePixels && { variance: 'learned' as const }) });
    case 'sparse':
      return sparse({ ...sizes, l1 });
    case 'denoising':
      return denoising({ ...sizes, ...damage });
    case 'convVae':
      return convVae(maps);
    case 'convAe':
      return convAe(maps);
    case 'convDenoising':
      return convDenoising({ ...maps, ...damage });
    case 'vqVae':
      return vqVae({ ...maps, codes });
    default:
      return PLAIN[preset](sizes);
  }
}
