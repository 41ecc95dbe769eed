// Tables for --data: the flags that say what their columns are, the same in each program; classes by their names; and that a run
// is used, and gone on with, as it was read. What a row becomes: test/unit/data/csv.test.ts.
import fs from 'node:fs';
import path from 'node:path';
import { decodeNpy } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LoadOptions } from '../../harness/lib/data/data.js';
import { readExportOptions } from '../../harness/lib/options/export-options.js';
import { type GenerateOptions, readGenerateOptions } from '../../harness/lib/options/generate-options.js';
import { readProfileOptions } from '../../harness/lib/options/profile-options.js';
import { READING_FLAGS, readingFrom, readingOf, readingText } from '../../harness/lib/options/reading-options.js';
import { readTrainOptions } from '../../harness/lib/options/train-options.js';
import { readAsRun } from '../../harness/lib/run-folder/read-as-run.js';
import { readRun, type StoredRun } from '../../harness/lib/run-folder/read-run.js';
import {
  cleansUp,
  folder,
  idx,
  load,
  nowhere,
  refusal,
  scratch,
  TEST,
  TRAIN,
} from '../support/programs/data-places.js';
import { ADAPTER, runProgram } from '../support/programs/programs.js';

/** A file of its own with this text. */
const file = (text: string, name = 't.csv') => path.join(folder({ [name]: text }), name);
const dataOf = async (place: string, options: LoadOptions = {}) => (await load(place, nowhere(), options)).dataset;

const FLOWERS = [
  'Id,colour,petal,Species',
  ...Array.from(
    { length: 30 },
    (_, i) => `${i},${['red', 'blue'][i % 2]},${i / 10},${['rose', 'aster', 'poppy'][i % 3]}`,
  ),
].join('\n');
const READING = { 'label-column': 'Species', drop: ['Id'], categorical: ['colour'] };

test('labels of words, dropped columns and categories, by the flags; one line says what it was taken for', async () => {
  const dataset = await dataOf(file(FLOWERS), READING);
  assert.equal(dataset.features, ['colour=blue', 'colour=red', 'petal']);
  assert.equal(
    [dataset.train.shape, dataset.test.shape],
    [
      [27, 3],
      [3, 3],
    ],
  );
  assert.equal(dataset.classes, ['aster', 'poppy', 'rose']);
  assert.is(dataset.what, 'a table of features, label column Species');
  assert.equal(
    dataset.table?.columns.map(({ name, number }) => `${name} ${number}`),
    ['colour 2', 'petal 3'],
  );
  const first = dataset.train.values;
  assert.ok([...first.subarray(0, 2)].sort().join() === '0,1');
});

test('columns by number, missing values as means or left out', async () => {
  const text = '1,2,7\n,4,8\n3,6,9\n5,NA,7\n';
  const means = await dataOf(file(text), { 'label-column': '3', missing: 'mean', keepWhole: true });
  assert.equal([...means.train.values].sort(), [1, 2, 3, 3, 4, 4, 5, 6]);
  assert.equal(means.classes, ['7', '8', '9']);
  const left = await load(file(text), nowhere(), { missing: 'drop' });
  assert.is(left.dataset.train.shape[0], 1);
  const whole = await dataOf(file(text), { missing: 'drop', keepWhole: true });
  assert.equal([...(whole.fileRows ?? [])], [0, 2]);
  assert.match(left.said[0] ?? '', /t\.csv: 2 rows with missing values are left out$/);
  const filled = await load(file(text), nowhere(), { 'label-column': '3', missing: 'mean' });
  assert.match(filled.said[0] ?? '', /t\.csv: 2 missing values are the mean of their column over the training rows$/);
  assert.match(
    await refusal('FormatError', dataOf(file(text))),
    /line 2, column "column 1" is missing; .*--missing mean/,
  );
});

