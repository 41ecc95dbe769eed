// Readers of files against files that are almost right (test/support/programs/readers.ts): a typed error or a correct read, never
// another error nor much memory. A sample; test/long/ feeds each ten times as many.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { READERS } from '../../support/programs/readers.js';

const RUNS = 1000;
const SEED = 20;

for (const [what, read] of Object.entries(READERS))
  test(`${what}: ${RUNS} mutants are read or refused`, async () => {
    const { read: whole, refused } = await read(RUNS, SEED);
    // Or nothing would be tested.
    assert.ok(whole >= RUNS / 50 && refused >= RUNS / 10, `${whole} read, ${refused} refused`);
  });

test.run();
