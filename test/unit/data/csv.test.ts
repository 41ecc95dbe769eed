// Tables of text (src/data/files/csv.ts, src/data/tables/table.ts): dialects and quotings as Python's csv module writes them, in pieces of every
// length; what becomes of labels, categories and missing values; and the whole message for what is refused.
import fs from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CsvReader } from '../../../src/data/files/csv.js';
import { TableBuilder, type TableOptions } from '../../../src/data/tables/table.js';
import { ArgumentError, FormatError } from '../../../src/errors.js';

const TABLES: Record<string, string> = JSON.parse(fs.readFileSync('test/unit/data/csv-tables.json', 'utf8'));
const bytesOf = (text: string) => new TextEncoder().encode(text);

interface Read {
  names: string[];
  hasHeader: boolean;
  rows: (number | string)[][];
  lines: number[];
}

/** All of a table, fed in pieces of `piece` bytes. */
function read(bytes: Uint8Array, piece = bytes.length || 1): Read {
  const found: Read = { names: [], hasHeader: false, rows: [], lines: [] };
  const reader = new CsvReader('t.csv', {
    columns: (names, hasHeader) => Object.assign(found, { names, hasHeader }),
    row: (numbers, texts, line) => {
      found.rows.push([...numbers].map((number, i) => texts[i] ?? number));
      found.lines.push(line);
    },
  });
  for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
  reader.end();
  return found;
}

const WANT: Read = {
  names: ['name, first', 'size', 'colour', 'label'],
  hasHeader: true,
  rows: [
    ['a "b"', 1, 'red', 'no'],
    ['line\nbreak', -2.5e-3, '', 'yes'],
    ['', 1234567890123456800, 'blue', 'no'],
    ['ä ü', 'NA', 'red', 'yes'],
  ],
  lines: [2, 3, 5, 6],
};

for (const [name, text] of Object.entries(TABLES))
  test(`${name}: the same table, in pieces of any length`, () => {
    const bytes = bytesOf(text);
    for (const piece of [bytes.length, 1, 2, 3, 7, 50]) assert.equal(read(bytes, piece), WANT, `pieces of ${piece}`);
  });

test('a byte order mark, lines without an end, empty lines, and no header', () => {
  const marked = Uint8Array.from([0xef, 0xbb, 0xbf, ...bytesOf('a,b\n1,2')]);
  for (const piece of [100, 3]) assert.equal(read(marked, piece).names, ['a', 'b']);
  assert.equal(read(bytesOf('1,2\n\n3, 4 \r\n\n')), {
    names: ['column 1', 'column 2'],
    hasHeader: false,
    rows: [
      [1, 2],
      [3, 4],
    ],
    lines: [1, 3],
  });
  assert.equal(read(bytesOf('x\n00012\n1e3\n-0\n0x10\n.5\n')).rows.flat(), [12, 1000, -0, 16, 0.5]);
});

/** A table of text as numbers. */
function table(text: string, options: TableOptions = {}) {
  const builder = new TableBuilder('t.csv', options);
  const reader = new CsvReader('t.csv', builder);
  reader.push(bytesOf(text));
  reader.end();
  const { features, names, labels, classes, dropped, fileRows } = builder.table();
  return {
    shape: features.shape,
    values: [...features.values],
    names,
    labels: labels && [...labels.values],
    classes,
    dropped,
    ...(fileRows && { fileRows: [...fileRows] }),
  };
}

test('features, and labels of numbers or texts in an order that rows do not decide', () => {
  assert.equal(table('label,pixel0,pixel1\n10,0,255\n9,3,4\n10,5,6\n'), {
    shape: [3, 2],
    values: [0, 255, 3, 4, 5, 6],
    names: ['pixel0', 'pixel1'],
    labels: [1, 0, 1],
    classes: ['9', '10'],
    dropped: 0,
  });
  const named = table('x,species\n1,virginica\n2,setosa\n', { labelColumn: 'species' });
  assert.equal([named.labels, named.classes, named.names], [[1, 0], ['setosa', 'virginica'], ['x']]);
  assert.equal(table('7,1\n8,2\n', { labelColumn: 2 }).labels, [0, 1]);
  assert.equal(table('label,x\n1,2\n', { labelColumn: false }).names, ['label', 'x']);
});

