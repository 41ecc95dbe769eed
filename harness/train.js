// Trains an autoencoder and leaves pictures, curves and the model in a folder; `--help` lists the flags.
// A thin program: arguments, data, progress and the run folder are in harness/lib/, the rest is the public library.
// @ts-check
import { openDevice, printPlan } from 'latentgpu/node';
import * as harness from '#harness';

await harness.runProgram(async (program) => {
  const given = harness.readGivenOptions(process.argv.slice(2));
  if (given.help) return harness.print(harness.trainHelp());
  if (given.out !== undefined && !given.plan && !given.summary) harness.checkOut(given.out);
  const start = harness.chooseStart(given, harness.MODEL_FLAG_NAMES);
  const { options } = start;
  // With --plan or --summary, that is all that is printed.
  const report = new harness.Report({ quiet: options.quiet || options.plan || options.summary });
  const specFor = harness.modelOf(start, harness.MODEL_FLAG_NAMES, (line) => report.say(line));

  const data = await harness.loadData(options.data, report, options);
  const dataset = harness.splitImages(harness.chooseImages(data.dataset, options, report), options);
  report.say(harness.describeData(dataset, data.from));
  if (options.summary && !options.plan)
    return harness.print(harness.layerTable(start.from?.snapshot.spec ?? specFor(dataset)));

  const device = await openDevice({ adapter: options.adapter });
  try {
    report.say(harness.describeAdapter(device.adapter));
    harness.tryPrecision(options, device);
    const begun = await harness.beginRun({ device, dataset, start, specFor, report });
    if (options.plan)
      return harness.print(`${harness.layerTable(begun.model.spec)}\n\n${printPlan(begun.trainer.plan)}`);

    const folder = harness.openRunFolder(start);
    try {
      const run = harness.describeRun({ ...begun, options, out: folder.path, data, dataset, device });
      for (const line of run.lines) report.say(line);
      const stop = harness.stopOnSignals(report);
      program.accepted = true;
      const job = harness.makeJob({ ...begun, start, data, dataset, folder, report, signal: stop.signal });
      await harness.trainAndRecord(run, job);
      report.say(`written to ${folder.path}: ${folder.files().join(' ')}`);
      return stop.status;
    } finally {
      folder.release();
    }
  } finally {
    report.clear();
    device.dispose();
  }
});
