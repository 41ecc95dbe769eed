// Training: epochs of steps that run on the GPU without the host ever waiting for one, and reports that follow late.
import { checkDataset, checkImages, type Dataset, type Images } from '../data/dataset.js';
import { ArgumentError } from '../errors.js';
import type { Resources } from '../gpu/program.js';
import { encoderDepth, type Part, trainingGraph } from '../graph/build.js';
import { checkMirrored, type ModelSpec } from '../model/spec.js';
import { makePlan } from '../plan/make.js';
import type { Plan } from '../plan/plan.js';
import { Evaluator, type PassOptions } from './evaluate.js';
import { lendStepper } from './lend.js';
import { eachStep, type Losses, LossMean, METRICS_CAPACITY, type PendingMetrics, settled } from './metrics.js';
import { checkSeed, type Model, type ParameterTensor } from './model.js';
import { Pace } from './pace.js';
import type { StepSettings } from './step-state.js';
import { datasetBytes, Stepper } from './stepper.js';

/** How to train. */
export interface TrainerOptions {
  /** Images a step; 128 by default. The last batch of an epoch may be smaller. */
  batch?: number;
  /** Adam's learning rate; 1e-3 by default. */
  lr?: number;
  /** Adam's decay rates; 0.9 and 0.999 by default. */
  betas?: [number, number];
  /** Adam's eps; 1e-8 by default. */
  epsilon?: number;
  /** Seed of the order of the images and of the noise, a non-negative integer; 0 by default. */
  seed?: number;
  /**
   * Train only this layer of the encoder (from 0, the code's is the last) and the decoder layer that mirrors it, to
   * reconstruct what the layers below make of the images. `pretrain` goes through all of them.
   */
  layer?: number;
  /** false: one kernel an operation. Slower; the oracle for tests. */
  fuse?: boolean;
}

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
  /** Means over this epoch so far, nats an image. */
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
  /** Means over the epoch's training images, each at the step it was seen in; nats an image. */
  train: Losses;
  /** Means over the whole test set after it; nats an image. */
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

const SUBMITS_IN_FLIGHT = 2;

function checkNumber(name: string, value: number, ok: boolean, must: string): void {
  if (!ok) throw new ArgumentError(`${name}: ${value}, must be ${must}`);
}

/** Positive and finite as the f32 that the GPU computes with: an epsilon of 1e-50 would be 0 there, and 0/0 follow. */
function checkPositive(name: string, value: number): void {
  const onGpu = Math.fround(value);
  checkNumber(name, value, onGpu > 0 && Number.isFinite(onGpu), 'a positive number that f32 holds (1e-45 to 3e38)');
}

/** @throws ArgumentError if a conditional model's images lack labels, or have one that is not a class */
function checkLabels({ labels }: Images, name: string, { classes }: ModelSpec): void {
  if (classes === undefined) return;
  if (!labels)
    throw new ArgumentError(
      `${name} has no labels, but the model is conditional (${classes} classes); give labels or use an unconditional model`,
    );
  const largest = labels.reduce((most, label) => Math.max(most, label), 0);
  if (largest >= classes)
    throw new ArgumentError(`${name}.labels has a label ${largest}, must be below the model's classes (${classes})`);
}

/** @throws ArgumentError if no decoder layer mirrors the layer */
function partOf(spec: ModelSpec, layer: number | undefined): Part {
  if (layer === undefined) return 'whole';
  const depth = encoderDepth(spec);
  checkNumber(
    'layer',
    layer,
    Number.isInteger(layer) && layer >= 0 && layer < depth,
    `an integer from 0 to ${depth - 1}`,
  );
  checkMirrored(spec);
  return { layer };
}

/**
 * Puts the data and the optimizer's state on the model's device.
 * @throws ArgumentError naming the option or the part of the data that is wrong
 * @throws DeviceError if it does not fit on the device
 */
