// How a model scales the numbers that it is given: fitted to training examples, part of the model from then on, so that
// whoever uses it hands over and gets back numbers in the data's own units.
import { ArgumentError } from '../errors.js';
import { requireKnownKeys, requireNumber, requireOneOf } from './values.js';

/** Kinds of scaling; ScalingSpec's `kind` says what each does. */
export const SCALINGS = ['minmax', 'standard', 'robust'] as const;

/** The model sees (x - offset) / scale, and 0 where scale is 0. */
export interface ScalingSpec {
  /**
   * minmax: the training examples' least becomes 0 and their greatest 1. standard: mean 0 and (population) standard deviation 1.
   * robust: median 0 and distance of the quartiles 1 (or of the extremes, where the quartiles coincide). As the scalers of
   * scikit-learn, but for numbers that never change in training: those are 0 always, whatever a later example has.
   */
  kind: (typeof SCALINGS)[number];
  /** [inputs], or one for all. */
  offset: number[];
  /** The same; 0 for a number that never changes. */
  scale: number[];
}

/**
 * Makes the scaling of a spec from training examples.
 * @param values  [n, columns], of the training examples
 * @param columns numbers that have a scale each: the features of vectors; 1 for images, whose pixels have one for all, so that
 *   they stay what they show
 * @throws ArgumentError unless they are whole rows of finite numbers
 * @example
 * ```ts
 * const scaling = fitScaling(values, 30, 'standard'); // values: [n, 30]
 * const spec = { ...ae({ pixels: 30, hidden: [16], latent: 4, loss: 'mse', output: 'identity' }), scaling };
 * ```
 */
export function fitScaling(values: ArrayLike<number>, columns: number, kind: ScalingSpec['kind']): ScalingSpec {
  requireOneOf(kind, SCALINGS, 'scaling kind');
  const rows = values.length / columns;
  if (!Number.isInteger(rows) || rows < 1)
    throw new ArgumentError(`scaling: ${values.length} numbers, must be a positive multiple of ${columns} columns`);
  const fits = Array.from({ length: columns }, (_, column) => {
    const own = Float64Array.from({ length: rows }, (_, row) => values[row * columns + column] ?? 0);
    if (!own.every(Number.isFinite))
      throw new ArgumentError(`scaling: column ${column} has numbers that are not finite`);
    return FITS[kind](own);
  });
  return { kind, offset: fits.map(({ offset }) => offset), scale: fits.map(({ scale }) => scale) };
}

interface Fit {
  offset: number;
  scale: number;
}

const FITS: Record<ScalingSpec['kind'], (column: Float64Array) => Fit> = {
  minmax: (column) => {
    const [least, greatest] = bounds(column);
    return { offset: least, scale: greatest - least };
  },
  standard: (column) => {
    const [least, greatest] = bounds(column);
    const mean = column.reduce((sum, x) => sum + x, 0) / column.length;
    const variance = column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / column.length;
    // Of equal numbers the mean may be off by a rounding, and the deviation then no 0.
    return least === greatest ? { offset: least, scale: 0 } : { offset: mean, scale: Math.sqrt(variance) };
  },
  robust: (column) => {
    const sorted = column.toSorted();
    const offset = quantile(sorted, 0.5);
    const range = quantile(sorted, 0.75) - quantile(sorted, 0.25);
    // Half of the numbers may be equal and the others not.
    return { offset, scale: range > 0 ? range : (sorted.at(-1) ?? 0) - (sorted[0] ?? 0) };
  },
};

/** Of very many numbers Math.min(...) overflows the stack. */
function bounds(column: Float64Array): [least: number, greatest: number] {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const x of column) {
    if (x < least) least = x;
    if (x > greatest) greatest = x;
  }
  return [least, greatest];
}

/** Between two numbers linearly, as NumPy's default. */
export function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)] ?? 0, sorted[Math.ceil(place)] ?? 0];
  return low + (high - low) * (place - Math.floor(place));
}

/** [n, inputs] as the model sees them. */
export function scaled(values: Float32Array, { offset, scale }: ScalingSpec): Float32Array<ArrayBuffer> {
  const columns = offset.length;
  return values.map((x, index) => {
    const by = scale[index % columns] ?? 0;
    return by === 0 ? 0 : (x - (offset[index % columns] ?? 0)) / by;
  });
}

/** The reverse, [n, inputs] in the data's units; what never changed is what it was. */
export function unscaled(values: Float32Array, { offset, scale }: ScalingSpec): Float32Array {
  const columns = offset.length;
  return values.map((x, index) => (offset[index % columns] ?? 0) + x * (scale[index % columns] ?? 0));
}

/** @throws ArgumentError with the path of what is wrong */
export function validateScaling(value: unknown, inputs: number): void {
  const scaling = value as Partial<ScalingSpec> | null;
  requireOneOf(scaling?.kind, SCALINGS, 'scaling.kind');
  for (const field of ['offset', 'scale'] as const) {
    const numbers = scaling?.[field];
    if (!Array.isArray(numbers) || ![1, inputs].includes(numbers.length))
      throw new ArgumentError(
        `scaling.${field}: ${Array.isArray(numbers) ? `${numbers.length} numbers` : JSON.stringify(numbers)}, must be a list of 1 or ${inputs} numbers`,
      );
    numbers.forEach((number, index) => {
      requireNumber(
        number,
        `scaling.${field}[${index}]`,
        field === 'scale' ? 'finite and at least 0' : 'finite',
        (x) => (field === 'scale' ? x >= 0 : true),
      );
    });
  }
  if (scaling?.offset?.length !== scaling?.scale?.length)
    throw new ArgumentError(
      `scaling: ${scaling?.offset?.length} offsets and ${scaling?.scale?.length} scales, must be as many`,
    );
  requireKnownKeys(scaling as object, ['kind', 'offset', 'scale'], 'scaling');
}
