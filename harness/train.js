// Trains the variational autoencoder and leaves pictures, curves and the model in a folder; `--help` lists the flags.
// A thin program: arguments, data, progress and the run folder are in harness/lib/, the rest is the public library.
// @ts-check
import { createModel, createTrainer, encodeSafetensors, openDevice, printPlan, vae } from 'latentgpu/node';
import * as harness from '#harness';

const PICTURED = 8;
const SAMPLED = 64;

/** @typedef {import('latentgpu/node').Model} Model */
/** @typedef {import('latentgpu/node').Trainer} Trainer */

await harness.runProgram(async (program) => {
  const options = harness.readTrainOptions(process.argv.slice(2));
  if (options.help) return print(harness.trainHelp());
  const out = options.out ?? harness.defaultOut();
  if (!options.plan) harness.checkOut(out);

  // With --plan, the plan is all that is printed.
  const report = new harness.Report({ quiet: options.quiet || options.plan });
  const loaded = await harness.loadData(options.data, report, options);
  const dataset = harness.chooseImages(loaded.dataset, options, report);
  report.say(harness.describeData(dataset, loaded.from));

  const device = await openDevice({ adapter: options.adapter });
  try {
    report.say(harness.describeAdapter(device.adapter));
    const pixels = dataset.test.height * dataset.test.width;
    const spec = vae({ pixels, hidden: options.hidden, latent: options.latent });
    const model = await createModel(device, spec, { seed: options.seed });
    const trainer = await createTrainer(model, dataset, options);
    if (options.plan) return print(printPlan(trainer.plan));

    const run = harness.describeRun({ options, out, dataset, from: loaded.from, device, model, trainer });
    for (const line of run.lines) report.say(line);
    const stop = harness.stopOnSignals(report);
    const folder = harness.createRunFolder(out);
    program.accepted = true;
    await train(trainer, { run, folder, report, signal: stop.signal, steps: options.steps });
    await writeResults(model, { folder, test: dataset.test, seed: options.seed });
    report.say(`written to ${out}: ${folder.files().join(' ')}`);
    return stop.status;
  } finally {
    report.clear();
    device.dispose();
  }
});

/**
 * Runs the epochs; what is known is on the disk after each, and after whatever ends them.
 * @param {Trainer} trainer
 * @param {{ run: harness.RunDescription, folder: harness.RunFolder, report: harness.Report, signal: AbortSignal,
 *   steps: number | undefined }} options
 */
async function train(trainer, { run, folder, report, signal, steps }) {
  const { epochs } = run;
  const started = performance.now();
  /** @type {import('latentgpu/node').EpochReport[]} */
  const reports = [];
  /** @type {harness.TracePoint[]} */
  const trace = [];
  /** @param {import('latentgpu/node').Progress} progress */
  const onProgress = (progress) => {
    trace.push({ step: progress.step, losses: progress.recent });
    report.progress(progress);
  };
  /** @type {{ error?: string }} */
  const end = {};
  try {
    report.start();
    for await (const epoch of trainer.train({ epochs, steps, signal, onProgress })) {
      folder.appendMetrics(epoch);
      reports.push(epoch);
      report.epoch(epoch, epochs);
    }
  } catch (error) {
    end.error = error instanceof Error ? error.message : String(error);
    throw error;
  } finally {
    folder.writeRunJson({ ...run.json, seconds: (performance.now() - started) / 1000, ...end });
    if (reports.length > 0)
      await folder.writeLossPlot(reports, { title: run.title, stepsPerEpoch: trainer.stepsPerEpoch, trace });
  }
}

/**
 * The pictures and the weights.
 * @param {Model} model
 * @param {{ folder: harness.RunFolder, test: import('latentgpu/node').Images, seed: number }} options
 */
async function writeResults(model, { folder, test, seed }) {
  const { width, height } = test;
  const images = harness.asFloats(test, PICTURED);
  folder.writeReconstructions(images, await model.reconstruct(images), { width, height });
  folder.writeSamples(await model.sample(SAMPLED, { seed }), { width, height });
  folder.writeModel(encodeSafetensors(await model.parameters()));
}

/** @param {string} text */
function print(text) {
  process.stdout.write(`${text}\n`);
  return 0;
}
