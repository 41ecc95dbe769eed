// Shows what safetensors files hold; `--help` lists the flags. A thin program: arguments, numbers and tables are in
// harness/lib/. A file that cannot be read is told, and the others of its folder are shown all the same.
// @ts-check
import { LatentGpuError } from 'latentgpu/node';
import * as harness from '#harness';

await harness.runProgram(async () => {
  const options = harness.readInspectOptions(process.argv.slice(2));
  if (!options) return harness.print(harness.inspectHelp());
  /** @type {harness.FileSummary[]} */
  const shown = [];
  let status = 0;
  for (const file of harness.tensorFiles(options.path)) {
    try {
      const summary = harness.summariseFile(file);
      shown.push(summary);
      if (!options.json) harness.print(`${shown.length > 1 ? '\n' : ''}${harness.inspectTable(summary)}`);
    } catch (error) {
      if (!(error instanceof LatentGpuError)) throw error;
      const failure = harness.describeFailure(error, false);
      harness.print(failure.text, process.stderr);
      status = failure.status;
    }
  }
  if (options.json) harness.print(JSON.stringify(shown, null, 2));
  return status;
});
