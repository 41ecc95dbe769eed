// A pad to draw on by pointer or keys, with ink, noise or a rubber, and what the model makes of the drawing.
import { corruptImages } from 'latentgpu';
import { button, byId, eachFrame, latest } from '../dom.js';
import { GpuPicture } from '../drawing/picture.js';
import type { State } from '../state.js';
import { fillClasses } from './decoded.js';
import { ARROWS } from './map.js';
import type { Panel } from './panel.js';

type Pen = 'ink' | 'noise' | 'rubber';

/** Radius of each pen and the width of its soft edge, in pixels. */
const RADIUS: Record<Pen, number> = { ink: 1.2, noise: 2.5, rubber: 2.2 };
const EDGE = 0.8;
/** Damage for models that have none of their own. */
const NOISE = { kind: 'gaussian', amount: 0.3 } as const;

export function padPanel(state: State): Panel {
  const frame = byId('pad');
  const canvas = byId<HTMLCanvasElement>('ink');
  const pen = byId<HTMLSelectElement>('pen');
  const label = byId<HTMLSelectElement>('pad-class');
  const redrawn = new GpuPicture(byId('redrawn'), 'Your drawing, reconstructed');
  let drawing = new Float32Array();
  /** Where the keys are, in pixels. */
  let cursor: [number, number] = [14, 14];
  let keyed = false;
  let borrowed = 0;
  let damage = 0;

  const show = eachFrame(() => drawPad(canvas, drawing, state.test, keyed ? cursor : undefined));
  const redraw = latest(async () => {
    if (drawing.length !== state.pixels || state.pixels === 0) return;
    const labels = state.labels(() => Number(label.value), 1);
    await state.ask((session) => redrawn.draw(session, { reconstructions: drawing.slice(), ...labels }, 1));
  });
  const changed = () => {
    show();
    void redraw();
  };

  const stroke = (from: readonly [number, number], to: readonly [number, number]) => {
    drawStroke(drawing, state.test, { from, to, pen: pen.value as Pen });
    changed();
  };
  listen(frame, {
    size: () => state.test,
    stroke,
    cursor: (move) => {
      if (move) cursor = within(move(cursor), state.test);
      return cursor;
    },
    keyed: (on) => {
      keyed = on;
      show();
    },
  });

  const borrow = () => {
    const index = borrowed++ % Math.max(1, state.test.count);
    drawing = state.values(index, 1) as Float32Array<ArrayBuffer>;
    label.value = String(state.test.labels?.[index] ?? 0);
    changed();
  };
  button('borrow', borrow);
  button('clear', () => {
    drawing.fill(0);
    changed();
  });
  button('damage', () => {
    drawing = corruptImages(drawing, state.model?.corruption ?? NOISE, ++damage);
    changed();
  });
  label.addEventListener('change', () => void redraw());

  function renew(): void {
    redrawn.shape(1, 1, state.test);
    frame.style.aspectRatio = `${state.test.width} / ${state.test.height}`;
    const before = label.value;
    fillClasses(label, state);
    if (before !== '' && Number(before) < (state.classes ?? 0)) label.value = before;
    // An empty pad reconstructs to nothing to look at: begin with an image.
    if (drawing.length !== state.pixels) borrow();
    else show();
  }
  return { renew, refresh: redraw };
}

interface Size {
  height: number;
  width: number;
}
type Spot = readonly [number, number];

interface Hand {
  size(): Size;
  stroke(from: Spot, to: Spot): void;
  /** Where the keys are; moves them first if told how. */
  cursor(move?: (from: Spot) => [number, number]): Spot;
  keyed(on: boolean): void;
}

const within = ([x, y]: Spot, { height, width }: Size): [number, number] => [
  Math.min(width - 0.5, Math.max(0.5, x)),
  Math.min(height - 0.5, Math.max(0.5, y)),
];

function listen(frame: HTMLElement, hand: Hand): void {
  let last: Spot | undefined;
  let inked = false;
  const spotOf = ({ clientX, clientY }: PointerEvent): Spot => {
    const { left, top, width, height } = frame.getBoundingClientRect();
    const size = hand.size();
    return [((clientX - left) / width) * size.width, ((clientY - top) / height) * size.height];
  };
  frame.addEventListener('pointerdown', (event) => {
    frame.setPointerCapture(event.pointerId);
    last = spotOf(event);
    hand.keyed(false);
    hand.stroke(last, last);
  });
  frame.addEventListener('pointermove', (event) => {
    if (!last || !frame.hasPointerCapture(event.pointerId)) return;
    const spot = spotOf(event);
    hand.stroke(last, spot);
    last = spot;
  });
  frame.addEventListener('lostpointercapture', () => {
    last = undefined;
  });
  frame.addEventListener('keydown', (event) => {
    if (event.key === ' ') {
      event.preventDefault();
      inked = true;
      hand.keyed(true);
      hand.stroke(hand.cursor(), hand.cursor());
    }
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const from = hand.cursor();
    const to = hand.cursor(([x, y]) => [x + arrow[0], y + arrow[1]]);
    hand.keyed(true);
    if (inked) hand.stroke(from, to);
  });
  frame.addEventListener('keyup', (event) => {
    if (event.key === ' ') inked = false;
  });
  frame.addEventListener('blur', () => {
    inked = false;
    hand.keyed(false);
  });
}

/** Draws a line with a soft edge into pixels [height, width], 0 black to 1 white. */
function drawStroke(
  pixels: Float32Array,
  { height, width }: Size,
  { from, to, pen }: { from: Spot; to: Spot; pen: Pen },
) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const [px, py] = [column + 0.5 - from[0], row + 0.5 - from[1]];
      const along = length > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
      const distance = Math.hypot(px - along * dx, py - along * dy);
      const cover = Math.min(1, Math.max(0, (RADIUS[pen] - distance) / EDGE + 0.5));
      if (cover === 0) continue;
      const at = row * width + column;
      const before = pixels[at] ?? 0;
      if (pen === 'ink') pixels[at] = Math.max(before, cover);
      else if (pen === 'rubber') pixels[at] = before * (1 - cover);
      else if (Math.random() < 0.3) pixels[at] = Math.random();
    }
}

/** The drawing, and where the keys are. */
function drawPad(canvas: HTMLCanvasElement, pixels: Float32Array, { height, width }: Size, cursor?: Spot): void {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context || pixels.length !== width * height) return;
  const picture = context.createImageData(width, height);
  pixels.forEach((value, i) => {
    picture.data.set([255 * value, 255 * value, 255 * value, 255], 4 * i);
  });
  context.putImageData(picture, 0, 0);
  if (!cursor) return;
  context.fillStyle = 'rgb(255 183 3 / 85%)';
  context.fillRect(Math.floor(cursor[0]), Math.floor(cursor[1]), 1, 1);
}
