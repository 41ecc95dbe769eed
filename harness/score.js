// Scores rows by a trained model: how odd it finds each of them; `--help` lists the flags. A thin program: arguments, reading and
// what is written are in harness/lib/, the scores are the public library's.
// @ts-check
import { openDevice } from 'latentgpu/node';
import * as harness from '#harness';

await harness.runProgram(async (program) => {
  const options = harness.readScoreOptions(process.argv.slice(2));
  if (!options) return harness.print(harness.scoreHelp());
  const piped = options.data === '-';
  // Scores of what came in by a pipe go out by one: whatever else there is to say stands beside them.
  const report = new harness.Report({ quiet: false, ...(piped && { stream: process.stderr }) });
  const say = (/** @type {string} */ line) => report.say(line);
  const run = harness.readRun(options.run);
  const by = harness.orderOf(options, run.spec);
  if (options.out !== undefined) harness.checkOut(options.out);
  const given = await harness.loadRows(options, run, report);
  harness.oddClasses({ ...given, options });
  const device = await openDevice({ adapter: options.adapter });
  try {
    say(harness.describeAdapter(device.adapter));
    const model = await harness.loadModel(device, run);
    say(`model     ${harness.describeSpec(model.spec)}`);
    const score = harness.scorerOf(model, options);
    const threshold =
      options.threshold &&
      (await harness.findThreshold(
        options.threshold,
        run,
        model,
        async (values, labels) => harness.scoresBy(await score(values, labels), by),
        report,
      ));
    program.accepted = true;
    const scores = await score(given.rows.values, harness.labelsOf(model, given.rows));
    const scored = { ...given, model, scores, by, threshold, options };
    if (threshold) say(harness.thresholdText(scored));
    if (piped) harness.print(harness.scoresCsv(scored).trimEnd());
    if (piped && options.out === undefined) return 0;
    const results = new harness.Results({ ...options, run: run.folder }, say, 'scores');
    try {
      harness.writeScores(scored, results);
      await harness.writeTop(scored, results, say);
      await harness.writeSpread(scored, results, say);
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
