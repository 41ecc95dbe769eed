// The seed step and its sweep: a model, a trainer and a timing for each size, and the reason for each that is left out.
import {
  ArgumentError,
  createModel,
  createTrainer,
  type Dataset,
  type Device,
  DeviceError,
  digits,
  firstImages,
  type HostTensor,
  type ModelSpec,
  type Named,
  type NumberType,
  openDevice,
  type Trainer,
  vae,
} from 'latentgpu/node';
import { describeSpec } from '../report/describe.js';
import { figures } from '../report/table.js';
import type { LeftOut, StepReport, StepRow } from './report.js';
import { expectedMs, type Known, layersOf, SEED, type StepSize, sizeName } from './sizes.js';
import { CHECKED_STEPS, LEAST_STEPS, type StepTiming, timeHost, timeSteps } from './steps.js';

export interface StepBudget {
  /** Steps to time, at most. */
  steps: number;
  /** For the steps of one size. */
  seconds: number;
  precision: NumberType;
}

export interface StepListener {
  /** Told before each size. @param number from 1 */
  begin(size: StepSize, number: number, of: number): void;
  row(row: StepRow): void;
  leftOut(one: LeftOut): void;
}

/** Images for batches of up to so many. */
export const imagesFor = (sizes: readonly StepSize[]): Dataset =>
  digits({ train: Math.max(...sizes.map(({ batch }) => batch)), test: 16 });

/** A fresh trainer of the seed model at this size; `work` has it to itself. */
export async function withTrainer<T>(
  device: Device,
  images: Dataset,
  { batch, width }: StepSize,
  work: (trainer: Trainer) => Promise<T>,
  precision: NumberType = 'f32',
): Promise<T> {
  return withTrainerOf(device, vae(layersOf(width)), images, { batch, precision }, work);
}

/** A fresh trainer of a model; `work` has it to itself. @param parameters instead of those of seed 0 */
export async function withTrainerOf<T>(
  device: Device,
  spec: ModelSpec,
  images: Dataset,
  { batch, precision = 'f32', parameters }: { batch: number; precision?: NumberType; parameters?: Named<HostTensor> },
  work: (trainer: Trainer) => Promise<T>,
): Promise<T> {
  const model = await createModel(device, spec, { seed: 0 });
  try {
    if (parameters) model.loadParameters(parameters);
    const train = firstImages(images.train, Math.max(batch, Math.min(images.train.count, 1024)));
    return await work(await createTrainer(model, { ...images, train }, { batch, precision }));
  } finally {
    model.dispose();
  }
}

/** Times each size; those that would take longer than the budget, or do not fit the device, are left out and told. */
export async function benchSteps(
  device: Device,
  sizes: readonly StepSize[],
  ceilingGflops: number,
  budget: StepBudget,
  listener: StepListener,
): Promise<Omit<StepReport, 'nullHostUs'>> {
  const images = imagesFor(sizes);
  const rows: StepRow[] = [];
  const leftOut: LeftOut[] = [];
  const known: Known[] = [];
  for (const [index, size] of sizes.entries()) {
    listener.begin(size, index + 1, sizes.length);
    const why = tooLong(size, known, budget) ?? (await timeSize(size));
    if (why === undefined) continue;
    const one = { what: sizeName(size), why };
    leftOut.push(one);
    listener.leftOut(one);
  }
  return { rows, leftOut };

  /** @returns why it cannot be */
  async function timeSize(size: StepSize): Promise<string | undefined> {
    try {
      const row = await withTrainer(
        device,
        images,
        size,
        async (trainer) => stepRow(size, trainer, ceilingGflops, await timeSteps(trainer, budget)),
        budget.precision,
      );
      rows.push(row);
      known.push({ ...size, ms: row.ms.median });
      listener.row(row);
      return undefined;
    } catch (error) {
      // The model does not fit. A device that has failed fails at the next size, too.
      if (!(error instanceof ArgumentError || error instanceof DeviceError)) throw error;
      device.check();
      return error.message;
    }
  }
}

/** @returns why a size is not begun, undefined if it may be */
export function tooLong(
  size: StepSize,
  known: readonly Known[],
  { seconds }: Omit<StepBudget, 'precision'>,
): string | undefined {
  const ms = expectedMs(size, known);
  const least = CHECKED_STEPS + LEAST_STEPS;
  if (ms === undefined || (ms * least) / 1000 <= seconds) return undefined;
  return (
    `about ${figures(ms / 1000)} s a step, so ${least} steps would take longer than --seconds ${seconds}; ` +
    `give --seconds ${Math.ceil((ms * least) / 1000)}`
  );
}

/** What follows from a timing. */
export function stepRow(size: StepSize, trainer: Trainer, ceilingGflops: number, timing: StepTiming): StepRow {
  const { dispatches } = trainer.plan;
  const flops = dispatches.reduce((sum, dispatch) => sum + dispatch.flops, 0);
  const seconds = timing.ms.median / 1000;
  const gflops = flops / seconds / 1e9;
  return {
    ...size,
    layers: describeSpec(trainer.model.spec),
    parameters: trainer.model.parameterCount,
    dispatches: dispatches.length,
    flops,
    ...timing,
    imagesPerSecond: size.batch / seconds,
    gflops,
    share: gflops / ceilingGflops,
  };
}

/**
 * What a seed step costs the host alone, on Dawn's null backend: it takes every call and computes nothing.
 * @returns microseconds; null where Dawn gives no such device
 */
export async function benchNullHost(size: StepSize = SEED): Promise<number | null> {
  let device: Device;
  try {
    device = await openDevice({ adapter: 'null-backend', flags: ['backend=null'] });
  } catch (error) {
    if (error instanceof DeviceError) return null;
    throw error;
  }
  try {
    return await withTrainer(device, imagesFor([size]), size, (trainer) => timeHost(trainer));
  } finally {
    device.dispose();
  }
}
