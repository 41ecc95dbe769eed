// Training: epochs of steps that run on the GPU without the host ever waiting for one, and reports that follow late. A
// trainer can be saved and restored, and does both by itself when its GPU is lost.

import type { Dataset, Images } from '../data/dataset.js';
import { checkDataset, checkExamples, countOf, type Examples } from '../data/examples.js';
import { kindOf } from '../data/files/bytes.js';
import { ArgumentError, DeviceError, LatentGpuError, TrainingError } from '../errors.js';
import type { Device } from '../gpu/device.js';
import { allOf, lossTold, messageOf } from '../gpu/faults.js';
import { requirePrecision } from '../gpu/precision.js';
import { SplitBuffer } from '../gpu/split-buffer.js';
import type { StateBuffer } from '../kernels/optimizer.js';
import { requirePositive } from '../model/values.js';
import { trainedOf } from '../plan/layout.js';
import type { Plan } from '../plan/plan.js';
import type { Model } from './model.js';
import { checkFits, checkSamples, partOf, settingsFrom, type TrainerOptions } from './options.js';
import { Evaluator } from './passes/evaluate.js';
import { checkTrainOptions, type EpochReport, type TrainOptions } from './reports.js';
import { runSteps } from './run.js';
import { type RecoveryOptions, recoveryFrom, StateKeeper } from './snapshot/recovery.js';
import type { Snapshot } from './snapshot/snapshot.js';
import { TrainerState } from './snapshot/state.js';
import { ExplosionWatch } from './step/divergence.js';
import { lendStepper } from './step/lend.js';
import type { Losses } from './step/metrics.js';
import { Pace } from './step/pace.js';
import type { Stepper } from './step/stepper.js';
import type { NamedTensors } from './weights/tensors.js';

/** moment1 and moment2 where the optimizer has them. */
export type OptimizerState = Partial<Record<'gradients' | StateBuffer, NamedTensors>>;

/**
 * Puts the data and the optimizer's state on the model's device.
 * @throws ArgumentError naming the option or the part of the data that is wrong
 * @throws DeviceError if it does not fit on the device
 * @example
 * ```ts
 * const trainer = await createTrainer(model, digits({ train: 2560, test: 512 }), {
 *   batch: 128,
 *   optimizer: { kind: 'sgd', momentum: 0.9 },
 *   schedule: { kind: 'cosine', steps: 400 },
 * });
 * ```
 */
export async function createTrainer(
  model: Model,
  dataset: Dataset<Images | Examples>,
  options: TrainerOptions = {},
): Promise<Trainer> {
  if (typeof model?.checkUsable !== 'function')
    throw new ArgumentError(`model: ${kindOf(model)}, must be a model: await createModel(device, spec)`);
  const data = checkDataset(dataset);
  const settings = settingsFrom(options, countOf(data.train));
  const recovery = recoveryFrom(options);
  if (settings.klWarmup > 0 && model.spec.code.kind !== 'gaussian')
    throw new ArgumentError(
      `klWarmup: ${settings.klWarmup}, must be left out: a ${model.spec.code.kind} code has no KL term to warm up`,
    );
  checkSamples(model.spec, settings.batch);
  for (const part of ['train', 'validation', 'test'] as const) {
    const examples = data[part];
    if (examples) checkFits(examples, `${data.name}.${part}`, model.spec);
  }
  model.checkUsable();
  requirePrecision(settings.precision, model.device);
  const { fuse = true, keepGradients = false } = options;
  const pass = { fuse, keepGradients, part: partOf(model.spec, options.layer) };
  const trainer = new Trainer(await TrainerState.create(model, data, settings, pass), recovery);
  model.device.check();
  return trainer;
}

/** So long an error that a loss would explain waits for it to be told. */
const LATE_LOSS_MS = 3000;

/** Made by `createTrainer`; give its memory back with `dispose` before the model's. */
export class Trainer {
  private readonly pace = new Pace();
  private readonly watch = new ExplosionWatch();
  private readonly keeper: StateKeeper;
  private recovered = 0;
  /** Steps whose losses `onStep` was told. */
  private heard = 0;
  private busy = false;
  private disposed = false;

  /** Use `createTrainer`, which checks its arguments. @internal */
  constructor(
    private readonly state: TrainerState,
    private readonly recovery: Required<RecoveryOptions>,
  ) {
    this.keeper = new StateKeeper(() => state.save(), recovery.saveEvery);
  }

