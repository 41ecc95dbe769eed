/** A decoded picture. */
export interface Picture {
  height: number;
  width: number;
  /** 1: grey; 3: red, green, blue. */
  channels: 1 | 3;
  /** [height, width, channels], 0 (black) to 255 (white). */
  pixels: Uint8Array;
}
