// Numbers with a bound on how far f32 may be from them: a formula written in these operations gives its true value in f64
// and its derived tolerance together. Running error analysis (Wilkinson 1986; Higham 2002, section 3.3) with WGSL's
// accuracies (tolerance.ts) for each operation.
import { DIVISION, SQRT, TINY, ULP } from './tolerance.js';

export interface Bounded {
  value: number;
  /** Absolute. */
  limit: number;
}

/** An f32 that the kernel reads. */
export const exact = (value: number): Bounded => ({ value, limit: 0 });
/** A number that the host rounded to f32. */
export const rounded = (value: number): Bounded => within(value, 0.5);
/** A number that some operation gives within so many ulps. */
export const within = (value: number, ulps: number): Bounded => ({ value, limit: ulps * ULP * Math.abs(value) + TINY });

const most = ({ value, limit }: Bounded) => Math.abs(value) + limit;

/** The result of an operation: what its operands' errors come to, and so many ulps of its own. */
const result = (value: number, carried: number, ulps: number): Bounded => ({
  value,
  limit: carried + ulps * ULP * (Math.abs(value) + carried) + TINY,
});

export const plus = (a: Bounded, b: Bounded): Bounded => result(a.value + b.value, a.limit + b.limit, 1);
export const minus = (a: Bounded, b: Bounded): Bounded => result(a.value - b.value, a.limit + b.limit, 1);
export const times = (a: Bounded, b: Bounded): Bounded =>
  result(a.value * b.value, most(a) * b.limit + most(b) * a.limit - a.limit * b.limit, 1);

export function over(a: Bounded, b: Bounded): Bounded {
  const least = Math.abs(b.value) - b.limit;
  return result(a.value / b.value, (a.limit + (Math.abs(a.value) / Math.abs(b.value)) * b.limit) / least, DIVISION);
}

export function root(a: Bounded): Bounded {
  const value = Math.sqrt(a.value);
  return result(value, value - Math.sqrt(Math.max(a.value - a.limit, 0)), SQRT);
}
