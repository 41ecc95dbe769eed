// Starts, trains, pauses, resets: everything that a session is asked to do as a whole. What is shown is the panels' work.
import { DeviceError, type LayerProgress, type Progress } from 'latentgpu';
import { type Session, type SessionSetup, startSession } from 'latentgpu/worker';
import { dataset } from './data/data.js';
import { modelOf } from './setup.js';
import { type Measured, messageOf, type State } from './state.js';

/** Test images that the page itself holds: for the map and the pictures. */
const SHOWN = 1000;
/** Enough for anyone to look at; Train goes on for as many again. */
const EPOCHS = 1000;
/** More points than a chart has pixels help nobody: at that many, neighbours are joined. */
const MOST_MEASURED = 1200;

export class Runner {
  private stop = new AbortController();
  /** Ends when training has ended, however it did. */
  private running: Promise<void> = Promise.resolve();
  private newData = true;
  /** Set-ups follow one another; only the last one counts. */
  private starts = 0;
  /** The first layer that has still to be pretrained, from 0; nothing if none has. */
  private nextLayer: number | undefined;

  constructor(private readonly state: State) {}

  /** Makes the model of the set-up, with fresh parameters; on a new device if there is none. */
  async start({ data = false } = {}): Promise<void> {
    const { state } = this;
    this.newData ||= data;
    const mine = ++this.starts;
    this.stop.abort();
    state.generation++;
    state.enter('starting', 'Making the data and the model…');
    await this.running;
    if (mine !== this.starts) return;
    try {
      const made = this.newData ? await this.makeData() : undefined;
      if (mine !== this.starts) return;
      const size = made?.train ?? state.test;
      const model = modelOf(state.setup, size.height * size.width);
      const { lr, batch, seed } = state.setup;
      const setup: Omit<SessionSetup, 'dataset'> = { model, training: { lr, batch, seed }, seed };
      const session = await this.settle(setup, made);
      this.newData = false;
      const test = await session.images('test', { count: SHOWN });
      if (mine !== this.starts) return;
      Object.assign(state, { model, test, step: 0, epoch: 0, stepsPerSecond: 0, trained: [], tested: [], label: 0 });
      state.generation++;
      this.nextLayer = state.setup.preset === 'stacked' && state.setup.pretrain > 0 ? 0 : undefined;
      state.point = new Float32Array(model.code.units);
      state.chosen = false;
      state.enter('ready');
      state.tell('model');
      state.tell('parameters');
    } catch (error) {
      if (mine !== this.starts) return;
      const unsupported = error instanceof DeviceError && !state.session;
      state.enter(unsupported ? 'unsupported' : 'failed', messageOf(error));
    }
  }

  private async makeData() {
    const { files, setup } = this.state;
    const made = await dataset(
      files ? { files, most: setup.images } : { digits: { train: setup.images, test: SHOWN } },
    );
    this.state.dataName = files ? made.name : 'Built-in digits';
    return made;
  }

  /** The session there is, started over; or a new one. */
  private async settle(
    setup: Omit<SessionSetup, 'dataset'>,
    made: SessionSetup['dataset'] | undefined,
  ): Promise<Session> {
    const { state } = this;
    if (state.session) {
      await state.session.restart({ ...setup, ...(made && { dataset: made }) });
      return state.session;
    }
    if (!made) throw new Error('there is no data yet');
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'latentgpu' });
    const session = await startSession({ ...setup, dataset: made, worker });
    state.session = session;
    this.watch(session);
    return session;
  }

  /** Tells when the device is lost, each time anew. */
  private watch(session: Session): void {
    void session.lost.then((error) => {
      const { state } = this;
      state.generation++;
      state.enter('lost', `${error.message} Press Train to start again with fresh parameters.`);
      this.watch(session);
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
