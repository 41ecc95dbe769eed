// What is asked of the worker that makes data, and what it gives.
import type { CheckedExamples, Dataset, ScalingSpec } from 'latentgpu';
import type { Chosen } from './chosen.js';
import type { PictureSize } from './picture-pixels.js';
import type { ColumnOptions } from './tables.js';

export type Scale = 'default' | 'none' | ScalingSpec['kind'];

export interface DataOptions extends ColumnOptions {
  /** Examples of each part at most. */
  most: number;
  /** Of pictures: what all are scaled to. */
  size: PictureSize | undefined;
  scale: Scale;
  /** Of what is held out for testing, where files have no test set. */
  seed: number;
}

export type DataRequest = { digits: { train: number; test: number } } | { files: Chosen[]; options: DataOptions };

/** A data set, and what a model is to know of it. */
export interface PageData extends Dataset<CheckedExamples> {
  /** Of rows: what each number is called. */
  features?: readonly string[];
  /** What the classes 0.. are called, where that is not their number. */
  classes?: readonly string[];
  /** Whether the model sees numbers of 0..1, as pixels are; else any numbers. */
  pixels: boolean;
  scaling?: ScalingSpec;
}
