// Pictures of images: canvases that the session's worker draws on from the GPU's memory, and canvases of the page's own.
import type { Drawing, Session } from 'latentgpu/worker';
import { download, make } from '../dom.js';

/** How much larger a downloaded picture is than its pixels. */
const PNG_SCALE = 4;

/** Images in a grid, drawn by the worker. */
export class GpuPicture {
  private canvas: HTMLCanvasElement | undefined;
  private owner: Session | undefined;

  constructor(
    private readonly place: HTMLElement,
    private readonly label: string,
  ) {}

  /** Keeps the room for `rows` x `columns` images of a size, so that nothing jumps when they come. */
  shape(rows: number, columns: number, { height, width }: { height: number; width: number }): void {
    this.place.style.aspectRatio = `${columns * width} / ${rows * height}`;
  }

  async draw(session: Session, drawing: Drawing, columns: number): Promise<void> {
    await session.draw(this.canvasFor(session), drawing, { columns });
  }

  /** A canvas belongs to the worker that it was given to. */
  private canvasFor(session: Session): HTMLCanvasElement {
    if (this.canvas && this.owner === session) return this.canvas;
    this.canvas = make('canvas', { role: 'img', 'aria-label': this.label });
    this.owner = session;
    this.place.replaceChildren(this.canvas);
    return this.canvas;
  }

  download(name: string): void {
    if (this.canvas) downloadPng([this.canvas], name);
  }

  get canvases(): HTMLCanvasElement[] {
    return this.canvas ? [this.canvas] : [];
  }
}

/** Images in a grid, drawn here from bytes. */
export class HostPicture {
  readonly canvas: HTMLCanvasElement;

  constructor(place: HTMLElement, label: string) {
    this.canvas = make('canvas', { role: 'img', 'aria-label': label });
    place.replaceChildren(this.canvas);
  }

  /** @param values [n, height, width], 0 black to 1 white */
  draw(values: Float32Array, { height, width }: { height: number; width: number }, columns: number): void {
    const { canvas } = this;
    const count = values.length / (height * width);
    canvas.width = columns * width;
    canvas.height = Math.ceil(count / columns) * height;
    const context = canvas.getContext('2d');
    if (!context || count === 0) return;
    const picture = context.createImageData(canvas.width, canvas.height);
    for (let i = 0; i < values.length; i++) {
      const image = Math.floor(i / (height * width));
      const [row, column] = [Math.floor((i / width) % height), i % width];
      const y = Math.floor(image / columns) * height + row;
      const x = (image % columns) * width + column;
      const grey = 255 * (values[i] ?? 0); // the array clamps and rounds
      picture.data.set([grey, grey, grey, 255], 4 * (y * canvas.width + x));
    }
    context.putImageData(picture, 0, 0);
  }
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
