// What a trainer is at a moment, on the GPU and beside it: how it is saved, told as a snapshot, gone back to, and made anew
// on another GPU. When that happens, and how steps lead from one moment to the next, is the trainer's business.
import type { Dataset } from '../../data/dataset.js';
import type { CheckedExamples } from '../../data/examples.js';
import { allOf } from '../../gpu/faults.js';
import { formOf, type OptimizerForm } from '../../kernels/optimizer.js';
import { trainedOf } from '../../plan/layout.js';
import { EpochMeter } from '../meter.js';
import type { Model } from '../model.js';
import { optionsOf, type TrainerOptions } from '../options.js';
import { TrainerParts } from '../parts.js';
import type { PassOptions } from '../passes/evaluate.js';
import { badWeights } from '../step/divergence.js';
import { firstScaling, type StepSettings } from '../step/step-state.js';
import { flatten, unflatten } from '../weights/tensors.js';
import { checkSnapshot } from './fits.js';
import { type DataIdentity, identify } from './identity.js';
import type { SavedState } from './recovery.js';
import { type Snapshot, stateName } from './snapshot.js';

/** Options that change nothing of which images a step sees: with others, half an epoch's sums mean nothing. */
const SAME_BATCHES = ['lr', 'recoveries', 'saveEvery', 'keepGradients', 'fuse', 'precision'];

export class TrainerState {
  readonly meter: EpochMeter;
  private identity: Promise<DataIdentity> | undefined;

  private constructor(
    readonly model: Model,
    private readonly dataset: Dataset<CheckedExamples>,
    readonly pass: PassOptions,
    private current: StepSettings,
    private onGpu: TrainerParts,
  ) {
    this.meter = new EpochMeter(onGpu.stepper.plan.losses);
  }

  /** @throws DeviceError if it does not fit on the device */
  static async create(
    model: Model,
    dataset: Dataset<CheckedExamples>,
    settings: StepSettings,
    pass: PassOptions,
  ): Promise<TrainerState> {
    return new TrainerState(model, dataset, pass, settings, await TrainerParts.create(model, dataset, settings, pass));
  }

  /** What lies on the GPU; others after `rebuild`. */
  get parts(): TrainerParts {
    return this.onGpu;
  }

  get settings(): StepSettings {
    return this.current;
  }

  /** Another learning rate takes effect with the next submit. */
  set learningRate(learningRate: number) {
    this.current = { ...this.current, learningRate };
    this.parts.stepper.configure(this.current);
  }

  /** Steps done or under way. */
  get step(): number {
    return this.parts.stepper.step;
  }

  get stepsPerEpoch(): number {
    return this.parts.stepper.stepsPerPass;
  }

  /** Epochs of which a whole report was given. */
  get epochs(): number {
    const whole = Math.floor(this.step / this.stepsPerEpoch);
    return this.reportDue ? whole - 1 : whole;
  }

  /** Whether the last step of an epoch is done and its report not yet given. */
  get reportDue(): boolean {
    return this.step > 0 && this.step % this.stepsPerEpoch === 0 && this.meter.pending(this.step);
  }

  /** As createTrainer would take them now, with every default filled in. */
  get options(): TrainerOptions & { lr: number } {
    const { part } = this.pass;
    return { ...optionsOf(this.settings), ...(part !== 'whole' && { layer: part.layer }) };
  }

  /** After the steps submitted so far; later ones go on meanwhile. @throws TrainingError if a weight is not finite */
  async save(): Promise<SavedState> {
    const { model, parts, step, epochs } = this;
    const { changes } = model;
    const { learningRate } = this.settings;
    const [sums, buffers, scaling] = await allOf([this.meter.at(step), parts.read(), parts.stepper.scaling()]);
    const [parameters] = buffers;
    const bad = parameters && badWeights(model.layout, new Float32Array(parameters), step);
    if (bad) throw bad;
    return { step, epochs, sums, learningRate, scaling, changes, buffers };
  }

  /** The reverse of `save`; without the parameters if the model has kept them. */
  load({ step, sums, learningRate, scaling, buffers }: SavedState, withParameters: boolean): void {
    const { parts, meter } = this;
    const [parameters, ...kept] = buffers;
    parts.write([withParameters ? parameters : undefined, ...kept]);
    this.learningRate = learningRate;
    parts.stepper.rewind(step, scaling);
    meter.set(step, sums);
  }

  async describe({ step, epochs, sums, learningRate, scaling, buffers }: SavedState): Promise<Snapshot> {
    const { layout, spec } = this.model;
    const [parameters = new Map(), ...kept] = buffers.map((bytes, index) =>
      unflatten(index === 0 ? layout : trainedOf(layout), bytes),
    );
    const names = this.parts.kept.map(([buffer]) => stateName(this.form, buffer));
    return {
      spec,
      training: { ...this.options, lr: learningRate },
      step,
      epochs,
      epoch: sums,
      ...(this.settings.precision === 'f16' && { scaling }),
      data: await this.data(),
      parameters,
      optimizer: new Map(kept.map((tensors, index) => [names[index] ?? '', tensors])),
    };
  }

  /** As `Trainer.restore`. */
  async restore(snapshot: Snapshot, meant: TrainerOptions): Promise<void> {
    const { model, parts, options } = this;
    const { layout, spec } = model;
    checkSnapshot(snapshot, { spec, data: await this.data(), training: options }, meant);
    model.loadParameters(snapshot.parameters);
    const kept = parts.kept.map(([buffer]) => snapshot.optimizer.get(stateName(this.form, buffer)));
    const buffers = [snapshot.parameters, ...kept].map((tensors) => flatten(layout, tensors).buffer);
    const { step, epochs, training, epoch } = snapshot;
    const { lr: learningRate = options.lr } = { ...training, ...meant };
    const sameBatches = Object.keys(meant).every((option) => SAME_BATCHES.includes(option));
    const sums = sameBatches ? epoch : { sums: epoch.sums.map(() => 0), images: 0 };
    const { scaling = firstScaling(this.settings) } = this.settings.precision === 'f16' ? snapshot : {};
    this.load({ step, epochs, sums, learningRate, scaling, changes: model.changes, buffers }, true);
  }

  /** Everything on the device's GPU of now; what it was is gone until `load`. */
  async rebuild(): Promise<void> {
    const stale = this.onGpu;
    this.onGpu = await TrainerParts.create(this.model, this.dataset, this.settings, this.pass);
    stale.dispose();
  }

  private get form(): OptimizerForm {
    return formOf(this.settings.optimizer, false);
  }

  /** Which data it trains on. */
  private data(): Promise<DataIdentity> {
    this.identity ??= identify(this.dataset);
    return this.identity;
  }
}
