// Checks of single values in descriptions that may come from a JSON file; each error names the path of the value.
import { ArgumentError } from '../errors.js';

const MOST_SHOWN = 80;

/** A text in a message, cut: it may be as long as the file that it is from. */
export const cut = (text: string): string => (text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text);

/** A value in a message; JSON alone would call NaN and Infinity null. */
export function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return cut(JSON.stringify(value) ?? 'undefined');
  } catch {
    return 'nested too deep to show'; // JSON.parse goes deeper
  }
}

/** @throws ArgumentError: the path, what is there, what must be */
export function refuse(path: string, value: unknown, must: string): never {
  throw new ArgumentError(`${path}: ${show(value)}, ${must}`);
}

/** @throws ArgumentError unless `value` is one of `choices` */
export function requireOneOf(value: unknown, choices: readonly string[], path: string): void {
  if (!choices.includes(value as string)) refuse(path, value, `must be one of ${choices.join(', ')}`);
}

/**
 * @param path '' for the description itself
 * @throws ArgumentError for a key that `known` lacks: a slip of the pen would else be a default
 */
export function requireKnownKeys(value: object, known: readonly string[], path: string): void {
  for (const key of Object.keys(value))
    if (!known.includes(key))
      throw new ArgumentError(`${path && `${path}.`}${cut(key)}: unknown, must be one of ${known.join(', ')}`);
}

/** What every size that reaches the GPU must be: 1e-50 would be 0 there. */
export const POSITIVE = 'a positive number that f32 holds (1e-45 to 3e38)';
export const NOT_NEGATIVE = 'a number >= 0 that f32 holds (up to 3e38)';

/** @throws ArgumentError unless `value` is finite and `ok`, both as it is and as the f32 that the GPU computes with */
export function requireNumber(value: unknown, path: string, must: string, ok: (value: number) => boolean): void {
  const onGpu = typeof value === 'number' ? Math.fround(value) : Number.NaN;
  if (!Number.isFinite(onGpu) || !ok(value as number) || !ok(onGpu)) refuse(path, value, `must be ${must}`);
}

/** @throws ArgumentError unless `value` is positive */
export function requirePositive(value: unknown, path: string): void {
  requireNumber(value, path, POSITIVE, (number) => number > 0);
}

/** @throws ArgumentError unless `value` is an integer from `least` to 2^32 - 1 */
export function requireCount(value: unknown, path: string, least: 0 | 1): void {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) >= 2 ** 32)
    refuse(path, value, `must be an integer from ${least} to 2^32 - 1`);
}

/** @throws ArgumentError unless `value` is an integer from 1 on */
export function requirePositiveInteger(value: unknown, path: string): void {
  if (!Number.isInteger(value) || (value as number) < 1) refuse(path, value, 'must be a positive integer');
}

/** @throws ArgumentError unless `value` is a number from 0 on: the weight of a term */
export function requireWeight(value: unknown, path: string): void {
  requireNumber(value, path, NOT_NEGATIVE, (number) => number >= 0);
}

/** @throws ArgumentError unless `value` is strictly between 0 and 1 */
export function requireFraction(value: unknown, path: string): void {
  requireNumber(value, path, 'a number between 0 and 1', (number) => number > 0 && number < 1);
}

/** @throws ArgumentError unless `seed` is a non-negative integer that a double holds exactly */
export function checkSeed(seed: number): number {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ArgumentError(`seed: ${seed}, must be an integer from 0 to 2^53 - 1`);
  return seed;
}
