// What a program says about its data, adapter, model and training: lines for a person, and the contents of run.json.
// Computes nothing, opens nothing.
import { createRequire } from 'node:module';
import path from 'node:path';
import {
  type AdapterSummary,
  countOf,
  type Device,
  layerSizes,
  learnsVariance,
  type Model,
  type ModelSpec,
  resolveOptimizer,
  resolveSchedule,
  shapeOfOne,
  sizeOf,
  type Trainer,
  type TrainerOptions,
} from 'latentgpu/node';
import type { ExampleSet } from '../data/arrays.js';
import type { LoadedData } from '../data/data.js';
import { imageSizeOf } from '../data/examples.js';
import type { ModelOptions } from '../options/model/model-flags.js';
import { readingOf, readingText } from '../options/reading-options.js';
import type { TrainOptions } from '../options/train-options.js';
import type { Pretraining, RunLength } from '../run/length.js';
import { featureNames } from './features.js';
import { describeLoss, layerTerms, lossTerms, lossUnit, type NamedTerm } from './losses.js';

const SHOWN_FEATURES = 8;

/** A run before it starts: what run.json says, what a person is told. */
export interface RunDescription {
  /** The contents of run.json but for the time the run takes. */
  json: Record<string, unknown>;
  /** Data and model in a few words, for a plot. */
  title: string;
  lines: string[];
}

/** One line about the examples: what they were taken for, and how many there are. */
export function describeData({ name, train, validation, test, what }: ExampleSet, from: string): string {
  const held = validation ? `, ${number(countOf(validation))} validation` : '';
  const counts = `${number(countOf(train))} training${held} and ${number(countOf(test))} test`;
  const size = imageSizeOf(test);
  const numbers = test.values instanceof Float32Array ? ' of floats' : '';
  const shape = size
    ? `images${numbers}, ${size.height}x${size.width}${size.channels === undefined ? '' : ' in colour'}`
    : `rows of ${number(sizeOf(test))} features`;
  return `data      ${name} (${from}${what === undefined ? '' : `, ${what}`}): ${counts} ${shape}`;
}

/** Describes the run that is about to start. */
export function describeRun(run: {
  options: TrainOptions;
  /** As createTrainer got them. */
  training: TrainerOptions;
  length: RunLength;
  out: string;
  data: LoadedData;
  /** The images that are used. */
  dataset: ExampleSet;
  device: Pick<Device, 'adapter'>;
  model: Pick<Model, 'spec' | 'parameterCount'>;
  trainer: Pick<Trainer, 'plan' | 'learningRate'>;
}): RunDescription {
  const { options, dataset, device, model, trainer } = run;
  const terms = lossTerms(model.spec);
  const dispatchesPerStep = trainer.plan.dispatches.length;
  const named = describeModel(options, model.spec);
  return {
    json: {
      config: configOf(run),
      spec: model.spec,
      losses: lossesOf(terms),
      ...(run.length.pretraining && { layerLosses: layerLossesOf(model.spec) }),
      adapter: device.adapter,
      versions: versions(),
      dispatchesPerStep,
      parameters: model.parameterCount,
    },
    title: `${dataset.name}, ${named}`,
    lines: [
      `model     ${named}: ${number(model.parameterCount)} parameters, ${dispatchesPerStep} dispatches a step`,
      ...scalingLines(model.spec, dataset),
      `loss      of ${imageSizeOf(dataset.test) ? 'an image' : 'a row'}: ${describeLoss(model.spec)}${model.spec.scaling ? ', of scaled numbers' : ''}`,
      ...trainingLines(run),
    ],
  };
}

/** How numbers are scaled, and which of them never change. */
function scalingLines(spec: ModelSpec, { train, features: names }: ExampleSet): string[] {
  const { scaling } = spec;
  if (!scaling) return [];
  const { kind, scale } = scaling;
  const features = featureNames(scale.length, names);
  const constant = scale.flatMap((by, column) => (by === 0 ? [features[column] ?? ''] : []));
  const shown = constant.slice(0, SHOWN_FEATURES).join(', ') + (constant.length > SHOWN_FEATURES ? ', ...' : '');
  // Such numbers are 0 and easily made, so a deviation that is one for all gets smaller than that of the others.
  const meaning = learnsVariance(spec) ? 'lower the learned deviation; --drop leaves them out' : 'count nothing';
  const rest = constant.length === 0 ? '' : `; ${number(constant.length)} never change and ${meaning}: ${shown}`;
  return [`scaling   ${kind}, fitted to the ${number(countOf(train))} training examples${rest}`];
}

type Run = Parameters<typeof describeRun>[0];

/** The split stands in dataChoice. */
function storedReading(options: TrainOptions) {
  const { split: _, ...reading } = readingText(readingOf(options));
  return reading;
}

