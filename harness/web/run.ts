// Starts, trains, pauses, resets: everything that a session is asked to do as a whole. What is shown is the panels' work.
import {
  type Dataset,
  DeviceError,
  type Images,
  type LayerProgress,
  type ModelSpec,
  type Progress,
  type TrainingWarning,
} from 'latentgpu';
import { type Session, startSession } from 'latentgpu/worker';
import { dataset } from './data/data.js';
import { modelOf, type Setup } from './setup.js';
import { type Measured, messageOf, type State } from './state.js';

/** Test images that the page itself holds: for the map and the pictures. */
const SHOWN = 1000;
/** Enough for anyone to look at; Train goes on for as many again. */
const EPOCHS = 1000;
/** More points than a chart has pixels help nobody: at that many, neighbours are joined. */
const MOST_MEASURED = 1200;

/** The data that sessions are given: how many images, and of how many classes if they have labels. */
interface Given {
  train: number;
  height: number;
  width: number;
  classes: number | undefined;
}

export interface Change {
  /** The data are to be made anew. */
  data?: boolean;
  /** Own images from now on, or the built-in digits. */
  files?: File[] | 'digits';
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
  private files: File[] | 'digits' = 'digits';
  private given: Given | undefined;
  /** Set-ups follow one another; only the last one counts. */
  private starts = 0;
  /** The first layer that has still to be pretrained, from 0; nothing if none has. */
  private nextLayer: number | undefined;

  constructor(private readonly state: State) {}

