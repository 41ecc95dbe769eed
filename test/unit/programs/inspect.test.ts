// harness/inspect.js in its parts: its arguments, which files a folder has, the numbers of a tensor, and the table.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { encodeSafetensors, type HostTensor } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectTable } from '../../../harness/lib/inspect/inspect-table.js';
import { summariseFile, summariseTensor, tensorFiles } from '../../../harness/lib/inspect/summary.js';
import { inspectHelp, readInspectOptions } from '../../../harness/lib/options/inspect-options.js';
import type { StoredTensor } from '../../../src/formats/safetensors.js';

let root = '';
test.before.each(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-inspect-'));
});
test.after.each(() => fs.rmSync(root, { recursive: true }));

const refused = (run: () => unknown, message: string, name = 'ArgumentError') => {
  try {
    run();
  } catch (error) {
    return assert.equal([(error as Error).name, (error as Error).message], [name, message]);
  }
  assert.unreachable(`not refused: ${message}`);
};
/** A file in the folder of the test. */
function put(name: string, tensors: Record<string, HostTensor>, metadata?: Record<string, string>): string {
  const file = path.join(root, name);
  fs.writeFileSync(file, encodeSafetensors(new Map(Object.entries(tensors)), metadata));
  return file;
}
const floats = (...values: number[]): HostTensor => ({ shape: [values.length], values: Float32Array.from(values) });

test('arguments', () => {
  assert.equal(readInspectOptions(['a.safetensors']), { path: 'a.safetensors', json: false });
  assert.equal(readInspectOptions(['--json', 'runs/a']), { path: 'runs/a', json: true });
  assert.is(readInspectOptions(['a', 'b', '--help']), undefined);
  assert.match(inspectHelp(), /^usage: node harness\/inspect\.js FILE\|DIR \[flags\]$/m);
  refused(
    () => readInspectOptions([]),
    'no file is named; for example node harness/inspect.js runs/first/model.safetensors',
  );
  refused(() => readInspectOptions(['a', 'b c']), '"b c" is one too many: "a" is named already; name one');
});

test('a file is itself, a folder is its safetensors files by name, then its checkpoints', () => {
  const [b, a] = [put('b.safetensors', {}), put('a.safetensors', {})];
  fs.writeFileSync(path.join(root, 'run.json'), '{}');
  assert.equal(tensorFiles(b), [b]);
  assert.equal(tensorFiles(root), [a, b]);
  fs.mkdirSync(path.join(root, 'checkpoints'));
  const checkpoint = put(path.join('checkpoints', 'a.safetensors'), {});
  put(path.join('checkpoints', 'b.part'), {});
  assert.equal(tensorFiles(root), [a, b, checkpoint]);
  const none = path.join(root, 'none');
  refused(() => tensorFiles(none), `${none} does not exist, must be a safetensors file or a folder with some`);
  fs.mkdirSync(none);
  refused(
    () => tensorFiles(none),
    `${none} has no file *.safetensors, must be a safetensors file or a folder with some, such as that of a run that came to its end`,
  );
});

const summary = (values: StoredTensor['values']) => {
  const { norm, min, max, mean, nan, infinite } = summariseTensor('t', {
    dtype: 'F64',
    shape: [values.length],
    values,
  });
  return { norm, min, max, mean, nan, infinite };
};

test('numbers of a tensor, those that are not finite beside them', () => {
  assert.equal(summary(Float32Array.of(3, -4, 0, 0)), { norm: 5, min: -4, max: 3, mean: -0.25, nan: 0, infinite: 0 });
  assert.equal(summary(Float32Array.of(Number.NaN, 3, Infinity, -4, -Infinity, Number.NaN)), {
    ...{ norm: 5, min: -4, max: 3, mean: -0.5, nan: 2, infinite: 2 },
  });
  const nothing = { norm: 0, min: null, max: null, mean: null };
  assert.equal(summary(new Float32Array()), { ...nothing, nan: 0, infinite: 0 });
  assert.equal(summary(Float32Array.of(Infinity)), { ...nothing, nan: 0, infinite: 1 });
  assert.equal(summary(Float32Array.of(0, 0)), { norm: 0, min: 0, max: 0, mean: 0, nan: 0, infinite: 0 });
  assert.equal(summary(BigInt64Array.of(-6n, 8n)), { norm: 10, min: -6, max: 8, mean: 1, nan: 0, infinite: 0 });
});

test('the norm of numbers whose squares no f64 holds', () => {
  // 3, -4 times 2^1000 and 2^-1070: exact but for the smallest.
  assert.is(summary(Float64Array.of(3 * 2 ** 1000, -4 * 2 ** 1000)).norm, 5 * 2 ** 1000);
  assert.is(summary(Float64Array.of(3 * 2 ** -1070, -4 * 2 ** -1070)).norm, 5 * 2 ** -1070);
});

test('the table: a row a tensor, totals by what they are, metadata in one line each', () => {
  const file = put(
    'checkpoint.safetensors',
    {
      'mu.bias': floats(3, -4),
      'log_var.bias': floats(12, Number.NaN),
      'optimizer.exp_avg.mu.bias': floats(0, 2 ** -20),
      steps: { shape: [], values: BigInt64Array.of(1234567n) },
    },
    { step: '7', note: `two\nlines \u001b[31mred ${'x'.repeat(200)}` },
  );
  const { size } = fs.statSync(file);
  assert.is(
    inspectTable(summariseFile(file)),
    `
${file}: ${size} bytes
tensor                     dtype  shape  values   L2 norm      min       max      mean  NaN  inf
mu.bias                    F32    [2]         2         5       -4         3      -0.5    0    0
log_var.bias               F32    [2]         2        12       12        12        12    1    0
optimizer.exp_avg.mu.bias  F32    [2]         2  9.537e-7        0  9.537e-7  4.768e-7    0    0
steps                      I64    []          1   1235000  1235000   1235000   1235000    0    0
weights: 2 tensors                            4        13                                 1    0
optimizer: 1 tensor                           2  9.537e-7                                 0    0
integers: 1 tensor                            1   1235000                                 0    0
metadata
  step  7
  note  two·lines ·[31mred ${'x'.repeat(78)}...`.trimStart(),
  );
  assert.match(inspectTable(summariseFile(put('empty.safetensors', {}))), /\nno metadata$/);
});

test('what cannot be read is told with its path', () => {
  const file = path.join(root, 'bad.safetensors');
  fs.writeFileSync(file, 'no');
  refused(
    () => summariseFile(file),
    `${file}: safetensors: the file has 2 bytes, its header's length alone takes 8`,
    'FormatError',
  );
  refused(
    () => summariseFile('/dev/null'),
    '/dev/null cannot be read (it is no file), must be a safetensors file; name another',
  );
});

test.run();
