// The benchmark's arithmetic: medians, lines and exponents, what follows from a sweep, and the picture of it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { StepRow } from '../../../harness/lib/bench/report.js';
import { scalingOf } from '../../../harness/lib/bench/scaling.js';
import { exponentOf, lineThrough, type Point, spreadOf } from '../../../harness/lib/bench/statistics.js';
import { scalingPlot } from '../../../harness/lib/plots/scaling-plot.js';

const near = (got: number | undefined, want: number, what: string) =>
  assert.ok(got !== undefined && Math.abs(got - want) <= 1e-9 * Math.abs(want), `${what}: ${got}, must be ${want}`);

test('median, least and largest, of odd and even counts, in any order', () => {
  assert.equal(spreadOf([3, 1, 2]), { median: 2, min: 1, max: 3 });
  assert.equal(spreadOf([10, 1, 4, 3]), { median: 3.5, min: 1, max: 10 });
  assert.equal(spreadOf([7]), { median: 7, min: 7, max: 7 });
  assert.ok(Number.isNaN(spreadOf([]).median));
});

test('a line through points on a line is that line, whatever they weigh', () => {
  const points = [32, 64, 4096].map((x): Point => [x, 3 + 0.25 * x]);
  for (const line of [lineThrough(points), lineThrough(points, () => 1)]) {
    near(line?.a, 3, 'a');
    near(line?.b, 0.25, 'b');
  }
  assert.is(lineThrough([[5, 1]]), undefined);
  assert.is(
    lineThrough([
      [5, 1],
      [5, 2],
    ]),
    undefined,
  );
});

test('the line minimises relative errors: any other one near it is worse', () => {
  const points: Point[] = [
    [1, 2.2],
    [10, 11.5],
    [100, 108],
    [1000, 955],
  ];
  const cost = (a: number, b: number) => points.reduce((sum, [x, y]) => sum + ((y - a - b * x) / y) ** 2, 0);
  const { a = 0, b = 0 } = lineThrough(points) ?? {};
  for (const [da, db] of [
    [1e-3, 0],
    [-1e-3, 0],
    [0, 1e-4],
    [0, -1e-4],
  ] as const)
    assert.ok(cost(a, b) < cost(a + da, b + db), `${a} + ${b} x against ${a + da} + ${b + db} x`);
});

test('the exponent of a power is the power', () => {
  near(exponentOf([1, 2, 4].map((x): Point => [x, 7 * x ** 1.75])), 1.75, 'exponent');
});

const row = (batch: number, width: number, ms: number) =>
  ({ batch, width, ms: { median: ms, min: ms, max: ms } }) as StepRow;

test('scaling: a series for each width and each batch of at least three sizes', () => {
  const rows = [1, 2, 4].flatMap((width) =>
    [32, 128, 512].flatMap((batch) =>
      width === 4 && batch > 32 ? [] : [row(batch, width, (2 + batch / 8) * width ** 2)],
    ),
  );
  const series = scalingOf(rows);
  assert.equal(
    series.map(({ name, against, points }) => [name, against, points.map(({ x }) => x)]),
    [
      ['width x1', 'batch', [32, 128, 512]],
      ['width x2', 'batch', [32, 128, 512]],
      ['batch 32', 'width', [1, 2, 4]],
    ],
  );
  near(series[0]?.line?.a, 2, 'a of width x1');
  near(series[1]?.line?.b, 4 / 8, 'b of width x2');
  near(series[2]?.exponent, 2, 'exponent of batch 32');
  assert.is(series[2]?.line, null);
  assert.equal(scalingOf([row(32, 1, 1), row(64, 1, 2)]), []);
});

test('the picture names its axes, its series and their exponents, on logarithmic axes', async () => {
  const series = scalingOf(
    [1, 2, 4].flatMap((width) => [32, 128, 512, 1024].map((batch) => row(batch, width, batch * width))),
  );
  const svg = await scalingPlot(series, 'A step of the seed model on nothing');
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? '');
  const all = ['A step of the seed model on nothing', 'batch (rows)', 'width (times the seed model)', 'ms a step'];
  for (const text of [...all, 'width x2 (x^1.00)', 'batch 1024 (x^1.00)', '32', '512'])
    assert.ok(texts.includes(text), `${text} is not among ${texts.join(', ')}`);
  // Two panels of 320 and what stands around them; a legend that is wider lies over its neighbour's.
  const [, width = ''] = /<svg[^>]* width="(\d+)"/.exec(svg) ?? [];
  assert.ok(Number(width) > 700 && Number(width) < 900, `${width} wide`);
  assert.not.match(svg, /NaN|undefined/);
  // Equal factors are equal distances: 32, 128 and 512 of the first series.
  const xs = [
    ...svg.matchAll(
      /aria-label="batch \(rows\): (\d+);[^"]*series: width x1[^"]*"[^>]*transform="translate\(([\d.]+),/g,
    ),
  ];
  const at = new Map(xs.map(([, batch, x]) => [Number(batch), Number(x)]));
  const [a = 0, b = 0, c = 0] = [32, 128, 512].map((batch) => at.get(batch));
  assert.ok(b > a && Math.abs(c - b - (b - a)) < 0.01, `${a}, ${b}, ${c}`);
});

test.run();
