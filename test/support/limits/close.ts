// Compares arrays of numbers element by element, each with a limit of its own.
import * as assert from 'uvu/assert';

/**
 * @param limit    largest allowed |got - want| of element i; NaN anywhere is a failure
 * @param describe what element i is, for the message: "c[3, 7]"
 */
export function close(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  limit: (i: number) => number,
  describe: (i: number) => string = (i) => `[${i}]`,
): void {
  if (got.length !== want.length) assert.unreachable(`${got.length} elements, must be ${want.length}`);
  for (let i = 0; i < want.length; i++) {
    const error = Math.abs(Number(got[i]) - Number(want[i]));
    if (!(error <= limit(i))) {
      const near = Array.from({ length: 5 }, (_, k) => i - 2 + k)
        .filter((k) => k >= 0 && k < want.length)
        .map((k) => `${describe(k)} got ${got[k]}, want ${want[k]}`);
      assert.unreachable(
        `${describe(i)}: got ${got[i]}, want ${want[i]}, off by ${error}, limit ${limit(i)}\n${near.join('\n')}`,
      );
    }
  }
}
