// What the data decide of a model where the flags do not: how numbers are scaled, and with which loss they are compared.
import {
  ArgumentError,
  type CheckedExamples,
  fitScaling,
  type LEARNED,
  type ModelSpec,
  type PixelRange,
  type ScalingSpec,
  sizeOf,
} from 'latentgpu/node';
import type { ExampleSet } from '../../data/arrays.js';
import { imageSizeOf } from '../../data/examples.js';

/** Of the options that make a model, those whose defaults follow from the data. */
interface Chosen {
  model?: string;
  loss?: ModelSpec['loss']['reconstruction'];
  output?: 'sigmoid' | 'tanh' | 'identity';
  range?: PixelRange;
  scale?: 'none' | ScalingSpec['kind'];
  variance?: number | typeof LEARNED;
  /** Samples of the code an example. */
  iwae?: number;
}

export type Suited<Options> = Options & { scaling?: ScalingSpec };

/**
 * Counts, of which --loss poisson says that they are, are taken as they are. Bytes and images of 0..1 are pixels, whose loss is cross entropy; they need no scaling. Vectors are standardised, other
 * images brought to 0..1; both may leave 0..1 in other rows than those of training, so their loss is the squared error.
 * Several samples of the code need a likelihood: the variance is learned then.
 * @throws ArgumentError for flags that make no sense with these data
 */
export function suitedTo<Options extends Chosen>(
  options: Options,
  { name, train, test, validation }: ExampleSet,
): Suited<Options> {
  const vectors = imageSizeOf(train) === undefined;
  const { values } = train;
  if (values instanceof Uint8Array) {
    if (options.scale !== undefined && options.scale !== 'none')
      throw new ArgumentError(
        `--scale ${options.scale} with images of bytes (${name}): 0 to 255 stand for 0..1; leave --scale out`,
      );
    if (options.loss === 'poisson')
      throw new ArgumentError(
        `--loss poisson with images of bytes (${name}): 0 to 255 stand for 0..1, which are no counts; use rows of counts (an array of [count, numbers], a table), or --loss bce`,
      );
    return options;
  }
  if (options.loss === 'poisson') return options;
  const pixels = [train, test, ...(validation ? [validation] : [])].every(isUnit);
  const { scale = vectors ? 'standard' : pixels ? 'none' : 'minmax' } = options;
  if (vectors && options.range !== undefined)
    throw new ArgumentError(
      `--range ${options.range} with rows of features (${name}): it is of pixels; use --scale, or leave --range out`,
    );
  const scaling = scale === 'none' ? {} : { scaling: fitScaling(values, vectors ? sizeOf(train) : 1, scale) };
  if (options.model === 'linear' || (pixels && !vectors && scale === 'none')) return { ...options, ...scaling };
  const { loss = 'mse', variance } = options;
  const sampled = options.model === 'iwae' || options.iwae !== undefined;
  return {
    ...options,
    loss,
    ...scaling,
    ...(loss === 'mse' && { output: options.output ?? 'identity' }),
    ...(options.loss === undefined && sampled && { variance: variance ?? 'learned' }),
  };
}

/** Whether all numbers are between 0 and 1, as those of pixels. */
function isUnit({ values }: CheckedExamples): boolean {
  return values.every((value) => value >= 0 && value <= 1);
}
