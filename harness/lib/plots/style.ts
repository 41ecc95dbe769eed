// How charts of scores and features look: Vega-Lite's configuration for all of them.
import type { TopLevelSpec } from 'vega-lite';

export const INK = '#222222';

export const CONFIG: TopLevelSpec['config'] = {
  font: 'Helvetica, Arial, DejaVu Sans, sans-serif',
  title: { anchor: 'start', fontSize: 14, subtitleFontSize: 11, color: INK, subtitleColor: '#555555', offset: 12 },
  view: { stroke: '#bbbbbb' },
  axis: {
    labelColor: INK,
    titleColor: INK,
    titleFontWeight: 'normal',
    labelFontSize: 11,
    titleFontSize: 12,
    gridColor: '#eeeeee',
  },
  legend: { orient: 'top-right', fillColor: 'white', padding: 6, labelColor: INK, labelFontSize: 12 },
};
