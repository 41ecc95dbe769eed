import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ProfileReport, ProfileRow } from 'latentgpu/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareReports } from '../../../harness/lib/profile/compare.js';
import {
  type Change,
  compareTimes,
  correlationTime,
  FALSE_ALARMS,
  studentT,
} from '../../../harness/lib/profile/noise.js';
import { readReport } from '../../../harness/lib/profile/read-report.js';
import { normalAt } from '../../../src/random.js';

/** Not a stream of the engine (STREAM in src/random.ts). */
const TEST_STREAM = 98;

interface Kind {
  mean?: number;
  /** Standard deviation as a share of the mean. */
  noise?: number;
  /** Of each call with the one before. */
  correlation?: number;
  /** exp of normal numbers: a long tail to the right. */
  tail?: boolean;
}

/** `count` times of calls, the same for the same seed. */
function times(seed: number, count: number, { mean = 100, noise = 0.02, correlation = 0, tail }: Kind = {}): number[] {
  let state = 0;
  return Array.from({ length: count }, (_, i) => {
    const fresh = normalAt(seed, TEST_STREAM, 0, i);
    state = i === 0 ? fresh : correlation * state + Math.sqrt(1 - correlation ** 2) * fresh;
    return mean * (1 + noise * (tail ? Math.exp(1.5 * state) : state));
  });
}

const compareSamples = (a: readonly number[], b: readonly number[], miss: number, averaged = false) =>
  compareTimes({ samples: a, averaged }, { samples: b, averaged }, miss);

const TRIALS = 200;
/** Counts the verdicts of trials on fresh times of both. */
function verdicts(count: number, a: Kind, b: Kind, miss: number, averaged = false): Record<Change['verdict'], number> {
  const found = { faster: 0, slower: 0, 'no difference beyond noise': 0, 'too few samples': 0 };
  for (let trial = 0; trial < TRIALS; trial++)
    found[compareSamples(times(2 * trial, count, a), times(2 * trial + 1, count, b), miss, averaged).verdict]++;
  return found;
}

// --- samples ---------------------------------------------------------------------------------------------------------

for (const [name, kind] of [
  ['normal', {}],
  ['long-tailed', { tail: true }],
  ['correlated', { correlation: 0.5 }],
] as const)
  test(`${name} times: two lots of the same differ at most ${100 * FALSE_ALARMS} times in 100`, () => {
    const { faster, slower } = verdicts(50, kind, kind, FALSE_ALARMS);
    assert.ok(faster + slower <= FALSE_ALARMS * TRIALS, `${faster + slower} of ${TRIALS}`);
  });

test('the same of ticks of a coarse timer', () => {
  const ticks = (seed: number) => times(seed, 50).map((value) => 5 * Math.round(value / 5));
  let alarms = 0;
  for (let trial = 0; trial < TRIALS; trial++) {
    const { verdict } = compareSamples(ticks(2 * trial), ticks(2 * trial + 1), FALSE_ALARMS);
    if (verdict === 'faster' || verdict === 'slower') alarms++;
  }
  assert.ok(alarms <= FALSE_ALARMS * TRIALS, `${alarms} of ${TRIALS}`);
});

test('the check itself: with bounds that promise less there are too many false alarms', () => {
  const { faster, slower } = verdicts(50, {}, {}, 1);
  assert.ok(faster + slower > FALSE_ALARMS * TRIALS, `${faster + slower} of ${TRIALS}`);
});

test('10% slower or faster with 2% noise is found, at the level of a table with 24 rows', () => {
  const miss = FALSE_ALARMS / 24;
  const slower = verdicts(50, {}, { mean: 110 }, miss);
  assert.ok(slower.slower >= 0.98 * TRIALS && slower.faster === 0, JSON.stringify(slower));
  const faster = verdicts(50, { mean: 110 }, {}, miss);
  assert.ok(faster.faster >= 0.98 * TRIALS && faster.slower === 0, JSON.stringify(faster));
});

