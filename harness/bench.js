// How fast does it train? The seed step over batches and widths, its matrix products, and other libraries beside it; `--help`
// lists the flags. A thin program: the parts are in harness/lib/bench/, the engine is the public library.
// @ts-check
import fs from 'node:fs';
import { openDevice } from 'latentgpu/node';
import * as harness from '#harness';

await harness.runProgram(async (program) => {
  const options = harness.readBenchOptions(process.argv.slice(2));
  if (options.help) return harness.print(harness.benchHelp());
  const svg = options.scaling ? { svg: options.svg } : {};
  harness.checkOutputs({ ...(options.json !== undefined && { json: options.json }), ...svg });
  const report = new harness.Report({ quiet: options.quiet, stream: process.stderr });
  const device = await openDevice({ adapter: options.adapter });
  try {
    program.accepted = true;
    const result = await harness.runBench(device, options, report);
    harness.print(`\n${harness.benchText(result, options.markdown)}`);
    write(options.json, `${JSON.stringify(result)}\n`);
    if (result.scaling?.length)
      write(svg.svg, await harness.scalingPlot(result.scaling, `A step of the seed model on ${result.adapter.name}`));
    return 0;
  } finally {
    report.clear();
    device.dispose();
  }
});

/** @param {string | undefined} file @param {string} content */
function write(file, content) {
  if (file === undefined) return;
  fs.writeFileSync(file, content);
  harness.print(`written to ${file}`, process.stderr);
}
