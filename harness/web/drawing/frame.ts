// A frame around one image of a grid, and which image of a grid a pointer is over.
import { make } from '../dom.js';

/** How images lie in a picture. */
export interface GridShape {
  columns: number;
  rows: number;
}

/** Puts the frame of a picture around its image `at`, counted from 0; takes it away of none. */
export function frameOn(place: HTMLElement, at: number | undefined, { columns, rows }: GridShape): void {
  const frame = place.querySelector<HTMLElement>('.frame') ?? make('div', { class: 'frame' });
  frame.hidden = at === undefined;
  if (at === undefined) return;
  place.append(frame); // a picture that another session draws has taken it away
  const percent = (part: number, all: number) => `${(100 * part) / all}%`;
  Object.assign(frame.style, {
    left: percent(at % columns, columns),
    top: percent(Math.floor(at / columns), rows),
    width: percent(1, columns),
    height: percent(1, rows),
  });
}

/** The image that a pointer is over, counted from 0. */
export function imageAt(
  place: HTMLElement,
  { clientX, clientY }: { clientX: number; clientY: number },
  { columns, rows }: GridShape,
): number {
  const { left, top, width, height } = place.getBoundingClientRect();
  const [column, row] = [((clientX - left) / width) * columns, ((clientY - top) / height) * rows].map(Math.floor);
  return (row ?? 0) * columns + (column ?? 0);
}
