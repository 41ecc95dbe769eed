// Codes as points of a plane, coloured by class, as one SVG. Vega does the drawing, as for the loss curves (plots.ts), and
// like there it is imported when the first plot is made. Points to text only: generate/codes.ts finds the plane.
import type { Config, TopLevelSpec } from 'vega-lite';
import { svgOf } from './svg.js';

export interface CodePoint {
  x: number;
  y: number;
  /** Its class, where that is known. */
  label?: number;
}

export interface CodesPlotOptions {
  title: string;
  /** Share of the variance that lies along x and along y, 0..1. */
  shares: readonly [number, number];
  /** What the classes are called, where that is not their number. */
  classes?: readonly string[] | undefined;
}

/** Tol's "muted" scheme and a near-black: ten colours that are told apart with any colour vision. */
const COLOURS = [
  '#332288',
  '#88ccee',
  '#44aa99',
  '#117733',
  '#999933',
  '#ddcc77',
  '#cc6677',
  '#882255',
  '#aa4499',
  '#222222',
];
/** Neighbouring classes differ in shape too; with more than ten classes no colour comes twice with one shape before 50. */
const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'cross'];
const WIDTH = 620;
const HEIGHT = 520;
const INK = '#222222';

const CONFIG: Config = {
  font: 'Helvetica, Arial, DejaVu Sans, sans-serif',
  title: { anchor: 'start', fontSize: 14, color: INK, offset: 12 },
  view: { stroke: '#bbbbbb' },
  axis: {
    labelColor: INK,
    titleColor: INK,
    titleFontWeight: 'normal',
    labelFontSize: 11,
    titleFontSize: 13,
    gridColor: '#eeeeee',
    domainColor: '#888888',
    tickColor: '#888888',
  },
  legend: {
    labelColor: INK,
    titleColor: INK,
    titleFontWeight: 'normal',
    labelFontSize: 13,
    titleFontSize: 13,
    symbolSize: 90,
    symbolOpacity: 1,
  },
};

/**
 * The same points give the same bytes; the text needs nothing from outside.
 * @returns an SVG document
 */
export function codesPlot(points: readonly CodePoint[], options: CodesPlotOptions): Promise<string> {
  return svgOf(plotSpec(points, options));
}

function plotSpec(points: readonly CodePoint[], { title, shares, classes: names }: CodesPlotOptions): TopLevelSpec {
  const classes = [...new Set(points.flatMap(({ label }) => (label === undefined ? [] : [label])))].sort(
    (a, b) => a - b,
  );
  const [domainX, domainY] = domains(points);
  const colour = classes.map((label) => COLOURS[label % COLOURS.length] ?? INK);
  const shape = classes.map(
    (label) => SHAPES[(label + Math.floor(label / COLOURS.length)) % SHAPES.length] ?? 'circle',
  );
  const called = (label: number) => names?.[label] ?? label;
  const named = (point: CodePoint) => (point.label === undefined ? point : { ...point, label: called(point.label) });
  const parts = { field: 'label', type: 'nominal' as const, title: 'class' };
  const position = (field: 'x' | 'y', axisTitle: string, domain: [number, number]) =>
    ({
      field,
      type: 'quantitative' as const,
      title: axisTitle,
      scale: { domain, nice: false, zero: false },
      axis: { tickCount: 7 },
    }) as const;
  const name = (which: string, share: number) =>
    `${which} principal component (${(100 * share).toFixed(1)}% of the variance)`;
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json', // a name for the format; nothing is fetched
    title,
    background: 'white', // SVG viewers put transparent pictures on black or white
    padding: 16,
    width: WIDTH,
    height: HEIGHT,
    encoding: {
      x: position('x', name('first', shares[0]), domainX),
      y: position('y', name('second', shares[1]), domainY),
    },
    layer: [
      {
        data: { values: points.map(named) },
        mark: {
          type: 'point',
          filled: true,
          opacity: 0.75,
          size: 26,
          ...(classes.length === 0 && { color: COLOURS[0] }),
        },
        ...(classes.length > 0 && {
          encoding: {
            color: { ...parts, scale: { domain: classes.map(called), range: colour } },
            shape: { ...parts, scale: { domain: classes.map(called), range: shape } },
          },
        }),
      },
      // Each class by its name in its middle: first the halo, then the letters.
      ...[
        { color: 'white', stroke: 'white', strokeWidth: 5 },
        { color: INK, strokeWidth: 0 },
      ].map((look) => ({
        data: { values: middles(points, classes).map(named) },
        mark: {
          type: 'text' as const,
          fontSize: 19,
          fontWeight: 'bold' as const,
          strokeJoin: 'round' as const,
          ...look,
        },
        encoding: { text: { field: 'label', type: 'nominal' as const } },
      })),
    ],
    config: CONFIG,
  };
}

/** The mean of each class's points. */
function middles(points: readonly CodePoint[], classes: readonly number[]): CodePoint[] {
  return classes.map((label) => {
    const own = points.filter((point) => point.label === label);
    const mean = (of: (point: CodePoint) => number) => own.reduce((sum, point) => sum + of(point), 0) / own.length;
    return { x: mean(({ x }) => x), y: mean(({ y }) => y), label };
  });
}

/** Ranges of both axes with room around the points, and one length of a unit: a plane, not two scales. */
function domains(points: readonly CodePoint[]): [[number, number], [number, number]] {
  const range = (values: number[]) => ({
    middle: (Math.min(...values) + Math.max(...values)) / 2,
    reach: (Math.max(...values) - Math.min(...values)) / 2,
  });
  const x = range(points.map((point) => point.x));
  const y = range(points.map((point) => point.y));
  const unit = 1.04 * Math.max(x.reach / WIDTH, y.reach / HEIGHT) || 1 / WIDTH; // a half range a pixel
  return [
    [x.middle - unit * WIDTH, x.middle + unit * WIDTH],
    [y.middle - unit * HEIGHT, y.middle + unit * HEIGHT],
  ];
}
