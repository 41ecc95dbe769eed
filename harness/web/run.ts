// Starts, trains, pauses, resets: everything that a session is asked to do as a whole. What is shown is the panels' work.
import {
  type CheckedExamples,
  countOf,
  DeviceError,
  decodeSnapshot,
  encodeSnapshot,
  type LayerProgress,
  type ModelSpec,
  numbersOf,
  type Progress,
  shapeOfOne,
  type TrainingWarning,
} from 'latentgpu';
import { type Session, startSession } from 'latentgpu/worker';
import type { Chosen } from './data/chosen.js';
import { dataset } from './data/data.js';
import type { PageData } from './data/request.js';
import { latest } from './dom.js';
import { PIXELS, rangeOf } from './drawing/shades.js';
import { measuredWith } from './measured.js';
import type { Numbers } from './model-file.js';
import { fetchPretrained, type Pretrained, SHOWN, type TrainingRecord } from './pretrained.js';
import { type DataSizes, DEFAULTS, LIVE, modelOf, needsData, type Setup, sizeOf, toHash } from './setup.js';
import { asSentence, messageOf, type State } from './state.js';

/** Enough for anyone to look at; Train goes on for as many again. */
const EPOCHS = 1000;

/** The data that sessions are given: how many examples, and of how many classes if they have labels. */
interface Given extends DataSizes {
  train: number;
}

export interface Change {
  /** The data are to be made anew. */
  data?: boolean;
  /** Own data from now on, or the built-in digits. */
  files?: Chosen[] | 'digits';
  /** Of a model that is loaded: what it sees, whatever these data alone would have. */
  numbers?: Numbers | undefined;
}

/** The data cannot be made from what the visitor chose. */
class DataError extends Error {}

export class Runner {
  private stop = new AbortController();
  /** Ends when the last model that was asked for is there, or is not to be. */
  private turn: Promise<void> = Promise.resolve();
  /** Ends when training has ended, however it did. */
  private running: Promise<void> = Promise.resolve();
  /** Whether the next model needs data that are made anew. */
  private newData = true;
  /** Of the data that are, or are to be. */
  private files: Chosen[] | 'digits' = 'digits';
  private given: Given | undefined;
  /** Of the model that is asked for, where it was trained elsewhere. */
  private loaded: Numbers | undefined;
  /** What the model sees that there is. */
  private seen: Numbers = { pixels: true };
  /** Set-ups follow one another; only the last one counts. */
  private starts = 0;
  /** The first layer that has still to be pretrained, from 0; nothing if none has. */
  private nextLayer: number | undefined;
  /** What the page opens with, unless its address asks for another model. */
  private readonly pretrained: Promise<Pretrained | undefined>;
  /** Epochs and steps of it, which its training goes on from. */
  private before = { step: 0, epoch: 0 };

  constructor(private readonly state: State) {
    this.pretrained = isDefault(state) ? fetchPretrained() : Promise.resolve(undefined);
  }

  /** Makes the model of the set-up, with fresh parameters; on a new device if there is none. */
  start({ data = false, files = this.files, numbers }: Change = {}): Promise<void> {
    const { state } = this;
    this.loaded = numbers;
    this.newData ||= data || files !== this.files;
    this.files = files;
    state.offered = files;
    const mine = ++this.starts;
    this.stop.abort();
    state.generation++;
    state.enter('starting', 'Making the data and the model…');
    // One after the other: two at a time would start two workers.
    this.turn = this.turn.then(() => this.running).then(() => this.make(mine));
    return this.turn;
  }

  /** The same with the data that the set-up wants now: it may have changed while a model was kept. */
  anew(): Promise<void> {
    const { made, setup } = this.state;
    return this.start({ data: needsData(made, setup, this.files !== 'digits') });
  }

  private async make(mine: number): Promise<void> {
    const { files, state } = this;
    const current = () => mine === this.starts;
    if (!current()) return;
    const anew = this.newData;
    this.newData = false; // until somebody wants others, which may be while these are made
    try {
      const made = anew ? await this.makeData(files) : undefined;
      if (current()) await this.settle(made, files);
      else this.newData ||= anew;
      if (!current()) return;
      // The first model of the page, and of no other set-up.
      const pretrained = mine === 1 && isDefault(state) ? await this.pretrained : undefined;
      if (pretrained) await state.session?.load(pretrained.bytes);
      const test = await state.session?.examples('test', { count: SHOWN });
      if (current() && test) this.began(test, pretrained?.record);
    } catch (error) {
      this.newData ||= anew;
      if (current()) this.failed(error);
      if (current() && state.phase === 'unsupported') await this.standIn();
    }
  }

