// Trains an autoencoder and leaves pictures, curves and the model in a folder; `--help` lists the flags.
// A thin program: arguments, data, progress and the run folder are in harness/lib/, the rest is the public library.
// @ts-check
import {
  corruptImages,
  createModel,
  createTrainer,
  encodeSafetensors,
  openDevice,
  pretrain,
  printPlan,
} from 'latentgpu/node';
import * as harness from '#harness';

const PICTURED = 8;
const SAMPLED = 64;
const SAMPLED_A_CLASS = 8;

/** @typedef {import('latentgpu/node').Model} Model */
/** @typedef {import('latentgpu/node').Trainer} Trainer */

await harness.runProgram(async (program) => {
  const options = harness.readTrainOptions(process.argv.slice(2));
  if (options.help) return print(harness.trainHelp());
  const out = options.out ?? harness.defaultOut();
  if (!options.plan) harness.checkOut(out);
  const specFor = harness.chosenModel(options, options);

  // With --plan, the plan is all that is printed.
  const report = new harness.Report({ quiet: options.quiet || options.plan });
  const data = await harness.loadData(options.data, report, options);
  const dataset = harness.chooseImages(data.dataset, options, report);
  report.say(harness.describeData(dataset, data.from));
  const spec = specFor(dataset);

  const device = await openDevice({ adapter: options.adapter });
  try {
    report.say(harness.describeAdapter(device.adapter));
    const length = harness.chooseLength(options, { software: device.adapter.software, images: dataset.train.count });
    const training = harness.trainerOptions(options, length);
    const model = await createModel(device, spec, { seed: options.seed });
    const trainer = await createTrainer(model, dataset, training);
    if (options.plan) return print(printPlan(trainer.plan));

    const run = harness.describeRun({ options, training, length, out, data, dataset, device, model, trainer });
    for (const line of run.lines) report.say(line);
    const stop = harness.stopOnSignals(report);
    const folder = harness.createRunFolder(out);
    program.accepted = true;
    const job = { run, length, folder, report, signal: stop.signal };
    await recorded(job, async () => {
      if (length.pretraining) await pretrainLayers(model, dataset, harness.trainerOptions(options), job);
      await train(trainer, job);
    });
    await writeResults(model, { folder, test: dataset.test, seed: options.seed });
    report.say(`written to ${out}: ${folder.files().join(' ')}`);
    return stop.status;
  } finally {
    report.clear();
    device.dispose();
  }
});

/**
 * @typedef {{ run: harness.RunDescription, length: harness.RunLength, folder: harness.RunFolder, report: harness.Report,
 *   signal: AbortSignal }} Job
 */

/**
 * Does the work; run.json is on the disk after whatever ends it.
 * @param {Job} job @param {() => Promise<void>} work
 */
async function recorded({ run, folder }, work) {
  const started = performance.now();
  /** @type {{ error?: string }} */
  const end = {};
  try {
    await work();
  } catch (error) {
    end.error = error instanceof Error ? error.message : String(error);
    throw error;
  } finally {
    folder.writeRunJson({ ...run.json, seconds: (performance.now() - started) / 1000, ...end });
  }
}

/**
 * Each layer alone. The schedules are those of the whole model's training, and no part of this.
 * @param {Model} model
 * @param {import('latentgpu/node').Dataset} dataset
 * @param {import('latentgpu/node').TrainerOptions} training
 * @param {Job} job
 */
async function pretrainLayers(model, dataset, training, { length, folder, report, signal }) {
  if (!length.pretraining) return;
  let layer = -1;
  /** @param {number} next */
  const enter = (next) => {
    if (next !== layer) report.start(harness.layerTerms(model.spec, next));
    layer = next;
  };
  enter(0);
  /** @param {import('latentgpu/node').LayerProgress} progress */
  const onProgress = (progress) => {
    enter(progress.layer);
    report.progress(progress);
  };
  for await (const epoch of pretrain(model, dataset, { ...training, ...length.pretraining, signal, onProgress })) {
    folder.appendMetrics(epoch);
    report.epoch(epoch, length.pretraining.epochs);
  }
}

/**
 * Runs the epochs; what is known is on the disk after each, the curves after whatever ends them.
 * @param {Trainer} trainer
 * @param {Job} job
 */
async function train(trainer, { run, length, folder, report, signal }) {
  const { epochs, steps, stepsPerEpoch } = length;
  /** @type {import('latentgpu/node').EpochReport[]} */
  const reports = [];
  /** @type {harness.TracePoint[]} */
  const trace = [];
  const terms = harness.lossTerms(trainer.model.spec);
  /** @param {import('latentgpu/node').Progress} progress */
  const onProgress = (progress) => {
    trace.push({ step: progress.step, losses: progress.recent });
    report.progress(progress);
  };
  try {
    report.start(terms);
    for await (const epoch of trainer.train({ epochs, steps, signal, onProgress })) {
      folder.appendMetrics(epoch);
      reports.push(epoch);
      report.epoch(epoch, epochs);
    }
  } finally {
    if (reports.length > 0) await folder.writeLossPlot(reports, { title: run.title, terms, stepsPerEpoch, trace });
  }
}

/**
 * The pictures and the weights.
 * @param {Model} model
 * @param {{ folder: harness.RunFolder, test: import('latentgpu/node').Images, seed: number }} options
 */
async function writeResults(model, { folder, test, seed }) {
  const { width, height } = test;
  const size = { width, height };
  const { code, corruption, classes } = model.spec;
  const images = harness.asFloats(test, PICTURED);
  const labels = harness.firstLabels(model.spec, test, PICTURED);
  folder.writeReconstructions(images, await model.reconstruct(images, labels), size);
  if (corruption) {
    const damaged = corruptImages(images, corruption, seed);
    folder.writeDenoised(images, damaged, await model.reconstruct(damaged, labels), size);
  }
  if (code.kind === 'gaussian') {
    const asked = classes === undefined ? [] : harness.labelsByClass(classes, SAMPLED_A_CLASS);
    const samples =
      asked.length > 0 ? model.sample(asked.length, { seed, labels: asked }) : model.sample(SAMPLED, { seed });
    folder.writeSamples(await samples, size);
  }
  folder.writeModel(encodeSafetensors(await model.parameters()));
}

/** @param {string} text */
function print(text) {
  process.stdout.write(`${text}\n`);
  return 0;
}