test('a folder of two: the test table takes columns, categories, classes and means of the training table', async () => {
  const two = (test: string) =>
    folder({ 'train.csv': 'c,x,label\nred,1,cat\nblue,3,dog\ngreen,,cat\n', 'test.csv': test });
  const options: LoadOptions = { categorical: ['c'], missing: 'mean' };
  const { test: held, classes } = await dataOf(two('x,label,c\n,dog,red\n'), options);
  assert.equal([[...held.values], [...(held.labels ?? [])], classes], [[0, 0, 1, 2], [1], ['cat', 'dog']]);
  assert.match(
    await refusal('FormatError', dataOf(two('x,label,c\n1,ape,red\n'), options)),
    /test\.csv: column "label" has the class "ape", which the training examples lack, must be one of cat, dog; leave/,
  );
  assert.match(
    await refusal('FormatError', dataOf(two('x,label,c\n1,cat,pink\n'), options)),
    /test\.csv: line 2, column "c" is "pink", must be one of the categories of the training table: blue, green, red/,
  );
});

test('numbers from 0 are their own classes, other numbers keep their names, in order', async () => {
  const labelled = (labels: (string | number)[]) =>
    dataOf(file(`x,label\n${labels.map((label, i) => `${i},${label}`).join('\n')}\n`), {});
  const seen = async (labels: (string | number)[]) => {
    const { train, test: held, classes } = await labelled(labels);
    return [new Set([...(train.labels ?? []), ...(held.labels ?? [])]), classes];
  };
  assert.equal(await seen([2, 0, 5, 2]), [new Set([0, 2, 5]), undefined]);
  assert.equal(await seen([10, 9, 9, 10]), [new Set([0, 1]), ['9', '10']]);
  assert.equal(await seen([1, -1]), [new Set([0, 1]), ['-1', '1']]);
  assert.equal(await seen([0.5, 0]), [new Set([0, 1]), ['0', '0.5']]);
  assert.equal(await seen(['b', 3, 'a']), [new Set([0, 1, 2]), ['3', 'a', 'b']]);
  assert.match(
    await refusal('FormatError', labelled(Array.from({ length: 300 }, (_, i) => i / 7))),
    /column "label" has 300 different labels, such as 0, 0\.14.*, must have at most 256 classes/,
  );
});

test("a run's label column may lack in other data and in the table for testing, but not where a flag asks for it", async () => {
  const flags: LoadOptions = { 'label-column': 'Class' };
  const two = folder({ 'train.csv': 'x,Class\n1,a\n2,b\n', 'test.csv': 'x\n3\n' });
  const { test: held, table } = await dataOf(two, flags);
  assert.equal([held.labels, [...held.values]], [undefined, [3]]);
  assert.ok(table);
  const known = { classes: ['a', 'b'], table };
  const other = file('x\n4\n5\n');
  assert.is((await dataOf(other, { inherited: flags, known })).test.labels, undefined);
  assert.match(await refusal('ArgumentError', dataOf(other, { ...flags, known })), /t\.csv has no column "Class"/);
  assert.match(await refusal('ArgumentError', dataOf(other, { inherited: flags })), /t\.csv has no column "Class"/);
});

test('pixels stay pixels when a flag names their label column', async () => {
  const text = 'label,pixel0,pixel1,pixel2,pixel3\n1,0,255,3,4\n0,5,6,7,8\n';
  for (const column of ['label', '1']) {
    const { train, classes, features } = await dataOf(file(text), { 'label-column': column });
    assert.equal([train.shape, train.values instanceof Uint8Array, features], [[1, 2, 2], true, undefined], column);
    assert.is(classes, undefined);
  }
  const run = { inherited: { 'label-column': 'label' }, known: { classes: 'numbers' as const } };
  const bare = await dataOf(file('pixel0,pixel1,pixel2,pixel3\n1,2,3,4\n5,6,7,8\n'), run);
  assert.equal([bare.train.shape, bare.train.labels], [[1, 2, 2], undefined], 'as test.csv at Kaggle');
});

test("EMNIST's letters, 1..26, are classes 0..25 and keep their names", async () => {
  const labels = Buffer.from(idx(26).map((byte, at) => (at < 8 ? byte : byte + 1)));
  const dir = folder({ [TRAIN]: idx(26, 2, 2), 'train-labels-idx1-ubyte': labels, [TEST]: idx(1, 2, 2) });
  const { train, classes } = await dataOf(dir);
  assert.equal([...(train.labels ?? [])], [...Array(26).keys()]);
  assert.equal([classes?.[0], classes?.[25], classes?.length], ['1', '26', 26]);
});

