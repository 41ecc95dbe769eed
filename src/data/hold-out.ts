// Some of the training images held out, to see during training how a model does on images that it is not trained on.
import { ArgumentError } from '../errors.js';
import { permute } from '../random.js';
import type { Dataset, Images } from './dataset.js';

/** Which order of `permute` the choice is made by; the orders of training count from 0. */
const SPLIT = 0xffff_ffff;

/**
 * Moves a share of the training images, chosen by the seed, to `validation`. Both parts keep the order of the images.
 * @param share of the training images, between 0 and 1; at least one image is held out, and one is left
 * @throws ArgumentError if the share is none, or leaves nothing
 */
export function holdOut(dataset: Dataset, share: number, seed = 0): Dataset {
  const { count } = dataset.train;
  const held = Math.max(1, Math.round(share * count));
  if (!(share > 0 && share < 1) || held >= count)
    throw new ArgumentError(
      `validation share: ${share}, must be between 0 and 1 and leave some of the ${count} training images`,
    );
  const chosen = new Uint8Array(count);
  for (let position = 0; position < held; position++) chosen[permute(position, count, seed, SPLIT)] = 1;
  return { ...dataset, train: some(dataset.train, chosen, 0), validation: some(dataset.train, chosen, 1) };
}

/** The images whose mark in `chosen` is `mark`. */
function some({ count, height, width, pixels, labels }: Images, chosen: Uint8Array, mark: number): Images {
  const indices = [...Array(count).keys()].filter((index) => chosen[index] === mark);
  const size = height * width;
  const kept = new Uint8Array(indices.length * size);
  indices.forEach((from, to) => {
    kept.set(pixels.subarray(from * size, (from + 1) * size), to * size);
  });
  const own = labels && { labels: Uint8Array.from(indices, (index) => labels[index] ?? 0) };
  return { count: indices.length, height, width, pixels: kept, ...own };
}
