// Checks of values that may come from a JSON file. Every message: the path, what is there, what must be.
import { ArgumentError } from '../errors.js';

/** A value in a message; JSON alone would call NaN and Infinity null. */
const show = (value: unknown): string => (typeof value === 'number' ? String(value) : JSON.stringify(value));

export function refuse(path: string, value: unknown, must: string): never {
  throw new ArgumentError(`${path}: ${show(value)}, ${must}`);
}

export function requirePositiveInteger(value: unknown, path: string): void {
  if (!Number.isInteger(value) || (value as number) < 1) refuse(path, value, 'must be a positive integer');
}

export function requireOneOf(value: unknown, choices: readonly string[], path: string): void {
  if (!choices.includes(value as string)) refuse(path, value, `must be one of ${choices.join(', ')}`);
}

/** Finite as the f32 that the GPU computes with. */
const inF32 = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(Math.fround(value));

export function requireWeight(value: unknown, path: string): void {
  if (!inF32(value) || value < 0) refuse(path, value, 'must be a number >= 0 that f32 holds (up to 3e38)');
}

export function requirePositive(value: unknown, path: string): void {
  if (!inF32(value) || !(Math.fround(value) > 0))
    refuse(path, value, 'must be a positive number that f32 holds (1e-45 to 3e38)');
}

/** A number strictly between 0 and 1. */
export function requireFraction(value: unknown, path: string): void {
  if (typeof value !== 'number' || !(value > 0 && value < 1)) refuse(path, value, 'must be between 0 and 1');
}

/** @throws ArgumentError naming a key that means nothing here: a misspelt option must not be ignored in silence */
export function requireKnownKeys(value: object, known: readonly string[], path: string): void {
  for (const key of Object.keys(value))
    if (!known.includes(key))
      throw new ArgumentError(`${path === '' ? '' : `${path}.`}${key}: unknown, must be one of ${known.join(', ')}`);
}