test('the classes of a run go before those of other data', async () => {
  const place = file('x,label\n1,b\n2,c\n3,b\n');
  assert.equal((await dataOf(place, { known: { classes: ['a', 'b'] } })).classes, ['a', 'b', 'c']);
  const ones = await dataOf(file('x,label\n1,1\n2,1\n'), { known: { classes: 'numbers' } });
  assert.equal([[...(ones.train.labels ?? [])], ones.classes], [[1], undefined]);
});

for (const [flags, place, message] of [
  [
    { drop: ['a'] },
    'digits',
    /^--drop a: --data digits is a data set by its name; only tables take it: leave --drop out$/,
  ],
  [
    { missing: 'mean' },
    'test/unit/data/numpy-stored.npz',
    /^--missing mean: .*numpy-stored\.npz is a file of arrays; only tables take it/,
  ],
  [
    { size: { height: 2, width: 3 } },
    't.csv',
    /^--size 2x3: .*t\.csv is a table; only folders of pictures take it: leave --size out$/,
  ],
  [{ layout: 'chw' }, 't.csv', /^--layout chw: .*t\.csv is a table; only arrays of colour images take it/],
  [
    { 'label-column': 'no' },
    't.csv',
    /t\.csv has no column "no": its columns are Id, colour, petal, Species; name one/,
  ],
] as const)
  test(`refused: ${Object.keys(flags)} with ${place}`, async () => {
    const where = place === 't.csv' ? file(FLOWERS) : place;
    assert.match(await refusal('ArgumentError', dataOf(where, flags as LoadOptions)), message);
  });

test('every program that reads data has the flags, and run.json keeps them', () => {
  const args = ['--label-column', 'Species', '--drop', 'Id,4', '--categorical', 'colour', '--missing', 'drop'];
  const want = { 'label-column': 'Species', drop: ['Id', '4'], categorical: ['colour'], missing: 'drop' };
  for (const read of [readTrainOptions, readProfileOptions]) assert.equal(readingOf(read(args)), want);
  assert.equal(readingOf(readGenerateOptions(['--run', 'a', ...args]) ?? {}), want);
  assert.equal(readingOf(readExportOptions(['--run', 'a', '--html', ...args]) ?? {}), want);
  assert.throws(() => readExportOptions(['--run', 'a', ...args]), /^--label-column Species without --html/);
  const sized = { ...want, size: { height: 28, width: 30 }, split: 'a', layout: 'chw' } as const;
  assert.equal(readingFrom(JSON.parse(JSON.stringify(readingText(sized as LoadOptions)))), sized);
  assert.equal(readingFrom({ missing: 'perhaps', drop: 3, size: '0x0', other: 'x' }), {});
  assert.equal(readingFrom(null), {});
  for (const [name, { read, example }] of Object.entries(READING_FLAGS)) read(example, `--${name}`, example);
  for (const [text, message] of [
    ['--drop a,,b', '--drop is "a,,b"'],
    ['--drop a,a', '--drop is "a,a"'],
    ['--size 3', '--size is 3, must be HEIGHTxWIDTH'],
    ['--size 0x3', '--size is 0x3'],
    ['--size 9999x9999', '--size is 9999x9999'],
    ['--missing never', '--missing is never, must be one of refuse, mean, drop'],
  ] as const)
    assert.throws(
      () => readTrainOptions(text.split(' ')),
      (error: Error) => error.message.startsWith(message.replaceAll('"', message.includes('a,') ? '' : '"')),
      text,
    );
});

