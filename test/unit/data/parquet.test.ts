// .parquet as pyarrow writes it (test/unit/data/parquet-fixtures.py): each compression and encoding gives the same table; what is in
// it that is no number; and what is refused.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { TableBuilder, type TableOptions } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readParquet } from '../../../harness/lib/data/parquet-file.js';

interface Row {
  id: number;
  small: number;
  size: number;
  wide: number | null;
  yes: boolean;
  colour: string;
  kind: string;
  label: number;
}
const { files, others, rows } = JSON.parse(fs.readFileSync('test/unit/data/parquet.json', 'utf8')) as {
  files: Record<string, string>;
  others: Record<string, string>;
  rows: Row[];
};
const root = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-parquet-'));
test.after(() => fs.rmSync(root, { recursive: true, force: true }));
const place = path.join(root, 't.parquet');

async function table(bytes: string | Uint8Array, options: TableOptions = {}) {
  fs.writeFileSync(place, typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : bytes);
  const builder = new TableBuilder(place, options);
  const told: number[] = [];
  await readParquet(place, builder, (_file, read, total) => told.push(read / total));
  return { ...builder.table(), told };
}

const OPTIONS: TableOptions = { categorical: ['colour', 'kind'], missing: 'mean' };
const present = rows.flatMap(({ wide }) => (wide === null ? [] : [wide]));
const mean = present.reduce((sum, value) => sum + value, 0) / present.length;
const WANT = rows.flatMap(({ id, small, size, wide, yes, colour, kind }) => [
  ...[id, small, size, wide ?? mean, Number(yes)],
  ...['blue', 'grün', 'red'].map((name) => Number(name === colour)),
  ...['a', 'b'].map((name) => Number(name === kind)),
]);

for (const [name, file] of Object.entries(files))
  test(`${name}: the same table`, async () => {
    const { features, names, labels, classes, told } = await table(file, OPTIONS);
    assert.equal(features.shape, [11, 10]);
    assert.equal(names.slice(3), ['wide', 'yes', 'colour=blue', 'colour=grün', 'colour=red', 'kind=a', 'kind=b']);
    assert.equal([...features.values], WANT.map(Math.fround));
    assert.equal([[...(labels?.values ?? [])], classes], [rows.map(({ label }) => label - 1), ['1', '2']]);
    assert.is(told.at(-1), 1);
    if (name === 'snappy') assert.is(told.length, 3, 'a row group after the other');
  });

test('lists, structs and dates can be left out; decimals and halves are numbers', async () => {
  assert.equal([...(await table(others.nested ?? '', { drop: ['pixels'] })).features.values], [1, 2]);
  assert.equal([...(await table(others.dates ?? '', { drop: ['day'] })).features.values], [1, 2]);
  assert.equal([...(await table(others.decimals ?? '')).features.values], [1.25, -3.5]);
  assert.equal([...(await table(others.half ?? '')).features.values], [1.5, -2]);
  assert.equal([...(await table(others.large ?? '')).features.values], [2 ** 60, 1]);
});

test('a column is optional as it says itself, whatever else has its name', async () => {
  const { features, fileRows } = await table(others['names twice'] ?? '', { drop: ['image'], missing: 'drop' });
  assert.equal(
    [[...features.values], [...(fileRows ?? [])]],
    [
      [1, 4, 3, 6],
      [0, 2],
    ],
  );
});

const plain = Buffer.from(files.none ?? '', 'base64');
/** The file with bytes written over, at the first place of `find` after `from`. */
function patched(find: readonly number[], by: readonly number[], from = 0): Buffer {
  const bytes = Buffer.from(plain);
  const at = bytes.indexOf(Buffer.from(find), from);
  assert.ok(at >= 0, 'the fixture has it');
  bytes.set(by, at);
  return bytes;
}

test('a run that claims more than there is is refused before it is read', async () => {
  // Levels of the first column, 4 values that are there: a run of 4 ones. A varint of 2 bytes would shift the rest.
  const claims = patched([2, 0, 0, 0, 8, 1], [2, 0, 0, 0, 126, 1]);
  const before = process.memoryUsage().arrayBuffers;
  let text = 'accepted';
  await table(claims, OPTIONS).catch((error: Error) => {
    text = error.message;
  });
  assert.match(text, /cannot be read as parquet: a run claims 63 of 4 values$/);
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 22);
});

const REFUSED: [what: string, bytes: string | Uint8Array, message: RegExp][] = [
  [
    'a list',
    others.nested ?? '',
    /t\.parquet: line 1, column "pixels" is "a list or a struct", must be a number: leave/,
  ],
  ['a struct', others.struct ?? '', /column "image" is "a list or a struct", must be a number/],
  ['a date', others.dates ?? '', /line 1, column "day" is "1970-01-02T00:00:00\.000Z", must be a number/],
  ['no rows', others['no rows'] ?? '', /t\.parquet has no row$/],
  ['LZ4', others.lz4 ?? '', /t\.parquet cannot be read as parquet: it is compressed by LZ4\w*, must be by snappy/],
  ['nothing', '', /t\.parquet cannot be read as parquet: it must begin and end with PAR1$/],
  ['a file that is cut off', plain.subarray(0, 900), /it must begin and end with PAR1$/],
  ['a text among numbers', files.none ?? '', /line 4, column "wide" is missing; /],
];
for (const [what, bytes, message] of REFUSED)
  test(`refused: ${what}`, async () => {
    let text = 'accepted';
    try {
      await table(bytes, what === 'a text among numbers' ? { categorical: ['colour', 'kind'] } : {});
    } catch (error) {
      assert.ok(['FormatError', 'ArgumentError'].includes((error as Error).name), String((error as Error).stack));
      text = (error as Error).message;
    }
    assert.match(text, message);
  });

test.run();
