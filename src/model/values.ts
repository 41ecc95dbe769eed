// Checks of single values in descriptions that may come from a JSON file; each error names the path of the value.
import { ArgumentError } from '../errors.js';

/** A value in a message; JSON alone would call NaN and Infinity null. */
export const show = (value: unknown): string => (typeof value === 'number' ? String(value) : JSON.stringify(value));

/** @throws ArgumentError unless `value` is one of `choices` */
export function requireOneOf(value: unknown, choices: readonly string[], path: string): void {
  if (!choices.includes(value as string))
    throw new ArgumentError(`${path}: ${JSON.stringify(value)}, must be one of ${choices.join(', ')}`);
}

/** @throws ArgumentError for an option that `known` lacks: a slip of the pen would else be a default */
export function requireKnownKeys(value: object, known: object, path: string): void {
  for (const key of Object.keys(value))
    if (!(key in known))
      throw new ArgumentError(`${path}.${key}: unknown, must be one of ${Object.keys(known).join(', ')}`);
}

/** What every size that reaches the GPU must be: 1e-50 would be 0 there. */
export const POSITIVE = 'a positive number that f32 holds (1e-45 to 3e38)';
export const NOT_NEGATIVE = 'a number >= 0 that f32 holds (up to 3e38)';

/** @throws ArgumentError unless `value` is finite and `ok`, both as it is and as the f32 that the GPU computes with */
export function requireNumber(value: unknown, path: string, must: string, ok: (value: number) => boolean): void {
  const onGpu = typeof value === 'number' ? Math.fround(value) : Number.NaN;
  if (!Number.isFinite(onGpu) || !ok(value as number) || !ok(onGpu))
    throw new ArgumentError(`${path}: ${show(value)}, must be ${must}`);
}

/** @throws ArgumentError unless `value` is positive */
export function requirePositive(value: unknown, path: string): void {
  requireNumber(value, path, POSITIVE, (number) => number > 0);
}

/** @throws ArgumentError unless `value` is an integer from `least` to 2^32 - 1 */
export function requireCount(value: unknown, path: string, least: 0 | 1): void {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) >= 2 ** 32)
    throw new ArgumentError(`${path}: ${show(value)}, must be an integer from ${least} to 2^32 - 1`);
}
