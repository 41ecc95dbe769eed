// The arithmetic of a profile (src/profile/report.ts): medians, rates, roofline, bottleneck; and timestamps that are too
// coarse (src/gpu/timestamps.ts).
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isQuantized } from '../../../src/gpu/timestamps.js';
import type { Dispatch } from '../../../src/plan/plan.js';
import {
  type Ceilings,
  findBottleneck,
  limitOf,
  makeReport,
  median,
  microseconds,
  quantile,
  rates,
  rooflineShare,
  type StepTimes,
} from '../../../src/profile/report.js';

const CEILINGS: Ceilings = {
  fmaGflops: 100,
  readGbs: 8,
  writeGbs: 10,
  copyGbs: 9,
  dispatchUs: 1,
  dependentUs: 3,
  passUs: 2,
};
const ADAPTER = {
  name: 'test',
  vendor: '',
  architecture: '',
  description: '',
  backend: 'vulkan',
  kind: 'hardware',
  software: false,
} as const;

const dispatch = (label: string, flops: number, bytes: number): Dispatch => ({
  label,
  kernel: `kernel of ${label}`,
  sources: [],
  enables: [],
  header: {},
  constants: {},
  sizes: {},
  bindings: [],
  grid: [3, 2, 1],
  workgroup: 64,
  flops,
  bytes,
});

test('median and p95 of an even, an odd and an empty list', () => {
  assert.is(median([4, 1, 3, 2]), 2.5);
  assert.is(median([9, 1, 5]), 5);
  assert.is(median([]), 0);
  assert.is(quantile([0, 10], 0.95), 9.5);
  assert.is(
    quantile(
      Array.from({ length: 101 }, (_, i) => 100 - i),
      0.95,
    ),
    95,
  );
  const given = [3, 1, 2];
  median(given);
  assert.equal(given, [3, 1, 2], 'the samples keep their order');
});

test('rates: a million in a microsecond is a thousand GFLOP/s or GB/s', () => {
  assert.equal(rates(2e6, 1e6, 10), { flops: 2e6, bytes: 1e6, gflops: 200, gbs: 100, intensity: 2 });
  assert.equal(rates(5, 0, 0), { flops: 5, bytes: 0, gflops: 0, gbs: 0, intensity: 0 }, 'no division by zero');
});

test('the share of the roofline is that of the nearer ceiling', () => {
  // 20 operations a byte: memory would allow 200 GFLOP/s, arithmetic allows 100.
  assert.is(rooflineShare({ gflops: 50, gbs: 2.5 }, CEILINGS), 0.5);
  assert.is(limitOf({ intensity: 20 }, CEILINGS), 'arithmetic');
  // 2 operations a byte: memory allows 20 GFLOP/s.
  assert.is(rooflineShare({ gflops: 5, gbs: 2.5 }, CEILINGS), 0.25);
  assert.is(limitOf({ intensity: 2 }, CEILINGS), 'memory');
});

test('a report: rows in order, shares of the kernels, the sum of the medians', () => {
  const step = { gaps: 5, encode: 1, submit: 1, readback: 1, wall: 120, wallUntimed: 110 };
  const measured = {
    adapter: ADAPTER,
    plan: {
      name: 'training step',
      dispatches: [dispatch('a', 3e6, 1e5), dispatch('b', 0, 1e6)],
      losses: [],
      lossBytes: 0,
      scratch: [],
    },
    steps: 3,
    method: 'timestamps' as const,
    quantized: false,
    dispatches: [
      { samples: [31, 29, 30], calls: 3 },
      { samples: [70, 80, 60], calls: 3 },
    ],
    step,
    events: [],
  };
  const report = makeReport({ ...measured, ceilings: CEILINGS });
  assert.equal(report.step, { kernels: 100, ...step });
  assert.is(report.plan, 'training step');
  const [a, b] = report.rows;
  assert.equal([a?.median, a?.share, a?.gflops, a?.gbs, a?.intensity], [30, 0.3, 100, 1e5 / 30_000, 30]);
  assert.ok(Math.abs((a?.p95 ?? 0) - 30.9) < 1e-9, `p95 ${a?.p95}: 9/10 of the way from 30 to 31`);
  assert.is(a?.roofline, 1);
  assert.equal([a?.index, a?.label, a?.calls, a?.grid, a?.workgroup], [0, 'a', 3, [3, 2, 1], [64, 1, 1]]);
  assert.equal([b?.index, b?.median, b?.share, b?.gflops], [1, 70, 0.7, 0]);
  assert.is(b?.roofline, 1e6 / 70_000 / 10);
  assert.is(report.bottleneck.what, 'gpu');
  assert.match(
    report.bottleneck.sentence,
    /91% of a step's 110 us; the largest is kernel of b of b \(70% of the kernels/,
  );
  assert.is(makeReport({ ...measured, ceilings: null }).rows[0]?.roofline, null);
  assert.equal(JSON.parse(JSON.stringify(report)), report, 'a report is plain JSON');
});

const times = (part: Partial<StepTimes>): StepTimes => ({
  kernels: 0,
  gaps: 0,
  encode: 0,
  submit: 0,
  readback: 0,
  wall: 100,
  wallUntimed: 100,
  ...part,
});

for (const [what, part] of [
  ['gpu', { kernels: 60, encode: 39 }],
  ['gpu', { kernels: 130 }],
  ['host', { kernels: 30, encode: 40, submit: 10, readback: 5 }],
  // As much of the host's work as the GPU's idle time, not more: it runs beside the kernels.
  ['gpu', { kernels: 60, encode: 200 }],
  ['dispatch', { kernels: 30, encode: 10, submit: 5, readback: 5 }],
] as const)
  test(`the bottleneck of ${JSON.stringify(part)} is ${what}`, () => {
    const found = findBottleneck(times(part), []);
    assert.is(found.what, what);
    assert.match(found.sentence, { gpu: /^The GPU/, host: /^The host/, dispatch: /^Dispatch latency/ }[what]);
    assert.not.match(found.sentence, /NaN|undefined|Infinity/);
  });

test('microseconds for people', () => {
  assert.equal([0.5, 9.96, 870, 999.6, 12_345].map(microseconds), ['0.5 us', '10 us', '870 us', '1.00 ms', '12.3 ms']);
});

test('timestamps are quantized if all are multiples of a large step, or if time stands still', () => {
  const submits = (...all: number[]) => [all.map((begin) => ({ begin, end: begin + 65_536 }))];
  assert.is(isQuantized(submits(0, 65_536, 5 * 65_536)), true);
  assert.is(isQuantized(submits(0, 100_000 - 65_536 + 1)), false);
  assert.is(isQuantized([[{ begin: 0, end: 0 }], [{ begin: 0, end: 0 }]]), true);
  assert.is(isQuantized([[{ begin: 0, end: 1024 }], [{ begin: 3072, end: 4096 }]]), false, 'a real clock of 1024 ns');
  assert.is(isQuantized([[{ begin: 0, end: 200_000 }], [{ begin: 300_000, end: 500_000 }]]), true);
});

test.run();
