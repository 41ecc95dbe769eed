// What is benchmarked: the seed model at some widths and batches, and the matrix products of its step. Numbers only; the
// page has these, too, so nothing of Node is here.

/** A training step: images in it, and how many times as wide as the seed model's the hidden layers and the code are. */
export interface StepSize {
  batch: number;
  width: number;
}

/** A matrix product C [m, n] over k; `form` as profileMatmul names it. */
export interface ProductSize {
  /** Where it comes from: "encoder 784-512, forward", or "square". */
  label: string;
  form: 'NT' | 'NN' | 'TN';
  m: number;
  n: number;
  k: number;
}

export const SEED: StepSize = { batch: 128, width: 1 };
const PIXELS = 784;
const HIDDEN = [512, 256];
const LATENT = 64;

/** For the preset `vae`: 784-512-256-64 at width 1. */
export const layersOf = (width: number): { pixels: number; hidden: number[]; latent: number } => ({
  pixels: PIXELS,
  hidden: HIDDEN.map((units) => units * width),
  latent: LATENT * width,
});

export const sizeName = ({ batch, width }: StepSize): string => `batch ${batch}, width x${width}`;

/** Every batch at every width; the seed step first, then from small to large. */
export function sweepOf(batches: readonly number[], widths: readonly number[]): StepSize[] {
  const ascending = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b);
  return ascending(widths).flatMap((width) => ascending(batches).map((batch) => ({ batch, width })));
}

/** A size whose time is known; milliseconds a step. */
export interface Known extends StepSize {
  ms: number;
}

/**
 * What a step will take at most, told from those that have been timed: of the same width in proportion to the batch, else of
 * the same batch in proportion to the square of the width. Fixed costs make it too much rather than too little.
 * @returns undefined while nothing comparable is known
 */
export function expectedMs(size: StepSize, known: readonly Known[]): number | undefined {
  const smaller = (one: Known) => one.batch <= size.batch;
  const same = known.filter((one) => one.width === size.width && smaller(one)).sort((a, b) => b.batch - a.batch)[0];
  if (same) return (same.ms * size.batch) / same.batch;
  const narrow = known
    .filter((one) => one.width < size.width && smaller(one))
    .sort((a, b) => b.width - a.width || b.batch - a.batch)[0];
  return narrow && (narrow.ms * size.batch * size.width ** 2) / (narrow.batch * narrow.width ** 2);
}

/** The products of a seed step, each once: of every layer forward, its input's gradient and its weight's. */
export function seedProducts(batch = SEED.batch): ProductSize[] {
  const [first = 0, second = 0] = HIDDEN;
  const layers: [string, number, number][] = [
    ['encoder', PIXELS, first],
    ['encoder', first, second],
    ['heads', second, 2 * LATENT], // mean and log variance in one
    ['decoder', LATENT, second],
    ['decoder', second, first],
    ['decoder', first, PIXELS],
  ];
  const products = layers.flatMap(([part, inputs, units], index): ProductSize[] => {
    const name = `${part} ${inputs}-${units}`;
    return [
      { label: `${name}, forward`, form: 'NT', m: batch, n: units, k: inputs },
      // Nobody asks for the gradient of the images.
      ...(index === 0
        ? []
        : [{ label: `${name}, input gradient`, form: 'NN', m: batch, n: inputs, k: units } satisfies ProductSize]),
      { label: `${name}, weight gradient`, form: 'TN', m: units, n: inputs, k: batch },
    ];
  });
  return products;
}

export const squares = (sizes: readonly number[]): ProductSize[] =>
  sizes.map((size) => ({ label: 'square', form: 'NT', m: size, n: size, k: size }));

export const productFlops = ({ m, n, k }: Pick<ProductSize, 'm' | 'n' | 'k'>): number => 2 * m * n * k;
