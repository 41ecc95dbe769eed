// Some of the training images held out, to see during training how a model does on images that it is not trained on.
import { ArgumentError } from '../errors.js';
import { permute } from '../random.js';
import type { Dataset, Images } from './dataset.js';
import { type CheckedExamples, checkExamples, chosenExamples, countOf } from './examples.js';

/** Which order of `permute` the choice is made by; the orders of training count from 0. */
const SPLIT = 0xffff_ffff;

/**
 * Moves a share of the training images, chosen by the seed, to `validation`. Both parts keep the order of the images.
 * @param share of the training images, between 0 and 1; at least one image is held out, and one is left
 * @throws ArgumentError if the share is none, or leaves nothing
 * @example
 * ```ts
 * const { train, validation, test } = holdOut(digits({ train: 2000, test: 200 }), 0.1, 1); // 1800, 200 and 200 images
 * ```
 */
export function holdOut<Part extends Images | CheckedExamples>(
  dataset: Dataset<Part>,
  share: number,
  seed = 0,
): Dataset<Part> {
  const train = checkExamples(dataset.train, 'train');
  const { kept, held } = heldOutRows(countOf(train), share, seed);
  const part = (rows: readonly number[]) => inFormOf(dataset.train, chosenExamples(train, rows));
  return { ...dataset, train: part(kept), validation: part(held) };
}

/**
 * Which of `count` examples `holdOut` holds out, and which it keeps, by number.
 * @throws ArgumentError as holdOut
 */
export function heldOutRows(
  count: number,
  share: number,
  seed = 0,
): {
  /** Ascending, from 0. */
  kept: number[];
  /** The others, ascending. */
  held: number[];
} {
  const held = Math.max(1, Math.round(share * count));
  if (!(share > 0 && share < 1) || held >= count)
    throw new ArgumentError(
      `validation share: ${share}, must be between 0 and 1 and leave some of the ${count} training examples`,
    );
  const chosen = new Uint8Array(count);
  for (let position = 0; position < held; position++) chosen[permute(position, count, seed, SPLIT)] = 1;
  const rows = (mark: number) => [...chosen.keys()].filter((row) => chosen[row] === mark);
  return { kept: rows(0), held: rows(1) };
}

/** Examples as the caller has them: as images if they were. */
function inFormOf<Part extends Images | CheckedExamples>(given: Part, examples: CheckedExamples): Part {
  if ('values' in given) return examples as Part;
  const { height, width } = given;
  const { values: pixels, labels } = examples;
  return { count: countOf(examples), height, width, pixels, ...(labels && { labels }) } as Part;
}
