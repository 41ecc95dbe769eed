// Outputs that show images as they come: samples of the prior, reconstructions, and damaged images restored.
import { ArgumentError } from 'latentgpu/node';
import { numbersCsv } from '../data/csv-text.js';
import type { ImageSize } from '../data/examples.js';
import { imageGrid } from '../plots/pictures.js';
import { damagedImages, shadesOf } from '../plots/shades.js';
import { drawSheet, wrapRows } from '../plots/sheet.js';
import { classText, drawnClass } from './classes.js';
import { sameLabel } from './labels.js';
import { ACROSS, firstOnes, type Material, type Output } from './material.js';
import { meanSquaredError, psnr } from './quantise.js';

const SAMPLES = 64;
const SAMPLES_ACROSS = 8;
const SAMPLES_OF_A_CLASS = 10;
/** Test images over which the noise of denoising is measured: drawing the noise takes the host its time. */
const MEASURED = 1000;

export const samples: Output = {
  name: 'samples',
  images: false,
  pictures: false,
  refusal: ({ code }) =>
    code.kind === 'gaussian'
      ? undefined
      : `a ${code.kind} code has no prior to draw from; only variational models have one`,
  async make(material) {
    const { model, size, options, results, classes, label } = material;
    if (!size) return sampledRows(material);
    const { seed, count } = options;
    const { spec } = model;
    if (spec.classes === undefined || label !== undefined) {
      const drawn = count ?? SAMPLES;
      const images = await model.sample(drawn, { seed, ...sameLabel(spec, label ?? 0, drawn) });
      const of = label === undefined ? '' : ` of class ${classText(classes, label)}`;
      const picture = imageGrid(shadesOf(spec)(images), { ...size, columns: Math.min(drawn, SAMPLES_ACROSS) });
      return results.write('samples.png', picture, `${drawn} images${of} decoded from the prior, seed ${seed}`);
    }
    const across = count ?? SAMPLES_OF_A_CLASS;
    const rows = [];
    for (let each = 0; each < spec.classes; each++)
      // The same codes in each row, so that a column shows one style.
      rows.push({
        label: classes ? drawnClass(classes, each) : `class ${each}`,
        images: shadesOf(spec)(await model.sample(across, { seed, ...sameLabel(spec, each, across) })),
      });
    results.write(
      'samples.png',
      drawSheet({ ...size, rows }),
      `${across} images decoded from the prior for each class, a row a class, a column a code, seed ${seed}`,
    );
  },
};

/** Rows of a table instead of pictures. */
async function sampledRows({ model, features, options, results, classes: names, label }: Material): Promise<void> {
  const { seed, count: drawn = SAMPLES } = options;
  const { classes } = model.spec;
  const asked = label === undefined && classes !== undefined ? [...Array(classes).keys()] : [label ?? 0];
  const rows = [];
  for (const each of asked) rows.push(await model.sample(drawn, { seed, ...sameLabel(model.spec, each, drawn) }));
  const of =
    classes === undefined
      ? ''
      : label === undefined
        ? ' for each class in turn'
        : ` of class ${classText(names, label)}`;
  results.write(
    'samples.csv',
    numbersCsv(features, Float32Array.from(rows.flatMap((some) => [...some]))),
    `${drawn} rows${of} decoded from the prior, in the data's units, seed ${seed}`,
  );
}

export const reconstructions: Output = {
  name: 'reconstructions',
  images: true,
  pictures: false,
  refusal: () => undefined,
  async make(material) {
    const { model, test, size, features, options, results } = material;
    const { images, labels } = firstOnes(material, test, options.count ?? ACROSS);
    const made = await model.reconstruct(images, labels);
    if (!size)
      return results.write(
        'reconstructions.csv',
        numbersCsv(features, made),
        `what the model makes of the first ${images.length / features.length} test rows, in the data's units`,
      );
    const shades = shadesOf(model.spec);
    const rows = [
      { label: 'original', images: shades(images) },
      { label: 'decoded', images: shades(made) },
    ];
    const picture = drawSheet({ ...size, rows: wrapRows(rows, model.spec.inputs, ACROSS) });
    results.write('reconstructions.png', picture, 'test images above what the model makes of them');
  },
};

/** As a picture shows them: what is blacker than black or whiter than white is neither seen nor counted. */
const shownAs = (images: Float32Array) => images.map((value) => Math.min(Math.max(value, 0), 1));

export const denoised: Output = {
  name: 'denoised',
  images: true,
  pictures: true,
  refusal: ({ corruption }) => (corruption ? undefined : 'the model was not trained to restore damaged images'),
  async make(material) {
    const { model, test, options, results } = material;
    const { corruption } = model.spec;
    if (!corruption) throw new ArgumentError('denoised: the model has no corruption');
    const { images, labels } = firstOnes(material, test, MEASURED);
    const damaged = damagedImages(model.spec, images, corruption, options.seed);
    const shades = shadesOf(model.spec);
    const [clean, corrupted, restored] = [images, damaged, await model.reconstruct(damaged, labels)].map(shades) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const { inputs } = model.spec;
    const shown = Math.min(options.count ?? ACROSS, clean.length / inputs) * inputs;
    const rows = [
      { label: 'clean', images: clean.subarray(0, shown) },
      { label: 'corrupted', images: corrupted.subarray(0, shown) },
      { label: 'restored', images: restored.subarray(0, shown) },
    ];
    const [before, after] = [corrupted, restored].map((images) =>
      decibels(psnr(meanSquaredError(shownAs(images), clean))),
    );
    const noise = `${corruption.kind} ${corruption.amount}`;
    const title = `${noise}: PSNR ${before}, restored ${after}`;
    results.write(
      'denoised.png',
      drawSheet({ ...(material.size as ImageSize), title, rows: wrapRows(rows, inputs, ACROSS) }),
      `test images, damaged by ${noise}, restored: PSNR ${before} before, ${after} after` +
        ` (${clean.length / inputs} test images)`,
    );
  },
};

/** Weak noise may leave all of a few images as they are. */
const decibels = (ratio: number): string => (Number.isFinite(ratio) ? `${ratio.toFixed(1)} dB` : 'infinite');