test('columns that are dropped, and categories as one-hot', () => {
  const text = 'id,colour,size\na1,red,1\na2,blue,2\na3,red,3\n';
  assert.equal(table(text, { drop: ['id'], categorical: ['colour'] }), {
    shape: [3, 3],
    values: [0, 1, 1, 1, 0, 2, 0, 1, 3],
    names: ['colour=blue', 'colour=red', 'size'],
    labels: undefined,
    classes: undefined,
    dropped: 0,
  });
});

test('missing values: refused, the mean of the others, or the row is left out', () => {
  const text = 'a,b\n1,2\n,4\n3,NA\n5,9\n';
  assert.equal(table(text, { missing: 'mean' }).values, [1, 2, 3, 4, 3, 5, 5, 9]);
  const { values, dropped, fileRows } = table(text, { missing: 'drop' });
  assert.equal([values, dropped, fileRows], [[1, 2, 5, 9], 2, [0, 3]], 'and the numbers of those that stay are known');
  assert.is(table('a\n1\n', { missing: 'drop' }).fileRows, undefined);
});

test('a first line of numbers, one of which is missing, has no names', () => {
  for (const first of ['1,NA,3', '1,,3', '1,?,null']) {
    const { hasHeader, rows } = read(bytesOf(`${first}\n4,5,6\n`));
    assert.equal([hasHeader, rows.length], [false, 2], first);
  }
  assert.is(read(bytesOf('a,NA,3\n4,5,6\n')).hasHeader, true);
});

for (const [what, text, hasHeader] of [
  ['numbers, and a text beside', '5.1,3.5,setosa\n4.9,3.0,setosa\n', false],
  ['a text first, and a missing number below', 'setosa,5.1,3\nsetosa,,?\nrosa,1,2\n', false],
  ['a name above numbers, others being numbers', 'label,0,1,2\n7,0,255,3\n', true],
  ['names above texts alone', 'colour,shape\nred,round\n', true],
  ['names above missing values', 'a,b\n,NA\n1,2\n', true],
  ['names and an empty line', 'a,b\n\n1,2\n', true],
  ['names alone', 'a,b\n', true],
  ['a year that is a name, above texts', 'Country,2019\nFrance,high\n', true],
  ['a row of a text and a number', 'France,2019\nSpain,2020\n', false],
  ['a row whose number is a category, too', 'red,2,7\nblue,x,8\n', false],
  ['one row, with a text', '5.1,3.5,setosa', false],
  ['a short second line', 'a,b\nx', true],
] as const)
  test(`the first line, by the first two: ${what}`, () => {
    const expected = text.split('\n').filter((line) => line !== '').length - Number(hasHeader);
    if (what === 'a short second line') {
      assert.throws(() => read(bytesOf(text)), /line 2 has 1 fields, must have 2/);
      return;
    }
    for (const piece of [1, 3, 100]) {
      const { hasHeader: has, rows, lines, names } = read(bytesOf(text), piece);
      assert.equal([has, rows.length], [hasHeader, expected]);
      assert.is(
        lines[0] ?? 2,
        hasHeader ? text.split('\n').findIndex((line, at) => at > 0 && line !== '') + 1 || 2 : 1,
      );
      assert.is(names[0], hasHeader ? text.split(',')[0] : 'column 1');
    }
  });

test('a category that only dropped rows have is none', () => {
  const text = 'colour,size\nred,1\ngreen,NA\nblue,3\n';
  const { names, values, dropped } = table(text, { categorical: ['colour'], missing: 'drop' });
  assert.equal([names, values, dropped], [['colour=blue', 'colour=red', 'size'], [0, 1, 1, 1, 0, 3], 1]);
});

test('a text of digits is a name first, then a number; a number is a number', () => {
  const text = 'a,3,b\n1,2,3\n';
  assert.equal(table(text, { drop: ['3'] }).names, ['a', 'b']);
  assert.equal(table(text, { drop: [3] }).names, ['a', '3']);
  assert.equal(table(text, { drop: ['2'] }).names, ['a', 'b']);
});

/** What the columns of one table become is what those of another do. */
function like(first: string, second: string, options: TableOptions = {}) {
  const builder = new TableBuilder('train.csv', options);
  const reader = new CsvReader('train.csv', builder);
  reader.push(bytesOf(first));
  reader.end();
  const { missing } = options;
  return table(second, { ...(missing && { missing }), like: builder.table().form });
}

