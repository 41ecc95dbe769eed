// The copies of a model's weights in f16, which the matmuls of a training step read and its optimizer writes. When others have
// changed the weights (the host, another trainer), the copies are made anew before the next steps.
import { type Machine, Program } from '../../gpu/program.js';
import { SplitBuffer } from '../../gpu/split-buffer.js';
import { halfSegments } from '../../plan/layout.js';
import type { Dispatch } from '../../plan/plan.js';

export class WeightCopies {
  /** Of the parameters, the version that the copies hold; undefined: none. */
  private held: number | undefined;

  private constructor(
    private readonly parameters: SplitBuffer,
    /** The resource `halves` of the plan. */
    readonly buffer: SplitBuffer,
    private readonly program: Program,
  ) {}

  /**
   * @param refresh of the plan: what makes all copies anew
   * @param remedy  what the user can do if memory does not suffice
   */
  static async create(
    machine: Machine,
    refresh: Dispatch[],
    parameters: SplitBuffer,
    remedy: string,
  ): Promise<WeightCopies> {
    const halves = SplitBuffer.create(machine.memory, halfSegments(parameters), {
      label: 'weights as f16',
      usage: GPUBufferUsage.STORAGE,
      remedy,
    });
    await machine.memory.settled();
    const plan = { name: 'weights as f16', dispatches: refresh, losses: [], lossBytes: 0, scratch: [] };
    return new WeightCopies(parameters, halves, await Program.create(machine, plan, { parameters, halves }, remedy));
  }

  /** Encodes what makes the copies right before steps that read them; nothing, if they are. */
  refresh(encoder: GPUCommandEncoder): void {
    if (this.held === this.parameters.version) return;
    const pass = encoder.beginComputePass({ label: this.program.plan.name });
    this.program.encode(pass);
    pass.end();
  }

  /** After steps that have written both: the copies are those of the parameters as they are now. */
  hold(): void {
    this.held = this.parameters.version;
  }

  /** Steps may have failed, or the weights have been changed without a word. */
  forget(): void {
    this.held = undefined;
  }
}
