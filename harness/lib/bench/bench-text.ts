// A benchmark as a person reads it: tables of each part, as text or Markdown, and below them how it was measured and what
// was left out.
import { markOf } from '../profile/kernel-table.js';
import { describeAdapter } from '../report/describe.js';
import { figures, markdownTable, percent, plainTable, type Table } from '../report/table.js';
import { PEER_TITLES } from './peer-models.js';
import type {
  BenchReport,
  LeftOut,
  PeerReport,
  ProductReport,
  ProductRow,
  RowReport,
  Series,
  StepReport,
} from './report.js';
import { CHECKED_STEPS } from './steps.js';

export function stepTable({ rows }: Pick<StepReport, 'rows'>): Table {
  return {
    head: [
      'batch',
      'width',
      'ms a step',
      'min..max',
      'images/s',
      'GFLOP/s',
      'of ceiling',
      'host us',
      'loss, first..last',
    ],
    rows: rows.map(({ batch, width, ms, imagesPerSecond, gflops, share, hostUs, loss }) => [
      String(batch),
      `x${width}`,
      figures(ms.median),
      `${figures(ms.min)}..${figures(ms.max)}`,
      figures(imagesPerSecond),
      figures(gflops),
      percent(share),
      figures(hostUs),
      `${loss.first.toFixed(0)}..${loss.last.toFixed(0)}`,
    ]),
    words: [1],
  };
}

/** A row a product: the best variant. */
export function bestTable({ rows }: ProductReport): Table {
  return {
    head: ['product', 'form', 'm x n x k', 'best variant', 'us', 'GFLOP/s', 'of ceiling', 'default', 'slowest'],
    rows: rows.map((row) => {
      const best = row.variants.find((variant) => variant.best);
      const slowest = Math.max(...row.variants.map(({ median }) => median));
      const standard = row.variants.find((variant) => variant.default);
      const times = (us: number | undefined) => (best && us !== undefined ? `${figures(us / best.median)} x` : '-');
      const own = best ? [figures(best.median), figures(best.gflops), percent(best.share)] : ['-', '-', '-'];
      return [...productCells(row), best?.name ?? 'none', ...own, times(standard?.median), times(slowest)];
    }),
    words: [0, 1, 2, 3],
  };
}

/** A row a variant of every product. */
export function productTable({ rows }: ProductReport): Table {
  return {
    head: ['product', 'form', 'm x n x k', 'variant', 'us', 'GFLOP/s', 'of ceiling', 'err/limit', ''],
    rows: rows.flatMap((row) =>
      row.variants.map((variant) => [
        ...productCells(row),
        variant.name,
        figures(variant.median),
        figures(variant.gflops),
        percent(variant.share),
        variant.worst.toFixed(4),
        markOf(variant),
      ]),
    ),
    words: [0, 1, 2, 3, 8],
  };
}

const productCells = ({ label, form, m, n, k }: ProductRow) => [label, form, `${m} x ${n} x ${k}`];

export function peerTable({ results }: PeerReport): Table {
  return {
    head: ['program', 'device', 'ms a step', 'min..max', 'ratio', 'min..max', 'loss, first..last'],
    rows: results.map(({ name, version, device, ms, ratio, loss }, index) => [
      `${name} ${version}`.trim(),
      device,
      figures(ms.median),
      `${figures(ms.min)}..${figures(ms.max)}`,
      index === 0 ? '1' : figures(ratio.median),
      index === 0 ? '' : `${figures(ratio.min)}..${figures(ratio.max)}`,
      `${loss.first.toFixed(0)}..${loss.last.toFixed(0)}`,
    ]),
    words: [0, 1],
  };
}

export function rowTable({ rows, results }: RowReport): Table {
  return {
    head: ['question', 'ms', 'min..max', 'rows/s', 'ratio', 'min..max'],
    rows: results.map(({ name, ms, ratio }, index) => [
      name,
      figures(ms.median),
      `${figures(ms.min)}..${figures(ms.max)}`,
      figures(rows / (ms.median / 1000)),
      index === 0 ? '1' : figures(ratio.median),
      index === 0 ? '' : `${figures(ratio.min)}..${figures(ratio.max)}`,
    ]),
    words: [0],
  };
}

