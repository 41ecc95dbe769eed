// A Vega-Lite chart as a picture that needs nothing from outside.
import type { TopLevelSpec } from 'vega-lite';

/** The same chart gives the same bytes. @returns an SVG document */
export async function svgOf(chart: TopLevelSpec): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const { spec } = vegaLite.compile(chart);
  const view = new vega.View(vega.parse(spec), { renderer: 'none', logLevel: vega.None });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}
