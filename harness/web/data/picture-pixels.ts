// A picture file in a size, in colour or as a grey image. Runs in pages and workers.

export interface PictureSize {
  height: number;
  width: number;
}

/** @throws Error saying that the browser cannot read it */
export const openPicture = (file: File): Promise<ImageBitmap> =>
  createImageBitmap(file).catch(() => {
    throw new Error(`${file.name} is not a picture that this browser can read`);
  });

/**
 * Scaled so that all of it is seen, in the middle of a black image; the picture is closed.
 * @returns bytes, [height, width, 4]
 */
export function pixelsOf(bitmap: ImageBitmap, { height, width }: PictureSize): Uint8ClampedArray {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser gives no canvas to scale pictures with');
  const scale = Math.min(width / bitmap.width, height / bitmap.height);
  const [across, down] = [bitmap.width * scale, bitmap.height * scale];
  context.fillStyle = 'black';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, (width - across) / 2, (height - down) / 2, across, down);
  bitmap.close();
  return context.getImageData(0, 0, width, height).data;
}

/**
 * @param channels 3: in colour; 1: grey
 * @returns bytes 0 (black) to 255 (white), [height, width, channels]
 * @throws Error saying that the browser cannot read it
 */
export async function pictureIn(file: File, size: PictureSize, channels: number): Promise<Uint8Array> {
  const data = pixelsOf(await openPicture(file), size);
  if (channels > 1) return Uint8Array.from(data.filter((_, at) => at % 4 < 3));
  return Uint8Array.from({ length: size.height * size.width }, (_, i) =>
    luma(data[4 * i] ?? 0, data[4 * i + 1] ?? 0, data[4 * i + 2] ?? 0),
  );
}

/** Brightness of a colour, 0..255. Source: ITU-R BT.601. */
const luma = (red: number, green: number, blue: number): number =>
  Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
