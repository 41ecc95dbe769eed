// What a run leaves when it ends: the model first, then curves and pictures. A file that cannot be written does not keep the
// others from being written.
import {
  type CheckedExamples,
  countOf,
  encodeSafetensors,
  learnedSigma,
  learnsVariance,
  type Model,
  sizeOf,
} from 'latentgpu/node';
import { firstLabels, firstNumbers, type ImageSize, labelsByClass } from '../data/examples.js';
import type { PlotOptions, PlotReport } from '../plots/plots.js';
import { damagedImages, shadesOf } from '../plots/shades.js';
import { codeUseText, divergences } from '../report/code-use.js';
import { featureErrors, featureNames, featureText } from '../report/features.js';
import { sigmaText } from '../report/sigma.js';
import type { RunFolder } from '../run-folder/run-folder.js';

const PICTURED = 8;
/** Test rows that a feature's error is taken over. */
const MEASURED = 10_000;
/** Those that the use of the code is measured on. */
const ENCODED = 1000;
const SAMPLED = 64;
const SAMPLED_A_CLASS = 8;

/** Tries each; throws the first error when all were tried. */
export async function eachOf(...works: (() => void | Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const work of works)
    try {
      await work();
    } catch (error) {
      errors.push(error);
    }
  if (errors.length > 0) throw errors[0];
}

export async function writeModel(model: Model, folder: RunFolder): Promise<void> {
  folder.writeModel(encodeSafetensors(await model.parameters()));
}

/** The epochs that metrics.jsonl has, those of pretraining left out. */
export async function writeCurves(folder: RunFolder, options: PlotOptions & { stepsPerEpoch: number }): Promise<void> {
  const reports = folder.metrics
    .filter(({ layer }) => layer === undefined)
    .map((line): PlotReport => ({ ...line, complete: line.step === line.epoch * options.stepsPerEpoch }));
  if (reports.length > 0) await folder.writeLossPlot(reports, options);
}

export async function writePictures(
  model: Model,
  { folder, test, size, seed }: { folder: RunFolder; test: CheckedExamples; size: ImageSize; seed: number },
): Promise<void> {
  const { code, corruption, classes } = model.spec;
  const images = firstNumbers(test, PICTURED);
  const shades = shadesOf(model.spec);
  const labels = firstLabels(model.spec, test, PICTURED);
  await eachOf(
    async () => folder.writeReconstructions(shades(images), shades(await model.reconstruct(images, labels)), size),
    async () => {
      if (!corruption) return;
      const damaged = damagedImages(model.spec, images, corruption, seed);
      const restored = await model.reconstruct(damaged, labels);
      folder.writeDenoised(shades(images), shades(damaged), shades(restored), size);
    },
    async () => {
      if (code.kind !== 'gaussian') return;
      const asked = classes === undefined ? [] : labelsByClass(classes, SAMPLED_A_CLASS);
      const samples =
        asked.length > 0 ? model.sample(asked.length, { seed, labels: asked }) : model.sample(SAMPLED, { seed });
      folder.writeSamples(shades(await samples), size);
    },
  );
}

/** What each dimension of a Gaussian code carries; nothing for another. @returns a line about it */
export async function describeCode(model: Model, test: CheckedExamples): Promise<string | undefined> {
  const { code } = model.spec;
  if (code.kind !== 'gaussian') return undefined;
  const count = Math.min(ENCODED, countOf(test));
  const codes = await model.encode(firstNumbers(test, count), firstLabels(model.spec, test, count));
  return codeUseText(divergences(codes, code.units));
}

/** The standard deviation that a model has learned, beside how far test numbers are off. @returns a line about it */
export async function describeSigma(model: Model, test: CheckedExamples): Promise<string | undefined> {
  const { spec } = model;
  if (!learnsVariance(spec)) return undefined;
  const [logSigma = 0] = (await model.parameters()).get('log_sigma')?.values ?? [];
  const count = Math.min(ENCODED, countOf(test));
  const { gaussian = new Float32Array() } = await model.scores(firstNumbers(test, count), {
    terms: true,
    ...firstLabels(spec, test, count),
  });
  const nll = gaussian.reduce((sum, each) => sum + each, 0) / count;
  return sigmaText(spec, learnedSigma(logSigma), nll);
}

/** Of vectors, what stands in for pictures: how well each feature is reconstructed. @returns a line about it */
export async function writeFeatures(
  model: Model,
  {
    folder,
    test,
    names,
    title,
  }: { folder: RunFolder; test: CheckedExamples; names?: readonly string[]; title: string },
): Promise<string> {
  const count = Math.min(MEASURED, countOf(test));
  const values = firstNumbers(test, count);
  const made = await model.reconstruct(values, firstLabels(model.spec, test, count));
  const errors = featureErrors(values, made, featureNames(sizeOf(test), names));
  await folder.writeFeaturesPlot(errors, title);
  const all = Math.sqrt(errors.reduce((sum, { share }) => sum + share ** 2, 0) / errors.length);
  return (
    `features  root mean squared error in the data's units (and over the standard deviation, ${all.toFixed(2)} altogether); ` +
    `worst: ${featureText(errors)}`
  );
}