  /** Without a GPU: the pretrained model, to look at. What the address asked for cannot be made. */
  private async standIn(): Promise<void> {
    const { state } = this;
    const pretrained = (await this.pretrained) ?? (await fetchPretrained());
    if (!pretrained) return;
    const [{ cpuModel }, { test }] = await Promise.all([
      import('./cpu-model.js'),
      dataset({ digits: { train: DEFAULTS.batch, test: SHOWN } }),
    ]);
    Object.assign(state, { setup: DEFAULTS, made: DEFAULTS, dataName: 'Built-in digits' });
    state.stand = cpuModel(pretrained.bytes, test);
    state.model = modelOf(DEFAULTS, { shape: shapeOfOne(test), pixels: true });
    const { message } = state;
    this.began(test, pretrained.record);
    state.enter('unsupported', message);
    state.tell('setup');
  }

  private async makeData(files: Chosen[] | 'digits'): Promise<PageData> {
    const { images: most, size, label, drop, categorical, missing, scale, seed } = this.state.setup;
    const options = { most, size: sizeOf(size), label, drop, categorical, missing, scale, seed };
    const request = files === 'digits' ? { digits: { train: most, test: SHOWN } } : { files, options };
    return dataset(request).catch((error: unknown) => {
      throw new DataError(inWordsOfPage(messageOf(error)), { cause: error });
    });
  }

  /** Without data that can be used, the model that there is goes on with the data that it has. */
  private failed(error: unknown): void {
    const { state } = this;
    if (error instanceof DataError && state.session && state.model) {
      this.newData = false;
      this.files = state.files;
      state.enter(state.step > 0 ? 'paused' : 'ready', `${asSentence(error.message)} The data are as they were.`);
    } else if (error instanceof DeviceError && !state.session)
      state.enter('unsupported', `This page cannot train here: ${error.message}`);
    else state.enter('failed', messageOf(error));
  }

  /** What the model sees that there is; and what one of the data would, which may have been trained on others. */
  get numbers(): Numbers {
    return this.seen;
  }

  get ofData(): Numbers | undefined {
    return this.given;
  }

  /**
   * The model of a set-up for the data that there are.
   * @param numbers what it sees, if it was trained on others
   * @throws Error naming what is wrong
   */
  modelOf(setup: Setup, numbers?: Numbers): ModelSpec {
    const own: DataSizes = this.given ?? { shape: shapeOfOne(this.state.test), pixels: true };
    const given = numbers ? { ...own, pixels: numbers.pixels, scaling: numbers.scaling } : own;
    if (setup.preset === 'conditionalVae' && given.classes === undefined)
      throw new Error(
        given.shape.length === 1
          ? 'A conditional VAE is told the class of each row, and these have no labels: name their column as Label column, or choose another kind of model.'
          : 'A conditional VAE is told the class of each image, and these have no labels: drop an IDX file of labels with ' +
              'the images, or choose another kind of model.',
      );
    return modelOf(setup, given);
  }

  /** Another model is there: everything starts over. */
  private began(test: CheckedExamples, record?: TrainingRecord): void {
    const { state } = this;
    const { batch, preset, pretrain } = state.setup;
    state.test = test;
    state.plainRange = state.size ? PIXELS : rangeOf(numbersOf(test));
    const { step, epoch, trained, tested } = record ?? { step: 0, epoch: 0, trained: [], tested: [] };
    this.before = { step, epoch };
    Object.assign(state, { step, epoch, stepsPerSecond: 0, trained, tested, pretrained: [], label: 0 });
    Object.assign(state, { made: state.setup, begun: record !== undefined, unsaved: false, stepsBefore: step });
    state.generation++;
    this.nextLayer = preset === 'stacked' && pretrain > 0 ? 0 : undefined;
    state.point = new Float32Array(state.latent);
    state.chosen = false;
    const { train = batch } = this.given ?? {};
    state.enter(
      'ready',
      train < batch ? state.worded(`Ready to train. Batches of ${train}: there are no more training images.`) : '',
    );
    state.tell('model');
    state.tell('parameters');
  }

