// Training: epochs of steps that run on the GPU without the host ever waiting for one, and reports that follow late.
import { checkDataset, checkImages, type Dataset, type Images } from '../data/dataset.js';
import { ArgumentError } from '../errors.js';
import type { Memory } from '../gpu/memory.js';
import { trainingGraph } from '../graph/build.js';
import { formOf, type StateBuffer, stateBuffers } from '../kernels/optimizer.js';
import { requirePositive } from '../model/values.js';
import { makePlan } from '../plan/make.js';
import type { Plan } from '../plan/plan.js';
import { Evaluator, type PassOptions } from './evaluate.js';
import { lendStepper } from './lend.js';
import { eachStep, type Losses, LossMean, METRICS_CAPACITY, type PendingMetrics, settled } from './metrics.js';
import type { Model, ParameterTensor } from './model.js';
import { checkLabels, partOf, settingsFrom, type TrainerOptions } from './options.js';
import { Pace } from './pace.js';
import type { StepSettings } from './step-state.js';
import { datasetBytes, Stepper } from './stepper.js';

/** Where training stands, told after every submit. */
export interface Progress {
  /** From 1. */
  epoch: number;
  /** Epochs that this call will have seen at its end. */
  epochs: number;
  /** Steps done in all. */
  step: number;
  /** Steps that will have been done in all when this call ends. */
  stepsTotal: number;
  /** Means over this epoch so far. */
  losses: Losses;
  /** Means over the steps since the last call. */
  recent: Losses;
  stepsPerSecond: number;
}

/** What an epoch, or the part of one that was trained, came to. */
export interface EpochReport {
  /** From 1. */
  epoch: number;
  /** Steps done in all. */
  step: number;
  /** false if training stopped before the epoch's end. */
  complete: boolean;
  /** Means over the epoch's training images, each at the step it was seen in. */
  train: Losses;
  /** Means over the whole test set after it. */
  test: Losses;
  /** Seconds of training, evaluation not counted. */
  seconds: number;
  stepsPerSecond: number;
}

export interface TrainOptions {
  /** Epochs to train now; one that an earlier call left unfinished counts as one. 1 by default. */
  epochs?: number;
  /** Stop after so many steps of this call. */
  steps?: number;
  /** When it aborts, training stops after the steps under way; the report of the unfinished epoch still comes. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

type NamedTensors = Map<string, ParameterTensor>;
/** moment1 and moment2 where the optimizer has them. */
export type OptimizerState = { gradients: NamedTensors } & Partial<Record<StateBuffer, NamedTensors>>;

const SUBMITS_IN_FLIGHT = 2;

function checkNumber(name: string, value: number, ok: boolean, must: string): void {
  if (!ok) throw new ArgumentError(`${name}: ${value}, must be ${must}`);
}

/**
 * Puts the data and the optimizer's state on the model's device.
 * @throws ArgumentError naming the option or the part of the data that is wrong
 * @throws DeviceError if it does not fit on the device
 */
export async function createTrainer(model: Model, dataset: Dataset, options: TrainerOptions = {}): Promise<Trainer> {
  checkDataset(dataset);
  const { count, height, width } = dataset.train;
  const settings = settingsFrom(options, count);
  if (settings.klWarmup > 0 && model.spec.code.kind !== 'gaussian')
    throw new ArgumentError(
      `klWarmup: ${settings.klWarmup}, must be left out: a ${model.spec.code.kind} code has no KL term to warm up`,
    );
  if (height * width !== model.spec.inputs)
    throw new ArgumentError(
      `${dataset.name}: images are ${height}x${width} = ${height * width} pixels, but the model takes ${model.spec.inputs}`,
    );
  checkLabels(dataset.train, `${dataset.name}.train`, model.spec);
  checkLabels(dataset.test, `${dataset.name}.test`, model.spec);
  model.checkUsable();
  const part = partOf(model.spec, options.layer);
  const trainer = await Trainer.create(model, dataset, settings, { fuse: options.fuse ?? true, part });
  model.device.check();
  return trainer;
}

type TrainingState = { gradients: GPUBuffer } & Partial<Record<StateBuffer, GPUBuffer>>;

/** Made by `createTrainer`; give its memory back with `dispose` before the model's. */
export class Trainer {
  private readonly pace = new Pace();
  private busy = false;
  private disposed = false;

