// run.json from a run's first moment to its last, and the files that it leaves. run.json says `running`, and at the end `done`,
// `stopped` or `failed`; what is still `running` with no process at work was killed.
import path from 'node:path';
import { imageSizeOf } from '../data/examples.js';
import { present } from '../options/flags/present.js';
import type { RunDescription } from '../report/describe.js';
import { lossTerms } from '../report/losses.js';
import { BEST } from '../run-folder/run-folder.js';
import {
  describeCode,
  describeSigma,
  eachOf,
  writeCurves,
  writeFeatures,
  writeModel,
  writePictures,
} from './outcome.js';
import { readCheckpointFile } from './resume.js';
import { type Ending, type Job, runTraining } from './training.js';

/** Trains and writes what came of it; run.json is on the disk before that and after whatever ends it. */
export async function trainAndRecord(run: RunDescription, job: Job): Promise<void> {
  const { folder, model, trainer, from, report } = job;
  const before = from?.run.seconds ?? 0;
  const started = performance.now();
  const write = (end: Record<string, unknown>) => {
    const seconds = before + (performance.now() - started) / 1000;
    const { firstStepSeconds } = job;
    const times = { seconds, ...(firstStepSeconds !== undefined && { firstStepSeconds }) };
    folder.writeRunJson({ ...run.json, variants: model.variants, ...times, ...end });
  };
  write({ state: 'running' });
  let end: Record<string, unknown> = { state: 'failed' };
  try {
    const ended = await runTraining(job).catch(async (error) => {
      await keepWeights(job, run.title).catch((cause) => report.warn((cause as Error).message));
      end.step = trainer.step;
      throw error;
    });
    end = endOf(job, ended);
    sayScaling(job);
    await writeOutcome(job, ended, run.title);
  } catch (error) {
    end.error = error instanceof Error ? error.message : String(error);
    throw error;
  } finally {
    try {
      write(end);
    } catch (error) {
      report.warn((error as Error).message);
    }
  }
}

/** Of a run in f16: whether steps were lost to overflows, and how its gradients are scaled now. */
function sayScaling({ checkpointer, report }: Job): void {
  const { scaling } = checkpointer.last?.snapshot ?? {};
  if (!scaling) return;
  const { scale, skipped } = scaling;
  const lost = skipped === 0 ? 'no step' : `${skipped} step${skipped === 1 ? '' : 's'}`;
  report.say(`f16       ${lost} skipped for gradients that overflowed; the loss is scaled by ${scale}`);
}

function endOf({ signal, best, options, checkpointer }: Job, { step, stoppedEarly }: Ending): Record<string, unknown> {
  const { waited: _, ...chosen } = best.state ?? { waited: 0 };
  return {
    state: signal.aborted ? 'stopped' : 'done',
    ...(signal.aborted && { stoppedAt: step }),
    ...(stoppedEarly && { stoppedEarly }),
    ...(options.patience !== undefined && { best: chosen }),
    ...present({ scaling: checkpointer.last?.snapshot.scaling }),
  };
}

/** After a failure: what was good of the weights, and the curves. */
async function keepWeights(job: Job, title: string): Promise<void> {
  const { model, folder, keptStep } = job;
  await eachOf(
    async () => {
      if (keptStep !== undefined) await writeModel(model, folder);
    },
    () => writeCurves(folder, curvesOf(job, title)),
  );
}

const curvesOf = ({ model, length, trace }: Pick<Job, 'model' | 'length' | 'trace'>, title: string) => ({
  title,
  terms: lossTerms(model.spec),
  stepsPerEpoch: length.stepsPerEpoch,
  trace: trace.points,
});

/**
 * The model, then curves and pictures, then the last checkpoint; after early stopping they are of the best epoch.
 * @throws ArgumentError for the first file that could not be written, once the others were
 */
async function writeOutcome(job: Job, ended: Ending, title: string): Promise<void> {
  const { model, folder, options, dataset, checkpointer, report } = job;
  if (!ended.trained) return report.say('stopped before the first step: there is no model to write');
  if (options.patience !== undefined) loadBest(job);
  const { test, features } = dataset;
  const size = imageSizeOf(test);
  try {
    await eachOf(
      () => writeModel(model, folder),
      () => writeCurves(folder, curvesOf(job, title)),
      async () => {
        const told = await describeCode(model, test);
        if (told !== undefined) report.say(told);
      },
      async () => {
        const told = await describeSigma(model, test);
        if (told !== undefined) report.say(told);
      },
      async () => {
        if (size) return writePictures(model, { folder, test, size, seed: options.seed });
        report.say(await writeFeatures(model, { folder, test, title, ...(features && { names: features }) }));
      },
    );
  } finally {
    await checkpointer.write();
  }
}

function loadBest({ model, folder, checkpointer, best, report }: Job): void {
  if (!best.state) return;
  const { epoch, loss } = best.state;
  try {
    const { snapshot } = checkpointer.best ?? readCheckpointFile(path.join(folder.path, BEST));
    model.loadParameters(snapshot.parameters);
    report.say(`the best epoch was ${epoch} (${loss.toPrecision(4)}): its weights are the model's`);
  } catch (error) {
    report.warn(`${(error as Error).message}; the model has the weights of the last epoch`);
  }
}
