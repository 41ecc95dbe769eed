// The beginning of a run: model and trainer, fresh or from a checkpoint or with weights from a file, the folder, and all
// that training works with.
import fs from 'node:fs';
import {
  ArgumentError,
  countOf,
  createModel,
  createTrainer,
  type Device,
  decodeSafetensors,
  LatentGpuError,
  type Model,
  type ModelSpec,
  restoreTrainer,
  type Trainer,
  type TrainerOptions,
} from 'latentgpu/node';
import { type ExampleSet, withValidation } from '../data/arrays.js';
import type { LoadedData } from '../data/data.js';
import { chosenModel, fixedModel } from '../options/model/choose-model.js';
import type { TrainOptions } from '../options/train-options.js';
import { trainerOptions } from '../options/training-options.js';
import type { Report } from '../report/report.js';
import { Checkpointer, KEEP, type RunState } from '../run-folder/checkpoints.js';
import { defaultOut } from '../run-folder/out.js';
import { readWeights } from '../run-folder/read-run.js';
import { createDefaultFolder, createRunFolder, type RunFolder, reopenRunFolder } from '../run-folder/run-folder.js';
import { BestEpoch } from './best-epoch.js';
import { chooseLength, type RunLength } from './length.js';
import { changedOptions, type Start } from './resume.js';
import { Trace } from './trace.js';
import { type Job, keptLines } from './training.js';
import { chooseVariants } from './variants.js';

/** Some of the training images held out, if --validation says so. */
export function splitImages(
  dataset: ExampleSet,
  { validation, seed }: Pick<TrainOptions, 'validation' | 'seed'>,
): ExampleSet {
  if (validation === undefined) return dataset;
  if (dataset.validation)
    throw new ArgumentError(
      `--validation ${validation}: ${dataset.name} has ${countOf(dataset.validation)} validation examples of its own; leave --validation out`,
    );
  return withValidation(dataset, validation, seed);
}

/**
 * The model that the flags describe; of --init FILE without any of these flags, the one that the weights are of.
 * @param modelFlags names of the flags that make the model
 * @param say        told what was assumed of it then
 */
export function modelOf(
  { options, from }: Start,
  modelFlags: readonly string[],
  say: (line: string) => void,
): (dataset: ExampleSet) => ModelSpec {
  const { weights } = options;
  const described = modelFlags.some((name) => options[name as keyof TrainOptions] !== undefined);
  if (weights === undefined || from || described) return chosenModel(options, options);
  return fixedModel(readWeights(weights, undefined, say).spec, { flag: '--init', file: weights }, options);
}

export interface Begun {
  model: Model;
  trainer: Trainer;
  length: RunLength;
  /** As createTrainer got them. */
  training: TrainerOptions;
}

/** @throws ArgumentError if the data are not those of the checkpoint, or the weights not the model's */
export async function beginRun(run: {
  device: Device;
  dataset: ExampleSet;
  start: Start;
  specFor: (dataset: ExampleSet) => ModelSpec;
  report: Report;
}): Promise<Begun> {
  const { device, dataset, start, specFor } = run;
  const { options, from, resumed } = start;
  const chosen = chooseLength(options, { software: device.adapter.software, images: countOf(dataset.train) });
  const length = from ? goingOn(from.run.length, chosen, options) : chosen;
  const wanted = trainerOptions(options, length);
  const spec = from ? from.snapshot.spec : specFor(dataset);
  const variants =
    from && resumed
      ? variantsOfThen(from.run, run)
      : await chooseVariants({ ...run, spec, batch: length.batch, options });
  if (!from) {
    const model = await createModel(device, spec, { seed: options.seed, variants });
    if (options.weights !== undefined) loadWeights(model, options.weights);
    return { model, trainer: await createTrainer(model, dataset, wanted), length, training: wanted };
  }
  const { snapshot } = from;
  if (snapshot.training.layer !== undefined) {
    // The whole model's training is still to come; the layer's begins where it was, with these weights.
    const model = await createModel(device, spec, { variants });
    model.loadParameters(snapshot.parameters);
    return { model, trainer: await createTrainer(model, dataset, wanted), length, training: wanted };
  }
  const others = resumed ? {} : changedOptions(wanted, snapshot.training);
  const trainer = await restoreTrainer(device, snapshot, dataset, others, { variants });
  return { model: trainer.model, trainer, length, training: { ...snapshot.training, ...others } };
}

/** Those that the run has had: with them it goes on to the same bits. On another adapter it has that one's defaults. */
function variantsOfThen({ variants, adapter }: RunState, { device, report }: { device: Device; report: Report }) {
  if (!variants || adapter === device.adapter.name) return variants ?? {};
  report.warn(`the variants of the run's matmuls are of ${adapter}: here it goes on with the defaults`);
  return {};
}

/** The length of a run that goes on: as it was, but for what is asked for now. */
function goingOn(then: RunLength, now: RunLength, { epochs, steps }: TrainOptions): RunLength {
  const all = epochs ?? then.epochs;
  const { batch, stepsPerEpoch } = now;
  const most = Math.min(all * stepsPerEpoch, steps ?? Number.POSITIVE_INFINITY);
  return { ...then, batch, epochs: all, why: '', stepsPerEpoch, steps: most };
}

function loadWeights(model: Model, file: string): void {
  try {
    model.loadParameters(decodeSafetensors(fs.readFileSync(file)));
  } catch (cause) {
    const ours = cause instanceof LatentGpuError || (cause as NodeJS.ErrnoException).code !== undefined;
    if (!ours) throw cause;
    throw new ArgumentError(
      `--init ${file} cannot be used: ${(cause as Error).message}; must be a safetensors file with this model's weights, or pytorch, xavier or he`,
      { cause },
    );
  }
}

/** The folder is this run's alone from now on. */
export function openRunFolder({ options, resumed }: Start): RunFolder {
  if (resumed && options.resume !== undefined) return reopenRunFolder(options.resume);
  return options.out === undefined ? createDefaultFolder(defaultOut()) : createRunFolder(options.out);
}

/** What training works with. */
export function makeJob(
  run: Begun & {
    start: Start;
    data: LoadedData;
    dataset: ExampleSet;
    folder: RunFolder;
    report: Report;
    signal: AbortSignal;
  },
): Job {
  const { start, data, folder, report, length, trainer } = run;
  const { options, from, resumed } = start;
  const { keep = KEEP, patience, 'min-delta': minDelta = 0, 'checkpoint-every': every } = options;
  const best = new BestEpoch({ ...(patience !== undefined && { patience }), minDelta }, from?.run.best);
  const whole = from && from.snapshot.training.layer === undefined;
  const trace = whole ? Trace.from(from.run.trace, from.snapshot.step) : Trace.start(length.steps);
  const began = performance.now();
  const before = from?.run.seconds ?? 0;
  const state = (): Omit<RunState, 'trace'> => ({
    options,
    length,
    data: data.choice,
    adapter: trainer.model.device.adapter.name,
    variants: trainer.model.variants,
    seconds: before + (performance.now() - began) / 1000,
    ...(best.state && { best: best.state }),
  });
  const warn = (message: string) => report.warn(message);
  const checkpointer = new Checkpointer({ folder, every, keep, trace, state, warn });
  if (resumed && from) folder.cutMetrics(keptLines(from));
  checkpointer.last = whole ? from : undefined;
  return {
    ...run,
    options,
    trainer,
    layerTraining: trainerOptions({ ...options, batch: length.batch }),
    checkpointer,
    trace,
    best,
    ...(from && { from }),
  };
}
