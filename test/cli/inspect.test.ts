// harness/inspect.js as its users start it. Its numbers and its table are tested in test/unit/programs/inspect.test.ts.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { encodeSafetensors } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runProgram } from '../support/programs/programs.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-inspect-cli-'));
const file = (name: string) => path.join(scratch, name);
test.before(() => {
  for (const name of ['a', 'c'])
    fs.writeFileSync(
      file(`${name}.safetensors`),
      encodeSafetensors(new Map([[name, { shape: [2], values: Float32Array.of(3, -4) }]]), { by: name }),
    );
  fs.writeFileSync(file('b.safetensors'), 'no');
});
test.after(() => fs.rmSync(scratch, { recursive: true }));

const inspect = (...args: string[]) => runProgram('harness/inspect.js', args);
const BAD = `error: ${file('b.safetensors')}: safetensors: the file has 2 bytes, its header's length alone takes 8\n`;

test('a file: its table, status 0', () => {
  const { status, out, err } = inspect(file('a.safetensors'));
  assert.equal([status, err], [0, '']);
  assert.match(
    out,
    /^\S*a\.safetensors: \d+ bytes\ntensor .*\na {3}.* 5 .*\nweights: 1 tensor .*\nmetadata\n {2}by {2}a\n$/,
  );
});

test('a folder: a file that cannot be read is told, the others are shown, status 2', () => {
  const { status, out, err } = inspect(scratch);
  assert.equal([status, err], [2, BAD]);
  assert.equal(out.match(/^\S+\.safetensors: /gm), [`${file('a.safetensors')}: `, `${file('c.safetensors')}: `]);
});

test('--json: a list of all files', () => {
  const { status, out, err } = inspect(scratch, '--json');
  assert.equal([status, err], [2, BAD]);
  const [first, second, ...more] = JSON.parse(out);
  assert.equal([first.file, second.file, more], [file('a.safetensors'), file('c.safetensors'), []]);
  assert.equal(first.tensors, [
    { name: 'a', dtype: 'F32', shape: [2], values: 2, norm: 5, min: -4, max: 3, mean: -0.5, nan: 0, infinite: 0 },
  ]);
  assert.equal(first.totals, { weights: { tensors: 1, values: 2, norm: 5, nan: 0, infinite: 0 } });
  assert.equal(first.metadata, { by: 'a' });
});

test('a flag that is not one, no file, and --help', () => {
  const unknown = inspect('--jsn', 'a');
  assert.is(unknown.status, 2);
  assert.match(unknown.err, /^error: --jsn: unknown; did you mean --json\? See --help\n$/);
  assert.is(inspect('nothing-here').status, 2);
  const help = inspect('--help');
  assert.equal([help.status, help.err], [0, '']);
  assert.match(help.out, /^usage: node harness\/inspect\.js FILE\|DIR \[flags\]$/m);
});

test.run();
