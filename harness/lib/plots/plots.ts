// The loss curves of a run as one SVG: the loss and each of its terms side by side, each with its own unit and scale,
// training and test in each.
// Vega does the drawing; it is imported when the first plot is made, because it takes a quarter of a second to load and
// most commands never draw. Reports to text only: run-folder.ts writes the file.
import type { EpochReport, Losses } from 'latentgpu/node';
import type { Config, TopLevelSpec } from 'vega-lite';
import { figures, isPlain, lossFormula, lossUnit, type NamedTerm, termTitle, unitText } from '../report/losses.js';
import { svgOf } from './svg.js';

type PanelSpec = Extract<TopLevelSpec, { hconcat: unknown }>['hconcat'][number];
type Layer = Extract<PanelSpec, { layer: unknown }>['layer'][number];

/** What a plot needs of a report. */
export type PlotReport = Pick<EpochReport, 'epoch' | 'step' | 'complete' | 'train' | 'test'>;

/** Training losses somewhere within an epoch. */
export interface TracePoint {
  /** Steps done by then. */
  step: number;
  /** Means over the steps since the point before. */
  losses: Losses;
}

export interface PlotOptions {
  /** Data and model, for example "fashion-mnist, VAE 784-512-256-64". */
  title: string;
  /** What the loss is made of. */
  terms: readonly NamedTerm[];
  /** Steps of a whole epoch: places an epoch that was cut short. By default taken from the first whole one. */
  stepsPerEpoch?: number;
  /** What happened between the reports: a thin line. Left out if the length of an epoch is not known. */
  trace?: readonly TracePoint[];
}

interface Panel {
  key: keyof Losses;
  title: string;
  unit: string;
}

/** The loss, and its terms unless it is one of them. */
function panelsOf(terms: readonly NamedTerm[]): Panel[] {
  const each = terms.map((named) => ({ key: named.term, title: termTitle(named.term), unit: unitText(named) }));
  if (isPlain(terms)) return each;
  return [{ key: 'loss', title: `Loss = ${lossFormula(terms)}`, unit: `${lossUnit(terms)} an image` }, ...each];
}

/** Blue and orange of Okabe & Ito's palette: told apart with any colour vision, and by marker in grey. */
const COLOURS = { train: '#0072b2', test: '#d55e00' };
const PARTS = ['train', 'test'] as const;
const PANEL_WIDTH = 250;
/** Of a panel that stands alone. */
const WIDE_PANEL = 540;
const PANEL_HEIGHT = 220;
const TICKS = 5;
const LEGEND = [
  'train: mean over each epoch, while the weights change (thin: within it)',
  'test: whole test set after it',
];
/** With more epochs than this, markers would hide the line. */
const MOST_MARKERS = 40;
const MOST_TRACE_POINTS = 300;

const INK = '#222222';
const CONFIG: Config = {
  font: 'Helvetica, Arial, DejaVu Sans, sans-serif',
  view: { stroke: null },
  title: { anchor: 'start', fontSize: 13, subtitleFontSize: 11, color: INK, subtitleColor: '#555555', offset: 10 },
  axis: {
    labelColor: INK,
    titleColor: INK,
    titleFontWeight: 'normal',
    labelFlush: false,
    labelFontSize: 11,
    titleFontSize: 11,
    gridColor: '#e4e4e4',
    domainColor: '#888888',
    tickColor: '#888888',
  },
  legend: { orient: 'bottom', labelColor: INK, labelFontSize: 12, symbolSize: 60, symbolOpacity: 1 },
  line: { strokeWidth: 1.8 },
};

interface Point {
  x: number;
  part: keyof typeof COLOURS;
  value: number;
}

/**
 * Loss curves over epochs. The same reports give the same bytes; the text needs nothing from outside.
 * @param reports one an epoch; values that are not finite are left out
 * @returns an SVG document
 */
export function lossPlot(reports: readonly PlotReport[], options: PlotOptions): Promise<string> {
  return svgOf(plotSpec(reports, options));
}

function plotSpec(reports: readonly PlotReport[], options: PlotOptions): TopLevelSpec {
  const { title, stepsPerEpoch, trace = [] } = options;
  const at = placer(reports, stepsPerEpoch);
  const thin = stepsPerEpoch ? thinned(trace).map((point) => ({ ...point, step: point.step / stepsPerEpoch })) : [];
  const panels = panelsOf(options.terms);
  const lastX = Math.max(1, ...reports.map(at));
  const width = panels.length > 1 ? PANEL_WIDTH : WIDE_PANEL;
  const curves: Curves = { reports, at, lastX, trace: thin, width };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json', // a name for the format; nothing is fetched
    title: {
      text: title,
      // Vega makes room for it as if letters were wide: beside one panel, one line would leave half the picture empty.
      subtitle: panels.length > 1 ? LEGEND.join('; ') : LEGEND,
    },
    background: 'white', // SVG viewers put transparent pictures on black or white
    padding: 16,
    spacing: 28,
    hconcat: panels.map((panel) => panelSpec(panel, curves)),
    config: CONFIG,
  };
}

