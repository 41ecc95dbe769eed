// Names of classes that files give as numbers alone, of data that everybody has: told by how their labels begin, as files are
// renamed.
import type { Part } from './parts.js';

const FASHION = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
] as const;

/** The first labels of Fashion-MNIST's training and test images. Source: Xiao, Rasul & Vollgraf 2017. */
const FASHION_LABELS = [
  [9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9, 1, 0, 6, 4],
  [9, 2, 1, 1, 6, 1, 4, 6, 5, 7, 4, 5, 7, 3, 4, 1, 2, 4, 8, 0],
];

/** @returns the names of the classes, in order; nothing if the data are none of those that are known */
export function knownClasses({ examples, labels }: Part): readonly string[] | undefined {
  const [, height, width] = examples.shape;
  const isFashion = FASHION_LABELS.some((first) => first.every((label, i) => Number(labels?.values[i]) === label));
  return height === 28 && width === 28 && isFashion ? FASHION : undefined;
}
