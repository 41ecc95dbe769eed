// Writes a trained model for other programs: ONNX files; `--help` lists the flags. A thin program: arguments and formats are
// in harness/lib/.
// @ts-check
import { weightsFor } from 'latentgpu/node';
import * as harness from '#harness';

await harness.runProgram(async (program) => {
  const options = harness.readExportOptions(process.argv.slice(2));
  if (!options) return harness.print(harness.exportHelp());
  const { spec, tensors } = harness.readRun(options.run);
  const graphs = harness.onnxGraphs(spec, weightsFor(spec, tensors));
  if (options.out !== undefined) harness.checkOut(options.out);
  program.accepted = true;
  harness.print(`model     ${harness.describeSpec(spec)}`);
  const results = new harness.Results(options, harness.print, 'exported');
  try {
    const metadata = { spec: JSON.stringify(spec), version: harness.versions().latentgpu };
    for (const graph of graphs)
      results.write(`${graph.name}.onnx`, harness.encodeOnnx(graph, metadata), harness.describeGraph(graph));
    harness.print(`written to ${results.folder}`);
  } finally {
    results.release();
  }
  return 0;
});
