// How well scores tell odd rows from others: the ROC curve and the precision-recall curve side by side, as one SVG. Vega does the
// drawing, as for the loss curves (plots.ts). Numbers to text only: score/ranking.ts computes them.
import type { TopLevelSpec } from 'vega-lite';
import type { Ranking } from '../score/ranking.js';
import { CONFIG } from './style.js';
import { svgOf } from './svg.js';

const SIDE = 280;
const COLOUR = '#0072b2';
const CHANCE = '#888888';
/** More points than this are not seen, and make a file that viewers are slow with. */
const MOST = 1000;

/** The same ranking gives the same bytes. @returns an SVG document */
export function rankingPlot(
  { points, rocAuc, averagePrecision, odd, others }: Ranking,
  title: string,
): Promise<string> {
  const every = Math.max(1, Math.ceil(points.length / MOST));
  const shown = points.filter((_, at) => at % every === 0 || at === points.length - 1);
  const roc = [{ x: 0, y: 0 }, ...shown.map(({ falsePositiveRate: x, recall: y }) => ({ x, y }))];
  const precision = shown.map(({ recall: x, precision: y }) => ({ x, y }));
  const share = odd / (odd + others);
  const panel = (
    name: string,
    values: { x: number; y: number }[],
    axes: [x: string, y: string],
    chance: { x: number; y: number }[],
  ) => {
    const encoding = {
      x: { field: 'x', type: 'quantitative' as const, title: axes[0], scale: { domain: [0, 1] } },
      y: { field: 'y', type: 'quantitative' as const, title: axes[1], scale: { domain: [0, 1] } },
    };
    return {
      title: name,
      width: SIDE,
      height: SIDE,
      layer: [
        { data: { values: chance }, mark: { type: 'line' as const, color: CHANCE, strokeDash: [5, 4] }, encoding },
        {
          data: { values: values.map((point, at) => ({ ...point, at })) },
          mark: { type: 'line' as const, color: COLOUR, strokeWidth: 2 },
          encoding: { ...encoding, order: { field: 'at', type: 'quantitative' as const } },
        },
      ],
    };
  };
  const chart: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json', // a name for the format; nothing is fetched
    title: {
      text: title,
      subtitle: [
        `${odd.toLocaleString('en-US')} odd rows and ${others.toLocaleString('en-US')} others; dashed: scores that know nothing.`,
      ],
    },
    background: 'white', // SVG viewers put transparent pictures on black or white
    padding: 16,
    spacing: 90,
    bounds: 'flush', // panels begin at the same height
    hconcat: [
      panel(
        `ROC: area ${rocAuc.toFixed(4)}`,
        roc,
        ['false positive rate (others called odd)', 'recall (odd rows found)'],
        [
          { x: 0, y: 0 },
          { x: 1, y: 1 },
        ],
      ),
      panel(
        `Precision-recall: average precision ${averagePrecision.toFixed(4)}`,
        precision,
        ['recall (odd rows found)', 'precision (of those called odd)'],
        [
          { x: 0, y: share },
          { x: 1, y: share },
        ],
      ),
    ],
    config: CONFIG,
  };
  return svgOf(chart);
}