test('a table like another: its columns by name, its categories, its means', () => {
  const first = 'id,colour,size,label\n1,red,1,a\n2,blue,,b\n3,green,5,a\n';
  const options: TableOptions = { drop: ['id'], categorical: ['colour'], missing: 'mean' };
  assert.equal(like(first, 'label,size,more,colour\nb,,x,red\nb,7,y,green\n', options), {
    shape: [2, 4],
    values: [0, 0, 1, 3, 0, 1, 0, 7],
    names: ['colour=blue', 'colour=green', 'colour=red', 'size'],
    labels: [0, 0],
    classes: ['b'],
    dropped: 0,
  });
  assert.is(like(first, 'size,colour\n1,red\n', options).labels, undefined, 'a table for testing may lack the labels');
  assert.equal(like('a\n1\n', 'label,a\nodd,2\n').classes, ['odd'], 'or have them where the other lacks them');
  assert.equal(like('1,2\n3,4\n', '5,6\n').values, [5, 6]);
  const named = like('a,b\n3,4\n', '5,6\n');
  assert.equal(
    [named.values, named.names],
    [
      [5, 6],
      ['a', 'b'],
    ],
    'by number where one has no names',
  );
});

test('two columns of one name: one is left out by its number, here and in a table like it', () => {
  const text = 'a,b,a\n1,2,3\n';
  assert.equal(table(text, { drop: [1] }).values, [2, 3]);
  assert.equal(like(text, 'a,b,a\n4,5,6\n', { drop: [1] }).values, [5, 6]);
  assert.equal(like(text, 'b,a\n5,6\n', { drop: [1] }).values, [5, 6]);
  assert.throws(
    () => like('a,b\n1,2\n', 'a,b,a\n4,5,6\n'),
    /^t\.csv has 2 columns "a", numbers 1 and 3, must have one as the training table: rename the others$/,
  );
});

test('as many categories as there may be, and one more', () => {
  const text = (count: number) => `id,x\n${Array.from({ length: count }, (_, i) => `k${i},1`).join('\n')}\n`;
  assert.equal(table(text(1000), { categorical: ['id'] }).shape, [1000, 1001]);
  assert.throws(
    () => table(text(1001), { categorical: ['id'] }),
    (error: Error) =>
      error instanceof FormatError &&
      error.message ===
        't.csv: column "id" has more than 1,000 different values up to line 1002, must have 1,000 at most to be categories: leave it out (--drop id), or take it as numbers if it has such',
  );
});

test('a label column of the training table may lack, unless it is asked for here', () => {
  const builder = new TableBuilder('train.csv', { labelColumn: 'Class' });
  const reader = new CsvReader('train.csv', builder);
  reader.push(bytesOf('x,y,Class\n1,2,a\n'));
  reader.end();
  const { form } = builder.table();
  const other = (text: string, labelMayLack: boolean) =>
    table(text, { labelColumn: 'Class', labelMayLack, like: form }).labels;
  assert.is(other('x,y\n3,4\n', true), undefined);
  assert.equal(other('Class,x,y\na,3,4\n', true), [0]);
  assert.throws(() => other('x,y\n3,4\n', false), /^t\.csv has no column "Class": its columns are x, y; name one/);
  assert.is(table('x,y\n3,4\n', { labelColumn: 'Class', labelMayLack: true }).labels, undefined);
  assert.equal(table('3,4\n', { like: form }).values, [3, 4], 'the features alone, without names');
  assert.equal(table('3,4,a\n', { like: form }).labels, [0], 'or all of its columns');
});

for (const [what, first, second, kind, message] of [
  [
    'a category that only it has',
    'c\nred\nblue\n',
    'c\nred\ngreen\n',
    FormatError,
    't.csv: line 3, column "c" is "green", must be one of the categories of the training table: blue, red; leave such rows out, or train on a table that has them',
  ],
  [
    'a column that it lacks',
    'c,d\nred,1\n',
    'c,e\nred,2\n',
    ArgumentError,
    't.csv has no column "d", must have the 2 columns of the training table: its columns are c, e',
  ],
  [
    'another width, without names',
    'c,d\nred,1\n',
    '1,2,3\n',
    ArgumentError,
    't.csv has 3 columns, must have the 2 of the training table, or name them in its first line',
  ],
] as const)
  test(`refused in a table like another: ${what}`, () =>
    assert.throws(
      () => like(first, second, { categorical: ['c'] }),
      (error: Error) => {
        assert.is(error.message, message);
        return error instanceof kind;
      },
    ));

