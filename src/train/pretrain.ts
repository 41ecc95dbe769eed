// Greedy layer-wise pretraining: each layer of the encoder learns, with the decoder layer that mirrors it, to reconstruct
// what the layers below it make of the images; then the next. Fine-tuning is a plain trainer on the whole model.
// Source: Hinton & Salakhutdinov 2006; here with autoencoders as in Bengio et al. 2007, "Greedy layer-wise training of deep
// networks", not with restricted Boltzmann machines.
import type { Dataset, Images } from '../data/dataset.js';
import type { Examples } from '../data/examples.js';
import { ArgumentError } from '../errors.js';
import { encoderDepth } from '../graph/layers.js';
import { checkMirrored } from '../model/check-spec.js';
import { requireKnownKeys } from '../names.js';
import type { Model } from './model.js';
import { OPTION_KEYS, type TrainerOptions } from './options.js';
import { type EpochReport, type Progress, TRAIN_KEYS, type TrainOptions } from './reports.js';
import type { Snapshot } from './snapshot/snapshot.js';
import { createTrainer, type Trainer } from './trainer.js';

/** Which layer is trained. */
export interface LayerPlace {
  /** From 0, at the images. */
  layer: number;
  /** Layers from the images to the code. */
  layers: number;
}

/** Where the training of a layer stands. */
export type LayerProgress = Progress & LayerPlace;
/** What an epoch of a layer came to. */
export type LayerReport = EpochReport & LayerPlace;

/**
 * For each layer: how it is trained, and for how long. Every layer starts anew: schedule, optimizer and order of the
 * images. A penalty on the code is left to the training of the whole.
 */
export interface PretrainOptions extends Omit<TrainerOptions, 'layer'>, Omit<TrainOptions, 'onProgress'> {
  /** The first layer to train; 0 by default. To go on after an abort: the layer that it ended in starts anew. */
  from?: number;
  /** To go on where a snapshot was taken, of the trainer that `onLayer` was given: its layer, at its step. */
  resume?: Snapshot;
  /** Called with each layer's trainer before it trains; it is disposed when its layer is done. */
  onLayer?: (trainer: Trainer, place: LayerPlace) => void;
  /** Told after every submit. */
  onProgress?: (progress: LayerProgress) => void;
  onStep?: TrainOptions['onStep'];
}

const KEYS = ['from', 'resume', 'onLayer', ...TRAIN_KEYS, ...OPTION_KEYS.filter((key) => key !== 'layer')];

/**
 * Pretrains the model's layers one after the other, and yields a report after each epoch of each.
 * @throws ArgumentError naming the layer of the decoder that does not mirror the encoder, or a `from` that is no layer; as
 *   createTrainer and train
 * @example
 * ```ts
 * for await (const { layer, test } of pretrain(model, dataset, { epochs: 1 })) console.log(layer, test.loss);
 * const trainer = await createTrainer(model, dataset); // then the whole
 * ```
 */
export async function* pretrain(
  model: Model,
  dataset: Dataset<Images | Examples>,
  given: PretrainOptions = {},
): AsyncGenerator<LayerReport, void, undefined> {
  requireKnownKeys(given, KEYS, 'pretrain');
  const { epochs = 1, steps, from, resume, signal, onLayer, onProgress, onStep, onWarning, ...others } = given;
  const { snapshotEvery, onSnapshot, ...options } = others;
  checkMirrored(model.spec);
  const layers = encoderDepth(model.spec);
  const first = from ?? resume?.training.layer ?? 0;
  if (!Number.isInteger(first) || first < 0 || first >= layers)
    throw new ArgumentError(`from: ${first}, must be an integer from 0 to ${layers - 1}`);
  for (let layer = first; layer < layers && !signal?.aborted; layer++) {
    const place = { layer, layers };
    const heard = {
      ...(signal && { signal }),
      ...(onProgress && { onProgress: (progress: Progress) => onProgress({ ...progress, ...place }) }),
      ...(onStep && { onStep }),
      ...(onWarning && { onWarning }),
      ...(snapshotEvery !== undefined && { snapshotEvery }),
      ...(onSnapshot && { onSnapshot }),
    };
    const trainer = await createTrainer(model, dataset, { ...options, layer });
    try {
      if (resume?.training.layer === layer) await trainer.restore(resume);
      onLayer?.(trainer, place);
      const rest = { epochs: epochs - trainer.epochs, ...(steps !== undefined && { steps: steps - trainer.step }) };
      if (rest.epochs < 1 || (rest.steps ?? 1) < 1) continue; // the snapshot was taken at the layer's end
      for await (const report of trainer.train({ ...rest, ...heard })) yield { ...report, ...place };
    } finally {
      trainer.dispose();
    }
  }
}
