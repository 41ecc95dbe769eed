// A PNG while it is being drawn: images enlarged to squares of screen pixels, and grey areas. Grey, or in colour where the
// images are. Values to bytes only.
import { encode } from 'fast-png';

/** Where an image goes, and how large its pixels become, in screen pixels. */
export interface ImagePlace {
  height: number;
  width: number;
  scale: number;
  left: number;
  top: number;
}

export class Raster {
  private readonly data: Uint8ClampedArray; // clips and rounds what is stored

  /** @param channels 1 or 3, those of the images */
  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly channels: number,
    paper: number,
  ) {
    this.data = new Uint8ClampedArray(width * height * channels).fill(paper);
  }

  /** A rectangle of one grey; what lies outside is left out. */
  fill(grey: number, left: number, top: number, across: number, down: number): void {
    const [from, to] = [Math.max(0, left), Math.min(this.width, left + across)];
    for (let y = Math.max(0, top); y < Math.min(this.height, top + down); y++)
      this.data.fill(grey, this.at(from, y), this.at(to, y));
  }

  /** @param pixels [height, width, channels], 0 black to 1 white; what is outside is clipped, NaN is black */
  image(pixels: Float32Array, { height, width, scale, left, top }: ImagePlace): void {
    const { channels } = this;
    for (let y = 0; y < height * scale; y++) {
      const start = this.at(left, top + y);
      const row = Math.floor(y / scale) * width * channels;
      for (let x = 0; x < width * scale; x++)
        for (let channel = 0; channel < channels; channel++)
          this.data[start + x * channels + channel] =
            255 * (pixels[row + Math.floor(x / scale) * channels + channel] ?? 0);
    }
  }

  private at(x: number, y: number): number {
    return (y * this.width + x) * this.channels;
  }

  png(): Uint8Array {
    const { width, height, data, channels } = this;
    return encode({ width, height, data, depth: 8, channels });
  }
}
