// Bad inputs: images, codes, labels and weights that a model is asked to use.
import { conditional, plain, variational } from './made.js';
import { type BadInput, type Row, rowsOf } from './row.js';

const pixels = new Float32Array(784);

const USING: Row[] = [
  [
    'half an image',
    async () => (await variational()).encode(new Float32Array(10)),
    'images: 10 numbers, must be a positive multiple of 784, [n, 784]',
  ],
  [
    'an image of NaN',
    async () => (await variational()).encode(new Float32Array(784).fill(Number.NaN)),
    'images: 784 of 784 values are not finite in f32, the first is NaN at index 0',
  ],
  [
    'an image as text',
    async () => (await variational()).encode('image' as never),
    /^images: a String, must be an array of 0\.\.1, /,
  ],
  [
    'codes of another size',
    async () => (await variational()).decode([1, 2, 3]),
    'codes: 3 numbers, must be a positive multiple of 2, [n, 2]',
  ],
  [
    'encode({ label })',
    async () => (await variational()).encode(pixels, { label: 1 } as never),
    'label: unknown, must be one of labels; did you mean labels?',
  ],
  [
    'labels for a model without',
    async () => (await variational()).encode(pixels, { labels: [1] }),
    'this model is not conditional and takes no labels; leave them out',
  ],
  [
    'no labels',
    async () => (await conditional()).decode([0, 0]),
    'labels: none, must be 1, one a row: this model is conditional (10 classes)',
  ],
  [
    'a label as a number',
    async () => (await conditional()).decode([0, 0], { labels: 3 as never }),
    'labels: a Number, must be 1, one a row: this model is conditional (10 classes)',
  ],
  [
    'a class too far',
    async () => (await conditional()).decode([0, 0], { labels: [10] }),
    'labels[0]: 10, must be an integer from 0 to 9',
  ],
  [
    'sample({ count })',
    async () => (await variational()).sample({ count: 3 } as never),
    'sample count: {"count":3}, must be a positive integer',
  ],
  [
    'sample(4, { sed })',
    async () => (await variational()).sample(4, { sed: 1 } as never),
    'sample.sed: unknown, must be one of seed, labels; did you mean seed?',
  ],
  [
    'samples without a prior',
    async () => (await plain()).sample(3),
    'this model has a deterministic code and no prior to draw from; use a variational one, or decode codes of your own',
  ],
  [
    'parameters of nothing',
    async () => (await variational()).loadParameters(undefined as never),
    /^tensors: undefined, must be a Map or an object of \{ shape, values \} by name; /,
  ],
];

export const USE: BadInput[] = rowsOf(USING);
