// Which data a training was on: enough to tell another data set by name of what differs, without keeping the data.
import type { Dataset, Images } from '../../data/dataset.js';
import { type CheckedExamples, checkDataset, countOf, type Examples } from '../../data/examples.js';

/** Of grey images of bytes. */
export interface ImagesIdentity {
  /** How many. */
  count: number;
  /** In pixels. */
  height: number;
  /** In pixels. */
  width: number;
  /** SHA-256 of the pixels, in hexadecimal. */
  pixels: string;
  /** The same of the labels, where there are any. */
  labels?: string;
}

/** Of any other examples. */
export interface ExamplesIdentity {
  /** [count, ...] */
  shape: readonly number[];
  /** SHA-256 of the numbers' bytes, in hexadecimal. */
  values: string;
  /** The same of the labels, where there are any. */
  labels?: string;
}

/** Which data a training saw; a checkpoint keeps it, and refuses others. */
export interface DataIdentity {
  /** The data set's. */
  name: string;
  /** Of the training examples. */
  train: ImagesIdentity | ExamplesIdentity;
  /** Of the validation examples, if there are any. */
  validation?: ImagesIdentity | ExamplesIdentity;
  /** Of the test examples. */
  test: ImagesIdentity | ExamplesIdentity;
}

/** Takes a tenth of a second for MNIST; the hash is computed off this thread where the platform does so. */
export async function identify(dataset: Dataset<Images | Examples>): Promise<DataIdentity> {
  const { name, train, validation, test } = checkDataset(dataset);
  return {
    name,
    train: await identifyPart(train),
    ...(validation && { validation: await identifyPart(validation) }),
    test: await identifyPart(test),
  };
}

async function identifyPart(examples: CheckedExamples): Promise<ImagesIdentity | ExamplesIdentity> {
  const { shape, values, labels } = examples;
  const hash = await sha256(values);
  const told = labels && { labels: await sha256(labels) };
  const [, height = 0, width = 0] = shape;
  return values instanceof Uint8Array && shape.length === 3
    ? { count: countOf(examples), height, width, pixels: hash, ...told }
    : { shape, values: hash, ...told };
}

async function sha256(numbers: Uint8Array | Float32Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', numbers as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const FIELDS = ['count', 'height', 'width', 'shape', 'pixels', 'values', 'labels'] as const;
const HASHES = new Set<string>(['pixels', 'values', 'labels']);

/**
 * What differs, in words: `train.count is 60000, was 50000`. Names do not count: the same images may be called otherwise.
 * @returns undefined if nothing does
 */
export function dataDifference(now: DataIdentity, then: DataIdentity): string | undefined {
  for (const part of ['train', 'validation', 'test'] as const) {
    const [is, was]: (Partial<ImagesIdentity & ExamplesIdentity> | undefined)[] = [now[part], then[part]];
    if (!is !== !was) return `${part} images are ${is ? 'given' : 'missing'}, and were ${was ? 'given' : 'not'} then`;
    for (const field of FIELDS)
      if (String(is?.[field]) !== String(was?.[field]))
        return HASHES.has(field)
          ? `the ${field} of the ${part} images are others (their SHA-256 differs)`
          : `${part}.${field} is ${is?.[field]}, was ${was?.[field]}`;
  }
  return undefined;
}
