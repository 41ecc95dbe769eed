// harness/lib/plots/npy.ts byte by byte, against the description of the format in NumPy's numpy.lib.format.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeNpy } from '../../../harness/lib/plots/npy.js';

/** A file cut into its parts. */
function parts(file: Uint8Array) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = view.getUint16(8, true);
  return {
    magic: [...file.subarray(0, 8)],
    length,
    header: new TextDecoder().decode(file.subarray(10, 10 + length)),
    valuesAt: 10 + length,
    values: file.subarray(10 + length),
  };
}

const MAGIC = [0x93, ...Buffer.from('NUMPY'), 1, 0];

test('float32 [3, 2]: every byte', () => {
  const numbers = [0, 1, -2.5, 1 / 3, 1e-45, -3.4e38];
  const { magic, length, header, values } = parts(encodeNpy(Float32Array.from(numbers), [3, 2]));
  assert.equal(magic, MAGIC);
  assert.is(length, 118); // 10 bytes stand before: 128 in all
  const text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }";
  assert.is(header, `${text}${' '.repeat(118 - text.length - 1)}\n`);
  const want = Buffer.alloc(24);
  numbers.forEach((value, at) => {
    want.writeFloatLE(value, 4 * at);
  });
  assert.equal([...values], [...want]);
});

test('uint8 [4]: every byte; a shape of one size keeps the comma of a tuple', () => {
  const { magic, length, header, values } = parts(encodeNpy(Uint8Array.of(0, 7, 128, 255), [4]));
  assert.equal(magic, MAGIC);
  assert.is(length, 118);
  const text = "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }";
  assert.is(header, `${text}${' '.repeat(118 - text.length - 1)}\n`);
  assert.equal([...values], [0, 7, 128, 255]);
});

test('the values begin at a multiple of 64 whatever the length of the shape, and the header ends with a line feed', () => {
  const seen = new Set<number>();
  // Two sizes of one digit make a text of 59 characters; each more adds 3, each more digit 1.
  for (let axes = 2; axes <= 45; axes++)
    for (const size of [1, 10, 100]) {
      const shape = [size, ...Array(axes - 1).fill(1)];
      const file = encodeNpy(new Uint8Array(size), shape);
      const { length, header, valuesAt } = parts(file);
      assert.is(valuesAt % 64, 0, header);
      assert.is(file.length, valuesAt + size);
      assert.match(header, /^\{.*\), \} *\n$/);
      const written = header.trimEnd().length;
      assert.ok(length - written >= 1 && length - written <= 64, `${length - written} bytes after the text`);
      seen.add(valuesAt);
    }
  assert.equal([...seen], [128, 192, 256]);
});

test('a part of a larger array is written alone', () => {
  const all = Float32Array.of(9, 1, 2, 9);
  const { values } = parts(encodeNpy(all.subarray(1, 3), [1, 2]));
  assert.equal([...values], [...Buffer.from(Float32Array.of(1, 2).buffer)]);
});

test('as many values as the shape says, or none is written', () => {
  for (const [count, shape, text] of [
    [5, [3, 2], '5 values cannot have the shape [3, 2]'],
    [6, [3], '6 values cannot have the shape [3]'],
    [0, [1], '0 values cannot have the shape [1]'],
  ] as const)
    assert.throws(
      () => encodeNpy(new Float32Array(count), shape),
      (error: Error) => error.name === 'ArgumentError' && error.message === `npy: ${text}`,
    );
  assert.is(parts(encodeNpy(new Float32Array(0), [0, 2])).values.length, 0);
});

test.run();
