import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { generateHelp, readGenerateOptions } from '../../../harness/lib/options/generate-options.js';
import { options, refused } from '../../support/programs/generating.js';

test('--run alone; every flag; what is absent stays absent', () => {
  assert.equal(options('--run runs/a'), { run: 'runs/a', seed: 0, adapter: 'auto' });
  assert.equal(
    options(
      '--run a --data digits --out b --only walk,samples,grid,compress --count 5 --label 0 --walk 7,0 --axes 3,1 ' +
        '--compress 8,4 --seed 9 --adapter lavapipe',
    ),
    {
      run: 'a',
      data: 'digits',
      out: 'b',
      only: ['samples', 'walk', 'grid', 'compress'], // in the order in which they are made
      count: 5,
      label: 0,
      walk: [7, 0],
      axes: [3, 1],
      compress: [8, 4],
      seed: 9,
      adapter: 'lavapipe',
    },
  );
});

test('--compress alone, before another flag, with bits, by --only; help', () => {
  const all = [8, 6, 4, 3, 2];
  assert.equal(options('--run a --compress').compress, all);
  assert.equal(options('--compress --run a').compress, all);
  assert.equal(options('--run a --compress 8,4').compress, [8, 4]);
  assert.equal(options('--run a --compress=16,1').compress, [16, 1]);
  assert.equal(options('--run a --only compress').compress, all);
  assert.equal(options('--run a --only compress --compress 3').compress, [3]);
  assert.is(options('--run a --only samples').compress, undefined);
  assert.is(readGenerateOptions(['--only', 'nothing', '--help']), undefined);
  for (const name of ['run', 'data', 'out', 'only', 'count', 'label', 'walk', 'axes', 'compress', 'seed', 'adapter'])
    assert.match(generateHelp(), new RegExp(`^  --${name} `, 'm'));
});

const NAMES = 'samples, reconstructions, walk, grid, denoised, codes, loss, compress';
const PAIR = 'counted from 0; for example';
const BITS = 'must be different whole numbers from 1 to 16; for example --compress 8,6,4,3,2';
for (const [args, message] of [
  ['--seed 1', '--run is missing: whose model? Name the folder of a run, for example --run runs/first'],
  ['--only smaples', `--only is smaples: smaples is none of ${NAMES}; did you mean samples?`],
  ['--only walk,', `--only is walk,: "" is none of ${NAMES}; for example --only samples,walk`],
  ['--axes 3,3', `--axes is 3,3, must be two different dimensions of the code, ${PAIR} --axes 0,1`],
  ['--axes 0,-1', `--axes is 0,-1, must be two different dimensions of the code, ${PAIR} --axes 0,1`],
  ['--axes 0,1,2', `--axes is 0,1,2, must be two different dimensions of the code, ${PAIR} --axes 0,1`],
  ['--walk 7', `--walk is 7, must be two different test images, ${PAIR} --walk 0,7`],
  ['--walk 1,x', `--walk is 1,x, must be two different test images, ${PAIR} --walk 0,7`],
  ['--compress 0', `--compress is 0, ${BITS}`],
  ['--compress 17', `--compress is 17, ${BITS}`],
  ['--compress 8,8', `--compress is 8,8, ${BITS}`],
  ['--compress 2.5', `--compress is 2.5, ${BITS}`],
  ['--count 0', '--count is 0, must be a whole number >= 1; for example --count 12'],
  ['--count 1.5', '--count is 1.5, must be a whole number >= 1; for example --count 12'],
  ['--seed 0x10', '--seed is 0x10, must be a whole number from 0 to 9007199254740991; for example --seed 1'],
  [
    '--only samples --compress',
    '--compress is given, but --only does not name it; write --only compress,... or leave one out',
  ],
  ['--sample 3', '--sample: unknown; must be a flag of this program, see --help'],
] as const)
  test(`refused: ${args}`, () => {
    refused(() => options(args.startsWith('--seed 1') ? args : `--run a ${args}`), message);
  });

test.run();
