// Tables on the page of harness/web: missing values are means of the rows that it trains on.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeDataset } from '../../../harness/web/data/make.js';
import type { DataOptions } from '../../../harness/web/data/request.js';

const ROWS = 150;
const MOST = 100;
const OPTIONS: DataOptions = {
  most: MOST,
  size: undefined,
  scale: 'none',
  seed: 1,
  label: '',
  drop: [],
  categorical: [],
  missing: 'mean',
};

const isGap = (row: number) => row % 3 !== 0;
/** Columns "row" and "gap", or 2x2 pixels, of which the last two are these. */
const TABLES = {
  features: { head: 'row,gap', line: (row: number) => [row, isGap(row) ? '' : row ** 2].join(), width: 2 },
  pixels: {
    head: 'pixel0,pixel1,pixel2,pixel3',
    line: (row: number) => [0.5, 0.5, row, isGap(row) ? '' : row ** 2].join(),
    width: 4,
  },
};

for (const [name, { head, line, width }] of Object.entries(TABLES)) {
  const chosen = (file: string, rows: readonly number[]) => ({
    file: new File([[head, ...rows.map(line)].join('\n')], file),
    path: file,
  });
  const train = chosen('train.csv', [...Array(ROWS).keys()]);
  const columns = ({ values }: { values: ArrayLike<number> }) =>
    Array.from({ length: values.length / width }, (_, at) => ({
      row: values[width * (at + 1) - 2] ?? -1,
      value: values[width * (at + 1) - 1],
    }));

  for (const files of [[train], [train, chosen('test.csv', [200, 201, 202])]])
    test(`${name}: ${files.map(({ path }) => path).join(' and ')}`, async () => {
      const made = await makeDataset({ files, options: OPTIONS });
      const [own, others] = [columns(made.train), columns(made.test)];
      assert.is(own.length + (files.length > 1 ? 0 : others.length), MOST);
      const known = own.filter(({ row }) => !isGap(row));
      const mean = Math.fround(known.reduce((sum, { row }) => sum + row ** 2, 0) / known.length);
      assert.ok(others.some(({ row }) => isGap(row)));
      for (const { row, value } of [...own, ...others]) assert.is(value, isGap(row) ? mean : row ** 2, `row ${row}`);
    });
}

test.run();
