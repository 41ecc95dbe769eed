// Matrices side by side and parts of one: every element is a copy, so every bit must be right.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concat, sliceColumns } from '../../src/kernels/columns.js';
import { usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';
import { uniforms } from '../support/limits/numbers.js';

const SHAPES = [
  [1, 1, 1],
  [7, 8, 1],
  [5, 3, 10],
  [17, 31, 15],
  [128, 784, 10],
] as const;

for (const [rows, m, n] of SHAPES) {
  const [a, b] = [uniforms(1, rows * m), uniforms(2, rows * n)];
  const rowOf = (values: Float32Array, columns: number, row: number) => [
    ...values.subarray(row * columns, (row + 1) * columns),
  ];
  const rowNumbers = Array.from({ length: rows }, (_, row) => row);

  test(`concat ${rows}x${m} and ${rows}x${n}`, async () => {
    const y = (await runKernel(concat, { rows, aColumns: m, bColumns: n }, { a, b, y: rows * (m + n) })).f32('y');
    assert.equal(
      [...y],
      rowNumbers.flatMap((row) => [...rowOf(a, m, row), ...rowOf(b, n, row)]),
    );
  });

  // The two parts that a concat's gradient is cut into.
  for (const [from, columns] of [
    [0, m],
    [m, n],
  ] as const)
    test(`slice_columns ${from} to ${from + columns} of ${rows}x${m + n}`, async () => {
      const x = uniforms(3, rows * (m + n));
      const shape = { rows, from, columns, xColumns: m + n };
      const y = (await runKernel(sliceColumns, shape, { x, y: rows * columns })).f32('y');
      assert.equal(
        [...y],
        rowNumbers.flatMap((row) => rowOf(x, m + n, row).slice(from, from + columns)),
      );
    });
}

usesDevice(test);
test.run();
