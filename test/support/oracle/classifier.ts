// A small classifier in plain TypeScript, so that what judges a model's images is not the engine under test: one hidden
// layer of ReLU units and a softmax, trained by gradient descent, one image a step.
import type { Images } from '../../../src/data/dataset.js';
import { uniforms } from '../limits/numbers.js';

const HIDDEN = 64;
const CLASSES = 10;
const LEARNING_RATE = 0.02;

/** Weights by their input, so that a black pixel costs nothing. */
interface Weights {
  /** [pixels, hidden] */
  first: Float64Array;
  /** [hidden] */
  firstBias: Float64Array;
  /** [hidden, classes] */
  second: Float64Array;
  /** [classes] */
  secondBias: Float64Array;
}

/** sums[j] += x * weights[row, j] */
function addRow(sums: Float64Array, weights: Float64Array, row: number, x: number): void {
  for (let j = 0; j < sums.length; j++) sums[j] = (sums[j] as number) + x * (weights[row * sums.length + j] as number);
}

/** sums: what a unit gets; `x` what it is fed. */
function feed(x: ArrayLike<number>, weights: Float64Array, bias: Float64Array): Float64Array {
  const sums = bias.slice();
  for (let i = 0; i < x.length; i++) if (x[i] !== 0) addRow(sums, weights, i, x[i] as number);
  return sums;
}

const hiddenOf = (image: ArrayLike<number>, { first, firstBias }: Weights) =>
  feed(image, first, firstBias).map((sum) => Math.max(0, sum));

function softmax(logits: Float64Array): Float64Array {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/** One step of gradient descent on the cross entropy of one image. */
function learn(weights: Weights, image: ArrayLike<number>, label: number): void {
  const { second, secondBias, first, firstBias } = weights;
  const hidden = hiddenOf(image, weights);
  const wrong = softmax(feed(hidden, second, secondBias));
  wrong[label] = (wrong[label] as number) - 1;
  const back = hidden.map((h, i) => {
    if (h === 0) return 0;
    let sum = 0;
    for (let j = 0; j < CLASSES; j++) sum += (second[i * CLASSES + j] as number) * (wrong[j] as number);
    return sum;
  });
  descend(second, secondBias, hidden, wrong);
  descend(first, firstBias, image, back);
}

/** weights -= rate * input (x) gradient */
function descend(weights: Float64Array, bias: Float64Array, input: ArrayLike<number>, gradient: Float64Array): void {
  const units = gradient.length;
  for (let j = 0; j < units; j++) bias[j] = (bias[j] as number) - LEARNING_RATE * (gradient[j] as number);
  for (let i = 0; i < input.length; i++) {
    const x = LEARNING_RATE * (input[i] as number);
    if (x === 0) continue;
    for (let j = 0; j < units; j++)
      weights[i * units + j] = (weights[i * units + j] as number) - x * (gradient[j] as number);
  }
}

/** [n, pixels], 0..1, to the class of each. */
export type Classifier = (images: Float32Array) => number[];

/** @param images their labels are 0 to 9 */
export function trainClassifier({ count, height, width, pixels, labels }: Images, epochs: number): Classifier {
  const size = height * width;
  const weights: Weights = {
    first: Float64Array.from(uniforms(1, size * HIDDEN, -1 / Math.sqrt(size), 1 / Math.sqrt(size))),
    firstBias: new Float64Array(HIDDEN),
    second: Float64Array.from(uniforms(2, HIDDEN * CLASSES, -1 / Math.sqrt(HIDDEN), 1 / Math.sqrt(HIDDEN))),
    secondBias: new Float64Array(CLASSES),
  };
  const rows = Array.from({ length: count }, (_, i) =>
    Float64Array.from(pixels.subarray(i * size, (i + 1) * size), (byte) => byte / 255),
  );
  for (let epoch = 0; epoch < epochs; epoch++)
    rows.forEach((image, i) => {
      learn(weights, image, labels?.[i] as number);
    });
  return (images) =>
    Array.from({ length: images.length / size }, (_, i) => {
      const hidden = hiddenOf(images.subarray(i * size, (i + 1) * size), weights);
      const logits = feed(hidden, weights.second, weights.secondBias);
      return logits.indexOf(Math.max(...logits));
    });
}

/** The share of `answers` that are as `wanted`. */
export const agreement = (answers: readonly number[], wanted: ArrayLike<number>): number =>
  answers.filter((answer, i) => answer === wanted[i]).length / answers.length;
