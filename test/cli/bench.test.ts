// harness/bench.js as its users start it: the smallest benchmark of each part that needs no network, what its JSON says about
// itself, and arguments that make no sense. No speed is asserted.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { BenchReport } from '../../harness/lib/bench/report.js';
import { benchHelp, readBenchOptions } from '../../harness/lib/options/bench-options.js';
import { addsUp, near } from '../support/programs/bench.js';
import { ADAPTER, runProgram } from '../support/programs/programs.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-bench-'));
const json = path.join(scratch, 'bench.json');
const svg = path.join(scratch, 'scaling.svg');

const run = (...args: string[]) => runProgram('harness/bench.js', args);
test('the smallest sweep and one square: tables, a picture, and a JSON that adds up', () => {
  const { status, out, err } = run(
    ...['--adapter', ADAPTER, '--scaling', '--matmul', '--batch', '2,4,8,4096', '--width', '1', '--steps', '5'],
    ...['--seconds', '20', '--size', '16,4096', '--json', json, '--svg', svg],
  );
  assert.is(status, 0, err);
  const report: BenchReport = JSON.parse(fs.readFileSync(json, 'utf8'));
  assert.ok(Math.abs(Date.parse(report.date) - Date.now()) < 600_000, report.date);
  assert.is(report.versions.latentgpu, JSON.parse(fs.readFileSync('package.json', 'utf8')).version);
  assert.ok(report.adapter.name.length > 0 && report.ceilingGflops > 0);

  const { rows = [], leftOut = [], nullHostUs } = report.steps ?? {};
  assert.equal([...rows, ...leftOut].length, 4, 'every size is timed or told');
  assert.equal(leftOut[0]?.what, 'batch 4096, width x1');
  assert.match(err, /^left out +batch 4096, width x1: about .* give --seconds \d+$/m);
  assert.match(out, /^left out +batch 4096, width x1: about .* give --seconds \d+$/m);
  for (const row of rows) {
    addsUp(row, report.ceilingGflops);
    assert.ok(row.ms.min <= row.ms.median && row.ms.median <= row.ms.max && row.ms.min > 0);
    assert.ok(row.hostUs > 0 && row.hostUs / 1000 < row.ms.max, `${row.hostUs} us of the host`);
    assert.ok(Math.abs(row.loss.first - 784 * Math.LN2) < 28 && row.loss.last < row.loss.first);
    assert.is(row.steps, 5);
  }
  assert.ok(nullHostUs === null || (nullHostUs ?? 0) > 0);

  const [series] = report.scaling ?? [];
  assert.equal(
    series?.points,
    rows.map(({ batch, ms }) => ({ x: batch, ms: ms.median })),
  );
  assert.match(fs.readFileSync(svg, 'utf8'), /^<svg[\s\S]*batch \(rows\)/);

  const products = report.products;
  assert.is((products?.rows.length ?? 0) + (products?.leftOut.length ?? 0), 2, 'every product is timed or told');
  assert.ok(products?.leftOut.some(({ what }) => what === 'square NT 4096x4096x4096'));
  for (const { m, n, k, flops, variants, refused } of products?.rows ?? []) {
    assert.is(flops, 2 * m * n * k);
    assert.equal(refused, []);
    assert.is(variants.filter(({ best }) => best).length, 1);
    assert.equal(
      variants.map((variant) => variant.default),
      variants.map((_, at) => at === 0),
    );
    const best = Math.min(...variants.map(({ median }) => median));
    for (const { median, gflops, share, worst, best: marked } of variants) {
      assert.is(marked, median === best);
      near(gflops, flops / median / 1000, 'GFLOP/s');
      near(share, gflops / report.ceilingGflops, 'share');
      assert.ok(worst <= 1);
    }
  }
});

test('rows through a trained model: each question, beside the evaluation', () => {
  const { status, out, err } = run('--adapter', ADAPTER, '--rows', '1300', '--rounds', '2', '--json', json);
  assert.is(status, 0, err);
  const { through, steps }: BenchReport = JSON.parse(fs.readFileSync(json, 'utf8'));
  assert.is(steps, undefined, 'no sweep');
  assert.equal([through?.rows, through?.rounds, through?.rowBytes], [1300, 2, 1300 * 784]);
  assert.equal(
    through?.results.map(({ name, samples }) => [name, samples.length]),
    ['evaluate', 'encode', 'reconstruct', 'scores'].map((name) => [name, 2]),
  );
  assert.match(out, /^memory +\d+ MB at most, of it 1\.02 MB the rows$/m);
});

for (const [args, text] of [
  [['--size', '16'], /^error: --size is given, but only --matmul has a use for it; leave it out$/],
  [
    ['--matmul', '--batch', '4'],
    /^error: --batch is given, but only the sweep or --peers has a use for it; leave it out$/,
  ],
  [
    ['--peers', '--width', '2'],
    /^error: --width is given, but only the sweep \(no part named, or --scaling\) has a use/,
  ],
  [['--peers', '--precision', 'f16'], /^error: --precision is given, but only the sweep or --matmul has a use for it/],
  [['--rounds', '2'], /^error: --rounds is given, but only --peers or --rows has a use for it/],
  [['--rows', '0'], /^error: --rows is 0, must be /],
  [['--rows', '10', '--batch', '4'], /^error: --batch is given, but only the sweep or --peers has a use for it/],
  [['--model', 'conv-vae'], /^error: --model is given, but only --peers has a use for it; leave it out$/],
  [['--peers', '--model', 'conv-ae'], /^error: --model is conv-ae, must be /],
  [['--svg', 'a.svg'], /^error: --svg is given, but only --scaling has a use for it/],
  [
    ['--peers', '--batch', '8,16'],
    /^error: --batch is 8,16, must be one number with --peers; for example --batch 128$/,
  ],
  [['--batch', '0'], /^error: --batch is 0, must be whole numbers >= 1 with commas between/],
  [['--seconds', '-1'], /^error: --seconds is -1, must be a finite number above 0/],
  [['--step', '3'], /^error: --step: unknown; did you mean --steps\? See --help$/],
  [['--json', '/no/such/folder/b.json'], /^error: --json \/no\/such\/folder\/b\.json cannot be written/],
] as const)
  test(`${args.join(' ')} is refused in one line`, () => {
    const { status, out, err } = run(...args);
    assert.match(err.trimEnd(), text);
    assert.equal([err.trimEnd().split('\n').length, status, out], [1, 2, '']);
  });

test('options: defaults, and the help names every flag once', () => {
  const options = readBenchOptions([]);
  assert.equal([options.batch.length, options.width, options.seconds, options.rounds], [8, [1, 2, 4], 20, 5]);
  assert.equal(readBenchOptions(['--peers', '--batch', '64']).batch, [64]);
  assert.is(readBenchOptions(['--size', 'x', '--help']).help, true);
  const help = benchHelp();
  const flags =
    'batch width size rows steps model rounds seconds adapter json svg matmul peers scaling markdown quiet help';
  for (const flag of flags.split(' ')) assert.is(help.split(`\n  --${flag} `).length, 2, flag);
  for (const line of help.split('\n')) assert.ok(line.length <= 120, `${line.length} columns: ${line}`);
});

test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
test.run();
