// Writes a run's images as IDX files for train.py beside it; `--help` lists the flags. A thin program: arguments, data and
// files are in harness/lib/.
// @ts-check
import * as harness from '#harness';

await harness.runProgram(async () => {
  const given = harness.readDataOptions(process.argv.slice(2));
  if (!given) return harness.print(harness.dataHelp());
  harness.checkOut(given.out);
  const { options } = harness.chooseStart({ resume: given.run }, harness.MODEL_FLAG_NAMES);
  const report = new harness.Report({ quiet: false });
  const { dataset, from } = await harness.loadData(options.data, report, options);
  report.say(harness.describeData(dataset, from));
  const files = harness.writeIdxFiles(dataset, given.out);
  report.say(`written to ${given.out}: ${files.join(' ')}`);
  report.say(`python3 harness/torch/train.py ${given.run} --data ${given.out}`);
  return 0;
});
