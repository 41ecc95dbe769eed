// A plan bound to memory: pipelines and bind groups made once, so that encoding a step is three calls a dispatch and
// nothing else.
import { DeviceError } from '../errors.js';
import type { Grid } from '../kernels/kernel.js';
import type { Dispatch, Plan, Resource, Tensor } from '../plan/plan.js';
import type { Device } from './device.js';
import type { Memory } from './memory.js';
import { bindsSizes, dispatchLabel, type Pipelines } from './pipelines.js';
import { SplitBuffer } from './split-buffer.js';

/** What a program needs from its surroundings. */
export interface Machine {
  device: Device;
  memory: Memory;
  pipelines: Pipelines;
}

/** What is behind a plan's resources. */
export type Resources = Partial<Record<Resource, GPUBuffer | SplitBuffer>>;

interface Bound {
  pipeline: GPUComputePipeline;
  group: GPUBindGroup;
  grid: Grid;
}

export class Program {
  private constructor(
    readonly plan: Plan,
    private readonly memory: Memory,
    private readonly bound: Bound[],
  ) {}

  /**
   * Compiles the plan's pipelines, allocates its scratch memory, and has the device look at each dispatch once.
   * @param resources buffers of which the device has said that they are good
   * @param remedy what the user can do if the scratch memory does not fit
   * @throws DeviceError, ShaderError
   */
  static async create(machine: Machine, plan: Plan, resources: Resources, remedy: string): Promise<Program> {
    const pipelines = await Promise.all(plan.dispatches.map((dispatch) => machine.pipelines.get(dispatch)));
    const memory = machine.memory.part();
    try {
      const usage = GPUBufferUsage.STORAGE;
      const scratch = plan.scratch.map((bytes, index) =>
        memory.create({ label: `${plan.name} scratch ${index}`, bytes, usage, remedy }),
      );
      const sizes = sizesBuffer(machine, memory, plan, remedy);
      await memory.settled();
      if (sizes) machine.device.gpu.queue.writeBuffer(sizes, 0, sizesWords(plan));
      const bound: Bound[] = [];
      const program = new Program(plan, memory, bound);
      for (const [index, dispatch] of plan.dispatches.entries()) {
        const pipeline = pipelines[index];
        if (!pipeline) throw new DeviceError(`dispatch "${dispatch.label}" has no pipeline`);
        const ranges = dispatch.bindings.map(({ tensor }) => rangeOf(tensor, scratch, resources));
        if (sizes && bindsSizes(dispatch.sizes, machine.pipelines.form))
          ranges.push(sizesRange(sizes, dispatch, index));
        memory.watch(bindingText(dispatch, ranges), () => {
          bound.push({ pipeline, group: bind(machine.device, dispatch, pipeline, ranges), grid: dispatch.grid });
          program.rehearse(machine.device, index);
        });
      }
      await memory.settled();
      return program;
    } catch (error) {
      memory.dispose();
      throw error;
    }
  }

  /** Encodes a dispatch and throws it away: what is wrong with it is told here, with its name, and not by a whole step. */
  private rehearse({ gpu }: Device, index: number): void {
    const encoder = gpu.createCommandEncoder({ label: this.plan.name });
    const pass = encoder.beginComputePass({ label: this.plan.name });
    this.encodeDispatch(pass, index);
    pass.end();
    encoder.finish();
  }

  /** Adds the plan's dispatches `from .. to` (all of them unless told) to a pass once. */
  encode(pass: GPUComputePassEncoder, from = 0, to = this.bound.length): void {
    let current: GPUComputePipeline | undefined;
    for (let index = from; index < to; index++) {
      const { pipeline, group, grid } = this.at(index);
      if (pipeline !== current) pass.setPipeline(pipeline);
      current = pipeline;
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
    }
  }

  /** Adds one of the dispatches to a pass, `times` times over. */
  encodeDispatch(pass: GPUComputePassEncoder, index: number, times = 1): void {
    const { pipeline, group, grid } = this.at(index);
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let time = 0; time < times; time++) pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
  }

  private at(index: number): Bound {
    const bound = this.bound[index];
    if (!bound) throw new DeviceError(`plan "${this.plan.name}" has no dispatch ${index}`);
    return bound;
  }

  dispose(): void {
    this.memory.dispose();
  }
}

/** Bytes from one dispatch's sizes to the next: WebGPU's minUniformBufferOffsetAlignment. */
const SIZES_STRIDE = 256;

/** The sizes of all dispatches, where they are data. */
function sizesBuffer({ pipelines }: Machine, memory: Memory, { name, dispatches }: Plan, remedy: string) {
  if (!dispatches.some(({ sizes }) => bindsSizes(sizes, pipelines.form))) return undefined;
  const bytes = dispatches.length * SIZES_STRIDE;
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
  return memory.create({ label: `${name} sizes`, bytes, usage, remedy });
}

function sizesWords({ dispatches }: Plan): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array((dispatches.length * SIZES_STRIDE) / 4);
  for (const [index, { sizes }] of dispatches.entries()) words.set(Object.values(sizes), (index * SIZES_STRIDE) / 4);
  return words;
}

const sizesRange = (buffer: GPUBuffer, { sizes }: Dispatch, index: number): GPUBufferBinding => ({
  buffer,
  offset: index * SIZES_STRIDE,
  size: Object.keys(sizes).length * 4,
});

function bind({ gpu }: Device, dispatch: Dispatch, pipeline: GPUComputePipeline, ranges: GPUBufferBinding[]) {
  const entries = ranges.map((resource, binding) => ({ binding, resource }));
  const layout = pipeline.getBindGroupLayout(0);
  return gpu.createBindGroup({ label: dispatchLabel(dispatch), layout, entries });
}

/** A dispatch and its buffers, for an error. */
function bindingText({ label, kernel, bindings, grid }: Dispatch, ranges: GPUBufferBinding[]): string {
  const bound = ranges.map(({ buffer }, index) => `${bindings[index]?.name ?? 'sizes'} in buffer "${buffer.label}"`);
  return `kernel ${kernel} ("${label}", ${grid.join('x')} workgroups) with ${bound.join(', ')}`;
}

function rangeOf({ name, bytes, place }: Tensor, scratch: GPUBuffer[], resources: Resources): GPUBufferBinding {
  if (place.kind === 'scratch') return { buffer: bufferOf(scratch[place.slot], name), offset: 0, size: bytes };
  const { segment = 0 } = place;
  const found = resources[place.resource];
  if (!(found instanceof SplitBuffer)) return { buffer: bufferOf(found, name), offset: place.offset, size: bytes };
  const offset = place.offset - (found.segments[segment]?.offset ?? 0);
  return { buffer: bufferOf(found.buffers[segment], name), offset, size: bytes };
}

function bufferOf(buffer: GPUBuffer | undefined, name: string): GPUBuffer {
  if (!buffer) throw new DeviceError(`tensor "${name}" has no buffer`);
  return buffer;
}