  /** The session there is, started over; or a new one. */
  private async settle(made: PageData | undefined, files: Chosen[] | 'digits'): Promise<void> {
    const { state } = this;
    if (made) {
      const { pixels, scaling } = made;
      this.given = {
        train: countOf(made.train),
        shape: shapeOfOne(made.train),
        pixels,
        scaling,
        classes: classesIn(made),
      };
    }
    const { lr, batch, seed } = state.setup;
    const training = { lr, batch: Math.min(batch, this.given?.train ?? batch), seed };
    const { pixels: arePixels = true, scaling } = this.loaded ?? this.given ?? {};
    const numbers = { pixels: arePixels, scaling };
    const model = this.modelOf(state.setup, numbers);
    const about = made && { dataName: made.name, features: made.features ?? [], classNames: made.classes ?? [] };
    const setup = { model, training, seed };
    const data = made && { name: made.name, train: made.train, test: made.test };
    if (state.session) {
      await state.session.restart({ ...setup, ...(data && { dataset: data }) });
    } else {
      if (!data) throw new Error('there is no data yet');
      const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'latentgpu' });
      const onWarning = (warning: TrainingWarning) => this.warned(warning);
      state.session = await startSession({ ...setup, dataset: data, worker, onWarning });
      this.watch(state.session);
    }
    state.model = model;
    this.seen = numbers;
    state.files = files;
    // Of other data no image is chosen yet.
    if (about) Object.assign(state, { image: undefined, hovered: undefined });
    if (about) Object.assign(state, about, files === 'digits' && { dataName: 'Built-in digits' });
  }

  /** What training survives; after a lost device it goes on from an earlier step. */
  private warned({ kind, step, message }: TrainingWarning): void {
    const { state } = this;
    if (kind === 'recovery')
      state.trained = state.trained.filter((measured) => measured.step <= step + this.before.step);
    state.enter(state.phase, asSentence(message));
    if (kind === 'recovery') state.tell('parameters');
  }

  /** Tells when the device is lost for good, each time anew, or the worker has failed, after which there is no session. */
  private watch(session: Session): void {
    void session.lost.then((error) => {
      const { state } = this;
      state.generation++;
      if (error instanceof DeviceError) this.watch(session);
      else {
        state.session = undefined;
        this.newData = true;
      }
      state.enter('lost', `${asSentence(error.message)} Press Train to start again with fresh parameters.`);
    });
  }

  /** Trains until `pause`, or for so many steps; after a lost device, a failure or another set-up with fresh parameters. */
  async train({ steps }: { steps?: number } = {}): Promise<void> {
    const { state } = this;
    if (['lost', 'failed'].includes(state.phase) || state.outdated) await this.anew();
    if (!['ready', 'paused'].includes(state.phase)) return;
    this.stop = new AbortController();
    state.enter('training');
    this.running = this.trainUntil(this.stop.signal, steps === undefined ? {} : { steps });
    await this.running;
  }

  private async trainUntil(signal: AbortSignal, most: { steps?: number }): Promise<void> {
    const { state } = this;
    const { session, generation } = state;
    if (!session) return;
    const current = () => generation === state.generation;
    const onProgress = (progress: Progress) => {
      if (current()) this.arrived(progress);
    };
    try {
      if (this.nextLayer !== undefined) await this.pretrain(session, { from: this.nextLayer, signal }, current);
      if (!signal.aborted) {
        if (current()) state.enter('training');
        for await (const { step, test } of session.train({ epochs: EPOCHS, ...most, signal, onProgress }))
          if (current()) state.tested.push({ step: step + this.before.step, losses: test });
      }
      if (current()) state.enter('paused');
    } catch (error) {
      if (current()) state.enter('failed', `${asSentence(messageOf(error))} Train starts again.`);
    }
    if (!current()) return;
    state.tell('step');
    state.tell('parameters');
  }

  /** The layers that are left, one after the other; the one in which a pause comes starts anew after it. */
  private async pretrain(
    session: Session,
    options: { from: number; signal: AbortSignal },
    current: () => boolean,
  ): Promise<void> {
    const { state } = this;
    let told = '';
    let last = 0;
    const onProgress = ({ layer, layers, epoch, epochs, step, stepsPerSecond, recent }: LayerProgress) => {
      if (!current()) return;
      const before = state.pretrained.at(-1)?.step ?? 0;
      // Each layer counts its own steps.
      state.pretrained = measuredWith(state.pretrained, {
        step: before + step - (step > last ? last : 0),
        losses: recent,
      });
      last = step;
      state.begun = state.unsaved = true;
      const message = `Pretraining layer ${layer + 1} of ${layers}, epoch ${epoch} of ${epochs}.`;
      if (message !== told) state.enter('training', message);
      told = message;
      state.stepsPerSecond = stepsPerSecond;
      state.tell('step');
      state.tell('parameters');
    };
    const epochs = state.setup.pretrain;
    for await (const { layer, layers, epoch, complete } of session.pretrain({ ...options, epochs, onProgress }))
      if (current() && complete && epoch === epochs) this.nextLayer = layer + 1 < layers ? layer + 1 : undefined;
  }

  /** Whether layers are still to be trained alone. */
  get isToPretrain(): boolean {
    return this.nextLayer !== undefined;
  }

  /** What was trained elsewhere needs none. */
  skipPretraining(): void {
    this.nextLayer = undefined;
  }

  private arrived({ recent, stepsPerSecond, ...progress }: Progress): void {
    const { state, before } = this;
    const [step, epoch] = [progress.step + before.step, progress.epoch + before.epoch];
    Object.assign(state, { step, epoch, stepsPerSecond });
    state.trained = measuredWith(state.trained, { step, losses: recent });
    state.begun = state.unsaved = true;
    state.tell('step');
    state.tell('parameters');
  }

  /**
   * Goes on from the same step with the learning rate and the other live numbers of the set-up: what was learnt, and what the
   * optimizer keeps, is put into a model with these.
   */
  readonly adjust: () => Promise<void> = latest(async () => {
    const { state } = this;
    const live = LIVE.map((field) => [field, state.setup[field]]);
    const setup: Setup = { ...state.made, ...Object.fromEntries(live) };
    if (LIVE.every((field) => setup[field] === state.made[field])) return;
    const resume = state.phase === 'training';
    await this.alone(async (session) => {
      const kept = await session.snapshot();
      const { snapshot } = decodeSnapshot(kept);
      const spec = this.modelOf(setup, this.seen);
      const training = { ...snapshot.training, lr: setup.lr };
      try {
        await session.restart({ model: spec, training });
        await session.restore(encodeSnapshot({ ...snapshot, spec, training }));
      } catch (error) {
        await session.restart({ model: snapshot.spec, training: snapshot.training });
        await session.restore(kept);
        throw error;
      }
      state.model = spec;
      state.made = setup;
    }, 'Changing the training…');
    if (resume) void this.train();
  });

  /** Ends training after the steps under way. */
  async pause(): Promise<void> {
    this.stop.abort();
    await this.running;
  }

  /** Does something with the session that training would disturb; the page waits. */
  async alone<T>(work: (session: Session) => Promise<T>, message: string): Promise<T | undefined> {
    const { state } = this;
    await this.pause();
    if (!state.session || !state.usable) return undefined;
    const { generation, phase } = state;
    state.enter('busy', message);
    try {
      const result = await work(state.session);
      if (generation === state.generation) state.enter(phase);
      return result;
    } catch (error) {
      if (generation === state.generation) state.enter(phase, messageOf(error));
      return undefined;
    } finally {
      // Pictures that were asked for meanwhile had no answer.
      if (generation === state.generation) state.tell('parameters');
    }
  }
}

const isDefault = ({ setup }: State): boolean => toHash(setup) === '';

/** How many classes there are, if the data have labels. */
function classesIn({ train, test, classes }: PageData): number | undefined {
  if (!train.labels) return undefined;
  const all = [...train.labels, ...(test.labels ?? [])];
  return classes?.length ?? all.reduce((most, label) => Math.max(most, label), 0) + 1;
}

/** What readers say of the programs' flags, as the page's fields. */
const inWordsOfPage = (message: string): string =>
  message
    .replace(/--drop\b/g, 'Leave out')
    .replace(/--categorical\b/g, 'Categories')
    .replace(/--label-column\b/g, 'Label column')
    .replace(/--missing (mean or drop|drop)/g, 'Missing values');
