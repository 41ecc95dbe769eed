// Picture files as examples: of one size, in colour if some of them are. Runs in a worker.
import type { FileLabels } from 'latentgpu/data';
import type { Chosen } from './chosen.js';
import { type Place, placesOf } from './folders.js';
import type { Part, Parts } from './parts.js';
import { openPicture, type PictureSize, pixelsOf } from './picture-pixels.js';

/** Pictures that all have one size, at most so many pixels a side, keep it. */
const MOST_SIDE = 64;
/** Others become so large. */
const SIZE: PictureSize = { height: 28, width: 28 };
/** Red, green, blue. */
const CHANNELS = 3;

export interface PictureOptions {
  /** Of each part. */
  most: number;
  /** What all are scaled to. */
  size: PictureSize | undefined;
}

/** @throws Error naming a file that cannot be read */
export async function fromPictures(chosen: readonly Chosen[], { most, size }: PictureOptions): Promise<Parts> {
  const places = placesOf(chosen.map(({ path }) => path));
  const parts = (['train', 'test'] as const).map((part) => {
    const own = chosen.flatMap((one, index) => (places[index]?.part === part ? [{ ...one, ...places[index] }] : []));
    return spread(own, most);
  });
  const all = parts.flat();
  const files = all.map(({ file }) => file);
  const { pixels, height, width } = await read(files, size);
  const channels = isGrey(pixels) ? 1 : CHANNELS;
  const values = channels === 1 ? pixels.filter((_, at) => at % CHANNELS === 0) : pixels;
  const [train = [], test = []] = parts;
  const classes = [...new Set(all.flatMap(({ label }) => label ?? []))];
  const one = height * width * channels;
  const part = (members: readonly Place[], first: number): Part => ({
    examples: {
      name: 'the pictures',
      shape: [members.length, height, width, channels],
      values: values.subarray(first * one, (first + members.length) * one),
    },
    ...(classes.length > 0 && { labels: labelsOf(members, classes) }),
  });
  return { train: part(train, 0), ...(test.length > 0 && { test: part(test, train.length) }), numbers: 'pixels' };
}

/** Some of them from the first to the last: in order of their folders the first would be of the first classes alone. */
function spread<T>(all: readonly T[], most: number): T[] {
  const count = Math.min(most, all.length);
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)] as T);
}

const labelsOf = (members: readonly Place[], classes: string[]): FileLabels => ({
  name: 'the folders of the pictures',
  shape: [members.length],
  values: Float64Array.from(members, ({ label = '' }) => classes.indexOf(label)),
  names: classes,
});

/** [n, height, width, 3] */
interface Pixels extends PictureSize {
  pixels: Uint8Array;
}

async function read(files: readonly File[], wanted: PictureSize | undefined): Promise<Pixels> {
  const own = wanted === undefined ? await inOwnSize(files) : undefined;
  if (own) return own;
  const size = wanted ?? SIZE;
  const one = size.height * size.width * CHANNELS;
  const pixels = new Uint8Array(files.length * one);
  for (const [index, file] of files.entries()) pixels.set(withoutAlpha(await scaledPixels(file, size)), index * one);
  return { ...size, pixels };
}

/** If they have one size, and a small one. */
async function inOwnSize(files: readonly File[]): Promise<Pixels | undefined> {
  let pixels = new Uint8Array();
  let size: PictureSize | undefined;
  for (const [index, file] of files.entries()) {
    const bitmap = await openPicture(file);
    const { height, width } = bitmap;
    if (Math.max(height, width) > MOST_SIDE || (size && (size.height !== height || size.width !== width)))
      return undefined;
    if (!size) pixels = new Uint8Array(files.length * height * width * CHANNELS);
    size = { height, width };
    pixels.set(withoutAlpha(pixelsOf(bitmap, size)), index * height * width * CHANNELS);
  }
  return size && { ...size, pixels };
}

const scaledPixels = async (file: File, size: PictureSize) => pixelsOf(await openPicture(file), size);

const withoutAlpha = (rgba: Uint8ClampedArray): Uint8ClampedArray => rgba.filter((_, at) => at % 4 !== 3);

function isGrey(pixels: Uint8Array): boolean {
  for (let at = 0; at < pixels.length; at += CHANNELS)
    if (pixels[at] !== pixels[at + 1] || pixels[at] !== pixels[at + 2]) return false;
  return true;
}
