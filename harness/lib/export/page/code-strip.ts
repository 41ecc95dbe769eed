// A code as a strip of bars, one a dimension, up or down from zero; of a Gaussian code also how sure the encoder is.
const NAMESPACE = 'http://www.w3.org/2000/svg';
/** In units of the drawing: a bar's room is as wide as 10. */
const [ROOM, HEIGHT] = [10, 100];
/** Less than that is drawn as that, so that small codes look small. */
const LEAST_REACH = 1;

/**
 * @param mean   [latent]
 * @param spread [latent], standard deviations; undefined: the code has none
 */
export function codeStrip(mean: Float32Array, spread: Float32Array | undefined): SVGSVGElement {
  const latent = mean.length;
  const reach = Math.max(LEAST_REACH, ...mean.map((z, d) => Math.abs(z) + (spread?.[d] ?? 0)));
  const y = (value: number) => HEIGHT / 2 - (value / reach) * (HEIGHT / 2 - 2);
  const svg = element('svg', {
    viewBox: `0 0 ${latent * ROOM} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': codeText(mean),
  }) as SVGSVGElement;
  const box = (name: string, x: number, width: number, from: number, to: number) =>
    svg.append(
      element('rect', {
        class: name,
        x: String(x),
        width: String(width),
        y: String(Math.min(y(from), y(to))),
        height: String(Math.abs(y(from) - y(to))),
      }),
    );
  mean.forEach((z, d) => {
    box('bar', d * ROOM + 1, ROOM - 2, 0, z);
    const deviation = spread?.[d];
    if (deviation !== undefined) box('spread', d * ROOM + ROOM / 2 - 0.5, 1, z - deviation, z + deviation);
  });
  svg.append(element('rect', { class: 'zero', x: '0', width: String(latent * ROOM), y: '49.75', height: '0.5' }));
  return svg;
}

/** For those who do not see it. */
const codeText = (mean: Float32Array): string =>
  `Code of ${mean.length} numbers, from ${Math.min(...mean).toFixed(2)} to ${Math.max(...mean).toFixed(2)}`;

function element(name: string, attributes: Record<string, string>): SVGElement {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made as SVGElement;
}
