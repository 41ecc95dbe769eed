// Checkpoints of a run: when they are taken, what a run adds to a trainer's snapshot, and the last good one, to which a run
// that diverges goes back. They are read back and written while training goes on; one that cannot be written is warned of.
import { encodeSnapshot, type MatmulVariants, type Snapshot, type Trainer } from 'latentgpu/node';
import type { CheckpointInterval, TrainOptions } from '../options/train-options.js';
import type { BestState } from '../run/best-epoch.js';
import type { RunLength } from '../run/length.js';
import type { Trace, TraceState } from '../run/trace.js';
import { checkpointName, type RunFolder } from './run-folder.js';

/** Without --checkpoint-every: at the ends of epochs, but not more often than this. */
const SECONDS_BETWEEN = 30;
export const KEEP = 2;

/** What a run adds to a snapshot: as JSON in a checkpoint's metadata, under `run`. */
export interface RunState {
  /** As the flags gave them. */
  options: TrainOptions;
  length: RunLength;
  /** What --data would name to load the same. */
  data: string;
  /** Seconds of the run until then. */
  seconds: number;
  /** By which the matmuls are computed, and where; runs of older versions had the defaults. */
  variants?: MatmulVariants;
  adapter?: string;
  trace: TraceState;
  best?: BestState;
}

export interface Checkpoint {
  snapshot: Snapshot;
  run: RunState;
}

export interface CheckpointerOptions {
  folder: RunFolder;
  every: CheckpointInterval | undefined;
  keep: number;
  trace: Trace;
  /** The run at this moment. */
  state: () => Omit<RunState, 'trace'>;
  warn: (message: string) => void;
}

export const encodeCheckpoint = ({ snapshot, run }: Checkpoint) =>
  encodeSnapshot(snapshot, { run: JSON.stringify(run) });

export class Checkpointer {
  /** The newest that was taken, whether it could be written or not. */
  last: Checkpoint | undefined;
  /** Of the best epoch, if there was one since the run began or went on. */
  best: Checkpoint | undefined;
  /** While layers are pretrained: the curves are those of the whole model's training, which is still to come. */
  pretraining = false;
  private written: Checkpoint | undefined;
  private lastTime = performance.now();
  private epochs = 0;
  private work: Promise<void> = Promise.resolve();

  constructor(private readonly options: CheckpointerOptions) {}

  /** For `train({ snapshotEvery })`: steps between two, if it goes by steps. */
  get steps(): number | undefined {
    const { every } = this.options;
    return every && 'steps' in every ? every.steps : undefined;
  }

  /** For `train({ onSnapshot })`. */
  readonly onSnapshot = (snapshot: Promise<Snapshot>, step: number): void => {
    this.add(this.take(snapshot, step), true);
  };

  /** The end of an epoch: takes one if it is due, or `now`. `best`: the weights are to be kept as the best. */
  async epochEnd(trainer: Trainer, { best = false, now = false } = {}): Promise<void> {
    this.epochs++;
    const due = now || this.due();
    if (!due && !best) return;
    const taken = this.take(trainer.snapshot(), trainer.step);
    if (best) this.addBest(taken);
    if (due) this.add(taken, true);
    await taken;
  }

  /** Takes one that is kept in memory alone, until `write`: of a run's end, whose model is written first. */
  async hold(trainer: Trainer): Promise<void> {
    const taken = this.take(trainer.snapshot(), trainer.step);
    this.add(taken, false);
    await taken;
    await this.settled();
  }

  /** Writes the newest, if it is not on the disk. */
  async write(): Promise<void> {
    await this.settled();
    if (this.last && this.last !== this.written) this.add(Promise.resolve(this.last), true);
    await this.settled();
  }

  /** Writes a snapshot that the trainer had saved by itself. */
  save(snapshot: Snapshot): void {
    this.add(this.take(Promise.resolve(snapshot), snapshot.step), true);
  }

  /** What was taken has been written, or could not be. */
  async settled(): Promise<void> {
    await this.work;
  }

  private due(): boolean {
    const { every } = this.options;
    if (!every) return performance.now() - this.lastTime >= SECONDS_BETWEEN * 1000;
    return 'epochs' in every && this.epochs % every.epochs === 0;
  }

  /** All that is asked here is of this very moment; what the GPU and the last steps have to say comes later. */
  private async take(snapshot: Promise<Snapshot>, step: number): Promise<Checkpoint> {
    const { trace, state } = this.options;
    const run = structuredClone(state());
    const [taken, curve] = await Promise.all([snapshot, this.pretraining ? trace.now : trace.at(step)]);
    return { snapshot: taken, run: { ...run, trace: curve } };
  }

  private add(taking: Promise<Checkpoint>, written: boolean): void {
    const { folder, keep, warn } = this.options;
    this.lastTime = performance.now();
    this.afterwards(taking, async (taken) => {
      this.last = taken;
      const { step, training } = taken.snapshot;
      if (!written) return;
      try {
        await folder.writeCheckpoint(checkpointName(step, training.layer), encodeCheckpoint(taken), keep);
        this.written = taken;
      } catch (error) {
        warn(`${(error as Error).message}; training goes on, and the checkpoint before stays`);
      }
    });
  }

  private addBest(taking: Promise<Checkpoint>): void {
    const { folder, warn } = this.options;
    this.afterwards(taking, async (taken) => {
      this.best = taken;
      await folder.writeBest(encodeCheckpoint(taken)).catch((error) => warn(error.message));
    });
  }

  /** One after the other. A snapshot that fails has a cause that training meets itself. */
  private afterwards(taking: Promise<Checkpoint>, work: (taken: Checkpoint) => Promise<void>): void {
    const taken = taking.catch(() => undefined); // at once: nobody else may be listening yet
    this.work = this.work.then(async () => {
      const checkpoint = await taken;
      if (checkpoint) await work(checkpoint);
    });
  }
}
