// What it costs to keep an image as its code, each dimension in a few bits: bits an image, and the error of what is
// decoded, as a table, as JSON and as the same images at every depth.

import { countOf, numbersOf } from 'latentgpu/node';
import type { ImageSize } from '../data/examples.js';
import { shadesOf } from '../plots/shades.js';
import { drawSheet } from '../plots/sheet.js';
import { labelsFor } from './labels.js';
import { ACROSS, firstOnes, grouped, type Material, type Output } from './material.js';
import { dequantise, entropyBits, meanSquaredError, psnr, quantise, type Ranges, rangesOf } from './quantise.js';

/** Training images that the ranges of the code are taken from. */
export const RANGE_IMAGES = 5000;
const FLOAT_BITS = 32;
/** With fewer images than this for each cell, their shares say too little about the entropy. */
const IMAGES_PER_CELL = 4;

/** One row of the table. */
export interface Cost {
  /** A dimension; 32 are the codes as they are. */
  bits: number;
  bitsPerImage: number;
  bitsPerPixel: number;
  /** Bits an image that an ideal coder of independent dimensions needs; null where the images are too few to say. */
  entropyBits: number | null;
  /** Mean squared error a pixel, of pixels 0..1. */
  mse: number;
  /** dB */
  psnr: number;
}

export const compress: Output = {
  name: 'compress',
  images: true,
  pictures: true,
  refusal: ({ code }) =>
    code.kind === 'quantized'
      ? `its code is quantized already: ${code.units / code.dimensions} numbers below ${code.codes} an image`
      : undefined,
  async make(material) {
    const { model, train, test, options, results, say } = material;
    const { inputs: pixels, code, classes } = model.spec;
    const shades = shadesOf(model.spec);
    const images = shades(numbersOf(test));
    const count = countOf(test);
    const labels = labelsFor(model.spec, test.labels);
    const codes = (await material.testCodes()).mean;
    const ranges = await trainingRanges(material);
    const decoded = shades(await model.decode(codes, labels));
    const size = { pixels, latent: code.units };
    const costs = [cost({ bits: FLOAT_BITS, entropy: null, images, decoded }, size)];
    const { images: shownImages, labels: shownLabels } = firstOnes(
      material,
      test,
      Math.min(options.count ?? ACROSS, ACROSS),
    );
    const shown = shownImages.length / pixels;
    const rows = [
      { label: 'original', images: shades(shownImages) },
      { label: 'float', images: shades(await model.decode(codes.subarray(0, shown * code.units), shownLabels)) },
    ];
    for (const bits of options.compress ?? []) {
      const cells = quantise(codes, ranges, bits);
      const decoded = shades(await model.decode(dequantise(cells, ranges, bits), labels));
      const enough = count >= IMAGES_PER_CELL * 2 ** bits;
      costs.push(cost({ bits, entropy: enough ? entropyBits(cells, code.units) : null, images, decoded }, size));
      rows.push({ label: `${bits} bit${bits === 1 ? '' : 's'}`, images: decoded.subarray(0, shown * pixels) });
    }
    const from = Math.min(RANGE_IMAGES, countOf(train));
    say(costTable(costs, { ...size, classes, images: count, from }));
    const report = {
      images: count,
      ...size,
      ...(classes !== undefined && { classBits: Math.log2(classes) }),
      rangesFrom: `${from} training images`,
      low: [...ranges.low],
      high: [...ranges.high],
      costs,
    };
    results.write(
      'compress.json',
      `${JSON.stringify(report, null, 2)}\n`,
      'the table, and the range of each dimension',
    );
    const title =
      code.units === 1 ? 'bits for the one number of a code' : `bits for each of the ${code.units} numbers of a code`;
    results.write(
      'compress.png',
      drawSheet({ ...(material.size as ImageSize), title, rows }),
      'test images, their decoded codes, and what is left of them at so many bits a dimension',
    );
  },
};

/** Ranges of the code over training images: a decoder can have them beforehand, so they cost no image any bits. */
async function trainingRanges(material: Material): Promise<Ranges> {
  const { model, train } = material;
  const { images, labels } = firstOnes(material, train, RANGE_IMAGES);
  return rangesOf((await model.encode(images, labels)).mean, model.spec.code.units);
}

function cost(
  {
    bits,
    entropy,
    images,
    decoded,
  }: { bits: number; entropy: number | null; images: Float32Array; decoded: Float32Array },
  { pixels, latent }: { pixels: number; latent: number },
): Cost {
  const mse = meanSquaredError(decoded, images);
  const bitsPerImage = bits * latent;
  return { bits, bitsPerImage, bitsPerPixel: bitsPerImage / pixels, entropyBits: entropy, mse, psnr: psnr(mse) };
}

/** The costs for a person: a row a depth. */
export function costTable(
  costs: readonly Cost[],
  sizes: {
    pixels: number;
    latent: number;
    /** Of a conditional model. */
    classes?: number | undefined;
    /** Test images. */
    images: number;
    /** Training images that the ranges are of. */
    from: number;
  },
): string {
  const { pixels, latent, classes, images, from } = sizes;
  const head = ['bits a number', 'bits an image', 'bits a pixel', 'entropy, bits', 'MSE', 'PSNR, dB'];
  const cells = costs.map((row) => [
    row.bits === FLOAT_BITS ? 'float' : String(row.bits),
    grouped(row.bitsPerImage),
    row.bitsPerPixel.toFixed(3),
    row.entropyBits === null ? '-' : row.entropyBits.toFixed(1),
    row.mse.toFixed(5),
    row.psnr.toFixed(2),
  ]);
  const table = [head, ...cells];
  const widths = head.map((_, at) => Math.max(...table.map((row) => (row[at] ?? '').length)));
  const lines = table.map((row) => row.map((cell, at) => cell.padStart(widths[at] ?? 0)).join('   '));
  const missing = costs.some((row) => row.bits !== FLOAT_BITS && row.entropyBits === null)
    ? [`-: ${grouped(images)} images are too few for the entropy of so many cells`]
    : [];
  return [
    '',
    `${grouped(images)} test images of ${grouped(pixels)} pixels (${grouped(8 * pixels)} bits as bytes), codes of ${latent} number${latent === 1 ? '' : 's'};`,
    `each number's range, from ${grouped(from)} training images, is cut into 2^bits equal cells`,
    ...lines,
    ...missing,
    ...(classes === undefined
      ? []
      : [`the class, which the decoder is told, costs ${Math.log2(classes).toFixed(1)} bits more`]),
    '',
  ].join('\n');
}