export function scalingTable(series: readonly Series[]): Table {
  return {
    head: ['series', 'against', 'from..to', 'ms from..to', 'exponent', 'ms = a + b x'],
    rows: series.map(({ name, against, points, exponent, line }) => {
      const [first, last] = [points[0], points.at(-1)];
      return [
        name,
        against,
        `${first?.x}..${last?.x}`,
        `${figures(first?.ms ?? Number.NaN)}..${figures(last?.ms ?? Number.NaN)}`,
        exponent.toFixed(2),
        line ? `${figures(line.a)} + ${figures(line.b)} rows` : '',
      ];
    }),
    words: [0, 1, 5],
  };
}

const leftOutLines = (leftOut: readonly LeftOut[]) => leftOut.map(({ what, why }) => `left out   ${what}: ${why}`);

/** What is printed at the end. */
export function benchText(report: BenchReport, markdown: boolean): string {
  const table = markdown ? markdownTable : plainTable;
  const { steps, products, peers, scaling, through } = report;
  const notes = (lines: readonly string[]) =>
    lines.length > 0 ? [markdown ? lines.join('\n\n') : lines.join('\n')] : [];
  const parts = [
    ...(steps ? [table(stepTable(steps)), ...notes(stepNotes(steps))] : []),
    ...(scaling?.length ? [table(scalingTable(scaling)), ...notes(SCALING_NOTES)] : []),
    ...(products
      ? [table(markdown ? bestTable(products) : productTable(products)), ...notes(productNotes(products))]
      : []),
    ...(peers ? [table(peerTable(peers)), ...notes(peerNotes(peers))] : []),
    ...(through ? [table(rowTable(through)), ...notes(rowNotes(through))] : []),
    ...notes(headLines(report)),
  ];
  return parts.join('\n\n');
}

function headLines({ adapter, ceilingGflops, date, versions, precision }: BenchReport): string[] {
  const made = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    ...(precision === 'f16' ? ['precision  f16: what matmuls read'] : []),
    `ceiling    ${figures(ceilingGflops)} GFLOP/s f32 multiply-add, measured at the beginning`,
    describeAdapter(adapter).replace('adapter   ', 'adapter    '),
    `made       ${date}, ${made.join(', ')}`,
  ];
}

function stepNotes({ nullHostUs, leftOut, rows }: StepReport): string[] {
  const [dispatches] = [...new Set(rows.map((row) => row.dispatches))];
  return [
    'checked    the first step as an untrained model, then a falling loss, before anything was timed',
    ...(nullHostUs === null
      ? []
      : [`host       ${figures(nullHostUs)} us a seed step on Dawn's null backend, ${dispatches} dispatches`]),
    ...leftOutLines(leftOut),
  ];
}

const SCALING_NOTES = [
  'exponent   e of ms = c x^e, by least squares of logarithms; a + b rows by least squares of relative errors',
];

function productNotes({ leftOut, rows }: ProductReport): string[] {
  const refused = rows.flatMap((row) =>
    row.refused.map(({ name, reason }) => `refused    ${productCells(row).join(' ')} ${name}: ${reason}`),
  );
  return ['checked    each variant against f64 before it was timed', ...refused, ...leftOutLines(leftOut)];
}

function rowNotes({ rows, rounds, peakBytes, rowBytes }: RowReport): string[] {
  const mb = (bytes: number) => `${figures(bytes / 1e6)} MB`;
  return [
    `rows       ${rows} images of bytes through the seed model, in turn, ${rounds} rounds; ratio: a question's time over that of the trainer's`,
    '           evaluation in the same round, the forward half of as many steps',
    `memory     ${mb(peakBytes)} at most, of it ${mb(rowBytes)} the rows`,
    'checked    the KL term of the scores is that of the evaluation',
  ];
}

function agreementNote(results: PeerReport['results']): string {
  const others = results.slice(1).map(({ name, disagreement }) => `${name} ${disagreement.toExponential(1)}`);
  return `${CHECKED_STEPS} steps from the same weights without noise; losses differ from this engine's by at most: ${others.join(', ')}`;
}

function peerNotes({ model, batch, rounds, results, leftOut }: PeerReport): string[] {
  return [
    `peers      ${PEER_TITLES[model]} at batch ${batch}, in turn, ${rounds} rounds; ratio: a program's time over this engine's in the same round`,
    ...(results.length > 1 ? [`checked    ${agreementNote(results)}`] : []),
    ...leftOutLines(leftOut),
  ];
}
