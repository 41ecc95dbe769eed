// Runs a graph once on the device under test, by its plan, without a trainer: parameters in, the output and every gradient
// out. For operations that no model has yet, and for plans of a few nodes.
import { Memory } from '../../../src/gpu/memory.js';
import { Program } from '../../../src/gpu/program.js';
import { SplitBuffer } from '../../../src/gpu/split-buffer.js';
import { readBuffer } from '../../../src/gpu/transfer.js';
import { numel } from '../../../src/graph/operations/ops.js';
import { layoutOf } from '../../../src/plan/layout.js';
import { device } from '../device.js';
import { graphOf, type Network, planOfNetwork, type Ran } from '../models/networks.js';
import { pipelines } from './kernel-runner.js';
import { progressOf, settingsOf } from './step.js';

/** On the device. */
export async function runNetwork(network: Network, fuse: boolean): Promise<Ran> {
  const { specs, output } = graphOf(network);
  const plan = planOfNetwork(network, fuse);
  const layout = layoutOf(specs);
  const memory = new Memory(device);
  const options = {
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    remedy: 'Test something smaller.',
  };
  const buffer = (label: string, bytes: number) => memory.create({ ...options, label, bytes });
  const uniform = (label: string, content: ArrayBuffer) => {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const made = memory.create({ ...options, usage, label, bytes: content.byteLength });
    device.gpu.queue.writeBuffer(made, 0, content);
    return made;
  };
  const split = (label: string) => SplitBuffer.create(memory, layout.segments, { ...options, label });
  try {
    const resources = {
      parameters: split('parameters'),
      moment1: split('moment1'),
      moment2: split('moment2'),
      gradients: buffer('gradients', layout.bytes),
      input: buffer('input', 4 * numel(output.shape)),
      output: buffer('output', 4 * numel(output.shape)),
      settings: uniform('settings', settingsOf()),
      progress: uniform('progress', progressOf({ rows: network.rows, step: network.step ?? 0 })),
    };
    const flat = new Float32Array(layout.bytes / 4);
    for (const { parameter, offset } of layout.entries)
      flat.set(Array.from(network.parameters[parameter.name]?.values ?? []), offset / 4);
    resources.parameters.write(device.gpu.queue, flat);
    device.gpu.queue.writeBuffer(resources.input, 0, Float32Array.from(network.seed));
    const program = await Program.create({ device, memory, pipelines }, plan, resources, options.remedy);
    const encoder = device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    program.encode(pass);
    pass.end();
    device.gpu.queue.submit([encoder.finish()]);
    const gradients = await readBuffer(device, memory, resources.gradients, layout.bytes);
    const after = await resources.parameters.read(device, memory);
    const read = (from: ArrayBuffer, trained: boolean) =>
      new Map(
        layout.entries
          .filter(({ parameter }) => (parameter.trained !== false) === trained)
          .map(({ parameter, offset }) => [
            parameter.name,
            { values: new Float32Array(from, offset, numel(parameter.shape)) },
          ]),
      );
    return {
      output: new Float32Array(await readBuffer(device, memory, resources.output, 4 * numel(output.shape))),
      gradients: read(gradients, true),
      buffers: read(after, false),
    };
  } finally {
    memory.dispose();
  }
}