/** What all panels show. */
interface Curves {
  reports: readonly PlotReport[];
  at: Placer;
  lastX: number;
  /** Steps as parts of an epoch. */
  trace: readonly TracePoint[];
  width: number;
}

/** One panel: a line and markers for each part, and the last values in words. */
function panelSpec({ key, title, unit }: Panel, { reports, at, lastX, trace, width }: Curves): PanelSpec {
  const values = reports
    .flatMap((report): Point[] => [
      { x: at(report), part: 'train', value: lossOf(report.train, key) },
      { x: at(report), part: 'test', value: lossOf(report.test, key) },
    ])
    .filter(({ value }) => Number.isFinite(value));
  const last = reports.at(-1);
  const parts = { field: 'part', type: 'nominal' as const, title: null } as const;
  const within = trace
    .map(({ step, losses }): Point => ({ x: step, part: 'train', value: lossOf(losses, key) }))
    .filter(({ value }) => Number.isFinite(value));
  // The first steps fall from far above: with one epoch that is what there is to see, with more it would hide the rest.
  const shown = reports.length > 1 ? values : [...values, ...within];
  const thin: Layer = { data: { values: within }, mark: { type: 'line', strokeWidth: 1, opacity: 0.45, clip: true } };
  const line: Layer = { mark: { type: 'line' } };
  const markers: Layer = {
    mark: { type: 'point', filled: true, opacity: 1, size: 45 },
    encoding: { shape: { ...parts, scale: { domain: [...PARTS], range: ['circle', 'diamond'] } } },
  };
  return {
    title: {
      text: title,
      subtitle: last
        ? `last: train ${figures(lossOf(last.train, key))}, test ${figures(lossOf(last.test, key))}`
        : 'no epoch yet',
    },
    width,
    height: PANEL_HEIGHT,
    data: { values },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative' as const,
        title: 'epoch',
        scale: { domain: [0, lastX * 1.03], nice: false }, // room for the last marker
        axis: { tickMinStep: 1, tickCount: 6 },
      },
      y: {
        field: 'value',
        type: 'quantitative' as const,
        title: unit,
        scale: { domain: valueRange(shown), zero: false, nice: TICKS }, // so that the topmost tick is the top edge
        axis: { tickCount: TICKS },
      },
      color: { ...parts, scale: { domain: [...PARTS], range: PARTS.map((part) => COLOURS[part]) } },
    },
    layer: [...(within.length > 1 ? [thin] : []), line, ...(reports.length > MOST_MARKERS ? [] : [markers])],
  };
}

/** A term that the model lacks is no number, and so is not drawn. */
const lossOf = (losses: Losses, key: keyof Losses): number => losses[key] ?? Number.NaN;

/** At most MOST_TRACE_POINTS points, each the mean of a run of neighbours. */
function thinned(trace: readonly TracePoint[]): TracePoint[] {
  const run = Math.ceil(trace.length / MOST_TRACE_POINTS) || 1;
  return Array.from({ length: Math.ceil(trace.length / run) }, (_, i) => {
    const points = trace.slice(i * run, (i + 1) * run);
    const mean = (of: (point: TracePoint) => number) => points.reduce((sum, p) => sum + of(p), 0) / points.length;
    const keys = Object.keys(points[0]?.losses ?? {}) as (keyof Losses)[];
    const losses = Object.fromEntries(keys.map((key) => [key, mean((p) => lossOf(p.losses, key))])) as Losses;
    return { step: mean((p) => p.step), losses };
  });
}

/** Lowest and highest value, with room around them; a range of some width even for one value or none. */
function valueRange(points: readonly Point[]): [number, number] {
  if (points.length === 0) return [0, 1];
  const values = points.map(({ value }) => value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = Math.max(0.03 * (high - low), 0.002 * Math.abs(high), 1e-6);
  return [low < 0 ? low - room : Math.max(low - room, 0), high + room]; // no room below zero for what is never negative
}

type Placer = (report: PlotReport) => number;

/** Where on the epoch axis a report stands: at its number, or part of the way there if the epoch was cut short. */
function placer(reports: readonly PlotReport[], stepsPerEpoch?: number): Placer {
  const whole = reports.find((report) => report.complete);
  const steps = stepsPerEpoch ?? (whole && whole.step / whole.epoch);
  return (report) => (report.complete || !steps ? report.epoch : report.step / steps);
}