  private constructor(
    readonly model: Model,
    private readonly memory: Memory,
    private readonly stepper: Stepper,
    private readonly evaluator: Evaluator,
    /** The gradients, and what the optimizer keeps. */
    private readonly state: TrainingState,
    private settings: StepSettings,
    private readonly pass: PassOptions,
  ) {}

  /** Use `createTrainer`, which checks its arguments. */
  static async create(model: Model, dataset: Dataset, settings: StepSettings, pass: PassOptions): Promise<Trainer> {
    const { layout, matmulVariant, machine, spec } = model;
    const { batch } = settings;
    const sizes = { layout, rows: batch, ...datasetBytes(dataset.train), metricsCapacity: METRICS_CAPACITY };
    const optimizer = formOf(settings.optimizer, settings.clipNorm !== undefined);
    const graph = trainingGraph(spec, batch, pass.part);
    const plan = makePlan('training step', graph, { ...sizes, matmulVariant, fuse: pass.fuse, optimizer });
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const remedy = 'Use narrower layers (--hidden) or a smaller code (--latent).';
    const memory = machine.memory.part();
    const own = { ...machine, memory };
    const kept = (label: string) => memory.create({ label, bytes: layout.bytes, usage, remedy });
    try {
      const state: TrainingState = { gradients: kept('gradients') };
      for (const buffer of stateBuffers(optimizer)) state[buffer] = kept(buffer);
      const shared = { parameters: model.parameterBuffer, ...state };
      const less = 'Use a smaller batch (--batch) or narrower layers (--hidden).';
      await memory.settled();
      const stepper = await Stepper.create(own, plan, dataset.train, settings, shared, less);
      const evaluator = await Evaluator.create(model, dataset.test, settings, pass);
      return new Trainer(model, memory, stepper, evaluator, state, settings, pass);
    } catch (error) {
      memory.dispose();
      throw error;
    }
  }

  /** The dispatches of one step; `printPlan` of latentgpu/profile shows them. */
  get plan(): Plan {
    return this.stepper.plan;
  }

  get stepsPerEpoch(): number {
    return this.stepper.stepsPerPass;
  }

  /** Steps done (or under way) since the trainer was made. */
  get step(): number {
    return this.stepper.step;
  }

  get learningRate(): number {
    return this.settings.learningRate;
  }

  /** What the schedule multiplies. Another one takes effect with the next submit: it is data to the kernels. */
  set learningRate(value: number) {
    this.checkUsable();
    requirePositive(value, 'learningRate');
    this.settings = { ...this.settings, learningRate: value };
    this.stepper.configure(this.settings);
  }

  /**
   * Trains, and yields a report after each epoch.
   * @throws ArgumentError for options that make no sense, or while another call is training
   * @throws TrainingError when the loss is not a number; DeviceError when the device fails
   */
  async *train(options: TrainOptions = {}): AsyncGenerator<EpochReport, void, undefined> {
    const { epochs = 1, steps = Number.POSITIVE_INFINITY, signal } = options;
    checkNumber('epochs', epochs, Number.isInteger(epochs) && epochs >= 1, 'a positive integer');
    checkNumber(
      'steps',
      steps,
      steps >= 1 && (Number.isInteger(steps) || steps === Number.POSITIVE_INFINITY),
      'a positive integer',
    );
    this.checkUsable();
    if (this.busy) throw new ArgumentError('this trainer is already training; await its reports before training again');
    this.busy = true;
    try {
      const firstEpoch = Math.floor(this.step / this.stepsPerEpoch);
      const last = Math.min((firstEpoch + epochs) * this.stepsPerEpoch, this.step + steps);
      while (this.step < last && !signal?.aborted) {
        this.checkUsable(); // it may have been disposed while the caller had the report
        yield await this.epoch(firstEpoch + epochs, last, options);
      }
    } finally {
      this.busy = false;
    }
  }