/** What it takes to train the same again, or to use what was trained; null: not asked for. */
function configOf({ options, training, length, out, data, dataset, trainer }: Run): Record<string, unknown> {
  return {
    model: options.spec === undefined ? (options.model ?? 'vae') : null,
    specFile: options.spec ?? null,
    data: dataset.name,
    dataFrom: data.from,
    dataChoice: data.choice,
    reading: storedReading(options),
    table: dataset.table ?? null,
    pixelTable: dataset.pixelTable ?? null,
    limit: countOf(dataset.train),
    limitGiven: options.limit ?? null,
    labelled: dataset.train.labels !== undefined,
    shape: shapeOfOne(dataset.train),
    numbers: dataset.numbers ?? null,
    features: dataset.features ?? null,
    classes: dataset.classes ?? null,
    validation: options.validation ?? null,
    epochs: length.epochs,
    steps: options.steps ?? null,
    pretrain: length.pretraining,
    clipNorm: null,
    klWarmup: 0,
    reduction: 'mean',
    precision: 'f32',
    ...training,
    lr: trainer.learningRate,
    optimizer: resolveOptimizer(training.optimizer),
    schedule: resolveSchedule(training.schedule),
    out,
    adapter: options.adapter,
  };
}

/** The same for the lines of each layer that is pretrained, from 1. */
function layerLossesOf(spec: ModelSpec) {
  const layers = Array.from({ length: spec.encoder.length + 1 }, (_, layer) => layer);
  return Object.fromEntries(layers.map((layer) => [layer + 1, lossesOf(layerTerms(spec, layer))]));
}

/** Weights and units of what metrics.jsonl tells. */
function lossesOf(terms: readonly NamedTerm[]): Record<string, { weight?: number; unit: string }> {
  return {
    loss: { unit: lossUnit(terms) },
    ...Object.fromEntries(terms.map(({ term, weight, unit }) => [term, { weight, unit }])),
  };
}

function trainingLines({ options, training, length, trainer }: Run): string[] {
  const { epochs, why, stepsPerEpoch, steps, pretraining } = length;
  const part = options.steps !== undefined && steps < epochs * stepsPerEpoch;
  const long = part
    ? `${number(steps)} steps, ${number(stepsPerEpoch)} an epoch`
    : `${plural(epochs, 'epoch')} of ${plural(stepsPerEpoch, 'step')}${why && ` (${why})`}`;
  const first = pretraining && `pretrain  each layer alone first: ${describePretraining(pretraining)}`;
  return [...(first ? [first] : []), `training  ${long}; ${describeTraining(options, training, trainer.learningRate)}`];
}

const describePretraining = ({ epochs, steps }: Pretraining) =>
  plural(epochs, 'epoch') + (steps === undefined ? '' : `, at most ${plural(steps, 'step')}`);

/** batch 128, sgd (momentum 0.9), lr 0.01 falling as a cosine, seed 0 */
function describeTraining(options: TrainOptions, training: TrainerOptions, lr: number): string {
  const { schedule, warmup, clip, 'lr-warmup': rising } = options;
  const numbers = [
    options.momentum === undefined ? '' : `momentum ${options.momentum}`,
    options.nesterov ? 'nesterov' : '',
    options['weight-decay'] === undefined ? '' : `weight decay ${options['weight-decay']}`,
  ].filter(Boolean);
  const optimizer = `${options.optimizer ?? 'adam'}${numbers.length > 0 ? ` (${numbers.join(', ')})` : ''}`;
  const course =
    schedule?.kind === 'step'
      ? ` times ${schedule.factor} every ${plural(schedule.every, 'epoch')}`
      : schedule?.kind === 'cosine'
        ? ' falling as a cosine'
        : '';
  return [
    `batch ${training.batch}`,
    optimizer,
    `lr ${lr}${course}${rising === undefined ? '' : ` after ${plural(rising, 'step')} of warm-up`}`,
    ...(clip === undefined ? [] : [`gradients clipped to ${clip}`]),
    ...(warmup === undefined ? [] : [`KL weight rising over ${plural(warmup, 'epoch')}`]),
    ...(options.precision === 'f16' ? ['f16'] : []),
    ...(options.reduction === 'sum' ? ['gradients summed over the batch'] : []),
    `seed ${training.seed}`,
  ].join(', ');
}

/** 60,000 */
const number = (value: number) => value.toLocaleString('en-US');
const plural = (value: number, what: string) => `${number(value)} ${what}${value === 1 ? '' : 's'}`;

/** One line about the adapter: what computes and, where that is something else, its driver. */
export function describeAdapter({ name, description, backend, software }: AdapterSummary): string {
  const words = [description === name ? '' : description, backend, software ? 'software' : ''].filter(Boolean);
  return `adapter   ${name}${words.length > 0 ? ` (${words.join(', ')})` : ''}`;
}

/** vae 784-512-256-64-256-512-784, or the file that the spec is from and its sizes */
export const describeModel = ({ model = 'vae', spec: file }: ModelOptions, spec: ModelSpec): string =>
  `${file === undefined ? model : path.basename(file)} ${describeSpec(spec)}`;

/** 784-512-256-64-256-512-784 */
export function describeSpec(spec: ModelSpec): string {
  return layerSizes(spec).join('-');
}

/** What made a run. */
export function versions(): { latentgpu: string; webgpu: string; node: string } {
  const load = createRequire(import.meta.url);
  return {
    latentgpu: load('latentgpu/package.json').version,
    webgpu: load('webgpu/package.json').version,
    node: process.versions.node,
  };
}
