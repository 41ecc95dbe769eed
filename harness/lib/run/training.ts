// A run's training from its beginning or from a checkpoint to its end: pretraining, epochs, early stopping, what is done when
// it diverges. What is known is on the disk after each epoch. train.js makes what it works with.
import {
  DeviceError,
  type EpochReport,
  type LayerProgress,
  type LayerReport,
  type Losses,
  type Model,
  type Progress,
  pretrain,
  type Trainer,
  type TrainerOptions,
  TrainingError,
  type TrainingWarning,
} from 'latentgpu/node';
import type { ExampleSet } from '../data/arrays.js';
import type { TrainOptions } from '../options/train-options.js';
import { layerTerms, lossTerms } from '../report/losses.js';
import { duration, type Report } from '../report/report.js';
import type { Checkpoint, Checkpointer } from '../run-folder/checkpoints.js';
import type { MetricsLine, RunFolder } from '../run-folder/run-folder.js';
import type { BestEpoch } from './best-epoch.js';
import type { RunLength } from './length.js';
import type { Trace } from './trace.js';

const MOST_RETRIES = 3;

/** What a run works with. */
export interface Job {
  model: Model;
  trainer: Trainer;
  dataset: ExampleSet;
  options: TrainOptions;
  /** Of each layer that is pretrained. */
  layerTraining: TrainerOptions;
  length: RunLength;
  folder: RunFolder;
  report: Report;
  signal: AbortSignal;
  checkpointer: Checkpointer;
  trace: Trace;
  best: BestEpoch;
  /** What it goes on from. */
  from?: Checkpoint;
  /** Of which step the model has the weights after training has diverged, if there were good ones. */
  keptStep?: number;
  /** How long after the program's start its first step was done. */
  firstStepSeconds?: number;
}

/** How training ended, if not by an error. */
export interface Ending {
  /** The last step; of a layer's training, if it was stopped in there. */
  step: number;
  /** Whether some step has changed the weights. */
  trained: boolean;
  stoppedEarly: boolean;
}

/** @throws TrainingError, DeviceError; the weights that are to be kept are the model's then, if there are any */
export async function runTraining(job: Job): Promise<Ending> {
  const { trainer, checkpointer, signal, length, from } = job;
  const pretrained = length.pretraining !== null && (from === undefined || from.snapshot.training.layer !== undefined);
  if (pretrained) {
    const layers = await pretrainLayers(job);
    if (signal.aborted) return { step: layers.step, trained: layers.step > 0, stoppedEarly: false };
  }
  // From the first moment on there is something to go on from.
  if (checkpointer.last === undefined || pretrained) checkpointer.onSnapshot(trainer.snapshot(), trainer.step);
  for (let retries = 0; ; retries++)
    try {
      const stoppedEarly = await trainEpochs(job);
      const trained = trainer.step > 0 || pretrained;
      if (trained) await checkpointer.hold(trainer); // written after the model
      return { step: trainer.step, trained, stoppedEarly };
    } catch (error) {
      await afterFailure(job, error, retries);
    } finally {
      await checkpointer.settled();
    }
}

/** Goes back to the last checkpoint if that is asked for and of use; else throws, and says what is kept. */
async function afterFailure(job: Job, error: unknown, retries: number): Promise<void> {
  const { model, trainer, options, checkpointer, folder, trace, best, report } = job;
  await checkpointer.settled();
  if (error instanceof DeviceError) {
    const saved = await trainer.lastSnapshot();
    if (saved && saved.step > (checkpointer.last?.snapshot.step ?? 0)) checkpointer.save(saved);
    throw error;
  }
  if (!(error instanceof TrainingError)) throw error;
  const { last } = checkpointer;
  if (options['on-divergence'] !== 'retry' || retries >= MOST_RETRIES || !last) {
    const saved = await trainer.lastSnapshot();
    const kept = saved && saved.step > (last?.snapshot.step ?? 0) ? saved : last?.snapshot;
    if (kept && kept.step > 0) {
      model.loadParameters(kept.parameters);
      job.keptStep = kept.step;
    }
    const told = kept?.step
      ? `model.safetensors has the weights of step ${kept.step}, the last that were good`
      : 'no weights are kept, as none were good';
    throw new TrainingError(`${error.message}; ${told}`, error.step, { cause: error });
  }
  const { step } = last.snapshot;
  await trainer.restore(last.snapshot);
  trainer.learningRate /= 2;
  trace.reset(last.run.trace, step);
  best.state = last.run.best;
  folder.cutMetrics(keptLines(last));
  report.warn(
    `${error.message}. Back at step ${step} with a learning rate of ${trainer.learningRate} (retry ${retries + 1} of ${MOST_RETRIES})`,
  );
}

