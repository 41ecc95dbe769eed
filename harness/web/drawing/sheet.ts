// A drawing and the noise over parts of it: what each pen does to the pixels. Arithmetic only: pointer and keys are hand.ts's,
// the canvas is the pad's.
import { type CorruptionSpec, corruptImages } from 'latentgpu';

export const PENS = ['ink', 'noise', 'rubber'] as const;
export type Pen = (typeof PENS)[number];

export interface Size {
  height: number;
  width: number;
  /** 3 of colour; 1 if absent. */
  channels?: number;
}

/** Right and down from the top left, in pixels; the first one's middle is (0.5, 0.5). */
export type Spot = readonly [number, number];

export interface Stroke {
  from: Spot;
  to: Spot;
  pen: Pen;
}

/** Radius of each pen and the width of its soft edge, in pixels. */
const RADIUS: Record<Pen, number> = { ink: 1.2, noise: 2.5, rubber: 2.2 };
const EDGE = 0.8;

/**
 * Noise lies over the drawing and is never added twice: however often the pen goes over a pixel, it is as noisy as the
 * damage says. So what a denoising model is shown is what it was trained on.
 */
export class Sheet {
  /** Of the noise: another one, another noise, and the same one always the same. */
  private seed = 1;
  /** 1 where the noise pen was, [height, width, channels]. */
  private readonly noisy: Uint8Array;

  /** @param clean the drawing without noise, [height, width, channels], 0 black to 1 white; strokes change it */
  constructor(
    readonly size: Size,
    readonly clean: Float32Array = new Float32Array(size.height * size.width * (size.channels ?? 1)),
  ) {
    this.noisy = new Uint8Array(clean.length);
  }

  /** The drawing with the noise over it, [height, width, channels]; Gaussian noise is not clipped. */
  shown(noise: CorruptionSpec): Float32Array<ArrayBuffer> {
    const damaged = corruptImages(this.clean, noise, this.seed);
    return Float32Array.from(this.clean, (value, i) => (this.noisy[i] ? (damaged[i] ?? 0) : value));
  }

  /** A line with a soft edge: ink is white; the rubber takes ink and noise away. Ink lies above noise. */
  draw({ from, to, pen }: Stroke): void {
    const { width, channels = 1 } = this.size;
    for (let at = 0; at < this.clean.length; at++) {
      const pixel = Math.floor(at / channels);
      const middle: Spot = [(pixel % width) + 0.5, Math.floor(pixel / width) + 0.5];
      const cover = Math.min(1, Math.max(0, (RADIUS[pen] - distance(middle, from, to)) / EDGE + 0.5));
      if (cover === 0) continue;
      const before = this.clean[at] ?? 0;
      if (pen === 'ink') this.clean[at] = Math.max(before, cover);
      if (pen === 'rubber') this.clean[at] = before * (1 - cover);
      if (cover >= 0.5) this.noisy[at] = pen === 'noise' ? 1 : 0;
    }
  }

  /** Noise all over, each time another one. */
  addNoise(): void {
    this.noisy.fill(1);
    this.seed++;
  }
}

/** Of a spot from the line between two, ends included. */
function distance([x, y]: Spot, from: Spot, to: Spot): number {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const [px, py] = [x - from[0], y - from[1]];
  const length = dx * dx + dy * dy;
  const along = length > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
  return Math.hypot(px - along * dx, py - along * dy);
}
