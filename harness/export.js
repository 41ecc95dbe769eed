// Writes a trained model for other programs: ONNX files, or a page in one file; `--help` lists the flags. A thin program:
// arguments and formats are in harness/lib/.
// @ts-check
import { weightsFor } from 'latentgpu/node';
import * as harness from '#harness';

await harness.runProgram(async (program) => {
  const options = harness.readExportOptions(process.argv.slice(2));
  if (!options) return harness.print(harness.exportHelp());
  const report = new harness.Report({ quiet: false });
  const run = harness.readRun(options.run);
  const { spec } = run;
  const weights = weightsFor(spec, run.tensors);
  const graphs = options.onnx ? harness.onnxGraphs(spec, weights) : [];
  if (options.out !== undefined) harness.checkOut(options.out);
  const page = options.html ? await harness.makePage(options, run, weights, report) : undefined;
  report.clear();
  program.accepted = true;
  harness.print(`model     ${harness.describeSpec(spec)}`);
  const results = new harness.Results(options, harness.print, 'exported');
  try {
    const metadata = { spec: JSON.stringify(spec), version: harness.versions().latentgpu };
    for (const graph of graphs)
      results.write(`${graph.name}.onnx`, harness.encodeOnnx(graph, metadata), harness.describeGraph(graph));
    if (page) results.write('autoencoder.html', page.text, page.shows);
    harness.print(`written to ${results.folder}`);
  } finally {
    results.release();
  }
  return 0;
});