test("other data are read as the run's, but for what flags say", () => {
  const options = (text: string) =>
    readGenerateOptions(['--run', 'a', ...text.split(' ').filter(Boolean)]) as GenerateOptions;
  const table = { columns: [{ name: 'x', number: 1 }], width: 1, hasHeader: true };
  const run = { reading: { drop: ['Id'] }, table, classes: ['a'], data: 'd.csv', spec: {} } as unknown as StoredRun;
  const inherited = run.reading;
  assert.equal(readAsRun(options(''), run), { inherited });
  assert.equal(readAsRun(options('--missing mean'), run), { missing: 'mean', inherited });
  assert.equal(readAsRun(options('--data e.csv'), run), { inherited, known: { classes: ['a'], table } });
  assert.equal(readAsRun(options('--data e.csv --drop y'), run), { drop: ['y'], inherited, known: { classes: ['a'] } });
  assert.is(readAsRun(options('--data e.csv'), { ...run, numbers: 'bits' }).known?.numbers, 'bits');
  const scaled = { ...run, numbers: 'bits', spec: { scaling: {} } } as unknown as StoredRun;
  assert.is(readAsRun(options('--data e.csv'), scaled).known?.numbers, 'scaled');
  const { classes: _, table: __, ...plain } = run;
  assert.equal(readAsRun(options('--data e.csv'), plain), { inherited, known: {} }, 'of no labels nothing follows');
  const labelled = { ...plain, labelled: true };
  assert.equal(readAsRun(options('--data e.csv'), labelled), { inherited, known: { classes: 'numbers' } });
  const told = { ...plain, spec: { classes: 3 } } as unknown as StoredRun;
  assert.equal(readAsRun(options('--data e.csv'), told), { inherited, known: { classes: 'numbers' } });
});

test('train, generate and resume: one run of a table, with its classes by name', () => {
  const [data, out, other] = [
    file(FLOWERS, 'flowers.csv'),
    path.join(scratch, 'run'),
    file('petal,Species,colour\n1,rose,blue\n2,aster,red\n'),
  ];
  const flags = ['--label-column', 'Species', '--drop', 'Id', '--categorical', 'colour'];
  const small = ['--hidden', '4', '--latent', '2', '--batch', '8', '--steps', '4', '--model', 'conditional-vae'];
  const run = (program: string, ...args: string[]) => {
    const { status, out: told, err } = runProgram(program, [...args, '--adapter', ADAPTER]);
    assert.equal([err, status], ['', 0]);
    return told.split('\n');
  };
  const trained = run('harness/train.js', '--data', data, ...flags, ...small, '--out', out);
  assert.is(
    trained.find((line) => line.startsWith('data')),
    `data      flowers (${data}, a table of features, label column Species): 27 training and 3 test rows of 3 features`,
  );
  const { config } = JSON.parse(fs.readFileSync(path.join(out, 'run.json'), 'utf8'));
  assert.equal(config.reading, { 'label-column': 'Species', drop: 'Id', categorical: 'colour' });
  assert.equal(
    [config.classes, config.features],
    [
      ['aster', 'poppy', 'rose'],
      ['colour=blue', 'colour=red', 'petal'],
    ],
  );
  const stored = readRun(out);
  assert.equal([stored.reading, stored.classes, stored.table], [READING, config.classes, config.table]);

  const made = run('harness/generate.js', '--run', out, '--label', 'poppy', '--count', '3');
  assert.ok(
    made.some((line) => /^samples\.csv +3 rows of class poppy decoded/.test(line)),
    made.join('\n'),
  );
  assert.match(fs.readFileSync(path.join(out, 'generated/codes.svg'), 'utf8'), />(aster|poppy|rose)</);
  const others = run('harness/generate.js', '--run', out, '--data', other, '--only', 'codes');
  assert.ok(
    others.some((line) => /^labels\.npy +.*: aster, poppy, rose$/.test(line)),
    others.join('\n'),
  );
  const labels = decodeNpy(fs.readFileSync(path.join(out, 'generated-2/labels.npy')), 'labels.npy');
  assert.equal([...labels.values], [2, 0], "by the run's names, all rows");

  const resumed = run('harness/train.js', '--resume', out, '--steps', '6');
  assert.ok(
    resumed.some((line) => line.startsWith('data      flowers') && line.includes('3 features')),
    resumed.join('\n'),
  );
  const { status, err } = runProgram('harness/train.js', [
    '--resume',
    out,
    '--drop',
    '2',
    '--categorical',
    '2',
    '--adapter',
    ADAPTER,
  ]);
  assert.is(status, 2);
  assert.match(err, /flowers\.csv: column "colour" is to be categories and left out, must be one of them/);
});

cleansUp(test);
test.run();
