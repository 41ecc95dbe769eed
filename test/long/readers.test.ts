// As test/unit/data/readers.test.ts, 10,000 mutants a reader.
import { test } from 'uvu';
import { READERS } from '../support/programs/readers.js';

const RUNS = 10_000;
const SEED = Number(process.env.LATENTGPU_SEED ?? 21);

for (const [what, read] of Object.entries(READERS))
  test(`${what}: ${RUNS} mutants are read or refused, seed ${SEED}`, async () => {
    const { read: whole, refused } = await read(RUNS, SEED);
    console.log(`${what}: ${whole} read, ${refused} refused`);
  });

test.run();