export async function createTrainer(model: Model, dataset: Dataset, options: TrainerOptions = {}): Promise<Trainer> {
  const { batch = 128, lr = 1e-3, betas = [0.9, 0.999], epsilon = 1e-8, fuse = true } = options;
  checkDataset(dataset);
  checkNumber('batch', batch, Number.isInteger(batch) && batch >= 1, 'a positive integer');
  checkPositive('lr', lr);
  betas.forEach((beta, i) => {
    checkNumber(`betas[${i}]`, beta, beta > 0 && beta < 1, 'between 0 and 1');
  });
  checkPositive('epsilon', epsilon);
  const { count, height, width } = dataset.train;
  if (batch > count)
    throw new ArgumentError(
      `batch ${batch} is larger than the data: ${count} training images; use a batch of at most ${count}`,
    );
  if (height * width !== model.spec.inputs)
    throw new ArgumentError(
      `${dataset.name}: images are ${height}x${width} = ${height * width} pixels, but the model takes ${model.spec.inputs}`,
    );
  checkLabels(dataset.train, `${dataset.name}.train`, model.spec);
  checkLabels(dataset.test, `${dataset.name}.test`, model.spec);
  model.checkUsable();
  const settings: StepSettings = {
    seed: checkSeed(options.seed ?? 0),
    examples: count,
    batch,
    learningRate: lr,
    beta1: betas[0],
    beta2: betas[1],
    epsilon,
  };
  const part = partOf(model.spec, options.layer);
  const trainer = await Trainer.create(model, dataset, settings, { fuse, part });
  model.device.check();
  return trainer;
}

/** Made by `createTrainer`; give its memory back with `dispose` before the model's. */
export class Trainer {
  private readonly pace = new Pace();
  private busy = false;
  private disposed = false;

  private constructor(
    readonly model: Model,
    private readonly stepper: Stepper,
    private readonly evaluator: Evaluator,
    private readonly moments: Required<Pick<Resources, 'gradients' | 'moment1' | 'moment2'>>,
    private settings: StepSettings,
    private readonly pass: PassOptions,
  ) {}

  /** Use `createTrainer`, which checks its arguments. */
  static async create(model: Model, dataset: Dataset, settings: StepSettings, pass: PassOptions): Promise<Trainer> {
    const { layout, matmulVariant, machine, spec } = model;
    const { batch } = settings;
    const sizes = { layout, rows: batch, ...datasetBytes(dataset.train), metricsCapacity: METRICS_CAPACITY };
    const plan = makePlan('training step', trainingGraph(spec, batch, pass.part), {
      ...sizes,
      matmulVariant,
      fuse: pass.fuse,
    });
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const remedy = 'Use narrower layers (--hidden) or a smaller code (--latent).';
    const flat = (label: string) => machine.memory.create({ label, bytes: layout.bytes, usage, remedy });
    const moments = { gradients: flat('gradients'), moment1: flat('moment1'), moment2: flat('moment2') };
    const undo: (() => void)[] = Object.values(moments).map((buffer) => () => machine.memory.destroy(buffer));
    try {
      const shared = { parameters: model.parameterBuffer, ...moments };
      const less = 'Use a smaller batch (--batch) or narrower layers (--hidden).';
      const stepper = await Stepper.create(machine, plan, dataset.train, settings, shared, less);
      undo.push(() => stepper.dispose());
      const evaluator = await Evaluator.create(model, dataset.test, settings, pass);
      undo.push(() => evaluator.dispose());
      await machine.memory.settled();
      return new Trainer(model, stepper, evaluator, moments, settings, pass);
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
  }

  /** The dispatches of one step, see `printPlan`. */
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

  /** Takes effect with the next submit: it is data to the kernels. */
  set learningRate(value: number) {
    this.checkUsable();
    checkPositive('learningRate', value);
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
   * Mean losses of any images of the model's size, nats an image, one noise sample each; of the test set if none are given.
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

  /** Adam's state by parameter name: mean and mean square of the gradients, and the last gradients themselves. */
  async optimizerState(): Promise<Record<'gradients' | 'moment1' | 'moment2', Map<string, ParameterTensor>>> {
    this.checkUsable();
    const { gradients, moment1, moment2 } = this.moments;
    return {
      gradients: await this.model.namedTensors(gradients),
      moment1: await this.model.namedTensors(moment1),
      moment2: await this.model.namedTensors(moment2),
    };
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
      const state = [this.model.parameterBuffer, ...Object.values(this.moments)];
      return await lendStepper(this.model.machine, this.stepper, state, work);
    } finally {
      this.busy = false;
    }
  }

  /** Frees the data and the optimizer's state; the model stays. Await what it was doing first. Idempotent. */
  dispose(): void {
    this.disposed = true;
    this.stepper.dispose();
    this.evaluator.dispose();
    for (const buffer of Object.values(this.moments)) this.model.machine.memory.destroy(buffer);
  }

  /** @throws ArgumentError after dispose of this trainer or its model; DeviceError if the device has failed */
  private checkUsable(): void {
    this.model.checkUsable();
    if (this.disposed) throw new ArgumentError('this trainer was disposed; make a new one with createTrainer');
  }
}
