// Outputs that show images as they come: samples of the prior, reconstructions, and damaged images restored.
import { ArgumentError, corruptImages } from 'latentgpu/node';
import { imageGrid } from '../plots/pictures.js';
import { drawSheet, wrapRows } from '../plots/sheet.js';
import { ACROSS, firstOnes, type Output, sameLabel } from './material.js';
import { meanSquaredError, psnr } from './quantise.js';

const SAMPLES = 64;
const SAMPLES_ACROSS = 8;
const SAMPLES_OF_A_CLASS = 10;
/** Test images over which the noise of denoising is measured: drawing the noise takes the host its time. */
const MEASURED = 1000;

export const samples: Output = {
  name: 'samples',
  images: false,
  refusal: ({ code }) =>
    code.kind === 'deterministic'
      ? 'a deterministic code has no prior to draw from; only variational models have one'
      : undefined,
  async make({ model, test: { width, height }, options, results }) {
    const { seed, label, count } = options;
    const { spec } = model;
    if (spec.classes === undefined || label !== undefined) {
      const drawn = count ?? SAMPLES;
      const images = await model.sample(drawn, { seed, ...sameLabel(spec, label ?? 0, drawn) });
      const of = label === undefined ? '' : ` of class ${label}`;
      const picture = imageGrid(images, { width, height, columns: Math.min(drawn, SAMPLES_ACROSS) });
      return results.write('samples.png', picture, `${drawn} images${of} decoded from the prior, seed ${seed}`);
    }
    const across = count ?? SAMPLES_OF_A_CLASS;
    const rows = [];
    for (let each = 0; each < spec.classes; each++)
      // The same codes in each row, so that a column shows one style.
      rows.push({
        label: `class ${each}`,
        images: await model.sample(across, { seed, ...sameLabel(spec, each, across) }),
      });
    results.write(
      'samples.png',
      drawSheet({ rows, width, height }),
      `${across} images decoded from the prior for each class, a row a class, a column a code, seed ${seed}`,
    );
  },
};

export const reconstructions: Output = {
  name: 'reconstructions',
  images: true,
  refusal: () => undefined,
  async make(material) {
    const { model, test, options, results } = material;
    const { images, labels } = firstOnes(material, test, options.count ?? ACROSS);
    const made = await model.reconstruct(images, labels);
    const rows = [
      { label: 'original', images },
      { label: 'decoded', images: made },
    ];
    const { width, height } = test;
    const picture = drawSheet({ rows: wrapRows(rows, width * height, ACROSS), width, height });
    results.write('reconstructions.png', picture, 'test images above what the model makes of them');
  },
};

/** As a picture shows them: what is blacker than black or whiter than white is neither seen nor counted. */
const shownAs = (images: Float32Array) => images.map((value) => Math.min(Math.max(value, 0), 1));

export const denoised: Output = {
  name: 'denoised',
  images: true,
  refusal: ({ corruption }) => (corruption ? undefined : 'the model was not trained to restore damaged images'),
  async make(material) {
    const { model, test, options, results } = material;
    const { corruption } = model.spec;
    if (!corruption) throw new ArgumentError('denoised: the model has no corruption');
    const { images: clean, labels } = firstOnes(material, test, MEASURED);
    const corrupted = corruptImages(clean, corruption, options.seed);
    const restored = await model.reconstruct(corrupted, labels);
    const { width, height } = test;
    const shown = Math.min(options.count ?? ACROSS, clean.length / (width * height)) * width * height;
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
      drawSheet({ title, rows: wrapRows(rows, width * height, ACROSS), width, height }),
      `test images, damaged by ${noise}, restored: PSNR ${before} before, ${after} after` +
        ` (${clean.length / (width * height)} test images)`,
    );
  },
};

/** Weak noise may leave all of a few images as they are. */
const decibels = (ratio: number): string => (Number.isFinite(ratio) ? `${ratio.toFixed(1)} dB` : 'infinite');
