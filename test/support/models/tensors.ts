// Comparisons of whole models and of losses; no device needed.
import * as assert from 'uvu/assert';
import type { Losses } from '../../../src/train/step/metrics.js';

export type Tensors = ReadonlyMap<string, { values: ArrayLike<number> }>;

/** Bare values, as oracle/train64.ts has them, as tensors. */
export const namedTensors = (values: ReadonlyMap<string, ArrayLike<number>>): Tensors =>
  new Map([...values].map(([name, each]) => [name, { values: each }]));

/** |got - want| / |want|, both as vectors; infinite if any number is not finite. */
export function relativeL2(got: ArrayLike<number>, want: ArrayLike<number>): number {
  assert.is(got.length, want.length, 'as many values');
  const norm = (values: number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const exact = Array.from(want);
  const distance = norm(exact.map((value, i) => (got[i] ?? Number.NaN) - value)) / norm(exact);
  return Number.isFinite(distance) ? distance : Number.POSITIVE_INFINITY;
}

/** Every tensor within `limit`, relative L2; the same names. */
export function closeTensors(got: Tensors, want: Tensors, limit: number, what: string): void {
  assert.equal([...got.keys()].sort(), [...want.keys()].sort(), `${what}: names`);
  for (const [name, { values }] of want) {
    const distance = relativeL2(got.get(name)?.values ?? [], values);
    assert.ok(distance <= limit, `${what}, ${name}: ${distance.toExponential(2)} off (relative L2), at most ${limit}`);
  }
}

const DIFFERENCES: ReadonlySet<keyof Losses> = new Set(['kl', 'importance']);

/**
 * The largest relative error of the loss and of its terms; infinite if they have other terms. Of several samples kl and importance
 * are differences of numbers of about one nat, and may be 0: their error is an absolute one.
 */
export function lossError(got: Losses | undefined, want: Losses): number {
  if (Object.keys(got ?? {}).join() !== Object.keys(want).join()) return Number.POSITIVE_INFINITY;
  const terms = Object.entries(want) as [keyof Losses, number][];
  const sampled = 'importance' in want;
  const errors = terms.map(([term, value]) =>
    Math.abs(((got?.[term] ?? Number.NaN) - value) / (sampled && DIFFERENCES.has(term) ? 1 : value)),
  );
  return errors.every(Number.isFinite) ? Math.max(...errors) : Number.POSITIVE_INFINITY;
}

/** The loss and each of its terms within `limit`, relative. */
export function closeLosses(got: Losses | undefined, want: Losses, limit: number, what: string): void {
  const text = `${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)} to ${limit}, relative`;
  assert.ok(lossError(got, want) <= limit, text);
}

/** Bit for bit, NaN and the sign of zero included. */
export function sameBits(got: Tensors, want: Tensors): boolean {
  const bits = (tensors: Tensors) =>
    [...tensors].map(([name, { values }]) => [name, ...new Uint32Array(Float32Array.from(values).buffer)].join());
  return bits(got).join('\n') === bits(want).join('\n');
}