  /** Trains to the end of the epoch, to `last`, or until aborted; then evaluates. */
  private async epoch(epochs: number, last: number, { signal, onProgress }: TrainOptions): Promise<EpochReport> {
    const { stepper } = this;
    const first = stepper.step;
    const epoch = Math.floor(first / this.stepsPerEpoch) + 1;
    const end = Math.min(epoch * this.stepsPerEpoch, last);
    const mean = new LossMean(stepper.plan.losses);
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    let done = first;
    const arrive = async (pending: PendingMetrics) => {
      const recent = new LossMean(stepper.plan.losses);
      await eachStep(pending, stepper.rows, (sums, images) => {
        mean.add(sums, images);
        recent.add(sums, images);
      });
      this.pace.arrived(pending.count);
      done += pending.count;
      const stepsPerSecond = (done - first) / seconds();
      const losses = { losses: mean.value, recent: recent.value };
      onProgress?.({ epoch, epochs, step: done, stepsTotal: last, ...losses, stepsPerSecond });
    };

    const inFlight: PendingMetrics[] = [];
    this.pace.resume();
    try {
      while (stepper.step < end && !signal?.aborted) {
        inFlight.push(stepper.submit(Math.min(this.pace.next, end - stepper.step)));
        const oldest = inFlight.length >= SUBMITS_IN_FLIGHT ? inFlight.shift() : undefined;
        if (oldest) await arrive(oldest);
      }
      for (const rest of inFlight) await arrive(rest);
    } finally {
      await settled(inFlight);
    }
    const spent = seconds();
    return {
      epoch,
      step: done,
      complete: done === epoch * this.stepsPerEpoch,
      train: mean.value,
      test: await this.evaluator.run(),
      seconds: spent,
      stepsPerSecond: (done - first) / spent,
    };
  }

  /**
   * Mean losses of any images of the model's size, one noise sample each; of the test set if none are given.
   * While training goes on, each batch sees the parameters of its moment.
   * @throws ArgumentError if the images have another size
   */
  async evaluate(images?: Images): Promise<Losses> {
    this.checkUsable();
    if (!images) return this.evaluator.run();
    checkImages(images, 'images');
    checkLabels(images, 'images', this.model.spec);
    if (images.height * images.width !== this.model.spec.inputs)
      throw new ArgumentError(
        `images are ${images.height}x${images.width} = ${images.height * images.width} pixels, but the model takes ${this.model.spec.inputs}`,
      );
    const evaluator = await Evaluator.create(this.model, images, this.settings, this.pass);
    try {
      return await evaluator.run();
    } finally {
      evaluator.dispose();
    }
  }

  /**
   * By parameter name: the last gradients, before clipping and weight decay; and what the optimizer keeps: moment1, Adam's
   * mean of the gradients (exp_avg in PyTorch) or the momentum buffer; moment2, the mean of their squares (exp_avg_sq,
   * square_avg).
   */
  async optimizerState(): Promise<OptimizerState> {
    this.checkUsable();
    const { gradients, ...kept } = this.state;
    const state: OptimizerState = { gradients: await this.model.namedTensors(gradients) };
    for (const [name, buffer] of Object.entries(kept))
      state[name as StateBuffer] = await this.model.namedTensors(buffer);
    return state;
  }

  /**
   * Lends the means of training to `work` (the profiler): what `work` does is undone at its end, or whenever it calls
   * `restore`; parameters, optimizer and counters are then what they were.
   * @throws ArgumentError while another call is training
   */
  async lend<T>(work: (stepper: Stepper, restore: () => void) => Promise<T>): Promise<T> {
    this.checkUsable();
    if (this.busy) throw new ArgumentError('this trainer is training; await its reports before it is lent');
    this.busy = true;
    try {
      const state = [this.model.parameterBuffer, ...Object.values(this.state)];
      return await lendStepper(this.model.machine, this.stepper, state, work);
    } finally {
      this.busy = false;
    }
  }

  /** Frees the data and the optimizer's state; the model stays. Await what it was doing first. Idempotent. */
  dispose(): void {
    this.disposed = true;
    this.memory.dispose();
    this.evaluator.dispose();
  }

  /** @throws ArgumentError after dispose of this trainer or its model; DeviceError if the device has failed */
  private checkUsable(): void {
    this.model.checkUsable();
    if (this.disposed) throw new ArgumentError('this trainer was disposed; make a new one with createTrainer');
  }
}
