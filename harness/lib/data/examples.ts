// Examples and labels of a data set in the form in which the library's calls take them, and what they are to a person.
import {
  type CheckedExamples,
  countOf,
  type Examples,
  type LabelOptions,
  type ModelSpec,
  numbersOf,
  shapeOfOne,
  sizeOf,
  someExamples,
} from 'latentgpu/node';

/** Of one image, in pixels; of three channels where it has colour. */
export interface ImageSize {
  height: number;
  width: number;
  /** 1 or 3; 1 if absent. */
  channels?: number;
}

/** How examples look as pictures; undefined for vectors, which do not. */
export function imageSizeOf(examples: Pick<Examples, 'shape'>): ImageSize | undefined {
  const [height, width, channels] = shapeOfOne(examples);
  if (height === undefined || width === undefined) return undefined;
  return { height, width, ...(channels !== undefined && { channels }) };
}

/** "28x28 images", "32x32 colour images", "rows of 30 features" */
export function describeExamples(examples: Pick<Examples, 'shape'>): string {
  const size = imageSizeOf(examples);
  if (!size) return `rows of ${sizeOf(examples)} features`;
  return `${size.height}x${size.width}${size.channels === undefined ? '' : ' colour'} images`;
}

/** The first `most` as the library takes them: [n, size]; pixels are 0..1. */
export const firstNumbers = (examples: CheckedExamples, most: number): Float32Array =>
  numbersOf(someExamples(examples, 0, most));

/** Labels of the first `most`, for a conditional model; nothing for another. */
export const firstLabels = ({ classes }: ModelSpec, { labels }: CheckedExamples, most: number): LabelOptions =>
  classes === undefined || !labels ? {} : { labels: labels.subarray(0, most) };

/** `each` labels of each class: 0 0 0 1 1 1 2 2 2 */
export const labelsByClass = (classes: number, each: number): number[] =>
  Array.from({ length: classes * each }, (_, index) => Math.floor(index / each));

/** Numbers 0..count-1 of the examples. */
export const allOf = (examples: CheckedExamples): number[] => [...Array(countOf(examples)).keys()];
