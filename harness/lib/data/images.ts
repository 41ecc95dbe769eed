// Images and labels of a data set in the form in which the library's calls take them.
import type { Images, LabelOptions, ModelSpec } from 'latentgpu/node';

/** The first `count` images as the library takes them: [n, pixels], 0..1. */
export function asFloats({ pixels, height, width, count }: Images, most: number): Float32Array {
  return Float32Array.from(pixels.subarray(0, Math.min(most, count) * height * width), (byte) => byte / 255);
}

/** Labels of the first `most` images, for a conditional model; nothing for another. */
export const firstLabels = ({ classes }: ModelSpec, { labels }: Images, most: number): LabelOptions =>
  classes === undefined || !labels ? {} : { labels: labels.subarray(0, most) };

/** `each` labels of each class: 0 0 0 1 1 1 2 2 2 */
export const labelsByClass = (classes: number, each: number): number[] =>
  Array.from({ length: classes * each }, (_, index) => Math.floor(index / each));
