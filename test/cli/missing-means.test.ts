// --missing mean: a mean is of the rows that a model is trained on, whatever is held out for testing and validation and by
// --limit; and a run's own data are filled as in training.
import path from 'node:path';
import { sizeOf } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ExampleSet, withFirst, withValidation } from '../../harness/lib/data/arrays.js';
import { readAsRun } from '../../harness/lib/run-folder/read-as-run.js';
import type { StoredRun } from '../../harness/lib/run-folder/read-run.js';
import { rowsFromText } from '../../harness/lib/score/standard-input.js';
import { cleansUp, folder, load, nowhere, refusal } from '../support/programs/data-places.js';

const ROWS = 50;
/** Two of three values of "gap" are missing; "row" says which row of the file one is. */
const isGap = (row: number) => row % 3 !== 0;
const gapValue = (row: number) => row ** 2;
const TEXT = ['row,gap', ...Array.from({ length: ROWS }, (_, i) => `${i},${isGap(i) ? '' : gapValue(i)}`)].join('\n');

const place = path.join(folder({ 't.csv': TEXT }), 't.csv');
const dataOf = async (options = {}) => load(place, nowhere(), { missing: 'mean', ...options });

/** Rows of the file that a part has. */
const rowsOf = ({ values, shape }: ExampleSet['train']) =>
  Array.from({ length: shape[0] ?? 0 }, (_, row) => values[row * sizeOf({ shape })] ?? -1);

const meanOf = (rows: readonly number[]) => {
  const known = rows.filter((row) => !isGap(row)).map(gapValue);
  return known.reduce((sum, value) => sum + value, 0) / known.length;
};

function assertFilled(set: ExampleSet, name: string): void {
  const mean = meanOf(rowsOf(set.train));
  assert.not.equal(Math.fround(mean), Math.fround(meanOf([...Array(ROWS).keys()])), 'a mean of its own');
  for (const [part, { values, shape }] of Object.entries({
    train: set.train,
    test: set.test,
    validation: set.validation ?? set.test,
  }))
    for (const [at, row] of rowsOf({ values, shape }).entries())
      assert.is(values[2 * at + 1], Math.fround(isGap(row) ? mean : gapValue(row)), `${name}: ${part}, row ${row}`);
  assert.is(set.table?.columns[1]?.mean, mean, `${name}: the mean that is written down`);
}

test('held out for testing: no part in the means', async () => {
  const { dataset, said } = await dataOf();
  assert.is(rowsOf(dataset.test).length, 5);
  assert.ok(rowsOf(dataset.test).some(isGap), 'some of its own are missing');
  assertFilled(dataset, 'a tenth for testing');
  assert.match(said[0] ?? '', /t\.csv: 33 missing values are the mean of their column over the training rows$/);
});

test('held out for validation, or left out by --limit: no part in the means', async () => {
  assertFilled(withValidation((await dataOf()).dataset, 0.3, 5), 'validation');
  assertFilled(withFirst((await dataOf()).dataset, 20), 'limit');
  assertFilled(withValidation(withFirst((await dataOf()).dataset, 30), 0.2, 1), 'limit, then validation');
});

test('a test table has the means of the training table, after a split too', async () => {
  const two = folder({ 'train.csv': TEXT, 'test.csv': 'row,gap\n1,\n3,9\n2,\n' });
  const read = async () => (await load(two, nowhere(), { missing: 'mean' })).dataset;
  assert.is((await read()).test.values[1], Math.fround(meanOf([...Array(ROWS).keys()])));
  assertFilled(withValidation(await read(), 0.3, 5), 'validation');
  assertFilled(withFirst(await read(), 20), 'limit');
});

test('a test table has them where no training row lacks a value, too', async () => {
  const whole = ['row,gap', ...Array.from({ length: ROWS }, (_, i) => `${i},${i}`)].join('\n');
  const two = folder({ 'train.csv': whole, 'test.csv': 'row,gap\n1,\n' });
  const { test: other, table } = withFirst((await load(two, nowhere(), { missing: 'mean' })).dataset, 11);
  assert.equal([...other.values], [1, 5]);
  assert.is(table?.columns[1]?.mean, 5);
});

