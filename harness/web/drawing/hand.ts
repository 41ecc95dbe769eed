// A hand that draws on an element, by pointer or by keys: arrows move it, Space held down draws. It tells strokes; what they
// do is not its matter.
import type { Size, Spot } from './sheet.js';

/** Which way each arrow key goes, right and down. */
export const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export interface Drawn {
  /** Of what is drawn on, in its pixels. */
  size(): Size;
  stroke(from: Spot, to: Spot): void;
  /** The keys are here, and that is to be shown; or it is no longer. */
  keysAt(spot: Spot | undefined): void;
}

export function listen(frame: HTMLElement, drawn: Drawn): void {
  byPointer(frame, drawn);
  byKeys(frame, drawn);
}

function byPointer(frame: HTMLElement, { size, stroke, keysAt }: Drawn): void {
  let last: Spot | undefined;
  const spotOf = ({ clientX, clientY }: PointerEvent): Spot => {
    const { left, top, width, height } = frame.getBoundingClientRect();
    return [((clientX - left) / width) * size().width, ((clientY - top) / height) * size().height];
  };
  frame.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    frame.setPointerCapture(event.pointerId);
    last = spotOf(event);
    keysAt(undefined);
    stroke(last, last);
  });
  frame.addEventListener('pointermove', (event) => {
    if (!last || !frame.hasPointerCapture(event.pointerId)) return;
    const spot = spotOf(event);
    stroke(last, spot);
    last = spot;
  });
  frame.addEventListener('lostpointercapture', () => {
    last = undefined;
  });
}

function byKeys(frame: HTMLElement, { size, stroke, keysAt }: Drawn): void {
  /** In the middle of the picture until the first arrow. */
  let at: Spot | undefined;
  let down = false;
  const here = (): Spot => within(at ?? [size().width / 2, size().height / 2], size());
  frame.addEventListener('keydown', (event) => {
    const arrow = ARROWS[event.key];
    if (event.key !== ' ' && !arrow) return;
    event.preventDefault();
    const from = here();
    if (arrow) at = within([from[0] + arrow[0], from[1] + arrow[1]], size());
    else down = true;
    keysAt(here());
    if (down) stroke(from, here());
  });
  frame.addEventListener('keyup', (event) => {
    if (event.key === ' ') down = false;
  });
  frame.addEventListener('blur', () => {
    down = false;
    keysAt(undefined);
  });
}

const within = ([x, y]: Spot, { height, width }: Size): Spot => [
  Math.min(width - 0.5, Math.max(0.5, x)),
  Math.min(height - 0.5, Math.max(0.5, y)),
];
