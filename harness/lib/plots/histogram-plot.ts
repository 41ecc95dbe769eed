// How scores are spread, as bars in one SVG: of all rows, or of those that are known to be odd before the others. Vega does the
// drawing, as for the loss curves (plots.ts). Numbers to text only.
import type { TopLevelSpec } from 'vega-lite';
import { CONFIG, INK } from './style.js';
import { svgOf } from './svg.js';

export interface HistogramOptions {
  title: string;
  /** What the scores are called. */
  name: string;
  threshold?: number;
  /** Whether a row is odd, where that is known. */
  isOdd?: (row: number) => boolean;
}

const MOST_BINS = 60;
const LEAST_BINS = 12;
/** Scores that reach so much further than the middle one need a logarithmic axis. */
const WIDE = 20;
const GROUPS = { all: 'all rows', usual: 'other rows', odd: 'odd rows' };
const COLOURS = { all: '#0072b2', usual: '#0072b2', odd: '#d55e00' };

/** The same scores give the same bytes. Scores that are not finite are left out, and told. @returns an SVG document */
export function histogramPlot(scores: Float32Array, options: HistogramOptions): Promise<string> {
  return svgOf(chartOf(scores, options));
}

function chartOf(scores: Float32Array, { title, name, threshold, isOdd }: HistogramOptions): TopLevelSpec {
  const finite = [...scores.keys()].filter((row) => Number.isFinite(scores[row]));
  const sorted = finite.map((row) => scores[row] ?? 0).sort((a, b) => a - b);
  const [low = 0, middle = 1, high = 1] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  const log = low > 0 && high / middle > WIDE;
  const [place, value] = log ? [Math.log10, (x: number) => 10 ** x] : [(x: number) => x, (x: number) => x];
  const [from, to] = [place(low), place(high)];
  const bins = Math.min(MOST_BINS, Math.max(LEAST_BINS, Math.round(2 * Math.sqrt(finite.length))));
  const step = (to - from) / bins || 1;
  const groups = isOdd ? (['usual', 'odd'] as const) : (['all'] as const);
  const counts = new Map(groups.map((group) => [group as string, new Array<number>(bins).fill(0)]));
  for (const row of finite) {
    const bin = Math.min(bins - 1, Math.floor((place(scores[row] ?? 0) - from) / step));
    const own = counts.get(isOdd ? (isOdd(row) ? 'odd' : 'usual') : 'all');
    if (own) own[bin] = (own[bin] ?? 0) + 1;
  }
  const values = groups.flatMap((group) =>
    (counts.get(group) ?? []).map((count, bin) => ({
      group: GROUPS[group],
      count,
      x: value(from + bin * step),
      x2: value(from + (bin + 1) * step),
    })),
  );
  const left = scores.length - finite.length;
  const scale = log ? { type: 'log' as const, nice: false } : { zero: false, nice: false };
  const subtitle = [
    `${finite.length.toLocaleString('en-US')} rows${left > 0 ? `; ${left} whose score is not finite are left out` : ''}`,
  ];
  const bars = {
    mark: { type: 'rect' as const, opacity: isOdd ? 0.65 : 1 },
    encoding: {
      x: { field: 'x', type: 'quantitative' as const, title: name, scale, axis: { format: '~g' } },
      x2: { field: 'x2' },
      y: { field: 'count', type: 'quantitative' as const, title: 'rows', scale: { domainMin: 0 } },
      y2: { datum: 0 },
      color: {
        field: 'group',
        type: 'nominal' as const,
        title: null,
        scale: { domain: groups.map((group) => GROUPS[group]), range: groups.map((group) => COLOURS[group]) },
        ...(!isOdd && { legend: null }),
      },
    },
  };
  const rule = {
    data: { values: [{}] }, // once, not once a bar
    mark: { type: 'rule' as const, color: INK, strokeDash: [5, 4] },
    encoding: { x: { datum: threshold } },
  };
  const told = {
    data: { values: [{}] },
    mark: { type: 'text' as const, align: 'left' as const, dx: 5, y: 10, color: INK, fontSize: 11 },
    encoding: { x: { datum: threshold }, text: { value: `threshold ${Number((threshold ?? 0).toPrecision(4))}` } },
  };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json', // a name for the format; nothing is fetched
    title: { text: title, subtitle },
    background: 'white', // SVG viewers put transparent pictures on black or white
    padding: 16,
    width: 560,
    height: 280,
    data: { values },
    layer: threshold === undefined ? [bars] : [bars, rule, told],
    config: CONFIG,
  };
}