test('the bounds hold the true ratio and grow tighter with more samples', () => {
  const width = (count: number) => {
    const { ratio, bounds } = compareSamples(times(1, count), times(2, count, { mean: 130 }), FALSE_ALARMS);
    assert.ok(bounds[0] < 1.3 && 1.3 < bounds[1] && bounds[0] < ratio && ratio < bounds[1], bounds.join());
    return bounds[1] - bounds[0];
  };
  const [few, some, many] = [width(50), width(500), width(5000)];
  // Ten times the samples: sqrt(10) = 3.2 times as tight, give or take the scatter of the scatter.
  for (const ratio of [few / some, some / many]) assert.ok(ratio > 2 && ratio < 5, `${ratio}`);
});

test('exact bounds of few samples: the binomial distribution by hand', () => {
  // A bound is wrong with a chance of P(Binomial(11, 1/2) < 1) = 1/2048, or 12/2048 for the second rank.
  // The order has neighbours on either side of the median, so that they do not look correlated.
  const eleven = [1, 11, 2, 10, 3, 9, 4, 8, 5, 7, 6];
  assert.is(correlationTime(eleven), 1);
  const bounds = (miss: number) => compareSamples(eleven, [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8], miss);
  assert.equal(bounds(4 / 2048).bounds, [8 / 11, 8 / 1]);
  assert.equal(bounds((4 * 12) / 2048).bounds, [8 / 10, 8 / 2]);
  assert.is(bounds((4 * 0.99) / 2048).verdict, 'too few samples');
  assert.is(compareSamples([5], [50], FALSE_ALARMS).verdict, 'too few samples');
  assert.is(compareSamples([], [], FALSE_ALARMS).verdict, 'too few samples');
});

test('samples that hang together count as fewer', () => {
  const mean = (correlation: number) =>
    Array.from({ length: 20 }, (_, i) => correlationTime(times(i, 1000, { correlation }))).reduce((a, b) => a + b) / 20;
  // Signs of normal numbers with correlation r have 2/pi asin(r): summed over the lags 1 + 2 sum is 1, 2.2 and 5.6.
  const theory = (r: number) =>
    1 + 2 * Array.from({ length: 200 }, (_, i) => (2 / Math.PI) * Math.asin(r ** (i + 1))).reduce((a, b) => a + b);
  for (const r of [0, 0.5, 0.8]) assert.ok(Math.abs(mean(r) / theory(r) - 1) < 0.15, `${r}: ${mean(r)}, ${theory(r)}`);
  const drift = Array.from({ length: 100 }, (_, i) => 100 + i);
  assert.ok(correlationTime(drift) > 10, `${correlationTime(drift)}`);
  assert.is(correlationTime([3, 3, 3, 3]), 1);
});

test('a drift within each run is no difference between the runs', () => {
  const up = times(1, 50).map((value, i) => value * (1 + i / 100));
  const down = times(2, 50).map((value, i) => value * (1.6 - i / 100));
  assert.not.ok(['faster', 'slower'].includes(compareSamples(up, down, FALSE_ALARMS).verdict));
});

test("Student's t against its tables", () => {
  for (const [miss, freedom, t] of [
    [0.025, 1, 12.706],
    [0.025, 2, 4.303],
    [0.025, 6, 2.447],
    [0.0005, 6, 5.959],
    [0.0005, 7, 5.408],
    [0.05, 30, 1.697],
  ] as const)
    assert.ok(Math.abs(studentT(miss, freedom) - t) < 0.001, `${miss} ${freedom}: ${studentT(miss, freedom)}`);
});

