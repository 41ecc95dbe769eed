// A step's time against its batch and against its width, both axes logarithmic, as one SVG. Vega does the drawing, as for
// the loss curves (plots.ts), and like there it is imported when the first plot is made.
import type { Config, TopLevelSpec } from 'vega-lite';
import type { Series } from '../bench/report.js';
import { svgOf } from './svg.js';

type PanelSpec = Extract<TopLevelSpec, { hconcat: unknown }>['hconcat'][number];

/** Okabe & Ito's palette: told apart with any colour vision, and by shape in grey. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#000000', '#7f7f7f'];
const SHAPES = [
  'circle',
  'diamond',
  'square',
  'triangle-up',
  'cross',
  'triangle-down',
  'triangle-right',
  'triangle-left',
];
const WIDTH = 320;
const HEIGHT = 300;
const INK = '#222222';

const CONFIG: Config = {
  font: 'Helvetica, Arial, DejaVu Sans, sans-serif',
  view: { stroke: '#bbbbbb' },
  title: { anchor: 'start', fontSize: 13, subtitleFontSize: 11, color: INK, subtitleColor: '#555555', offset: 10 },
  axis: {
    labelColor: INK,
    titleColor: INK,
    titleFontWeight: 'normal',
    labelFontSize: 11,
    titleFontSize: 12,
    gridColor: '#e4e4e4',
    domainColor: '#888888',
    tickColor: '#888888',
  },
  legend: {
    orient: 'bottom',
    columns: 2, // no wider than its panel: the next one has a legend, too
    labelLimit: 0,
    labelColor: INK,
    labelFontSize: 11,
    symbolSize: 60,
    symbolOpacity: 1,
    title: null,
  },
};

const AXES = {
  batch: { panel: 'Against the batch', title: 'batch (rows)' },
  width: { panel: 'Against the width', title: 'width (times the seed model)' },
} as const;

/** The same series give the same bytes. @returns an SVG document */
export function scalingPlot(series: readonly Series[], title: string): Promise<string> {
  return svgOf(plotSpec(series, title));
}

function plotSpec(series: readonly Series[], title: string): TopLevelSpec {
  const panels = (['batch', 'width'] as const).flatMap((against) => {
    const own = series.filter((one) => one.against === against);
    return own.length > 0 ? [panelSpec(against, own)] : [];
  });
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json', // a name for the format; nothing is fetched
    title,
    background: 'white', // SVG viewers put transparent pictures on black or white
    padding: 16,
    spacing: 80,
    bounds: 'flush', // panels begin at the same height, whatever their labels need
    hconcat: panels,
    resolve: { scale: { color: 'independent', shape: 'independent' } },
    config: CONFIG,
  };
}

function panelSpec(against: Series['against'], series: readonly Series[]): PanelSpec {
  const label = ({ name, exponent }: Series) => `${name} (x^${exponent.toFixed(2)})`;
  const values = series.flatMap((one) => one.points.map(({ x, ms }) => ({ x, ms, series: label(one) })));
  const names = series.map(label);
  const xs = [...new Set(values.map(({ x }) => x))].sort((a, b) => a - b);
  const parts = { field: 'series', type: 'nominal' as const, title: null };
  const color = { ...parts, scale: { domain: names, range: names.map((_, i) => COLOURS[i % COLOURS.length] ?? INK) } };
  const shape = {
    ...parts,
    scale: { domain: names, range: names.map((_, i) => SHAPES[i % SHAPES.length] ?? 'circle') },
  };
  return {
    title: AXES[against].panel,
    width: WIDTH,
    height: HEIGHT,
    data: { values },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative' as const,
        title: AXES[against].title,
        scale: { type: 'log' as const, base: 2, nice: false, padding: 12 },
        axis: { values: xs, format: 'd' },
      },
      y: {
        field: 'ms',
        type: 'quantitative' as const,
        title: 'ms a step',
        scale: { type: 'log' as const, base: 10, nice: false, padding: 12 },
        axis: { format: '~g', tickCount: 6 },
      },
      color,
    },
    layer: [
      { mark: { type: 'line', strokeWidth: 1.8 } },
      { mark: { type: 'point', filled: true, opacity: 1, size: 55 }, encoding: { shape } },
    ],
  };
}
