// Test support: what tests of a trainer share: its set-up, data of any length, and errors.
import * as assert from 'uvu/assert';
import type { Dataset, Images } from '../../../src/data/dataset.js';
import { ArgumentError } from '../../../src/errors.js';
import { DATASET, IMAGES, INITIAL, OPTIONS, SPEC } from '../models/reference.js';

/** PyTorch's run of models/reference.ts. */
export const SETUP = { spec: SPEC, dataset: DATASET, options: OPTIONS, parameters: INITIAL };

/** The first images, and after them the same again: `count` of them. */
export function repeated(count: number): Images {
  const pixels = new Uint8Array(count * 100);
  for (let at = 0; at < pixels.length; at += IMAGES.pixels.length)
    pixels.set(IMAGES.pixels.subarray(0, pixels.length - at), at);
  return { ...IMAGES, count, pixels };
}

/** 28 steps an epoch. */
export const LONG: Dataset = { name: 'long', train: repeated(440), test: IMAGES };

/** What `work` throws. */
export async function failure(work: () => Promise<unknown>): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was refused');
}

/** That `work` throws an error of this kind, with this message. */
export async function refused(
  work: () => Promise<unknown>,
  message: string | RegExp,
  kind: new (m: string) => Error = ArgumentError,
) {
  const error = await failure(work);
  assert.instance(error, kind);
  if (typeof message === 'string') assert.is(error.message, message);
  else assert.match(error.message, message);
}

/** What errors say of a rate or a bound. */
export const POSITIVE = 'must be a finite number above 0';
