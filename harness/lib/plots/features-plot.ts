// How well each feature of vectors is reconstructed, as bars in one SVG. Vega does the drawing, as for the loss curves
// (plots.ts). Numbers to text only: report/features.ts computes them.
import type { TopLevelSpec } from 'vega-lite';
import type { FeatureError } from '../report/features.js';
import { CONFIG, INK } from './style.js';
import { svgOf } from './svg.js';

/** More bars than this are no picture; the worst are shown. */
const MOST = 40;
const WIDTH = 420;
const BAR = 18;

/** The same errors give the same bytes. @returns an SVG document */
export function featuresPlot(errors: readonly FeatureError[], title: string): Promise<string> {
  const worst = errors.toSorted((a, b) => b.share - a.share).slice(0, MOST);
  const shown =
    worst.length < errors.length ? `the ${worst.length} worst of ${errors.length} features` : 'every feature';
  const values = worst.map(({ feature, rmse, share }) => ({ feature, share, told: rmse.toPrecision(3) }));
  const y = { field: 'feature', type: 'nominal' as const, sort: null, title: null, axis: { labelLimit: 240 } };
  const x = {
    field: 'share',
    type: 'quantitative' as const,
    title: "root mean squared error over the feature's standard deviation",
    scale: { domainMin: 0, domainMax: Math.max(1, ...values.map(({ share }) => share)) },
  };
  const chart: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json', // a name for the format; nothing is fetched
    title: {
      text: title,
      subtitle: [
        `Test rows, ${shown}; beside each bar the error in the data's own units.`,
        '1: no better than the mean.',
      ],
    },
    background: 'white', // SVG viewers put transparent pictures on black or white
    padding: 16,
    width: WIDTH,
    height: { step: BAR },
    data: { values },
    layer: [
      { mark: { type: 'bar', color: '#0072b2' }, encoding: { x, y } },
      {
        mark: { type: 'text', align: 'left', dx: 4, fontSize: 10, color: INK },
        encoding: { x, y, text: { field: 'told' } },
      },
      { mark: { type: 'rule', color: INK, strokeDash: [4, 3] }, encoding: { x: { datum: 1 } } },
    ],
    config: CONFIG,
  };
  return svgOf(chart);
}