const REFUSED: [
  what: string,
  text: string,
  options: TableOptions,
  error: typeof FormatError | typeof ArgumentError,
  message: string,
][] = [
  ['nothing', '', {}, FormatError, 't.csv has no line, must be a table; is it the right file?'],
  [
    'a quote that is not closed',
    'a,b\n1,2\n3,"4\n5,6\n',
    {},
    FormatError,
    't.csv: a quote (") that begins in or after line 3 is not closed',
  ],
  ['a header alone', 'a,b\n', {}, FormatError, 't.csv has no row'],
  [
    'a row that is short',
    'a,b\n1,2\n3\n',
    {},
    FormatError,
    't.csv: line 3 has 1 fields, must have 2 as the first line has',
  ],
  [
    'a missing value',
    'a,b\n1,2\n3,\n',
    {},
    FormatError,
    't.csv: line 3, column "b" is missing; fill it in, or take the mean of its column or drop the row (--missing mean or drop)',
  ],
  [
    'a text among numbers',
    'a,b\n1,2\n3,red\n',
    {},
    FormatError,
    't.csv: line 3, column "b" is "red", must be a number: leave the column out (--drop), or take it as categories (--categorical) or as the label (--label-column)',
  ],
  [
    'a column that is not there',
    'a,b\n1,2\n',
    { drop: ['c'] },
    ArgumentError,
    't.csv has no column "c": its columns are a, b; name one of them, or give its number, 1 to 2',
  ],
  [
    'a number that is none in f32',
    'a,b\n1,2\n3,1e39\n',
    {},
    FormatError,
    't.csv: line 3, column "b" is "1e+39", must be finite in f32: leave the column or the row out',
  ],
  [
    'a missing category, which has no mean',
    'a,b\n1,x\n3,\n',
    { categorical: ['b'], missing: 'mean' },
    FormatError,
    't.csv: line 3, column "b" is missing; labels and categories have no mean: fill it in, or drop such rows (--missing drop)',
  ],
  [
    'two columns of one name',
    'a,b,a\n1,2,3\n',
    {},
    ArgumentError,
    't.csv has two columns "a", numbers 1 and 3, must have one of each name: rename one, or leave one out by its number (--drop 3)',
  ],
  [
    'a name that two columns have, in a flag',
    'a,b,a\n1,2,3\n',
    { drop: ['a'] },
    ArgumentError,
    't.csv has 2 columns "a", numbers 1 and 3: give the number of the one that is meant',
  ],
  [
    'a mean of nothing',
    'a,b\n1,\n3,NA\n',
    { missing: 'mean' },
    FormatError,
    't.csv: column "b" has no value in any row, must have one at least to have a mean: leave it out (--drop b)',
  ],
  [
    'a column that is two things',
    'a,b\n1,2\n',
    { categorical: ['b'], labelColumn: 'b' },
    ArgumentError,
    't.csv: column "b" is to be categories and the label, must be one of them',
  ],
  ['nothing but labels', 'label\n1\n', {}, ArgumentError, 't.csv has no column left to train on: label'],
  [
    'rows that are all dropped',
    'a\nNA\n',
    { missing: 'drop' },
    FormatError,
    't.csv has no row without missing values (1 with)',
  ],
];
for (const [what, text, options, kind, message] of REFUSED)
  test(`refused: ${what}`, () =>
    assert.throws(
      () => table(text, options),
      (error: Error) => {
        assert.is(error.message, message);
        return error instanceof kind;
      },
    ));

test('more rows than a block has', () => {
  const rows = Array.from(
    { length: 5000 },
    (_, i) => `${i},${Array.from({ length: 300 }, (_, j) => (i * j) % 256).join(',')}`,
  );
  const { shape, values, labels } = table(`${rows.join('\n')}\n`, { labelColumn: 1 });
  assert.equal(shape, [5000, 300]);
  assert.is(
    values.findIndex((value, at) => value !== (Math.floor(at / 300) * (at % 300)) % 256),
    -1,
  );
  assert.equal(labels?.slice(-2), [4998, 4999]);
});

test.run();