/** What every training of a run tells. */
function hearing({ report, signal, checkpointer }: Job) {
  return {
    signal,
    onWarning: ({ message }: TrainingWarning) => report.warn(message),
    ...(checkpointer.steps !== undefined && { snapshotEvery: checkpointer.steps, onSnapshot: checkpointer.onSnapshot }),
  };
}

/** Shows progress; of the first step of a program also how long it took to get there, most of which is compiling. */
function tellProgress(job: Job, progress: Progress | LayerProgress): void {
  const { report } = job;
  if (job.firstStepSeconds === undefined) {
    job.firstStepSeconds = performance.now() / 1000; // since the process began
    report.say(`started   the first step was done after ${duration(job.firstStepSeconds)}`);
  }
  report.progress(progress);
}

function keep({ folder, report }: Job, epoch: EpochReport | LayerReport, epochs: number): void {
  try {
    folder.appendMetrics(epoch);
  } catch (error) {
    report.warn(`${(error as Error).message}; training goes on, and the line comes with the next that can be written`);
  }
  report.epoch(epoch, epochs);
}

/** Each layer alone. The schedules are those of the whole model's training, and no part of this. */
async function pretrainLayers(job: Job): Promise<{ step: number }> {
  const { model, dataset, layerTraining, length, report, from, checkpointer } = job;
  if (!length.pretraining) return { step: 0 };
  let current: Trainer | undefined;
  const resume = from?.snapshot;
  checkpointer.pretraining = true;
  for await (const epoch of pretrain(model, dataset, {
    ...layerTraining,
    ...length.pretraining,
    ...hearing(job),
    ...(resume && { resume }),
    onLayer: (trainer, { layer }) => {
      current = trainer;
      if (trainer.step === 0) checkpointer.onSnapshot(trainer.snapshot(), 0);
      report.start(layerTerms(model.spec, layer));
    },
    onProgress: (progress) => tellProgress(job, progress),
  })) {
    keep(job, epoch, length.pretraining.epochs);
    if (current) await checkpointer.epochEnd(current, { now: job.signal.aborted });
  }
  await checkpointer.settled();
  checkpointer.pretraining = false;
  return { step: current?.step ?? 0 };
}

/** @returns whether it stopped because no epoch was better for a while */
async function trainEpochs(job: Job): Promise<boolean> {
  const { trainer, length, options, report, trace, best, checkpointer, signal } = job;
  const early = options.patience !== undefined;
  const exact = early || options.validation !== undefined;
  report.start(lossTerms(trainer.model.spec));
  const rest = { epochs: length.epochs - trainer.epochs, steps: length.steps - trainer.step };
  const due = trainer.reportDue;
  if (best.exhausted || (Math.min(rest.epochs, rest.steps) < 1 && !due)) {
    report.say('there is nothing left to train; with a larger --epochs it goes on');
    return best.exhausted;
  }
  const onProgress = (progress: Progress) => tellProgress(job, progress);
  const onStep = (step: number, losses: Losses) => trace.add(step, losses);
  const some = { epochs: Math.max(1, rest.epochs), ...(rest.steps >= 1 && { steps: rest.steps }) };
  for await (const epoch of trainer.train({ ...some, ...hearing(job), onProgress, onStep })) {
    keep(job, epoch, length.epochs);
    if (!epoch.complete) continue;
    const better = best.consider(epoch);
    await checkpointer.epochEnd(trainer, { best: exact && better });
    if (best.exhausted && !signal.aborted) return true;
  }
  return false;
}

/** Lines of metrics.jsonl that a run that goes on from a checkpoint keeps: those of what it has done by then. */
export function keptLines({ snapshot }: Checkpoint): (line: MetricsLine) => boolean {
  const { step, epochs, training } = snapshot;
  const layer = training.layer === undefined ? Number.POSITIVE_INFINITY : training.layer + 1;
  return (line) => {
    const of = line.layer ?? Number.POSITIVE_INFINITY;
    return of < layer || (of === layer && line.step <= step && line.epoch <= epochs);
  };
}
