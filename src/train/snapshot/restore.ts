// A model and a trainer back from a snapshot, on any device.
import type { Dataset, Images } from '../../data/dataset.js';
import type { Examples } from '../../data/examples.js';
import type { Device } from '../../gpu/device.js';
import { createModel, type ModelOptions } from '../model.js';
import type { TrainerOptions } from '../options.js';
import { createTrainer, type Trainer } from '../trainer.js';
import type { Snapshot } from './snapshot.js';

/**
 * Makes the model and the trainer of a snapshot; training goes on as if it had never stopped, on one adapter to the same
 * bits. The model is the trainer's `model`; dispose both.
 * @param dataset   the same data as then
 * @param overrides options that are to be others from now on. Weights, what the optimizer keeps and the step stay; with
 *   another optimizer, what it keeps begins at zero; the place in the data is that of the step under the new batch.
 * @param variants  the variants of then, `model.variants`: without them the adapter's defaults
 * @throws ArgumentError naming what differs in the data; as createModel and createTrainer
 * @example
 * ```ts
 * const bytes = encodeSnapshot(await trainer.snapshot());
 * const { snapshot } = decodeSnapshot(bytes);
 * const again = await restoreTrainer(device, snapshot, dataset, {}, { variants: model.variants });
 * ```
 */
export async function restoreTrainer(
  device: Device,
  snapshot: Snapshot,
  dataset: Dataset<Images | Examples>,
  overrides: TrainerOptions = {},
  { variants }: Pick<ModelOptions, 'variants'> = {},
): Promise<Trainer> {
  const model = await createModel(device, snapshot.spec, variants && { variants });
  try {
    const trainer = await createTrainer(model, dataset, { ...snapshot.training, ...overrides });
    await trainer.restore(snapshot, overrides);
    return trainer;
  } catch (error) {
    model.dispose();
    throw error;
  }
}
