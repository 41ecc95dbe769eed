// Some pictures of a folder, read and decoded: what a thread does, or the program itself where there are few.
import fs from 'node:fs';
import { LatentGpuError } from 'latentgpu/node';
import type { PictureSize } from '../options/reading-options.js';
import { decodePicture, resized } from './picture.js';
import type { Picture } from './pixels.js';

export interface DecodeTask {
  /** The number of the first among all, to tell tasks apart. */
  first: number;
  files: readonly string[];
  size?: PictureSize | undefined;
}

export interface DecodedTask {
  first: number;
  /** Of each file, its picture, or why there is none. */
  pictures: (Picture | { why: string })[];
}

export function decodeTask({ first, files, size }: DecodeTask): DecodedTask {
  return { first, pictures: files.map((file) => decodeFile(file, size)) };
}

function decodeFile(file: string, size: PictureSize | undefined): Picture | { why: string } {
  let bytes: Uint8Array;
  try {
    bytes = fs.readFileSync(file);
  } catch (error) {
    return { why: `it cannot be read: ${(error as Error).message}` };
  }
  try {
    const picture = decodePicture(bytes);
    const done = size ? resized(picture, size.height, size.width) : picture;
    // To be handed over alone: a view of larger memory would take that along.
    return done.pixels.byteLength === done.pixels.buffer.byteLength ? done : { ...done, pixels: done.pixels.slice() };
  } catch (error) {
    if (!(error instanceof LatentGpuError)) throw error;
    return { why: error.message };
  }
}
