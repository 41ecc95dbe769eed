// The losses of a whole set of images: the noise of an image is the same every time.
import { type CheckedExamples, countOf } from '../../data/examples.js';
import type { Memory } from '../../gpu/memory.js';
import { evaluationGraph, type Part } from '../../graph/build.js';
import { makePlan } from '../../plan/make.js';
import type { Model } from '../model.js';
import { badEvaluation } from '../step/divergence.js';
import { eachStep, type Losses, LossMean, METRICS_CAPACITY, type PendingMetrics, settled } from '../step/metrics.js';
import { residentOf, residentSizes } from '../step/resident.js';
import { evaluationBatch, type StepSettings } from '../step/step-state.js';
import { Stepper } from '../step/stepper.js';

const STEPS_PER_SUBMIT = 16;
const SUBMITS_IN_FLIGHT = 2;

/** Which plan is made of a model. */
export interface PassOptions {
  /** false: one kernel an operation, for tests. */
  fuse: boolean;
  keepGradients: boolean;
  part: Part;
}

/** The examples stay on the device until `dispose`. */
export class Evaluator {
  private last: Promise<unknown> = Promise.resolve();

  private constructor(private readonly stepper: Stepper) {}

  /**
   * @param memory   its own goes with it
   * @param settings those of training; `settings.examples` and `batch` are those of `examples`
   */
  static async create(
    model: Model,
    memory: Memory,
    examples: CheckedExamples,
    settings: StepSettings,
    { fuse, part }: PassOptions,
  ): Promise<Evaluator> {
    const count = countOf(examples);
    const batch = Math.min(evaluationBatch(model.spec), count);
    const resident = residentOf(examples, settings.store, model.spec.scaling);
    const { layout, choose, machine } = model;
    const sizes = {
      layout,
      rows: batch,
      ...residentSizes(resident, machine.device.limits),
      metricsCapacity: METRICS_CAPACITY,
    };
    const plan = makePlan('evaluation', evaluationGraph(model.spec, batch, part), { ...sizes, choose, fuse });
    // What samples count depends on the KL term's weight: all of it, however little of it is trained with by now.
    const own = { ...settings, examples: count, batch, klWarmup: 0 };
    const shared = { parameters: model.parameterBuffer };
    return new Evaluator(
      await Stepper.create({ ...machine, memory }, plan, resident, own, shared, 'Use narrower layers.'),
    );
  }

  /**
   * Mean losses over all the images. Calls at the same time take turns: there is one set of counters.
   * @param name what the images are, and `step` how many steps the model was trained, for an error
   * @throws TrainingError if a loss is not finite
   */
  run(name: string, step: number): Promise<Losses> {
    const result = this.last.then(() => this.pass(name, step));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async pass(name: string, step: number): Promise<Losses> {
    const { stepper } = this;
    const mean = new LossMean(stepper.plan.losses);
    const add = (sums: Float32Array, images: number) => mean.add(sums, images);
    const fault = (_: number, told: string) => badEvaluation(name, step, told);
    stepper.rewind(0);
    const pending: PendingMetrics[] = [];
    try {
      while (stepper.step < stepper.stepsPerPass) {
        pending.push(stepper.submit(Math.min(STEPS_PER_SUBMIT, stepper.stepsPerPass - stepper.step)));
        const oldest = pending.length >= SUBMITS_IN_FLIGHT ? pending.shift() : undefined;
        if (oldest) await eachStep(oldest, stepper.rows, add, fault);
      }
      for (const rest of pending) await eachStep(rest, stepper.rows, add, fault);
    } finally {
      await settled(pending);
    }
    return mean.value;
  }

  dispose(): void {
    this.stepper.dispose();
  }
}
