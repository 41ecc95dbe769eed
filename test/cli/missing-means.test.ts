// --missing mean: a mean is of the rows that a model is trained on, whatever is held out for testing and validation and by
// --limit; and a run's own data are filled as in training.
import path from 'node:path';
import { sizeOf } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ExampleSet, withFirst, withValidation } from '../../harness/lib/data/arrays.js';
import { readAsRun } from '../../harness/lib/run/read-as-run.js';
import type { StoredRun } from '../../harness/lib/run/read-run.js';
import { cleansUp, folder, load, nowhere, refusal } from '../support/data-places.js';

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
  const two = folder({ 'train.csv': TEXT, 'test.csv': 'row,gap\n1,\n3,9\n' });
  const { dataset } = await load(two, nowhere(), { missing: 'mean' });
  assert.is(dataset.test.values[1], Math.fround(meanOf([...Array(ROWS).keys()])));
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

cleansUp(test);
test.run();
