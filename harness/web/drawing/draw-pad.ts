// What a pad shows.
import { context2d } from '../dom.js';
import type { Size, Spot } from './sheet.js';

/** The drawing, and where the keys are. */
export function drawPad(
  canvas: HTMLCanvasElement,
  pixels: Float32Array,
  { height, width, channels = 1 }: Size,
  keys?: Spot,
): void {
  canvas.width = width;
  canvas.height = height;
  const context = context2d(canvas);
  if (!context || pixels.length === 0) return;
  const picture = context.createImageData(width, height);
  for (let i = 0; i < height * width; i++)
    for (let part = 0; part < 4; part++)
      // The array clamps and rounds.
      picture.data[4 * i + part] = part === 3 ? 255 : 255 * (pixels[channels * i + (part % channels)] ?? 0);
  context.putImageData(picture, 0, 0);
  if (!keys) return;
  context.fillStyle = 'rgb(255 183 3 / 85%)';
  context.fillRect(Math.floor(keys[0]), Math.floor(keys[1]), 1, 1);
}
