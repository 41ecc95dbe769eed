// Uses a trained model: pictures, codes and what compression costs, from the folder that train.js left; `--help` lists
// the flags. A thin program: arguments, reading and each output are in harness/lib/, the rest is the public library.
// @ts-check
import { openDevice } from 'latentgpu/node';
import * as harness from '#harness';

await harness.runProgram(async (program) => {
  const options = harness.readGenerateOptions(process.argv.slice(2));
  if (!options) return harness.print(harness.generateHelp());
  const report = new harness.Report({ quiet: false });
  const say = (/** @type {string} */ line) => report.say(line);
  const { run: folder, weights } = options;
  const run = weights === undefined ? harness.readRun(folder) : harness.readWeights(weights, options.spec, say);
  if (options.out !== undefined) harness.checkOut(options.out);
  const { outputs, skipped } = harness.chooseOutputs(options, run.spec, run.classes);

  const dataset = await harness.loadRunData(options, run, outputs, report);
  harness.checkImagesFit(options, run.spec, dataset);
  const device = await openDevice({ adapter: options.adapter });
  try {
    report.say(harness.describeAdapter(device.adapter));
    const model = await harness.loadModel(device, run);
    report.say(`model     ${harness.describeSpec(model.spec)}`);
    program.accepted = true;
    const results = new harness.Results({ ...options, run: run.folder }, say);
    try {
      const material = harness.gatherMaterial({ model, dataset, options, results, say, classes: run.classes });
      for (const output of outputs) {
        const why = harness.refusalOf(output, run.spec, dataset.test);
        if (why === undefined) await output.make(material);
        else skipped.push({ name: output.name, why });
      }
      for (const { name, why } of skipped) say(`${name} not made: ${why}`);
      say(`written to ${results.folder}`);
    } finally {
      results.release();
    }
    return 0;
  } finally {
    report.clear();
    device.dispose();
  }
});