  /** That it trains. */
  get model(): Model {
    return this.state.model;
  }

  /** The dispatches of one step; `printPlan` of latentgpu/profile shows them. */
  get plan(): Plan {
    return this.state.parts.stepper.plan;
  }

  /** Batches of the training set; the last one may be smaller. */
  get stepsPerEpoch(): number {
    return this.state.stepsPerEpoch;
  }

  /** Steps done (or under way) since training began, before this trainer was made from a snapshot, too. */
  get step(): number {
    return this.state.step;
  }

  /** Epochs of which a whole report was given. */
  get epochs(): number {
    return this.state.epochs;
  }

  /** Whether the last step of an epoch is done and its report not yet given. */
  get reportDue(): boolean {
    return this.state.reportDue;
  }

  /** As createTrainer would take them now, with every default filled in. */
  get options(): TrainerOptions & {
    /** As given, or the optimizer's default. */
    lr: number;
  } {
    return this.state.options;
  }

  /** What the schedule multiplies. */
  get learningRate(): number {
    return this.state.settings.learningRate;
  }

  /**
   * Takes effect with the next submit: it is data to the kernels.
   * @throws ArgumentError unless it is a positive number
   */
  set learningRate(value: number) {
    this.checkUsable();
    requirePositive(value, 'learningRate');
    this.state.learningRate = value;
  }

  /**
   * Trains, and yields a report after each epoch. When the GPU is lost, it is opened anew and training goes on from the
   * state that was last saved, to the same bits as if nothing had happened, `recoveries` times at most.
   * @throws ArgumentError for options that make no sense, or while another call is training
   * @throws TrainingError when the loss or a weight is not a finite number, or in f16 no step can be done any more; DeviceError when the device fails
   * @example
   * ```ts
   * for await (const { epoch, test } of trainer.train({ epochs: 2 })) console.log(epoch, test.loss);
   * ```
   */
  async *train(options: TrainOptions = {}): AsyncGenerator<EpochReport, void, undefined> {
    checkTrainOptions(options);
    const { epochs = 1, steps = Number.POSITIVE_INFINITY, signal } = options;
    this.checkIdle('training again');
    this.busy = true;
    try {
      await this.begin(options);
      const first = this.epochs;
      const last = Math.min((first + epochs) * this.stepsPerEpoch, this.step + steps);
      let told = this.reportDue ? this.step - 1 : this.step;
      let report: EpochReport | undefined;
      while ((this.step < last || this.reportDue) && !signal?.aborted) {
        this.checkUsable(); // it may have been disposed while the caller had the report
        report = await this.recovering(() => this.epoch(first + epochs, last, options), options);
        if (report === undefined || report.step <= told) continue; // it was told before the GPU was lost
        told = report.step;
        yield report;
      }
      if (report) await this.end();
    } finally {
      this.busy = false;
    }
  }

  /** Sees to a state that a loss would lead back to. */
  private async begin(options: TrainOptions): Promise<void> {
    await this.revive(options);
    this.checkUsable();
    this.model.changes++;
    if (this.recovery.recoveries > 0) await this.keeper.now();
  }

  /**
   * After a loss of the GPU while nobody trained: opens it anew and restores model and trainer, if what was last saved is
   * still what they were. `train` does it by itself.
   * @returns whether they can be used now
   * @throws DeviceError if the GPU cannot be opened again
   */
  async revive(options: Pick<TrainOptions, 'onWarning'> = {}): Promise<boolean> {
    const { model, keeper } = this;
    if (this.disposed || !this.state.parts.stale) return !this.disposed;
    const current = keeper.last?.step === this.step && keeper.last.changes === model.changes;
    if (current) await this.recover(options);
    // Another trainer of the same model has recovered it; this one has nothing to lose yet.
    else if (!model.device.lost && !model.stale && this.step === 0) await this.state.rebuild();
    return !this.state.parts.stale;
  }

  /** So that a loss while nobody trains costs nothing. */
  private async end(): Promise<void> {
    if (this.recovery.recoveries > 0 && !this.disposed) await this.keeper.now().catch(() => undefined);
  }