test('seven means of many calls are enough: few false alarms, and 10% with 1% noise is found', () => {
  const same = verdicts(7, { noise: 0.01 }, { noise: 0.01 }, FALSE_ALARMS, true);
  assert.ok(same.faster + same.slower <= FALSE_ALARMS * TRIALS, JSON.stringify(same));
  const slower = verdicts(7, { noise: 0.01 }, { noise: 0.01, mean: 110 }, FALSE_ALARMS / 24, true);
  assert.ok(slower.slower >= 0.98 * TRIALS && slower.faster === 0, JSON.stringify(slower));
  // Two samples say almost nothing, but they do say that.
  assert.is(compareSamples([100, 101], [110, 111], FALSE_ALARMS, true).verdict, 'no difference beyond noise');
  assert.is(compareSamples([100], [110, 111], FALSE_ALARMS, true).verdict, 'too few samples');
});

test("the bounds of means are Student's, by hand", () => {
  // Mean 100, standard error sqrt(2.5 / 5); t of 4 degrees of freedom is 2.776 at 0.025, one bound of four of 0.1.
  const [low, high] = compareSamples([98, 99, 100, 101, 102], [200, 200], 0.1, true).bounds;
  const reach = 2.776 * Math.sqrt(0.5);
  assert.ok(
    Math.abs(low - 200 / (100 + reach)) < 1e-4 && Math.abs(high - 200 / (100 - reach)) < 1e-4,
    `${low} ${high}`,
  );
});

test('a timer that says 0 makes no ratio', () => {
  const [zero, some] = [new Array(50).fill(0), new Array(50).fill(4)];
  assert.is(compareSamples(zero, zero, FALSE_ALARMS).verdict, 'no difference beyond noise');
  assert.is(compareSamples(zero, some, FALSE_ALARMS).verdict, 'slower');
  assert.is(compareSamples(some, zero, FALSE_ALARMS).verdict, 'faster');
});

// --- reports ---------------------------------------------------------------------------------------------------------

const LAYERS = ['encoder.0', 'encoder.2', 'heads', 'decoder.0', 'decoder.2', 'decoder.4'];
const KERNELS = ['matmul_tiled+bias_activation', 'matmul_tiled+weight_gradient', 'matmul_tiled+activation_gradient'];

