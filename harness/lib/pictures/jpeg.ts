// JPEG to bytes of grey or colour, by jpeg-js: baseline and progressive, pure JavaScript without dependencies, bounded in memory.
// Checked before: how many pixels the file claims, and that it is whole.
import jpeg from 'jpeg-js';
import { FormatError } from 'latentgpu/node';
import type { Picture } from './pixels.js';

/** A byte of a scan codes at most so many pixels: eight blocks of 64, of a component on twice as many rows or columns. */
const MOST_RATIO = 1024;
const MEGA = 1e6;
const GREY = 1;

export const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;

/** @throws FormatError without the file's name: it is cut off, claims more than it can hold, or is otherwise broken */
export function decodeJpeg(bytes: Uint8Array): Picture {
  const { height, width, components } = frameOf(bytes);
  if (height * width > MOST_RATIO * bytes.length)
    throw new FormatError(`it claims ${width}x${height} pixels, of which its ${bytes.length} bytes cannot be`);
  if (!hasEnd(bytes)) throw new FormatError('it is cut off: its end (ff d9) is missing');
  const decoded = decode(bytes, height * width);
  if (decoded.height !== height || decoded.width !== width)
    throw new FormatError(
      `it has ${decoded.width}x${decoded.height} pixels, must have the ${width}x${height} of its frame`,
    );
  if (components !== GREY) return { height, width, channels: 3, pixels: decoded.data };
  return {
    height,
    width,
    channels: 1,
    pixels: Uint8Array.from({ length: height * width }, (_, i) => decoded.data[3 * i] ?? 0),
  };
}

function decode(bytes: Uint8Array, pixels: number): { height: number; width: number; data: Uint8Array } {
  try {
    return jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: Math.max(1, pixels / MEGA),
      // Of each pixel: coefficients of four bytes and bytes of four components, and the result.
      maxMemoryUsageInMB: 16 + (32 * pixels) / MEGA,
    });
  } catch (cause) {
    throw new FormatError(`it cannot be decoded (${cause instanceof Error ? cause.message : cause})`, { cause });
  }
}

/** The size in the first frame's header, and how many components it has. */
function frameOf(bytes: Uint8Array): { height: number; width: number; components: number } {
  const word = (at: number) => (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) throw new FormatError(`it has no marker at byte ${at}`);
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at++; // fill bytes
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      const [height, width, components] = [word(at + 5), word(at + 7), bytes[at + 9] ?? 0];
      if (marker > 0xc2)
        throw new FormatError(`it is coded in a rare way (SOF${marker - 0xc0}), must be baseline or progressive`);
      if (bytes[at + 4] !== 8 || height < 1 || width < 1 || ![1, 3, 4].includes(components))
        throw new FormatError(`its frame is ${width}x${height} of ${components} components of ${bytes[at + 4]} bits`);
      return { height, width, components };
    }
    if (marker === 0xda || marker === 0xd9) break;
    at += 2 + word(at + 2);
  }
  throw new FormatError('it is cut off: it has no frame');
}

/** What follows the end is of no matter. */
const hasEnd = (bytes: Uint8Array): boolean => {
  for (let at = bytes.length - 2; at >= 0; at--) if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  return false;
};