test('a column without a value in any training row has no mean', async () => {
  const { dataset } = await dataOf();
  const [only = 0] = rowsOf(dataset.test);
  const rows = Array.from({ length: ROWS }, (_, i) => `${i},${i === only ? 3 : ''}`);
  const lone = path.join(folder({ 'lone.csv': ['row,gap', ...rows].join('\n') }), 'lone.csv');
  assert.match(
    await refusal('FormatError', load(lone, nowhere(), { missing: 'mean' })),
    /^lone: column "gap" has no value in any training row, must have one at least to have a mean: leave it out \(--drop\), or hold fewer rows out$/,
  );
});

test("a run's own data are filled with the run's means", async () => {
  const { dataset } = await dataOf();
  const run = {
    reading: { missing: 'mean' },
    table: withFirst(dataset, 10).table,
    data: place,
    spec: {},
  } as unknown as StoredRun;
  const again = await load(place, nowhere(), readAsRun({}, run));
  const row = rowsOf(again.dataset.test).findIndex(isGap);
  assert.is(again.dataset.test.values[2 * row + 1], Math.fround(run.table?.columns[1]?.mean ?? Number.NaN));
});

// --- tables of pixels ---------------------------------------------------------------------------------------------------

/** 2x2 pixels, of which the last has a gap. */
const PIXELS = 4;
const pixelRow = (row: number) => [1, row, 2 * row, 3, isGap(row) ? '' : gapValue(row) % 251].join();
const pixelText = (rows: readonly number[]) => ['label,pixel0,pixel1,pixel2,pixel3', ...rows.map(pixelRow)].join('\n');

/** Of a column that was read, without the gaps: of the rows whose first pixel says their numbers. */
function pixelMean({ values, shape }: ExampleSet['train']): number {
  const rows = Array.from({ length: shape[0] ?? 0 }, (_, at) => values[PIXELS * at] ?? 0).filter((row) => !isGap(row));
  return rows.reduce((sum, row) => sum + (gapValue(row) % 251), 0) / rows.length;
}

test('a table of pixels, and one for testing beside it, have the means of the training rows; so they have when read again', async () => {
  const two = folder({
    'train.csv': pixelText([...Array(ROWS).keys()]),
    'test.csv': pixelText([52, 51, 53]),
  });
  const { dataset } = await load(two, nowhere(), { missing: 'mean' });
  assert.equal(dataset.train.shape, [ROWS, 2, 2]);
  const split = withValidation(withFirst(dataset, 30), 0.2, 1);
  const mean = pixelMean(split.train);
  assert.not.equal(mean, pixelMean(dataset.train), 'a mean of its own');
  assert.is(split.test.values[PIXELS - 1], Math.fround(mean), 'the table for testing');
  assert.is(split.pixelTable?.columns[PIXELS - 1]?.mean, mean, 'what is written down');
  assert.is(split.table, undefined, 'no table of features');

  const run = {
    reading: { missing: 'mean' },
    pixelTable: split.pixelTable,
    data: two,
    spec: {},
  } as unknown as StoredRun;
  for (const options of [{}, { data: two }]) {
    const again = (await load(two, nowhere(), readAsRun(options, run))).dataset;
    assert.equal(again.test.values, split.test.values, JSON.stringify(options));
    assert.equal(again.test.shape, [3, 2, 2]);
    assert.is(again.train.values[2 * PIXELS - 1], Math.fround(mean));
  }
  const one = new TextEncoder().encode(pixelText([52]));
  const input = rowsFromText(
    one,
    {},
    { ...run, spec: { inputs: PIXELS } as StoredRun['spec'], shape: [2, 2] },
    () => {},
  );
  assert.equal([...input.test.values], [52, 104, 3, Math.fround(mean)], 'standard input');
});

test('of bytes the mean is rounded, and written down so', async () => {
  const rows = ['label,pixel0,pixel1,pixel2,pixel3', '1,2,2,2,9', '1,2,2,2,10', '1,2,2,2,14', '1,2,2,2,'];
  const two = folder({ 'train.csv': rows.join('\n'), 'test.csv': rows.slice(0, 2).join('\n') });
  const { dataset } = await load(two, nowhere(), { missing: 'mean' });
  assert.is(dataset.train.values[15], 11);
  assert.ok(dataset.train.values instanceof Uint8Array);
  const filled = withFirst(dataset, 2);
  assert.is(filled.pixelTable?.columns[3]?.mean, 10, 'of 9 and 10');
});

cleansUp(test);
test.run();