function row(label: string, kernel: string, samples: number[], shapes = 'a[2, 3] -> y[2, 4]'): ProfileRow {
  const median = [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0;
  return {
    ...{
      index: 0,
      label,
      kernel,
      shapes,
      grid: [1, 1, 1],
      workgroup: [64, 1, 1],
      calls: samples.length,
      samples,
      median,
    },
    ...{ p95: median, share: 0.1, flops: 1, bytes: 1, gflops: 1, gbs: 1, intensity: 1, roofline: null },
  };
}

/** A run of 18 kernels; `change` names the true times of a few of them. */
function run(seed: number, change: Record<string, Kind> = {}, count = 50): ProfileReport {
  const rows = LAYERS.flatMap((label, i) =>
    KERNELS.map((kernel, j) => {
      const sort = { mean: 50 + 10 * i + 100 * j, ...change[`${label} ${kernel}`] };
      return { ...row(label, kernel, times(1000 * seed + 10 * i + j, count, sort)), index: 3 * i + j };
    }),
  );
  return reportOf(rows, count);
}

function reportOf(rows: ProfileRow[], steps = 50): ProfileReport {
  const none = { vendor: '', architecture: '', description: '' };
  return {
    adapter: { name: 'test GPU', ...none, backend: 'vulkan', kind: 'hardware', software: false },
    ...{ plan: 'training step', steps, method: 'timestamps', quantized: false, rows },
    step: { kernels: 1, gaps: 1, encode: 1, submit: 1, readback: 1, wall: 2100, wallUntimed: 2000 },
    bottleneck: { what: 'gpu', sentence: '' },
    ...{ ceilings: null, events: [] },
  };
}

const line = (text: string, start: string) => text.split('\n').find((each) => each.startsWith(start)) ?? '';
const CHANGED = / (faster|slower|too few samples)$/m;

test(`two runs of the same plan: any row differs at most ${100 * FALSE_ALARMS} times in 100`, () => {
  let alarms = 0;
  for (let trial = 0; trial < TRIALS; trial++)
    if (/B is (faster|slower)/.test(compareReports(run(2 * trial), run(2 * trial + 1)))) alarms++;
  assert.ok(alarms <= FALSE_ALARMS * TRIALS, `${alarms} of ${TRIALS}`);
});

test('the whole text of two runs that do not differ', () => {
  const text = compareReports(run(0), run(1), ['a.json', 'b.json']);
  const [a, b, empty, header, first, ...rest] = text.split('\n');
  assert.is(a, 'A: a.json (test GPU, training step, 50 steps, timed by timestamps)');
  assert.is(b, 'B: b.json (test GPU, training step, 50 steps, timed by timestamps)');
  assert.is(empty, '');
  assert.match(header ?? '', /^layer +kernel +A us +B us +B\/A +bounds +verdict$/);
  assert.match(
    first ?? '',
    /^encoder\.0 +matmul_tiled\+bias_activation +\d\d\.\d +\d\d\.\d +[01]\.\d{3} +0\.9\d\d \.\. 1\.0\d\d +no difference beyond noise$/,
  );
  const sums = rest.findIndex((each) => each.startsWith('all kernels'));
  assert.is(sums, 17);
  assert.match(
    rest[sums] ?? '',
    /^all kernels +a step +31\d\d +31\d\d +\S+ +\S+ \.\. \S+ +no difference beyond noise$/,
  );
  assert.equal(rest.slice(sums + 1), [
    '',
    'No difference beyond noise in 18 of 18.',
    'Wall time a step: A 2000 us, B 2000 us (one number a run, so without bounds).',
    'Bounds are of B/A, from the scatter of the samples: two runs of the same thing show a difference in any row at most 5 times in 100. What changes from run to run (clock rate, other load) is not in them.',
  ]);
});

test('what changed is named, with its ratio, largest change of time first; the rest is not', () => {
  const text = compareReports(
    run(0),
    run(1, {
      'encoder.0 matmul_tiled+bias_activation': { mean: 55 },
      'heads matmul_tiled+weight_gradient': { mean: 200 },
      'decoder.4 matmul_tiled+bias_activation': { mean: 80 },
    }),
  );
  assert.match(
    line(text, 'B is slower'),
    /^B is slower in 2 of 18: heads \S+ 1\.1\d\dx \(\+\d\d\.\d us\), encoder\.0 \S+ 1\.\d+x/,
  );
  assert.match(line(text, 'B is faster'), /^B is faster in 1 of 18: decoder\.4 \S+ 0\.(79|80)\dx \(-\d\d\.\d us\)\.$/);
  assert.is(line(text, 'No difference'), 'No difference beyond noise in 15 of 18.');
  assert.is(text.match(new RegExp(CHANGED, 'gm'))?.length, 3);
});

test('too few steps are said as such, and judge nothing', () => {
  const text = compareReports(run(0, {}, 5), run(1, { 'heads matmul_tiled+weight_gradient': { mean: 500 } }, 5));
  assert.match(text, /18 of 18 have too few independent samples for bounds: profile more steps\./);
  assert.match(line(text, 'heads'), / - +too few samples$/m);
  assert.not.match(text, /B is|No difference/);
});

test('rows that only one side has are listed with their shapes', () => {
  const a = reportOf([row('encoder.0', 'add_bias', times(1, 50), 'x[8] -> y[8]'), row('z', 'latent', times(2, 50))]);
  const b = reportOf([row('z', 'latent', times(3, 50)), row('bce', 'bce', times(4, 50), 'x[9] -> y[9]')]);
  const text = compareReports(a, b);
  assert.match(line(text, 'only in A'), /^only in A: encoder\.0 add_bias x\[8\] -> y\[8\], \d+(\.\d)? us$/);
  assert.match(line(text, 'only in B'), /^only in B: bce bce x\[9\] -> y\[9\], \d+(\.\d)? us$/);
  assert.match(line(text, 'z '), /no difference beyond noise$/);
  const apart = compareReports(reportOf(a.rows.slice(0, 1)), reportOf(b.rows.slice(1)));
  assert.match(apart, /^The two have no kernel in common\.$/m);
});

test('another variant of a matmul, or other shapes, is still the same row', () => {
  const one = (kernel: string, shapes: string) => reportOf([row('heads', kernel, times(1, 50), shapes)]);
  const text = compareReports(one('matmul_tiled+plain', 'a[2]'), one('matmul_registers+plain', 'a[3]'));
  assert.match(line(text, 'heads'), /matmul_tiled\+plain -> matmul_registers\+plain \(other shapes\)/);
  assert.match(compareReports(one('matmul_tiled+plain', 'a'), one('matmul_tiled+weight_gradient', 'a')), /only in A/);
});

test('rows of one name are matched by their shapes, then in order', () => {
  const rows = (means: [number, string][]) =>
    reportOf(means.map(([mean, shapes], i) => row('heads', 'matmul_tiled+plain', times(i, 50, { mean }), shapes)));
  // biome-ignore format: a table
  const text = compareReports(rows([[100, 'x'], [200, 'y'], [300, 'y']]), rows([[200, 'y'], [300, 'y'], [100, 'x']]));
  const ratios = [...text.matchAll(/^heads .*? (\d\.\d{3}) +\S+ \.\./gm)].map(([, ratio]) => Number(ratio));
  assert.is(ratios.length, 3);
  for (const ratio of ratios) assert.ok(Math.abs(ratio - 1) < 0.05, ratios.join());
});

test('rows in another order and of another variant are matched by their shapes all the same', () => {
  const rows = (kernel: string, means: [number, string][]) =>
    reportOf(means.map(([mean, shapes], i) => row('heads', kernel, times(i, 50, { mean }), shapes)));
  // biome-ignore format: a table
  const text = compareReports(
    rows('matmul_tiled+plain', [[100, 'x'], [300, 'y']]),
    rows('matmul_registers+plain', [[300, 'y'], [100, 'x']]),
  );
  assert.not.match(text, /other shapes/);
});

test('a row that has its partner is not given another of other shapes', () => {
  const rows = (...shapes: string[]) => reportOf(shapes.map((each, i) => row('heads', 'add', times(i, 50), each)));
  const text = compareReports(rows('x'), rows('x', 'y'));
  assert.match(line(text, 'heads'), /^heads +add +[\d.]/);
  assert.match(line(text, 'only in B'), /^only in B: heads add y,/);
});

test('no sum of kernels that were not called alike', () => {
  const uneven = reportOf([row('z', 'latent', times(1, 50)), row('bce', 'bce', times(2, 49))]);
  assert.is(line(compareReports(uneven, uneven), 'all kernels'), '');
});

test('by repetition a few samples are enough, each being the mean of many calls', () => {
  const repeated = (seed: number, mean: number): ProfileReport => ({
    ...reportOf([row('z', 'latent', times(seed, 7, { mean, noise: 0.01 }))]),
    method: 'repetition',
  });
  const text = compareReports(repeated(1, 100), repeated(2, 120));
  assert.match(text, /^B is slower in 1 of 1: z latent 1\.\d+x/m);
  assert.not.match(text, /warning/);
});

test('the wall times of both stand below', () => {
  const slow = { ...run(1), step: { ...run(1).step, wallUntimed: 2345 } };
  assert.match(compareReports(run(0), slow), /^Wall time a step: A 2000 us, B 2345 us /m);
});

test('runs that are not alike are warned about', () => {
  const warned = (change: Partial<ProfileReport>) =>
    compareReports(run(0), { ...run(1), ...change })
      .split('\n')
      .filter((each) => each.startsWith('warning'));
  assert.equal(warned({}), []);
  assert.equal(warned({ adapter: { ...run(1).adapter, name: 'other GPU' } }), [
    'warning: different adapters, "test GPU" (vulkan) and "other GPU" (vulkan): the difference may be theirs',
  ]);
  assert.equal(warned({ plan: 'evaluation' }), [
    'warning: different plans, "training step" and "evaluation": rows are matched by layer and purpose',
  ]);
  assert.equal(warned({ method: 'repetition' }), [
    'warning: A is timed by timestamps, B by repetition: the two do not count the same; profile both alike',
  ]);
});

// --- files -----------------------------------------------------------------------------------------------------------

let root = '';
test.before.each(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'latentgpu-compare-'));
});
test.after.each(() => fs.rmSync(root, { recursive: true }));

