// What a model's loss is made of, in words: the terms' names, weights and units, for progress lines, plots and run.json.
// Numbers come from the library (Losses); nothing is computed here.
import { type Losses, type LossTerm, learnsVariance, lossWeights, type ModelSpec } from 'latentgpu/node';

/** A term of a loss. */
export interface NamedTerm {
  term: LossTerm;
  /** In the sum that is minimised. */
  weight: number;
  /** Of the term without its weight. */
  unit: string;
  /** Of the term times its weight: a squared error over a variance is a likelihood, in nats. */
  weightedUnit: string;
}

/** What is told of a term; `over`: what it is summed over. */
interface TermWords {
  name: string;
  title: string;
  unit: string;
  over: (spec: ModelSpec) => string;
}

const numbers = ({ inputs }: ModelSpec): string => `over ${inputs} numbers`;
const dimensions = ({ code }: ModelSpec): string => `over ${code.units} dimension${code.units === 1 ? '' : 's'}`;

const TERMS: Record<LossTerm, TermWords> = {
  bce: { name: 'BCE', title: 'BCE (reconstruction)', unit: 'nats', over: (spec) => `nats ${numbers(spec)}` },
  mse: {
    name: 'squared error',
    title: 'Squared error (reconstruction)',
    unit: 'squared error',
    over: (spec) => `summed ${numbers(spec)}`,
  },
  gaussian: {
    name: 'Gaussian NLL',
    title: 'Gaussian negative log likelihood (reconstruction)',
    unit: 'nats',
    over: (spec) => `nats ${numbers(spec)}, learned variance`,
  },
  poisson: {
    name: 'Poisson NLL',
    title: 'Poisson negative log likelihood (reconstruction)',
    unit: 'nats',
    over: (spec) => `nats ${numbers(spec)}`,
  },
  kl: { name: 'KL', title: 'KL to the prior', unit: 'nats', over: klOver },
  importance: {
    name: 'importance',
    title: 'Importance (KL of the weights of the samples to equal ones)',
    unit: 'nats',
    over: ({ loss: { samples = 1 } }) => `nats, of ${samples} sample${samples === 1 ? '' : 's'}`,
  },
  l1: {
    name: 'L1',
    title: 'L1 norm of the code',
    unit: 'sum of |z|',
    over: (spec) => `sum of |z| ${dimensions(spec)}`,
  },
  sparsity: {
    name: 'sparsity',
    title: 'Sparsity (KL to the target)',
    unit: 'nats',
    over: (spec) => `nats ${dimensions(spec)}`,
  },
  commitment: {
    name: 'commitment',
    title: 'Commitment (squared distance from the codes)',
    unit: 'squared distance',
    over: (spec) => `squared distance from the codes ${dimensions(spec)}`,
  },
  perplexity: {
    name: 'perplexity',
    title: 'Perplexity of the codes in a batch',
    unit: 'codes',
    over: () => 'codes in use in a batch',
  },
};

function klOver(spec: ModelSpec): string {
  const { freeBits, capacity } = spec.loss;
  const free = freeBits === undefined ? '' : `, at least ${freeBits} in each`;
  return `nats ${dimensions(spec)}${free}${capacity === undefined ? '' : `; its distance from ${capacity}`}`;
}
/** Of a sum of terms that have no unit in common. */
const WEIGHTED_SUM = 'weighted sum';

const named = (term: LossTerm, weight: number, weightedUnit = TERMS[term].unit): NamedTerm => ({
  term,
  weight,
  unit: TERMS[term].unit,
  weightedUnit,
});

/** The terms of a model's loss, in the order in which they are told. */
export function lossTerms(spec: ModelSpec): NamedTerm[] {
  const likelihood = typeof spec.loss.variance === 'number';
  return [...lossWeights(spec)].map(([term, weight]) =>
    named(term, weight, term === 'mse' && likelihood ? 'nats' : undefined),
  );
}

/** Those of layer-wise pretraining: only the lowest layer reconstructs images, the others activations. */
export const layerTerms = (spec: ModelSpec, layer: number): NamedTerm[] => [
  named(layer === 0 && !learnsVariance(spec) ? spec.loss.reconstruction : 'mse', 1),
];

/** The loss is one term as it is: to tell both would be to tell it twice. */
export const isPlain = (terms: readonly NamedTerm[]): boolean => terms.length === 1 && terms[0]?.weight === 1;

/** Of the whole loss. */
export function lossUnit(terms: readonly NamedTerm[]): string {
  const [unit = WEIGHTED_SUM, ...others] = new Set(terms.filter(ADDED).map(({ weightedUnit }) => weightedUnit));
  return others.length === 0 ? unit : WEIGHTED_SUM;
}

/** Of what a term's numbers are. */
export const unitText = ({ term, unit }: Pick<NamedTerm, 'term' | 'unit'>): string =>
  term === 'perplexity' ? unit : `${unit} an image`;

export const termTitle = (term: LossTerm): string => TERMS[term].title;

/** The terms that the loss is made of, and those that are only told beside it. */
const ADDED = ({ term }: NamedTerm): boolean => term !== 'perplexity';
const told = (terms: readonly NamedTerm[]): NamedTerm[] => terms.filter((term) => !ADDED(term));

const times = (weight: number) => (weight === 1 ? '' : `${Number(weight.toPrecision(4))} x `);

/** BCE + 4 x KL */
export const lossFormula = (terms: readonly NamedTerm[]): string =>
  terms
    .filter(ADDED)
    .map(({ term, weight }) => `${times(weight)}${TERMS[term].name}`)
    .join(' + ');

/** BCE (nats over 784 numbers) + 0.1 x L1 (sum of |z| over 64 dimensions); all of it of one example. */
export const describeLoss = (spec: ModelSpec): string =>
  lossTerms(spec)
    .filter(ADDED)
    .map(({ term, weight }) => `${times(weight)}${TERMS[term].name} (${TERMS[term].over(spec)})`)
    .join(' + ');

/** Four significant figures at any scale: `543.2`, `0.0001200`, `1.200e-8`; of larger numbers all whole digits. */
export const figures = (value: number): string =>
  Math.abs(value) >= 1e4 && Math.abs(value) < 1e7 ? value.toFixed(0) : value.toPrecision(4);

/** `306.1 nats (BCE 294.5 + KL 11.60)`, `BCE 91.20 nats`, `squared error 31.40`, `43.00 (squared error 31.40 + KL 11.60 nats)`, and the perplexity behind them */
export function lossText(losses: Losses, terms: readonly NamedTerm[]): string {
  const total = lossUnit(terms);
  const each = (withUnit: boolean) =>
    terms.filter(ADDED).map(({ term, weight, unit }) => {
      const value = figures(losses[term] ?? Number.NaN);
      return `${times(weight)}${TERMS[term].name} ${value}${withUnit && unit === 'nats' ? ' nats' : ''}`;
    });
  if (isPlain(terms)) return each(true).join();
  const same = terms.filter(ADDED).every(({ unit }) => unit === total);
  const beside = told(terms).map(({ term }) => `, ${TERMS[term].name} ${figures(losses[term] ?? Number.NaN)}`);
  return `${figures(losses.loss)}${total === 'nats' ? ' nats' : ''} (${each(!same).join(' + ')})${beside.join('')}`;
}