  /** @returns undefined if the GPU was lost meanwhile, and the trainer has recovered */
  private async recovering<T>(work: () => Promise<T>, options: TrainOptions): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      // On a busy machine a loss is told long after what fails because of it.
      const maybe = error instanceof LatentGpuError && !(error instanceof TrainingError);
      if (maybe && !this.disposed && !this.state.parts.stale) await lossTold(this.model.device, LATE_LOSS_MS);
      if (this.disposed || !this.state.parts.stale) throw error;
      await this.keeper.settled();
      await this.recover(options, error);
      return undefined;
    }
  }

  /** Trains to the end of the epoch, to `last`, or until aborted; then evaluates. */
  private async epoch(epochs: number, last: number, options: TrainOptions): Promise<EpochReport> {
    const { meter, stepsPerEpoch, parts } = this.state;
    const { stepper, weights, test, validation } = parts;
    const first = stepper.step;
    if (first % stepsPerEpoch === 0 && !this.reportDue) meter.set(first);
    const epoch = this.epochs + 1;
    const end = Math.min(epoch * stepsPerEpoch, last);
    const clock = stopwatch(first);
    const { signal, snapshotEvery = Number.POSITIVE_INFINITY } = options;
    await runSteps(
      { meter, pace: this.pace, watch: this.watch, stepper },
      { end, snapshotEvery, signal },
      {
        submitted: (step) => {
          if (step % snapshotEvery === 0) options.onSnapshot?.(this.snapshot(), step);
          else if (this.recovery.recoveries > 0) this.keeper.considerAt(step);
        },
        step: (step, losses) => {
          if (step > this.heard) options.onStep?.(step, losses);
          this.heard = Math.max(this.heard, step);
        },
        arrived: (step, recent) => {
          const { stepsPerSecond } = clock(step);
          options.onProgress?.({ epoch, epochs, step, stepsTotal: last, losses: meter.value, recent, stepsPerSecond });
        },
        exploded: (step, { mean, best }) => {
          const [now, was] = [mean, best].map((loss) => loss.toPrecision(4));
          const message = `the loss explodes: its running mean is ${now} at step ${step} and was ${was} at its best`;
          options.onWarning?.({ kind: 'explosion', step, message });
        },
      },
    );
    const { step } = stepper;
    const spent = clock(step);
    await weights.run(step);
    const report = {
      epoch,
      step,
      complete: step === epoch * stepsPerEpoch,
      train: meter.value,
      ...(validation && { validation: await validation.run('validation', step) }),
      test: await test.run('test', step),
      ...spent,
    };
    // What a snapshot of the next moment says: this epoch has been told.
    if (report.complete) meter.set(step);
    return report;
  }

  /**
   * Opens the lost GPU anew and goes back to the state that was last saved.
   * @throws DeviceError if there is none, or it was done too often
   */
  private async recover({ onWarning }: Pick<TrainOptions, 'onWarning'>, cause?: unknown): Promise<void> {
    const { device } = this.model;
    const { last } = this.keeper;
    const { recoveries } = this.recovery;
    const reached = this.step;
    const why = cause instanceof Error ? cause.message : lossOf(device);
    if (!last) throw cause ?? new DeviceError(why);
    if (this.recovered >= recoveries)
      throw new DeviceError(
        `${why} Training has recovered from ${recoveries} ${recoveries === 1 ? 'loss' : 'losses'}, as many as \`recoveries\` allows. ` +
          `\`lastSnapshot\` of the trainer is of step ${last.step}.`,
        { cause },
      );
    await device.renew();
    const ofModel = this.model.stale;
    if (ofModel) this.model.rebuild();
    await this.state.rebuild();
    this.state.load(last, ofModel);
    this.recovered++;
    const message = `the GPU was lost after step ${reached} and opened anew (${device.adapter.name}): training goes on from step ${last.step}`;
    onWarning?.({ kind: 'recovery', step: last.step, message });
  }

  /**
   * Everything that decides how training goes on, as it is after the steps submitted so far. Also while it trains, which
   * goes on meanwhile; `encodeSnapshot` makes a file of it.
   * @throws TrainingError if a weight is not finite; DeviceError when the device fails
   */
  async snapshot(): Promise<Snapshot> {
    this.checkUsable();
    return this.state.describe(await this.keeper.now());
  }

  /** The state that was last saved on the host, also after the device was lost for good; undefined if there is none. */
  async lastSnapshot(): Promise<Snapshot | undefined> {
    return this.keeper.last && this.state.describe(this.keeper.last);
  }

  /**
   * Goes back, or forward, to a snapshot of a trainer of the same model, data and options: parameters, optimizer, step and
   * learning rate.
   * @param meant options in which this trainer is meant to differ; its own hold
   * @throws ArgumentError naming what differs, or while it trains
   */
  async restore(snapshot: Snapshot, meant: TrainerOptions = {}): Promise<void> {
    this.checkIdle('it is restored');
    await this.state.restore(snapshot, meant);
    this.heard = snapshot.step;
    this.keeper.last = undefined;
  }

  /**
   * Mean losses of any images of the model's size, one noise sample each; of the test set if none are given.
   * While training goes on, each batch sees the parameters of its moment.
   * @throws ArgumentError if the images have another size
   */
  async evaluate(images?: Images | Examples): Promise<Losses> {
    this.checkUsable();
    if (!images) return this.state.parts.test.run('test', this.step);
    const examples = checkExamples(images, 'images');
    checkFits(examples, 'images', this.model.spec);
    const { settings, pass } = this.state;
    const evaluator = await Evaluator.create(this.model, this.model.machine.memory, examples, settings, pass);
    try {
      return await evaluator.run('test', this.step);
    } finally {
      evaluator.dispose();
    }
  }

  /**
   * By parameter name: what the optimizer keeps: moment1, Adam's mean of the gradients (exp_avg in PyTorch) or the momentum
   * buffer; moment2, the mean of their squares (exp_avg_sq, square_avg); and, where a step leaves them in memory (options
   * `keepGradients`, `clipNorm`, `precision: 'f16'` or `fuse: false`), the last gradients, before clipping and weight decay.
   * @example
   * ```ts
   * const { moment1 } = await trainer.optimizerState();
   * const mean = moment1?.get('encoder.0.weight'); // { shape: [512, 784], values }
   * ```
   */
  async optimizerState(): Promise<OptimizerState> {
    this.checkUsable();
    const state: OptimizerState = {};
    const { parts } = this.state;
    const [scale, ...tensors] = await allOf([
      parts.stepper.gradientScale(),
      ...Object.values(parts.state).map((buffer) => this.model.namedTensors(buffer, trainedOf(this.model.layout))),
    ]);
    Object.keys(parts.state).forEach((name, index) => {
      state[name as keyof OptimizerState] = tensors[index];
    });
    for (const { values } of state.gradients?.values() ?? []) values.set(values.map((value) => value / scale));
    return state;
  }

  /**
   * Runs `work` (the profiler) on this trainer's stepper, then restores parameters, optimizer and counters. `work` may
   * restore them earlier by calling `restore`.
   * @throws ArgumentError while another call is training
   * @internal
   */
  async lend<T>(work: (stepper: Stepper, restore: () => void) => Promise<T>): Promise<T> {
    this.checkIdle('it is lent');
    this.checkUsable();
    this.busy = true;
    try {
      const { stepper, state } = this.state.parts;
      const held = [this.model.parameterBuffer, ...Object.values(state)];
      const buffers = held.flatMap((each) => (each instanceof SplitBuffer ? each.buffers : [each]));
      return await lendStepper(this.model.machine, stepper, buffers, work);
    } finally {
      this.busy = false;
    }
  }

  /** Frees the data and the optimizer's state; the model stays. Await what it was doing first. Idempotent. */
  dispose(): void {
    this.disposed = true;
    this.state.parts.dispose();
  }

  private checkIdle(before: string): void {
    if (this.disposed) this.checkUsable();
    if (this.busy) throw new ArgumentError(`this trainer is already training; await its reports before ${before}`);
  }

  /** @throws ArgumentError after dispose of this trainer or its model; DeviceError if the device has failed */
  private checkUsable(): void {
    this.model.checkUsable();
    if (this.disposed) throw new ArgumentError('this trainer was disposed; make a new one with createTrainer');
    if (this.state.parts.stale)
      throw new DeviceError('this trainer was lost with the GPU that it was on; make a new one with createTrainer');
  }
}

/** What the device says of its loss. */
function lossOf(device: Device): string {
  try {
    device.check();
  } catch (error) {
    return messageOf(error);
  }
  return `the device "${device.adapter.name}" was lost.`;
}

/** Seconds since it was started, and steps a second since `first`. */
function stopwatch(first: number): (step: number) => { seconds: number; stepsPerSecond: number } {
  const started = performance.now();
  return (step) => {
    const seconds = (performance.now() - started) / 1000;
    return { seconds, stepsPerSecond: step > first ? (step - first) / seconds : 0 };
  };
}
