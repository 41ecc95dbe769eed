// Pictures of examples: of images, canvases that the session's worker draws on, and canvases of the page's own; of rows of features,
// charts of numbers that the session is asked for.
import type { Drawing } from 'latentgpu/worker';
import { download, make } from '../dom.js';
import type { Answering, State } from '../state.js';
import { chartsShape, drawCharts } from './charts.js';
import type { Size } from './sheet.js';

/** How much larger a downloaded picture is than its pixels. */
const PNG_SCALE = 4;

/** What a model makes, in a grid. */
export class ModelPicture {
  private canvas: HTMLCanvasElement | undefined;
  /** To whom the canvas belongs: charts are the page's own. */
  private owner: Answering | 'page' | undefined;

  constructor(
    private readonly state: State,
    private readonly place: HTMLElement,
    private readonly label: string,
  ) {}

  /** Keeps the room for `rows` x `columns` examples, so that nothing jumps when they come. */
  shape(rows: number, columns: number): void {
    const { size } = this.state;
    this.place.style.aspectRatio = size
      ? `${columns * size.width} / ${rows * size.height}`
      : chartsShape(rows, columns);
  }

  /** @param beside rows that are the bars of charts, [n, features] in the data's units, of which the drawing is what the model makes */
  async draw(session: Answering, drawing: Drawing, columns: number, beside?: Float32Array): Promise<void> {
    const { state } = this;
    if (state.size) return session.draw(this.canvasOf(session), drawing, { columns });
    const { generation, inputs: features } = state;
    const made = state.shades(await numbersOf(session, drawing));
    if (generation !== state.generation) return;
    const charts = beside ? { bars: state.shades(beside), marks: made } : { bars: made };
    drawCharts(this.canvasOf('page'), { ...charts, features, columns });
  }

  /** A canvas belongs to the worker that it was given to. */
  private canvasOf(owner: Answering | 'page'): HTMLCanvasElement {
    const label = this.state.worded(this.label);
    if (!this.canvas || this.owner !== owner) {
      this.canvas = make('canvas', { role: 'img', class: owner === 'page' ? 'charts' : 'images' });
      this.place.replaceChildren(this.canvas);
    }
    this.owner = owner;
    this.canvas.setAttribute('aria-label', label);
    return this.canvas;
  }

  download(name: string): void {
    if (this.canvas) downloadPng([this.canvas], name);
  }

  get canvases(): HTMLCanvasElement[] {
    return this.canvas ? [this.canvas] : [];
  }
}

/** [n, features], in the data's units. */
function numbersOf(session: Answering, { labels, ...drawing }: Drawing): Promise<Float32Array> {
  const options = labels ? { labels } : {};
  if ('codes' in drawing) return session.decode(drawing.codes, options);
  if ('reconstructions' in drawing) return session.reconstruct(drawing.reconstructions, options);
  const { samples, seed } = drawing;
  return session.sample(samples, { ...options, ...(seed !== undefined && { seed }) });
}

/** Images in a grid, drawn here. */
export class HostPicture {
  readonly canvas: HTMLCanvasElement;

  constructor(place: HTMLElement, label: string) {
    this.canvas = make('canvas', { role: 'img', 'aria-label': label });
    place.replaceChildren(this.canvas);
  }

  /** @param values [n, height, width, channels], 0 black to 1 white */
  draw(values: Float32Array, size: Size, columns: number): void {
    paint(this.canvas, values, size, columns);
  }
}

/** Images in a grid. @param values [n, height, width, channels], 0 black to 1 white */
export function paint(
  canvas: HTMLCanvasElement | OffscreenCanvas,
  values: Float32Array,
  { height, width, channels = 1 }: Size,
  columns: number,
): void {
  const pixels = values.length / channels;
  const count = pixels / (height * width);
  canvas.width = columns * width;
  canvas.height = Math.ceil(count / columns) * height;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null;
  if (!context || count === 0) return;
  const picture = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < pixels; i++) {
    const image = Math.floor(i / (height * width));
    const [row, column] = [Math.floor((i / width) % height), i % width];
    const y = Math.floor(image / columns) * height + row;
    const x = (image % columns) * width + column;
    const at = 4 * (y * canvas.width + x);
    for (let part = 0; part < 3; part++)
      picture.data[at + part] = 255 * (values[channels * i + (part % channels)] ?? 0); // the array clamps and rounds
    picture.data[at + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}

/** The pictures one below the other, as a file. */
export function downloadPng(canvases: readonly HTMLCanvasElement[], name: string): void {
  const all = make('canvas');
  all.width = PNG_SCALE * Math.max(...canvases.map(({ width }) => width));
  all.height = PNG_SCALE * canvases.reduce((sum, { height }) => sum + height, 0);
  const context = all.getContext('2d');
  if (!context) return;
  context.imageSmoothingEnabled = false;
  let y = 0;
  for (const canvas of canvases) {
    context.drawImage(canvas, 0, y, PNG_SCALE * canvas.width, PNG_SCALE * canvas.height);
    y += PNG_SCALE * canvas.height;
  }
  all.toBlob((blob) => {
    if (blob) download(name, blob);
  });
}
