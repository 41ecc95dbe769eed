// harness/profile.js as its users start it: the table, the report, the trace, a comparison, a shader's text, and what it
// says to arguments that make no sense. The images are 8x8 and the model is tiny.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ProfileReport, type ProfileRow, vae } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { profileHelp, readProfileOptions } from '../../harness/lib/options/profile-options.js';
import { profileTable } from '../../harness/lib/profile/profile-table.js';
import { trainingPlan } from '../support/models/plans.js';
import { ADAPTER, runProgram, writeBars } from '../support/programs/programs.js';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-profile-'));
const data = path.join(scratch, 'data');

writeBars(data);

const SMALL = ['--adapter', ADAPTER, '--data', data, '--hidden', '6', '--latent', '3', '--batch', '8'];

const run = (...args: string[]) => runProgram('harness/profile.js', args);

const json = path.join(scratch, 'profile.json');
const trace = path.join(scratch, 'trace.json');

test('a profile: table, summary, report and trace', () => {
  const { status, out, err } = run(...SMALL, '--steps', '6', '--json', json, '--trace', trace);
  assert.equal([err, status], ['', 0]);
  const report: ProfileReport = JSON.parse(fs.readFileSync(json, 'utf8'));
  const lines = out.split('\n');
  const header = lines.findIndex((line) => /^ *# {2}layer/.test(line));
  assert.match(lines[header] ?? '', /kernel +shapes +grid x wg +calls +med\. us +p95 us +share .* roof$/);
  assert.is(report.rows.length, report.rows.at(-1)?.index === undefined ? 0 : (report.rows.at(-1)?.index ?? 0) + 1);
  for (const [index, row] of report.rows.entries()) {
    assert.match(lines[header + 1 + index] ?? '', new RegExp(`^ *${index + 1}  ${row.label.slice(0, 5)}`));
    assert.is(row.samples.length, 6);
  }
  for (const word of ['kernels', 'gaps', 'host', 'wall', 'measured', 'ceilings', 'dispatch'])
    assert.is(lines.filter((line) => line.startsWith(`${word} `)).length, 1, `${word}\n${out}`);
  assert.match(out, /(The GPU|The host|Dispatch latency) is the bottleneck/);
  for (const line of lines.slice(header)) assert.ok(line.length <= 150, `${line.length} columns: ${line}`);
  const { traceEvents } = JSON.parse(fs.readFileSync(trace, 'utf8'));
  assert.ok(traceEvents.length > 6 * report.rows.length, `${traceEvents.length} events`);
});

test('a report compared with itself: nothing changed', () => {
  const { status, out, err } = run('--compare', json, json);
  assert.equal([err, status], ['', 0]);
  assert.match(out, /^A: .*profile\.json/);
  assert.not.match(out, /\b(faster|slower) {2,}|\b(faster|slower)$/m);
});

test('--wgsl: the text with its constants filled in, and where each line comes from', () => {
  const { status, out, err } = run(...SMALL, '--wgsl', 'gather');
  assert.equal([err, status], ['', 0]);
  assert.match(out, /^const sizes = Sizes\(\d+u(, \d+u)*\);$/m);
  assert.match(out, /^override WORKGROUP: u32 = 64u;$/m);
  const lines = out.split('\n');
  const ranges = lines.flatMap((line) => {
    const [, from, to, file, first] = /^\/\/ lines (\d+)-(\d+): (shaders\/.*):(\d+)$/.exec(line) ?? [];
    return file ? [{ from: Number(from), to: Number(to), file, first: Number(first) }] : [];
  });
  assert.ok(ranges.length >= 3, out);
  for (const { from, to, file, first } of ranges) {
    const source = fs.readFileSync(file, 'utf8').split('\n');
    for (let line = from; line <= to; line++) {
      // A constant's value is all that may differ.
      const bare = (text = '') => (text.startsWith('override') ? text.replace(/ = [^;]*;/, ';') : text);
      assert.is(bare(lines[line - 1]), bare(source[first - 1 + line - from]), `${file}, line ${line}`);
    }
  }
});

test('by repetition, one row: the report says how it was timed', () => {
  const { status, out, err } = run(...SMALL, '--steps', '2', '--repeat', '--kernel', 'gather');
  assert.equal([err, status], ['', 0]);
  assert.match(out, /^measured {3}by repetition of each kernel/m);
  assert.is(out.split('\n').filter((line) => /^ *\d+ {2}/.test(line)).length, 1, out);
});

test('--ceilings alone', () => {
  const { status, out, err } = run('--adapter', ADAPTER, '--ceilings');
  assert.equal([err, status], ['', 0]);
  assert.match(
    out,
    /^ceilings {3}[\d.]+ GFLOP\/s f32 multiply-add; memory GB\/s: read [\d.]+, write [\d.]+, copy [\d.]+$/m,
  );
  assert.match(
    out,
    /^dispatch {3}empty [\d.]+ [um]s, waiting for the one before [\d.]+ [um]s, in a pass of its own [\d.]+ [um]s$/m,
  );
});

test('--kernel --m --n --k: one product alone, every variant, the one named first; progress on stderr', () => {
  const product = ['--adapter', ADAPTER, '--m', '32', '--n', '16', '--k', '24'];
  const { status, out, err } = run(...product, '--kernel', 'matmul_registers');
  assert.is(status, 0);
  const told = err.trimEnd().split('\n');
  for (const [at, line] of told.entries())
    assert.match(
      line,
      new RegExp(
        `^timing ${at + 1} of ${told.length}: (NT|NN|TN) (tiled [\\dx]+ \\dx\\d|\\w+ \\d+ lanes)( 32x\\d)?( vec4)?$`,
      ),
    );
  const rows = out.split('\n').filter((line) => /^(NT|NN|TN) /.test(line));
  assert.is(rows.length, told.length, out);
  assert.match(rows[0] ?? '', /^NT +registers /);
  assert.ok(rows.some((row) => /^NT +tiled /.test(row)));
  for (const form of ['NT', 'NN', 'TN'])
    assert.is(rows.filter((row) => row.startsWith(form) && /(<- best, | )default$/.test(row)).length, 1, form);
  assert.is(run(...product, '--quiet').err, '');
});

for (const [args, text] of [
  [
    ['--m', '8', '--n', '8', '--k', '8', '--precision', 'f16', '--adapter', 'swiftshader'],
    /^error: precision: "f16" needs a device with the feature "shader-f16", which .* has not; use "f32", or another/,
  ],
  [['--m', '32', '--k', '8'], /^error: --n is missing: a product has three sizes/],
  [['--kernel', 'nothing', ...SMALL], /^error: no kernel or layer "nothing" in this plan; it has numbers 1 to \d+ and/],
  [['--step', '3'], /^error: --step: unknown; did you mean --steps\? See --help$/],
  [['--epochs', '3'], /^error: --epochs: unknown/],
  [['--compare', 'a.json'], /^error: --compare takes two reports and no other flag/],
  [['--compare', 'none.json', 'none.json'], /^error: none\.json cannot be read/],
  [
    ['--ceilings', '--json', 'c.json'],
    /^error: --json has no meaning with --ceilings, only --adapter, --quiet have; leave it out$/,
  ],
  [
    ['--wgsl', 'adam', '--trace', 't.json'],
    /^error: --trace has no meaning with --wgsl, only --quiet and the flags of data, adapter, model, optimizer and tuning have; leave it out$/,
  ],
  [
    ['--m', '8', '--n', '8', '--k', '8', '--steps', '3'],
    /^error: --steps has no meaning with --m, --n and --k, only --kernel, /,
  ],
  [['--json', '/no/such/folder/p.json', ...SMALL], /^error: --json \/no\/such\/folder\/p\.json cannot be written/],
] as const)
  test(`${args.slice(0, 2).join(' ')} is refused in one line`, () => {
    const { status, out, err } = run(...args);
    assert.match(err.trimEnd(), text);
    assert.is(err.trimEnd().split('\n').length, 1, err);
    assert.is(status, 2);
    assert.not.match(out, /med\. us/);
  });

test('options: defaults, and the help names every flag once', () => {
  const options = readProfileOptions(['--steps', '7', '--hidden', '9,8']);
  assert.equal([options.steps, options.hidden, options.batch, options.adapter], [7, [9, 8], undefined, 'auto']);
  assert.equal(readProfileOptions(['--compare', 'a', 'b']).compare, ['a', 'b']);
  assert.is(readProfileOptions(['--lr', 'x', '-h']).help, true);
  const help = profileHelp();
  const own = 'steps kernel m n k json trace wgsl ceilings repeat help';
  const model =
    'model spec hidden channels kernel-size norm dropout latent activation loss output range init beta variance l1 rho sparsity-weight noise codes commitment';
  const optimizer = 'batch lr seed optimizer momentum weight-decay clip reduction nesterov';
  for (const flag of `data limit adapter ${model} ${optimizer} ${own}`.split(' '))
    assert.is(help.split(`\n  --${flag} `).length, 2, flag);
  for (const line of help.split('\n')) assert.ok(line.length <= 100, `${line.length} columns: ${line}`);
});

test('the table of the whole model stays within 150 columns, whatever the numbers', () => {
  const plan = trainingPlan(vae({ pixels: 784, hidden: [512, 256], latent: 64 }), 128, { fuse: true });
  const rows = plan.dispatches.map(
    ({ label, kernel, grid, workgroup, flops, bytes }, index): ProfileRow => ({
      index,
      label,
      kernel,
      shapes: 'a[128, 784] b[512, 784] bias[512] -> y[128, 512]',
      grid: [grid[0], grid[1], grid[2]],
      workgroup: [workgroup, 1, 1],
      calls: 50,
      samples: [],
      median: 123_456.7,
      p95: 1_234_567.8,
      share: 1,
      flops,
      bytes,
      gflops: 12_345.6,
      gbs: 1234.5,
      intensity: 123.4,
      roofline: 1.234,
    }),
  );
  const report = { rows, ceilings: {} } as unknown as ProfileReport;
  for (const line of profileTable(report).split('\n')) {
    assert.ok(line.length <= 150, `${line.length} columns: ${line}`);
    assert.not.match(line, /NaN|undefined/);
  }
});

test.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
test.run();
