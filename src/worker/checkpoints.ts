// When a session writes its checkpoint, and how it goes on from one. The file itself is checkpoint-file.ts's business.
import { decodeSnapshot, encodeSnapshot, type Trainer, type TrainingWarning } from '../index.js';
import { CheckpointFile } from './checkpoint-file.js';
import type { CheckpointOptions } from './types.js';

const EVERY_SECONDS = 30;

export class Checkpoints {
  private last = performance.now();
  private writing: Promise<void> | undefined;

  private constructor(
    private readonly file: CheckpointFile,
    private readonly trainer: Trainer,
    private readonly everySeconds: number,
    private readonly warn: (warning: TrainingWarning) => void,
  ) {}

  /**
   * Restores the trainer from the checkpoint that is there, unless that is not wanted.
   * @throws ArgumentError if it is of another model, other data or other options; FormatError if it is no checkpoint
   */
  static async begin(
    { name, everySeconds = EVERY_SECONDS, resume = true }: CheckpointOptions,
    trainer: Trainer,
    warn: (warning: TrainingWarning) => void,
  ): Promise<Checkpoints> {
    const file = await CheckpointFile.open(name);
    const bytes = resume ? await file.read() : undefined;
    if (bytes) await trainer.restore(decodeSnapshot(bytes).snapshot);
    return new Checkpoints(file, trainer, everySeconds, warn);
  }

  /** Writes one if it is time; nobody needs to wait for it. */
  consider(): void {
    if (performance.now() - this.last >= this.everySeconds * 1000) void this.write();
  }

  /** One at a time; one that cannot be written is warned of, and the last one stays. */
  write(): Promise<void> {
    this.writing ??= this.take().finally(() => {
      this.writing = undefined;
    });
    return this.writing;
  }

  private async take(): Promise<void> {
    this.last = performance.now();
    try {
      await this.file.write(encodeSnapshot(await this.trainer.snapshot()));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `the checkpoint of step ${this.trainer.step} was not written (${why}); the last one stays`;
      this.warn({ kind: 'checkpoint', step: this.trainer.step, message });
    }
  }
}
