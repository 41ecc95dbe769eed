// What a pad shows.
import { context2d } from '../dom.js';
import type { Size, Spot } from './sheet.js';

/** The drawing, and where the keys are. */
export function drawPad(canvas: HTMLCanvasElement, pixels: Float32Array, { height, width }: Size, keys?: Spot): void {
  canvas.width = width;
  canvas.height = height;
  const context = context2d(canvas);
  if (!context || pixels.length === 0) return;
  const picture = context.createImageData(width, height);
  pixels.forEach((value, i) => {
    picture.data.set([255 * value, 255 * value, 255 * value, 255], 4 * i); // the array clamps and rounds
  });
  context.putImageData(picture, 0, 0);
  if (!keys) return;
  context.fillStyle = 'rgb(255 183 3 / 85%)';
  context.fillRect(Math.floor(keys[0]), Math.floor(keys[1]), 1, 1);
}