  /** Makes the model of the set-up, with fresh parameters; on a new device if there is none. */
  start({ data = false, files = this.files }: Change = {}): Promise<void> {
    const { state } = this;
    this.newData ||= data || files !== this.files;
    this.files = files;
    const mine = ++this.starts;
    this.stop.abort();
    state.generation++;
    state.enter('starting', 'Making the data and the model…');
    // One after the other: two at a time would start two workers.
    this.turn = this.turn.then(() => this.running).then(() => this.make(mine));
    return this.turn;
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
      const test = await state.session?.images('test', { count: SHOWN });
      if (current() && test) this.began(test);
    } catch (error) {
      this.newData ||= anew;
      if (current()) this.failed(error);
    }
  }

  private async makeData(files: File[] | 'digits'): Promise<Dataset> {
    const { images } = this.state.setup;
    const request = files === 'digits' ? { digits: { train: images, test: SHOWN } } : { files, most: images };
    return dataset(request).catch((error: unknown) => {
      throw new DataError(messageOf(error), { cause: error });
    });
  }

  /** Without data that can be used, the model that there is goes on with the data that it has. */
  private failed(error: unknown): void {
    const { state } = this;
    if (error instanceof DataError && state.session && state.model) {
      this.newData = false;
      this.files = state.files;
      state.enter(state.step > 0 ? 'paused' : 'ready', `${error.message}. The data are as they were.`);
    } else if (error instanceof DeviceError && !state.session)
      state.enter('unsupported', `This page cannot train here: ${error.message}`);
    else state.enter('failed', messageOf(error));
  }

  /** The model of a set-up for the data that there are. @throws Error naming what is wrong */
  modelOf(setup: Setup): ModelSpec {
    const { height, width, classes } = this.given ?? { ...this.state.test, classes: undefined };
    if (setup.preset === 'conditionalVae' && classes === undefined)
      throw new Error(
        'A conditional VAE is told the class of each image, and these have no labels: drop an IDX file of labels with ' +
          'the images, or choose another kind of model.',
      );
    return modelOf(setup, { height, width, ...(classes !== undefined && { classes }) });
  }

  /** Another model is there: everything starts over. */
  private began(test: Images): void {
    const { state } = this;
    const { batch, preset, pretrain } = state.setup;
    Object.assign(state, { test, step: 0, epoch: 0, stepsPerSecond: 0, trained: [], tested: [], label: 0 });
    state.generation++;
    this.nextLayer = preset === 'stacked' && pretrain > 0 ? 0 : undefined;
    state.point = new Float32Array(state.latent);
    state.chosen = false;
    const { train = batch } = this.given ?? {};
    state.enter(
      'ready',
      train < batch ? `Ready to train. Batches of ${train}: there are no more training images.` : '',
    );
    state.tell('model');
    state.tell('parameters');
  }

  /** The session there is, started over; or a new one. */
  private async settle(made: Dataset | undefined, files: File[] | 'digits'): Promise<void> {
    const { state } = this;
    if (made) {
      const { count, height, width, labels } = made.train;
      const all = [...(labels ?? []), ...(made.test.labels ?? [])];
      const classes = labels ? all.reduce((most, label) => Math.max(most, label), 0) + 1 : undefined;
      this.given = { train: count, height, width, classes };
    }
    const { lr, batch, seed } = state.setup;
    const training = { lr, batch: Math.min(batch, this.given?.train ?? batch), seed };
    const model = this.modelOf(state.setup);
    const name = made?.name;
    const setup = { model, training, seed };
    if (state.session) {
      await state.session.restart({ ...setup, ...(made && { dataset: made }) });
    } else {
      if (!made) throw new Error('there is no data yet');
      const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'latentgpu' });
      const onWarning = (warning: TrainingWarning) => this.warned(warning);
      state.session = await startSession({ ...setup, dataset: made, worker, onWarning });
      this.watch(state.session);
    }
    state.model = model;
    state.files = files;
    if (name !== undefined) state.dataName = files === 'digits' ? 'Built-in digits' : name;
  }

  /** What training survives; after a lost device it goes on from an earlier step. */
  private warned({ kind, step, message }: TrainingWarning): void {
    const { state } = this;
    if (kind === 'recovery') state.trained = state.trained.filter((measured) => measured.step <= step);
    state.enter(state.phase, `${message.charAt(0).toUpperCase()}${message.slice(1)}.`);
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
      state.enter('lost', `${error.message} Press Train to start again with fresh parameters.`);
    });
  }

  /** Trains until `pause`; after a lost device or a failure with fresh parameters. */
  async train(): Promise<void> {
    const { state } = this;
    if (['lost', 'failed'].includes(state.phase)) await this.start();
    if (!['ready', 'paused'].includes(state.phase)) return;
    this.stop = new AbortController();
    state.enter('training');
    this.running = this.trainUntil(this.stop.signal);
    await this.running;
  }

  private async trainUntil(signal: AbortSignal): Promise<void> {
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
        for await (const { step, test } of session.train({ epochs: EPOCHS, signal, onProgress }))
          if (current()) state.tested.push({ step, losses: test });
      }
      if (current()) state.enter('paused');
    } catch (error) {
      if (current()) state.enter('failed', `${messageOf(error)} Train starts again.`);
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
    const onProgress = ({ layer, layers, epoch, epochs, stepsPerSecond }: LayerProgress) => {
      if (!current()) return;
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

  /** What was trained elsewhere needs none. */
  skipPretraining(): void {
    this.nextLayer = undefined;
  }

  private arrived({ step, epoch, recent, stepsPerSecond }: Progress): void {
    const { state } = this;
    Object.assign(state, { step, epoch, stepsPerSecond });
    state.trained.push({ step, losses: recent });
    if (state.trained.length >= MOST_MEASURED) state.trained = joined(state.trained);
    state.tell('step');
    state.tell('parameters');
  }

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

/** Half as many, each the mean of two neighbours. */
function joined(measured: Measured[]): Measured[] {
  const half: Measured[] = [];
  for (let i = 1; i < measured.length; i += 2) {
    const [a, b] = [measured[i - 1], measured[i]];
    if (!a || !b) continue;
    const losses = Object.entries(b.losses).map(([term, value]) => {
      const other = a.losses[term as keyof typeof a.losses] ?? value;
      return [term, (other + value) / 2];
    });
    half.push({ step: b.step, losses: Object.fromEntries(losses) });
  }
  return half;
}
