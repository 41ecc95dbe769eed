// The table of bad inputs: what people give the programs and the library that cannot be, and the exact line that they are
// told: the thing, what it is, what it must be, what to do. The rows are in test/support/bad-inputs/, by subject.
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LatentGpuError } from '../../src/errors.js';
import { FILES, scratch } from '../support/bad-inputs/files.js';
import { FLAGS } from '../support/bad-inputs/flags.js';
import { OPTIONS } from '../support/bad-inputs/options.js';
import { CALLS_IN_ORDER } from '../support/bad-inputs/order.js';
import type { BadInput } from '../support/bad-inputs/row.js';
import { SPECIFICATIONS } from '../support/bad-inputs/specs.js';
import { USE } from '../support/bad-inputs/use.js';
import { usesDevice } from '../support/device.js';
import { runProgram } from '../support/programs/programs.js';

const TABLE: Record<string, BadInput[]> = {
  flags: FLAGS,
  specs: SPECIFICATIONS,
  files: FILES,
  options: OPTIONS,
  use: USE,
  order: CALLS_IN_ORDER,
};

/** A program's error is one line, and no longer than a person reads. */
const MOST_LETTERS = 400;

for (const [subject, rows] of Object.entries(TABLE))
  for (const { what, give, told, kind = 'ArgumentError' } of rows)
    test(`${subject}: ${what}`, async () => {
      const error = await refusal(give);
      assert.ok(error instanceof LatentGpuError, `${error}`);
      if (typeof told === 'string') assert.is(error.message, told);
      else assert.match(error.message, told);
      assert.is(error.name, kind);
      assert.not.match(error.message, /\n|\[object |undefined is not|of undefined/);
      assert.ok(error.message.length <= MOST_LETTERS, `${error.message.length} letters`);
    });

/** From the command to what the shell sees. */
const COMMANDS: [program: string, line: string, told: RegExp][] = [
  ['train.js', '--lerning-rate 0.1 --out OUT', /^error: --lerning-rate: unknown; did you mean --lr\? See --help\n$/],
  [
    'train.js',
    '--variance 1e-40 --loss mse --out OUT',
    /^error: --variance is 1e-40, must be .* makes it 0\); for example .*\n$/,
  ],
  [
    'train.js',
    '--data fashon-mnist --out OUT',
    /^error: --data fashon-mnist does not exist, .*; did you mean fashion-mnist\?\n$/,
  ],
  [
    'train.js',
    '--data digits --limit 8 --batch 9 --out OUT',
    /^error: --batch 9 is larger than the data: 8 training examples; use --batch <= 8\n$/,
  ],
  ['generate.js', '--run /no/run --out OUT', /^error: --run \/no\/run does not exist, must be a run's folder; .*\n$/],
  ['profile.js', '--optimizer Adam', /^error: --optimizer is Adam, must be one of .*; did you mean adam\?\n$/],
];
for (const [program, line, told] of COMMANDS)
  test(`${program} ${line}: one line on stderr, status 2, nothing else`, () => {
    const folder = path.join(scratch, 'out');
    const { status, out, err } = runProgram(`harness/${program}`, line.replace('OUT', folder).split(' '));
    assert.match(err, told);
    assert.equal([status, out, fs.existsSync(folder)], [2, '', false]);
  });

async function refusal(give: () => unknown): Promise<unknown> {
  try {
    await give();
  } catch (error) {
    return error;
  }
  return 'accepted';
}

test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
usesDevice(test);
test.run();
