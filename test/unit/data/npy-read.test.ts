// NumPy's files (src/data/files/npy.ts, zip.ts) as NumPy wrote them (test/unit/data/npy-fixtures.py): every dtype, both byte orders, C and
// Fortran order, all versions of the header; and the whole message for what is refused.
import fs from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HostArray } from '../../../src/data/files/elements.js';
import { decodeNpy, decodeNpz } from '../../../src/data/files/npy.js';
import { readZip } from '../../../src/data/files/zip.js';
import { FormatError } from '../../../src/errors.js';

const archive = fs.readFileSync('test/unit/data/numpy-arrays.npz');
const files = await decodeNpz(archive, 'numpy-arrays.npz');

function file(name: string): Uint8Array {
  const found = files.get(name)?.values;
  if (!(found instanceof Uint8Array)) throw new Error(`the archive has no "${name}"`);
  return found;
}

const counting = Array.from({ length: 24 }, (_, i) => i);
const plain = ({ shape, values }: HostArray) => ({ shape, values: [...values] });

const refusal = async (read: () => unknown): Promise<string> => {
  try {
    await read();
  } catch (error) {
    assert.instance(error, FormatError, (error as Error).stack);
    return (error as Error).message;
  }
  return assert.unreachable('accepted') as never;
};

for (const name of [...files.keys()].filter((key) => /^[<>|][ui f]\d/.test(key)))
  test(`${name}: the numbers in C order`, () => {
    assert.equal(plain(decodeNpy(file(name))), { shape: [2, 3, 4], values: counting });
  });

test("Node's Buffers decode, whose slice() is no copy, and stay as they are", () => {
  for (const name of ['|u1', '|u1 F', '<f4', '>i2 F']) {
    const buffer = Buffer.from(file(name));
    assert.equal(plain(decodeNpy(buffer)).values, counting, name);
    assert.equal(new Uint8Array(buffer), new Uint8Array(file(name)), name);
  }
});

test('there is a file of each dtype, in C and Fortran order', () => {
  const dtypes = [...files.keys()].filter((key) => /^[<>|][uif]\d( F)?$/.test(key));
  assert.is(dtypes.length, 40);
});

for (const [name, shape, values] of [
  ['|b1', [2, 3, 4], counting.map((i) => Number(i % 3 === 0))],
  ['halves', [10], [0, 1, -2, 65504, 2 ** -14, 2 ** -24, Infinity, -Infinity, Number.NaN, 0.333251953125]],
  ['negative', [3], [-1, -128, 127]],
  ['scalar', [], [7]],
  ['empty', [0, 5], []],
  ['version 2', [2, 3, 4], counting],
  ['version 3', [2, 3, 4], counting],
] as const)
  test(`${name} decodes`, () => assert.equal(plain(decodeNpy(file(name))), { shape: [...shape], values: [...values] }));

for (const [name, what] of [
  ['complex', "complex numbers (dtype '<c8')"],
  ['text', "text (dtype '<U1')"],
  ['bytes', "byte strings (dtype '|S1')"],
  ['objects', "Python objects (dtype '|O')"],
  ['dates', "dates (dtype '<M8[D]')"],
  ['records', 'records (dtype of several fields)'],
] as const)
  test(`${name} are refused by name`, async () => {
    const said = await refusal(() => decodeNpy(file(name), 'a.npy'));
    assert.is(said, `a.npy holds ${what}, must be numbers or bool: save it with .astype('float32')`);
  });

test('what is broken is told', async () => {
  const good = file('<f4');
  const told = (bytes: Uint8Array) => refusal(() => decodeNpy(bytes, 'a.npy'));
  assert.is(await told(new Uint8Array(3)), 'a.npy is not an .npy file: it must begin with 93 4e 55 4d 50 59');
  assert.match(
    await told(good.subarray(0, -1)),
    /^a\.npy is truncated: it has 95 bytes of data, its shape \[2, 3, 4\] of f32 needs 96/,
  );
  assert.match(await told(Uint8Array.from([...good, 0])), /^a\.npy is too long: it has 97 bytes of data/);
  assert.match(await told(good.subarray(0, 40)), /^a\.npy is truncated: its header needs \d+ bytes, it has 40$/);
  assert.match(
    await refusal(() => decodeNpy(file('large'), 'a.npy')),
    /element 0 is 1152921504606846976, must be within \+-2\^53/,
  );
  const text = new TextDecoder('latin1').decode(good);
  const changed = (from: string, to: string) => Uint8Array.from(text.replace(from, to), (c) => c.charCodeAt(0));
  assert.match(await told(changed("'fortran_order'", "'fortran_ordre'")), /has no 'fortran_order'$/);
  assert.match(await told(changed('(2, 3, 4)', '(2, 3,-4)')), /has no 'shape' of whole numbers$/);
  assert.match(await told(changed('(2, 3, 4)', '(9e9, 3,4)'.slice(0, 9))), /has no 'shape' of whole numbers$/);
  assert.match(
    await told(changed('(2, 3, 4)', '(2, 3,99)')),
    /is truncated: it has 96 bytes of data, its shape \[2, 3, 99\]/,
  );
  assert.match(await told(changed('NUMPY\u0001', 'NUMPY\u0009')), /its format is version 9, must be 1, 2 or 3/);
});

test('an archive whose files are stored', async () => {
  const arrays = await decodeNpz(fs.readFileSync('test/unit/data/numpy-stored.npz'));
  assert.equal([...arrays.keys()], ['x_train', 'y_train']);
  assert.equal(arrays.get('x_train')?.shape, [2, 3, 2]);
  assert.equal([...(arrays.get('y_train')?.values ?? [])], [1, 0]);
});

test('an archive that is cut off, encrypted, packed otherwise, or lies', async () => {
  const bytes = new Uint8Array(archive);
  const told = (changed: Uint8Array) => refusal(() => decodeNpz(changed, 'a.npz'));
  assert.is(
    await told(bytes.subarray(0, -30)),
    'a.npz is not a whole zip archive: its end is missing; fetch or save it again',
  );
  assert.match(await told(bytes.subarray(100)), /^a\.npz/);
  const entry = bytes.findIndex((_, at) => new DataView(bytes.buffer).getUint32(at, true) === 0x02014b50);
  const changed = (offset: number, ...values: number[]) => {
    const copy = bytes.slice();
    copy.set(values, entry + offset);
    return copy;
  };
  assert.match(await told(changed(8, 1)), /\|u1\.npy is encrypted; unpack it first$/);
  assert.match(await told(changed(10, 14)), /\|u1\.npy is packed by method 14, must be stored or deflated/);
  assert.match(
    await told(changed(24, 0, 0, 0, 0x70)),
    /\|u1\.npy claims 1879048192 bytes, of which its \d+ packed ones cannot be$/,
  );
  assert.match(await told(changed(24, 1, 0, 0, 0)), /\|u1\.npy does not unpack to the 1 bytes that its archive says$/);
  assert.match(await told(changed(42, 0xff, 0xff, 0xff, 0x7f)), /\|u1\.npy would lie beyond its \d+ bytes/);
});

test('a file that is packed badly is told', async () => {
  const bytes = new Uint8Array(archive);
  bytes.fill(0xff, 60, 90);
  assert.match(await refusal(() => decodeNpz(bytes, 'a.npz')), /\|u1\.npy (cannot be unpacked|does not unpack)/);
});

test('entries tell their paths and sizes before anything is unpacked', () => {
  const [first] = readZip(archive, 'a.npz');
  assert.is(first?.path, '|u1.npy');
  assert.ok((first?.bytes ?? 0) > 24);
});

test.run();
