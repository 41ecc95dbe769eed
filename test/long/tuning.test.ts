// --tune, --no-tune, --retune and --variants as users give them: what is said, what run.json keeps, what is remembered, and that
// the same variants give the same bytes. A linear model of 8x8 images: five matmuls.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { variantText } from '../../src/kernels/matmul/candidates.js';
import { ADAPTER, runProgram, writeBars } from '../support/programs/programs.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-tune-'));
const data = path.join(scratch, 'data');
writeBars(data);
const remembered = path.join(scratch, 'cache');
process.env.LATENTGPU_TUNING_CACHE = remembered;
test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));

const SMALL = ['--adapter', ADAPTER, '--data', data, '--model', 'linear', '--latent', '3', '--batch', '8'];
/** Of a step: the coder's and the decoder's, their weights' gradients, and the code's. */
const SHAPES = ['NT 8x3x64', 'NT 8x64x3', 'TN 3x64x8', 'TN 64x3x8', 'NN 8x3x64'];
/** A candidate on the adapter, and not its default. */
const OTHER = variantText({ name: 'registers', lanes: ADAPTER === 'swiftshader' ? 4 : 8 });
const PINNED = Object.fromEntries(SHAPES.map((shape) => [shape, OTHER]));
const pinned = path.join(scratch, 'pinned.json');
fs.writeFileSync(pinned, JSON.stringify(PINNED));

let folders = 0;
/** A new run, or with --resume one that goes on. */
function train(...args: string[]) {
  const folder = path.join(scratch, `run-${folders++}`);
  const begins = args.includes('--resume') ? [] : [...SMALL, '--out', folder];
  const { status, out, err } = runProgram('harness/train.js', [...begins, ...args]);
  return { folder, status, out, err };
}
const runJson = (folder: string) => JSON.parse(fs.readFileSync(path.join(folder, 'run.json'), 'utf8'));
const weights = (folder: string) => fs.readFileSync(path.join(folder, 'model.safetensors'));
const lineOf = (text: string, word: string) => text.split('\n').find((line) => line.startsWith(word));
const variantsOf = (folder: string) => Object.values(runJson(folder).variants) as string[];

function rememberedFile(): string {
  const [name, ...more] = fs.readdirSync(remembered);
  assert.ok(name);
  assert.equal(more, []);
  return path.join(remembered, name);
}

test('--tune says what it chose and remembers it; run.json has it', () => {
  const { status, folder, out, err } = train('--tune', '--epochs', '1');
  assert.is(status, 0, err);
  assert.match(
    lineOf(out, 'tuning ') ?? '',
    /^tuning {4}5 matmuls: \d \S+.*; \S+ ms a step, \S+ by default; \d timed in [\d.]+ s(, \d not timed)?$/,
  );
  const { variants } = runJson(folder);
  for (const shape of SHAPES) assert.type(variants[shape], 'string', shape);
  rememberedFile();
});

test('what is remembered is taken without a flag, and not with --no-tune; a damaged file is ignored in one line', () => {
  const file = rememberedFile();
  const content = JSON.parse(fs.readFileSync(file, 'utf8'));
  const shapes = Object.keys(content.matmuls);
  assert.ok(shapes.length > 0);
  for (const shape of shapes) content.matmuls[shape].variant = OTHER;
  fs.writeFileSync(file, JSON.stringify(content));
  const taken = train('--epochs', '1');
  assert.ok(lineOf(taken.out, 'tuning ')?.includes(`${shapes.length} ${OTHER}`), taken.out);
  assert.ok(lineOf(taken.out, 'tuning ')?.includes(`; ${shapes.length} remembered`), taken.out);
  for (const shape of shapes) assert.is(runJson(taken.folder).variants[shape], OTHER);

  const without = train('--no-tune', '--epochs', '1');
  assert.is(lineOf(without.out, 'tuning '), undefined);
  assert.is(variantsOf(without.folder).filter((variant) => variant === OTHER).length, 0);

  fs.writeFileSync(file, '{');
  const damaged = train('--epochs', '1');
  assert.is(damaged.status, 0);
  assert.is(damaged.err.split(`${file} is ignored: `).length, 2, damaged.err);
  assert.equal(weights(damaged.folder), weights(without.folder), 'it has the defaults');
  fs.rmSync(file);
});

test('the same variants give the same bytes, and a run that is resumed has them again', () => {
  const half = train('--variants', pinned, '--epochs', '1');
  assert.is(lineOf(half.out, 'variants '), `variants  of ${pinned}: 5 matmuls: 5 ${OTHER}`);
  for (const shape of SHAPES) assert.is(runJson(half.folder).variants[shape], OTHER);
  const whole = train('--variants', path.join(half.folder, 'run.json'), '--epochs', '2');
  fs.rmSync(pinned); // the run knows its variants itself
  const resumed = train('--resume', half.folder, '--epochs', '2');
  assert.is(resumed.status, 0, resumed.err);
  assert.equal(runJson(half.folder).variants, runJson(whole.folder).variants);
  assert.equal(weights(half.folder), weights(whole.folder));
});

for (const [args, told] of [
  [['--tune', '--no-tune'], '--tune with --no-tune: variants are chosen in one way; leave one of them out'],
  [['--variants', 'x', '--retune'], '--variants with --retune: variants are chosen in one way; leave one of them out'],
  [['--variants', path.join(scratch, 'none')], /--variants .*none cannot be read \(ENOENT.*must be a run\.json/],
  [['--variants', data], /--variants .*data cannot be read \(EISDIR/],
] as const)
  test(`refused: ${args.join(' ')}`, () => {
    const { status, err } = train(...args);
    assert.is(status, 2);
    if (typeof told === 'string') assert.ok(err.includes(told), err);
    else assert.match(err, told);
  });

test('refused: files without variants, and variants that are none', () => {
  const file = path.join(scratch, 'other.json');
  const refused = (content: unknown, told: RegExp) => {
    fs.writeFileSync(file, JSON.stringify(content));
    const { status, err } = train('--variants', file);
    assert.is(status, 2, err);
    assert.match(err, told);
  };
  refused({}, /has no variants, must be a run\.json/);
  refused({ variants: { [SHAPES[0] ?? '']: 'fast' } }, /matmul variant "fast", must be /);
});

test.run();
