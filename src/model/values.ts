// Checks of single values in descriptions that may come from a JSON file; each error names the path of the value.
import { ArgumentError } from '../errors.js';
import { didYouMean } from '../names.js';
import { show } from '../show.js';

export { requireKnownKeys } from '../names.js';

/** @throws ArgumentError: the path, what is there, what must be */
export function refuse(path: string, value: unknown, must: string): never {
  throw new ArgumentError(`${path}: ${show(value)}, ${must}`);
}

/** @throws ArgumentError unless `value` is one of `choices` */
export function requireOneOf(value: unknown, choices: readonly string[], path: string): void {
  if (choices.includes(value as string)) return;
  const meant = typeof value === 'string' ? didYouMean(value, choices) : '';
  refuse(path, value, `must be one of ${choices.join(', ')}${meant}`);
}

export const POSITIVE = 'a finite number above 0';
export const NOT_NEGATIVE = 'a finite number >= 0';

/** The smallest number that is not denormal in f32: WGSL lets a GPU take smaller ones for 0. */
const LEAST_NORMAL = 2 ** -126;

/**
 * A number that the GPU computes with, in f32.
 * @returns undefined if it is finite and `ok`, before and after it is rounded to f32; else what to say after "must be"
 */
export function numberFault(value: unknown, must: string, ok: (value: number) => boolean): string | undefined {
  const good = (number: number) => Number.isFinite(number) && ok(number);
  if (typeof value !== 'number' || !good(value)) return must;
  const rounded = Math.fround(value);
  const onGpu = Math.abs(rounded) < LEAST_NORMAL ? 0 : rounded;
  return good(onGpu) ? undefined : `${must} (f32, which the GPU computes with, makes it ${onGpu})`;
}

/** @throws ArgumentError unless `value` is finite and `ok`, both as it is and as the f32 that the GPU computes with */
export function requireNumber(value: unknown, path: string, must: string, ok: (value: number) => boolean): void {
  const fault = numberFault(value, must, ok);
  if (fault !== undefined) refuse(path, value, `must be ${fault}`);
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
