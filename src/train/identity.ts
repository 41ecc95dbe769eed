// Which data a training was on: enough to tell another data set by name of what differs, without keeping the data.
import type { Dataset, Images } from '../data/dataset.js';

/** Of a set of images. */
export interface ImagesIdentity {
  count: number;
  height: number;
  width: number;
  /** SHA-256 of the pixels, in hexadecimal. */
  pixels: string;
  /** The same of the labels, where there are any. */
  labels?: string;
}

export interface DataIdentity {
  name: string;
  train: ImagesIdentity;
  validation?: ImagesIdentity;
  test: ImagesIdentity;
}

/** Takes a tenth of a second for MNIST; the hash is computed off this thread where the platform does so. */
export async function identify({ name, train, validation, test }: Dataset): Promise<DataIdentity> {
  return {
    name,
    train: await identifyImages(train),
    ...(validation && { validation: await identifyImages(validation) }),
    test: await identifyImages(test),
  };
}

async function identifyImages({ count, height, width, pixels, labels }: Images): Promise<ImagesIdentity> {
  const hash = await sha256(pixels);
  return { count, height, width, pixels: hash, ...(labels && { labels: await sha256(labels) }) };
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * What differs, in words: `train.count is 60000, was 50000`. Names do not count: the same images may be called otherwise.
 * @returns undefined if nothing does
 */
export function dataDifference(now: DataIdentity, then: DataIdentity): string | undefined {
  for (const part of ['train', 'validation', 'test'] as const) {
    const [is, was] = [now[part], then[part]];
    if (!is !== !was) return `${part} images are ${is ? 'given' : 'missing'}, and were ${was ? 'given' : 'not'} then`;
    for (const field of ['count', 'height', 'width', 'pixels', 'labels'] as const)
      if (is?.[field] !== was?.[field]) {
        const hash = field === 'pixels' || field === 'labels';
        return hash
          ? `the ${field} of the ${part} images are others (their SHA-256 differs)`
          : `${part}.${field} is ${is?.[field]}, was ${was?.[field]}`;
      }
  }
  return undefined;
}