const REMEDY = '; write it with `node harness/profile.js --json FILE`';

function refused(contents: unknown, name: string, said: string | RegExp) {
  const file = path.join(root, 'report.json');
  fs.writeFileSync(file, typeof contents === 'string' ? contents : JSON.stringify(contents));
  assert.throws(
    () => readReport(file),
    (error: Error) => {
      assert.is(error.name, name);
      assert.ok(error.message.startsWith(file) && error.message.endsWith(REMEDY), error.message);
      const text = error.message.slice(file.length, -REMEDY.length);
      if (typeof said === 'string') assert.is(text, said);
      else assert.match(text, said);
      return true;
    },
  );
}

test('a report comes back from its file as it was written', () => {
  const file = path.join(root, 'report.json');
  fs.writeFileSync(file, JSON.stringify(run(0)));
  assert.equal(readReport(file), run(0));
});

test('a file that is not there, or is a folder', () => {
  for (const [file, why] of [
    [path.join(root, 'none.json'), /cannot be read \(ENOENT.*\), must be the report of a profile;/],
    [root, /cannot be read \(EISDIR.*\), must be the report of a profile;/],
  ] as const)
    assert.throws(
      () => readReport(file),
      (error: Error) => error.name === 'ArgumentError' && error.message.startsWith(file) && why.test(error.message),
    );
});

