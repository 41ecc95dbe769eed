// What a run leaves when it ends: the model first, then curves and pictures. A file that cannot be written does not keep the
// others from being written.
import { corruptImages, encodeSafetensors, type Images, type Model } from 'latentgpu/node';
import { asFloats, firstLabels, labelsByClass } from '../data/images.js';
import type { PlotOptions, PlotReport } from '../plots/plots.js';
import type { RunFolder } from './run-folder.js';

const PICTURED = 8;
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
  { folder, test, seed }: { folder: RunFolder; test: Images; seed: number },
): Promise<void> {
  const { width, height } = test;
  const size = { width, height };
  const { code, corruption, classes } = model.spec;
  const images = asFloats(test, PICTURED);
  const labels = firstLabels(model.spec, test, PICTURED);
  await eachOf(
    async () => folder.writeReconstructions(images, await model.reconstruct(images, labels), size),
    async () => {
      if (!corruption) return;
      const damaged = corruptImages(images, corruption, seed);
      folder.writeDenoised(images, damaged, await model.reconstruct(damaged, labels), size);
    },
    async () => {
      if (code.kind !== 'gaussian') return;
      const asked = classes === undefined ? [] : labelsByClass(classes, SAMPLED_A_CLASS);
      const samples =
        asked.length > 0 ? model.sample(asked.length, { seed, labels: asked }) : model.sample(SAMPLED, { seed });
      folder.writeSamples(await samples, size);
    },
  );
}
