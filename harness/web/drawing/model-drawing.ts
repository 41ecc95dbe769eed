// A drawing of a model: a bar for each of its layers, as high as it has numbers, narrow in the middle where the code is.
import { isMap, type ModelSpec, type Place, placedLayers } from 'latentgpu';

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 110;
const STEP = 62;
const BAR = 16;
const LEAST = 6;

export interface DrawnLayer {
  /** "784", or "14x14x8" of a feature map. */
  text: string;
  size: number;
  isCode: boolean;
}

const sizeOf = (place: Place): number => (isMap(place) ? place.height * place.width * place.channels : place.units);

/** From the image to the image; layers that only change numbers, as norms do, are not drawn. */
export function layersOf(model: ModelSpec): DrawnLayer[] {
  const { start, encoder, decoder } = placedLayers(model);
  const drawn = (place: Place): DrawnLayer => ({
    text: isMap(place) ? `${place.height}x${place.width}x${place.channels}` : String(place.units),
    size: sizeOf(place),
    isCode: false,
  });
  const inner = (layers: typeof encoder) =>
    layers.filter(({ from, to }) => sizeOf(from) !== sizeOf(to)).map(({ to }) => drawn(to));
  const lower = inner(encoder);
  // A plain code is the encoder's last layer.
  if (model.code.kind === 'deterministic') lower.pop();
  const code = { text: String(model.code.units), size: model.code.units, isCode: true };
  return [drawn(start), ...lower, code, ...inner(decoder)];
}

/** Sizes are told by the logarithm: a code of 2 beside an image of 784 would not be seen. */
export function drawModel(place: HTMLElement, layers: readonly DrawnLayer[]): void {
  const most = Math.log(Math.max(...layers.map(({ size }) => size + 1)));
  const width = STEP * layers.length;
  const svg = element('svg', { viewBox: `0 0 ${width} ${HEIGHT + 18}`, role: 'img' });
  svg.setAttribute('aria-label', `The model's layers: ${layers.map(({ text }) => text).join(' - ')}`);
  const heights = layers.map(({ size }) => LEAST + ((HEIGHT - LEAST) * Math.log(size + 1)) / most);
  const left = (index: number) => STEP * index + (STEP - BAR) / 2;
  heights.slice(1).forEach((height, index) => {
    const before = heights[index] ?? 0;
    const [x1, x2] = [left(index) + BAR, left(index + 1)];
    const [top, bottom] = [(HEIGHT - before) / 2, (HEIGHT + before) / 2];
    const points = `${x1},${top} ${x2},${(HEIGHT - height) / 2} ${x2},${(HEIGHT + height) / 2} ${x1},${bottom}`;
    svg.append(element('polygon', { points, class: 'flow' }));
  });
  layers.forEach(({ text, isCode }, index) => {
    const height = heights[index] ?? 0;
    const box = { x: left(index), y: (HEIGHT - height) / 2, width: BAR, height, rx: 3 };
    svg.append(element('rect', { ...box, class: isCode ? 'code' : 'layer' }));
    const label = element('text', { x: left(index) + BAR / 2, y: HEIGHT + 14, 'text-anchor': 'middle' });
    label.textContent = text;
    svg.append(label);
  });
  svg.style.maxWidth = `${width}px`;
  place.replaceChildren(svg);
}

function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
