// Moving a mark over the map: by pointer, by finger and by keys. A finger that goes up or down from anywhere but the mark scrolls
// the page, as on every other page; a tap, a finger that begins sideways, or one on the mark moves the mark.
import { ARROWS } from './hand.js';
import type { Share } from './points.js';

/** Shares of the map's side that the arrow keys move by. */
const KEY_STEP = 0.02;
const LARGE_KEY_STEP = 0.1;
/** CSS pixels: a finger so near to the mark is on it. */
const ON_MARK = 32;
/** CSS pixels: a pointer that went no farther was a click. */
const STILL = 4;

export interface Steering {
  /** Where the mark is. */
  at(): Share;
  moveTo(share: Share): void;
  drag(on: boolean): void;
  /** Pressed and let go of at one place. */
  click(share: Share): void;
  /** The pointer is there and nothing is dragged; or it has left. */
  hover(share: Share | undefined): void;
}

export function steer(frame: HTMLElement, { at, moveTo, drag, click, hover }: Steering): void {
  /** Where it was pressed, until it has gone far from there. */
  let pressed: { x: number; y: number } | undefined;
  /** Whether that was on the mark. */
  let onMark = false;
  /** Whether the finger scrolls the page: the browser tells that a little later. */
  let scrolls = false;
  const shareOf = ({ clientX, clientY }: { clientX: number; clientY: number }): Share => {
    const { left, top, width, height } = frame.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  };
  frame.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    frame.setPointerCapture(event.pointerId);
    pressed = { x: event.clientX, y: event.clientY };
    onMark = isOnMark(event);
    scrolls = false;
    drag(true);
    hover(undefined);
    // Of a finger it is not known yet whether it scrolls.
    if (event.pointerType !== 'touch') moveTo(shareOf(event));
  });
  frame.addEventListener('pointermove', (event) => {
    if (!frame.hasPointerCapture(event.pointerId)) {
      if (event.pointerType === 'mouse' && event.buttons === 0) hover(shareOf(event));
      return;
    }
    if (pressed) {
      const [right, down] = [event.clientX - pressed.x, event.clientY - pressed.y];
      if (Math.hypot(right, down) <= STILL) return;
      pressed = undefined;
      scrolls = event.pointerType === 'touch' && !onMark && Math.abs(down) > Math.abs(right);
    }
    if (!scrolls) moveTo(shareOf(event));
  });
  frame.addEventListener('pointerup', (event) => {
    if (!frame.hasPointerCapture(event.pointerId) || !pressed) return;
    moveTo(shareOf(event));
    click(shareOf(event));
  });
  frame.addEventListener('lostpointercapture', () => {
    pressed = undefined;
    drag(false);
  });
  frame.addEventListener('pointerleave', () => hover(undefined));
  function isOnMark(pointer: { clientX: number; clientY: number }): boolean {
    const { width, height } = frame.getBoundingClientRect();
    const [from, to] = [shareOf(pointer), at()];
    return Math.hypot((from[0] - to[0]) * width, (from[1] - to[1]) * height) <= ON_MARK;
  }
  frame.addEventListener(
    'touchstart',
    (event) => {
      const [finger] = event.touches;
      // While the page still scrolls on by itself it cannot be held.
      if (event.cancelable && event.touches.length === 1 && finger && isOnMark(finger)) event.preventDefault(); // it moves, and not the page
    },
    { passive: false },
  );
  frame.addEventListener('keydown', (event) => {
    const [right, down] = ARROWS[event.key] ?? [0, 0];
    if (right === 0 && down === 0) return;
    event.preventDefault();
    const [x, y] = at();
    const step = event.shiftKey ? LARGE_KEY_STEP : KEY_STEP;
    moveTo([x + right * step, y + down * step]);
  });
}
