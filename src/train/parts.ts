// What of a trainer lies on a GPU: the step's plan with its buffers, the evaluators, what the optimizer keeps. All of it is
// made at once, and once more when the GPU was lost.
import type { Dataset } from '../data/dataset.js';
import type { CheckedExamples } from '../data/examples.js';
import { allOf } from '../gpu/faults.js';
import type { Memory } from '../gpu/memory.js';
import { SplitBuffer } from '../gpu/split-buffer.js';
import { trainingGraph } from '../graph/build.js';
import { formOf, type StateBuffer, stateBuffers } from '../kernels/optimizer.js';
import { makePlan } from '../plan/make.js';
import { uses } from '../plan/plan.js';
import type { Model } from './model.js';
import { Evaluator, type PassOptions } from './passes/evaluate.js';
import { WeightCheck } from './step/divergence.js';
import { METRICS_CAPACITY } from './step/metrics.js';
import { residentOf, residentSizes } from './step/resident.js';
import type { StepSettings } from './step/step-state.js';
import { Stepper } from './step/stepper.js';

type TrainingState = { gradients?: GPUBuffer } & Partial<Record<StateBuffer, SplitBuffer>>;

export class TrainerParts {
  private constructor(
    private readonly model: Model,
    /** The GPU that it is on: not the device's any more, and all of it is gone. */
    readonly gpu: GPUDevice,
    private readonly memory: Memory,
    readonly stepper: Stepper,
    readonly test: Evaluator,
    readonly validation: Evaluator | undefined,
    readonly weights: WeightCheck,
    /** The gradients, if steps leave them in memory, and what the optimizer keeps. */
    readonly state: TrainingState,
  ) {}

  static async create(
    model: Model,
    dataset: Dataset<CheckedExamples>,
    settings: StepSettings,
    pass: PassOptions,
  ): Promise<TrainerParts> {
    const { layout, choose, machine, spec, device } = model;
    const { batch, store } = settings;
    const train = residentOf(dataset.train, store, spec.scaling);
    const sizes = {
      layout,
      rows: batch,
      ...residentSizes(train, device.limits),
      metricsCapacity: METRICS_CAPACITY,
    };
    const optimizer = formOf(settings.optimizer, settings.clipNorm !== undefined);
    const graph = trainingGraph(spec, batch, pass.part);
    const { fuse, keepGradients } = pass;
    const plan = makePlan('training step', graph, {
      ...sizes,
      choose,
      fuse,
      optimizer,
      keepGradients,
      precision: settings.precision,
    });
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const remedy = 'Use narrower layers or a smaller code.';
    const memory = machine.memory.part();
    const own = { ...machine, memory };
    try {
      const state: TrainingState = uses(plan, 'gradients')
        ? { gradients: memory.create({ label: 'gradients', bytes: layout.bytes, usage, remedy }) }
        : {};
      for (const label of stateBuffers(optimizer))
        state[label] = SplitBuffer.create(memory, layout.segments, { label, usage, remedy });
      const shared = { parameters: model.parameterBuffer, ...state };
      const less = 'Use a smaller batch or narrower layers.';
      await memory.settled();
      const stepper = await Stepper.create(own, plan, train, settings, shared, less);
      const test = await Evaluator.create(model, memory, dataset.test, settings, pass);
      const { validation: held } = dataset;
      const validation = held && (await Evaluator.create(model, memory, held, settings, pass));
      const weights = await WeightCheck.create(model, memory);
      return new TrainerParts(model, device.gpu, memory, stepper, test, validation, weights, state);
    } catch (error) {
      memory.dispose();
      throw error;
    }
  }

  /** Whether it went with a GPU that was lost. */
  get stale(): boolean {
    return this.gpu !== this.model.device.gpu || this.model.device.lost;
  }

  /** What the optimizer keeps, by name. */
  get kept(): [StateBuffer, SplitBuffer][] {
    const { gradients: _, ...kept } = this.state;
    return Object.entries(kept) as [StateBuffer, SplitBuffer][];
  }

  /** Parameters and what the optimizer keeps as they are after the steps submitted so far; later steps go on meanwhile. */
  read(): Promise<ArrayBuffer[]> {
    const { device, parameterBuffer } = this.model;
    const buffers = [parameterBuffer, ...this.kept.map(([, buffer]) => buffer)];
    // All are submitted within this task, so that no step comes between them.
    return allOf(buffers.map((buffer) => buffer.read(device, this.memory)));
  }

  /** The reverse of `read`; what is undefined stays as it is. */
  write([parameters, ...kept]: readonly (ArrayBuffer | undefined)[]): void {
    const { queue } = this.gpu;
    if (parameters) this.model.parameterBuffer.write(queue, parameters);
    this.kept.forEach(([, buffer], index) => {
      const bytes = kept[index];
      if (bytes) buffer.write(queue, bytes);
    });
  }

  dispose(): void {
    this.memory.dispose();
  }
}
