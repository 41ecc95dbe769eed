/**
 * The engine, for browsers and bundlers: data, models, training, model files. Profiling (latentgpu/profile) and sessions in a
 * Worker (latentgpu/worker) are files of their own, so that a page loads what it uses.
 * @module latentgpu
 */

// Kept in the declarations: they name GPUDevice and the like, which TypeScript's own DOM types may lack.
/// <reference types="@webgpu/types" preserve="true" />

export { type Dataset, firstImages, type Images } from './data/dataset.js';
export { digits } from './data/digits.js';
export {
  type CheckedExamples,
  checkDataset,
  checkExamples,
  chosenExamples,
  countOf,
  type Examples,
  numbersOf,
  shapeOfOne,
  sizeOf,
  sizeText,
  someExamples,
} from './data/examples.js';
export type { Bytes } from './data/files/bytes.js';
export { decodeIdx, gunzipIfNeeded, imagesFromIdx } from './data/files/idx.js';
export { holdOut } from './data/hold-out.js';
export * from './errors.js';
export {
  type Dtype,
  decodeSafetensors,
  encodeSafetensors,
  type HostTensor,
  type Named,
  type StoredTensor,
  safetensorsMetadata,
  type TensorValues,
} from './formats/safetensors.js';
export {
  type AdapterKind,
  type AdapterSummary,
  type BrowserDeviceOptions,
  type Device,
  openDevice,
} from './gpu/device.js';
export type { Shape } from './graph/operations/shapes.js';
export type { Access, Constants, Grid } from './kernels/kernel.js';
export type { MatmulVariants } from './kernels/matmul/choices.js';
export type { StateBuffer } from './kernels/optimizer.js';
export type { ShaderSource } from './kernels/shader.js';
export type { NumberType } from './kernels/stored.js';
export { checkMirrored, validateSpec } from './model/check-spec.js';
export type { Convolution, FeatureMap, Pair, Window } from './model/convolution.js';
export { corruptImages } from './model/corrupt.js';
export {
  activationOf,
  type ConvSpec,
  type ConvTransposeSpec,
  type DenseSpec,
  type DropoutSpec,
  type FlattenSpec,
  type LayerSpec,
  type NormSpec,
  type PoolSpec,
  type ReshapeSpec,
  type ResidualSpec,
  type UpsampleSpec,
} from './model/layers.js';
export {
  rateFactor,
  resolveSchedule,
  type Schedule,
  type ScheduleKind,
  type ScheduleSpec,
  type Warmup,
} from './model/learning-rate.js';
export {
  type AdamSpec,
  type AdamWSpec,
  OPTIMIZERS,
  type Optimizer,
  type OptimizerKind,
  type OptimizerSpec,
  type RmspropSpec,
  resolveOptimizer,
  type SgdSpec,
} from './model/optimizer.js';
export { isMap, layerSizes, type Place, type PlacedLayer, type PlacedLayers, placedLayers } from './model/places.js';
export {
  ae,
  betaVae,
  conditionalVae,
  convAe,
  convDenoising,
  convVae,
  denoising,
  iwae,
  type Layers,
  linear,
  NORMS,
  type Norm,
  type Sizes,
  type SparseOptions,
  sparse,
  stacked,
  type VaeOptions,
  type VqVaeOptions,
  vae,
  vqVae,
} from './model/presets.js';
export { fitScaling, SCALINGS, type ScalingSpec, scaled, unscaled } from './model/scaling.js';
export {
  ACTIVATIONS,
  type Activation,
  CORRUPTIONS,
  type CodeSpec,
  type CorruptionSpec,
  EXP_MOST,
  type GaussianSpec,
  INITIALIZATIONS,
  type Initialization,
  LEARNED,
  LOG_VAR_RANGE,
  type LogVarRange,
  type LossSpec,
  type LossTerm,
  learnedSigma,
  learnsVariance,
  lossWeights,
  type ModelSpec,
  type PixelRange,
  type QuantizedSpec,
  RANGES,
  RECONSTRUCTIONS,
  type ReconstructionTerm,
  reconstructionTerm,
} from './model/spec.js';
// What the library does with its own options, for pages and programs that have more of them.
export { didYouMean, requireKnownKeys } from './names.js';
export type { Binding, Dispatch, Place as TensorPlace, Plan, PlannedLoss, Resource, Tensor } from './plan/plan.js';
export {
  type Codes,
  createModel,
  type LabelOptions,
  type Labels,
  type Model,
  type ModelOptions,
} from './train/model.js';
export type { TrainerOptions } from './train/options.js';
export type { Numbers } from './train/passes/rows.js';
export type { Scores } from './train/passes/score-sums.js';
export type { ScoreOptions } from './train/passes/scores.js';
export {
  type LayerPlace,
  type LayerProgress,
  type LayerReport,
  type PretrainOptions,
  pretrain,
} from './train/pretrain.js';
export type { EpochReport, Progress, TrainingWarning, TrainOptions } from './train/reports.js';
export { type DataIdentity, type ExamplesIdentity, type ImagesIdentity, identify } from './train/snapshot/identity.js';
export type { RecoveryOptions, SaveInterval } from './train/snapshot/recovery.js';
export { restoreTrainer } from './train/snapshot/restore.js';
export { decodeSnapshot, encodeSnapshot, type Snapshot } from './train/snapshot/snapshot.js';
export type { Losses, LossSums } from './train/step/metrics.js';
export type { StoreType } from './train/step/resident.js';
export type { LossScaling } from './train/step/step-state.js';
export { type LayerSummary, summarizeModel } from './train/summary.js';
export { createTrainer, type OptimizerState, type Trainer } from './train/trainer.js';
export type { NamedTensors, ParameterTensor } from './train/weights/tensors.js';
export { type WeightTensor, weightsOf } from './train/weights/weights.js';