test('a file that is not a report: what is there, what must be', () => {
  const is = ' is not the report of a profile: ';
  const good = run(0);
  const [first] = good.rows;
  refused('', 'FormatError', /^ is not JSON \(.*\), must be the report of a profile$/);
  refused(JSON.stringify(good).slice(0, -9), 'FormatError', /^ is not JSON \(.*\), must be the report of a profile$/);
  refused([], 'FormatError', `${is}the file is [], must be an object`);
  refused('null', 'FormatError', `${is}the file is null, must be an object`);
  refused({}, 'FormatError', `${is}adapter is missing, must be an object`);
  refused({ traceEvents: [] }, 'FormatError', ' is a trace for viewers (--trace), must be the report of a profile');
  refused({ ...good, adapter: { name: 3 } }, 'FormatError', `${is}adapter.name is 3, must be text`);
  refused(
    { ...good, method: 'sundial' },
    'FormatError',
    `${is}method is "sundial", must be "timestamps" or "repetition"`,
  );
  refused({ ...good, rows: { 0: first } }, 'FormatError', /: rows is \{"0":\{.*\.\.\., must be a list$/);
  refused({ ...good, rows: [first, null] }, 'FormatError', `${is}rows[1] is null, must be an object`);
  const samples = 'must be a list of at least one number >= 0';
  refused({ ...good, rows: [{ ...first, samples: [] }] }, 'FormatError', `${is}rows[0].samples is [], ${samples}`);
  // NaN is null in JSON.
  const holes = { ...first, samples: [1, Number.NaN, 3] };
  refused({ ...good, rows: [holes] }, 'FormatError', `${is}rows[0].samples is a list with null at 1, ${samples}`);
  refused({ ...good, step: { wallUntimed: -1 } }, 'FormatError', `${is}step.wallUntimed is -1, must be a number >= 0`);
});

test.run();
