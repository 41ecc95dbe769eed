// A picture of a file as bytes: which format it has, and all pictures to one size.
import { FormatError } from 'latentgpu/node';
import { decodeJpeg, isJpeg } from './jpeg.js';
import type { Picture } from './pixels.js';
import { decodePng, isPng } from './png.js';

/** @throws FormatError without the file's name: it is neither PNG nor JPEG, or broken */
export function decodePicture(bytes: Uint8Array): Picture {
  if (isPng(bytes)) return decodePng(bytes);
  if (isJpeg(bytes)) return decodeJpeg(bytes);
  throw new FormatError(bytes.length === 0 ? 'it is empty' : 'it is neither PNG nor JPEG');
}

/** Weights of a line's pixels in each pixel of another. */
interface Weights {
  /** The first pixel that counts, of each. */
  first: Int32Array;
  /** Of each, from there. */
  weights: Float64Array[];
}

/**
 * Bilinear with antialiasing, as PIL's and torchvision's resize: each new pixel is a mean of the old ones around it, weighed by
 * their distance, over two new pixels where the picture becomes smaller. The ratio of the sides is not kept.
 */
export function resized(picture: Picture, height: number, width: number): Picture {
  const { channels } = picture;
  if (picture.height === height && picture.width === width) return picture;
  const across = weightsOf(picture.width, width);
  const down = weightsOf(picture.height, height);
  // Along the rows, then along the columns, rounded to bytes in between.
  const narrow = new Uint8Array(picture.height * width * channels);
  for (let row = 0; row < picture.height; row++)
    for (let column = 0; column < width; column++)
      for (let channel = 0; channel < channels; channel++) {
        const from = (row * picture.width + (across.first[column] ?? 0)) * channels + channel;
        narrow[(row * width + column) * channels + channel] = mean(
          picture.pixels,
          from,
          channels,
          across.weights[column],
        );
      }
  const pixels = new Uint8Array(height * width * channels);
  const line = width * channels;
  for (let row = 0; row < height; row++)
    for (let at = 0; at < line; at++)
      pixels[row * line + at] = mean(narrow, (down.first[row] ?? 0) * line + at, line, down.weights[row]);
  return { height, width, channels, pixels };
}

function mean(values: Uint8Array, from: number, step: number, weights: ArrayLike<number> = []): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += (values[from + i * step] ?? 0) * (weights[i] ?? 0);
  return Math.min(255, Math.max(0, Math.floor(sum + 0.5)));
}

function weightsOf(from: number, to: number): Weights {
  const scale = from / to;
  const support = Math.max(1, scale);
  const first = new Int32Array(to);
  const weights = Array.from({ length: to }, (_, index) => {
    const centre = (index + 0.5) * scale;
    const low = Math.max(0, Math.floor(centre - support + 0.5));
    const high = Math.min(from, Math.floor(centre + support + 0.5));
    first[index] = low;
    const one = Float64Array.from({ length: high - low }, (_, i) =>
      Math.max(0, 1 - Math.abs(low + i + 0.5 - centre) / support),
    );
    const sum = one.reduce((all, weight) => all + weight, 0);
    return one.map((weight) => weight / sum);
  });
  return { first, weights };
}
