// Test support: what is refused, as a person reads it.
import * as assert from 'uvu/assert';
import { ArgumentError } from '../../../src/errors.js';

/** The message of the ArgumentError that `work` throws. */
export function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.instance(error, ArgumentError);
    return (error as Error).message;
  }
  return 'accepted';
}
