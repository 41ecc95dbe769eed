// A plan bound to memory: pipelines and bind groups made once, so that encoding a step is three calls a dispatch and
// nothing else.
import { DeviceError } from '../errors.js';
import type { Grid } from '../kernels/kernel.js';
import type { Plan, Resource, Tensor } from '../plan/plan.js';
import type { Device } from './device.js';
import type { Memory } from './memory.js';
import type { Pipelines } from './pipelines.js';

/** What a program needs from its surroundings. */
export interface Machine {
  device: Device;
  memory: Memory;
  pipelines: Pipelines;
}

/** The buffers behind a plan's resources. */
export type Resources = Partial<Record<Resource, GPUBuffer>>;

interface Bound {
  pipeline: GPUComputePipeline;
  group: GPUBindGroup;
  grid: Grid;
}

export class Program {
  private constructor(
    readonly plan: Plan,
    private readonly machine: Machine,
    private readonly bound: Bound[],
    private readonly scratch: GPUBuffer[],
  ) {}

  /**
   * Compiles the plan's pipelines and allocates its scratch memory.
   * @param remedy what the user can do if the scratch memory does not fit
   * @throws DeviceError, ShaderError
   */
  static async create(machine: Machine, plan: Plan, resources: Resources, remedy: string): Promise<Program> {
    const pipelines = await Promise.all(plan.dispatches.map((dispatch) => machine.pipelines.get(dispatch)));
    const scratch: GPUBuffer[] = [];
    try {
      for (const [index, bytes] of plan.scratch.entries())
        scratch.push(
          machine.memory.create({
            label: `${plan.name} scratch ${index}`,
            bytes,
            usage: GPUBufferUsage.STORAGE,
            remedy,
          }),
        );
      const bound = plan.dispatches.map((dispatch, index) => {
        const pipeline = pipelines[index];
        if (!pipeline) throw new DeviceError(`dispatch "${dispatch.label}" has no pipeline`);
        const entries = dispatch.bindings.map(({ tensor }, binding) => ({
          binding,
          resource: rangeOf(tensor, scratch, resources),
        }));
        const layout = pipeline.getBindGroupLayout(0);
        const group = machine.device.gpu.createBindGroup({ label: dispatch.label, layout, entries });
        return { pipeline, group, grid: dispatch.grid };
      });
      return new Program(plan, machine, bound, scratch);
    } catch (error) {
      for (const buffer of scratch) machine.memory.destroy(buffer);
      throw error;
    }
  }

  /** Adds the plan's dispatches `from .. to` (all of them unless told) to a pass once. */
  encode(pass: GPUComputePassEncoder, from = 0, to = this.bound.length): void {
    for (let index = from; index < to; index++) this.encodeDispatch(pass, index);
  }

  /** Adds one of the dispatches to a pass, `times` times over. */
  encodeDispatch(pass: GPUComputePassEncoder, index: number, times = 1): void {
    const bound = this.bound[index];
    if (!bound) throw new DeviceError(`plan "${this.plan.name}" has no dispatch ${index}`);
    const { pipeline, group, grid } = bound;
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let time = 0; time < times; time++) pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
  }

  dispose(): void {
    for (const buffer of this.scratch) this.machine.memory.destroy(buffer);
  }
}

function rangeOf(tensor: Tensor, scratch: GPUBuffer[], resources: Resources): GPUBufferBinding {
  const { place } = tensor;
  const buffer = place.kind === 'scratch' ? scratch[place.slot] : resources[place.resource];
  if (!buffer) throw new DeviceError(`tensor "${tensor.name}" has no buffer (${JSON.stringify(place)})`);
  return { buffer, offset: place.kind === 'scratch' ? 0 : place.offset, size: tensor.bytes };
}
