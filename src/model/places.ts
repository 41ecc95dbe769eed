// What one example is between the layers of a model: a vector or a feature map, from layer to layer, by what each makes of it.
import { ArgumentError } from '../errors.js';
import {
  type Convolution,
  convolutionOf,
  type FeatureMap,
  showMap,
  sizeOfMap,
  transposedConvolutionOf,
} from './convolution.js';
import {
  activationOf,
  type ConvSpec,
  type ConvTransposeSpec,
  kindOfLayer,
  type LayerSpec,
  type NormSpec,
  type ResidualSpec,
  takesMap,
} from './layers.js';
import type { ModelSpec, QuantizedSpec } from './spec.js';
import { refuse } from './values.js';

/** What one example is between two layers. */
export type Place =
  | {
      /** Numbers of a vector. */
      units: number;
      /** The feature map that it was made of. */
      flattened?: FeatureMap;
    }
  | FeatureMap;

/** Whether it is a feature map and no vector. */
export const isMap = (place: Place): place is FeatureMap => 'height' in place;

/** Numbers of one example. */
export const sizeOfPlace = (place: Place): number => (isMap(place) ? sizeOfMap(place) : place.units);

const showPlace = (place: Place): string =>
  isMap(place) ? `a feature map of ${showMap(place)}` : `a vector of ${place.units}`;

/** A layer in its place. */
export interface PlacedLayer {
  /** As the model has it. */
  spec: LayerSpec;
  /** Of its module in PyTorch: "encoder.0". */
  name: string;
  /** What arrives at it. */
  from: Place;
  /** What it gives. */
  to: Place;
  /** Of conv and convTranspose. */
  convolution?: Convolution;
  /** Of residual: its layers in their places. */
  inner?: PlacedLayer[];
}

/**
 * The layers with their shapes and names. A list of linear layers counts two modules a layer, as if each had an activation;
 * others count the activations that there are.
 * @param part    "encoder" or "decoder", or where a list within them is; `name` is what its modules' names begin with
 * @param classes of a conditional model: numbers that join where a feature map is flattened
 * @throws ArgumentError with the path of the layer that does not fit
 */
export function placeLayers(
  layers: readonly LayerSpec[],
  part: string,
  start: Place,
  classes = 0,
  name = part,
): PlacedLayer[] {
  const onlyLinear = layers.every((layer) => kindOfLayer(layer) === 'linear');
  let place = start;
  let modules = 0;
  return layers.map((spec, index) => {
    const path = `${part}[${index}]`;
    const module = `${name}.${modules}`;
    const shapes =
      spec.kind === 'residual'
        ? placedResidual(spec, place, path, module)
        : placedAs(spec, place, path, layers[index - 1], classes);
    const placed = { spec, name: module, from: place, ...shapes };
    modules += onlyLinear || activationOf(spec) !== 'identity' ? 2 : 1;
    place = placed.to;
    return placed;
  });
}

function placedResidual({ layers }: ResidualSpec, from: Place, path: string, name: string) {
  if (!isMap(from) && from.flattened)
    refuse(path, 'residual', "cannot follow { kind: 'flatten' }; put it before, or a linear layer between them");
  const inner = placeLayers(layers, `${path}.layers`, from, 0, `${name}.layers`);
  const to = inner.at(-1)?.to ?? from;
  if (!isMap(to) && to.flattened)
    refuse(
      `${path}.layers`,
      'flatten',
      'must not be the last: numbers in the order of a map are added to a vector; put a linear layer after it',
    );
  if (showPlace(to) !== showPlace(from))
    refuse(`${path}.layers`, showPlace(to), `must give ${showPlace(from)}, which it is added to`);
  return { to: from, inner };
}

function placedAs(
  spec: Exclude<LayerSpec, ResidualSpec>,
  from: Place,
  path: string,
  before: LayerSpec | undefined,
  classes: number,
): Pick<PlacedLayer, 'to' | 'convolution'> {
  switch (spec.kind) {
    case 'conv':
    case 'convTranspose': {
      if (!isMap(from))
        return refuse(path, spec.kind, `needs a feature map, gets ${showPlace(from)}; put a reshape before it`);
      const convolution = atPath(path, () => convolved(spec, from));
      return { convolution, to: spec.kind === 'conv' ? convolution.y : convolution.x };
    }
    case 'flatten':
      if (!isMap(from)) return refuse(path, spec.kind, `needs a feature map, gets ${showPlace(from)}; leave it out`);
      return { to: { units: sizeOfMap(from) + classes, flattened: from } };
    case 'reshape': {
      const { kind: _, ...to } = spec;
      if (!before || kindOfLayer(before) !== 'linear')
        return refuse(path, spec.kind, 'must follow a linear layer, whose units it arranges');
      if (sizeOfPlace(from) !== sizeOfMap(to))
        return refuse(path, showMap(to), `must be ${sizeOfPlace(from)} numbers, as many as the layer before gives`);
      return { to };
    }
    case 'batchNorm':
    case 'layerNorm':
    case 'groupNorm':
      checkNorm(spec, from, path);
      return { to: from };
    case 'dropout':
      return { to: from };
    case 'maxPool':
    case 'avgPool': {
      if (!isMap(from)) return refuse(path, spec.kind, `needs a feature map, gets ${showPlace(from)}`);
      const { kernel, stride = kernel, padding = 0 } = spec;
      if (2 * padding > kernel) refuse(`${path}.padding`, padding, `must be at most half of the kernel (${kernel})`);
      const { y } = atPath(path, () => convolutionOf(from, from.channels, { kernel, stride, padding }, 1));
      return { to: y };
    }
    case 'upsample': {
      if (!isMap(from)) return refuse(path, spec.kind, `needs a feature map, gets ${showPlace(from)}`);
      const { height, width, channels } = from;
      return { to: { height: height * spec.factor, width: width * spec.factor, channels } };
    }
    default:
      if (isMap(from))
        return refuse(path, 'linear', `needs a vector, gets ${showPlace(from)}; put { kind: 'flatten' } before it`);
      return { to: { units: spec.units } };
  }
}

/** Numbers of a place. */
export const channelsOf = (place: Place): number => (isMap(place) ? place.channels : place.units);

function checkNorm({ kind, groups = 1 }: NormSpec, from: Place, path: string): void {
  if (!isMap(from) && from.flattened)
    refuse(path, kind, "cannot follow { kind: 'flatten' }; put it before, where there are channels");
  if (kind === 'groupNorm' && channelsOf(from) % groups !== 0)
    refuse(`${path}.groups`, groups, `must divide the channels (${channelsOf(from)})`);
}

function convolved(spec: ConvSpec | ConvTransposeSpec, from: FeatureMap): Convolution {
  const { channels, groups = 1 } = spec;
  for (const [what, count] of [
    ['its input', from.channels],
    ['its output', channels],
  ] as const)
    if (count % groups !== 0)
      throw new ArgumentError(`groups: ${groups}, must divide the channels of ${what} (${count})`);
  if (spec.kind === 'conv') return convolutionOf(from, channels, spec, groups);
  return transposedConvolutionOf(from, channels, spec, groups, spec.outputPadding);
}

/** What `run` refuses, with the path before it. */
function atPath<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof ArgumentError) throw new ArgumentError(`${path}.${error.message}`);
    throw error;
  }
}

/** The layers of a model in their places. */
export interface PlacedLayers {
  /** What the encoder sees of an image. */
  start: Place;
  /** A deterministic code is the last of them. */
  encoder: PlacedLayer[];
  /** What the code is made of: a vector, or the feature map of a quantised one. */
  top: Place;
  /** From the code to the examples. */
  decoder: PlacedLayer[];
}

/**
 * What each layer of a model takes and gives.
 * @throws ArgumentError with the path of a layer that does not fit what arrives at it
 */
export function placedLayers({ inputs, image, classes = 0, encoder, code, decoder }: ModelSpec): PlacedLayers {
  const seesImage = takesMap(encoder);
  if (seesImage && !image)
    refuse(
      'image',
      image,
      `must be { height, width, channels } of what encoder[0], a ${kindOfLayer(encoder[0] as LayerSpec)}, sees`,
    );
  const start = seesImage && image ? image : { units: inputs + classes };
  const coded = code.kind === 'deterministic' ? [{ units: code.units, activation: code.activation }] : [];
  const top = placeLayers(encoder, 'encoder', start, classes).at(-1)?.to ?? start;
  if (code.kind === 'quantized') {
    checkQuantized(code, top, classes);
    const first = isMap(top) ? top : { units: code.units };
    return {
      start,
      encoder: placeLayers(encoder, 'encoder', start),
      top,
      decoder: placeLayers(decoder, 'decoder', first),
    };
  }
  if (isMap(top))
    return refuse(
      'encoder',
      showMap(top),
      "must end in a vector, which the code is made of; put { kind: 'flatten' } last",
    );
  const lower = placeLayers([...encoder, ...coded], 'encoder', start, classes);
  return { start, encoder: lower, top, decoder: placeLayers(decoder, 'decoder', { units: code.units + classes }) };
}

/** What the encoder ends in must be places of as many numbers as a code has. */
function checkQuantized({ units, dimensions }: QuantizedSpec, top: Place, classes: number): void {
  if (classes > 0) refuse('classes', classes, 'must be left out: a quantized code takes no labels; use a gaussian one');
  if (!isMap(top) && top.flattened)
    refuse(
      'encoder',
      'flatten',
      "must end in the feature map itself for a quantized code; leave the last 'flatten' out",
    );
  const what = isMap(top) ? `a feature map of ${showMap(top)}` : `a vector of ${top.units}`;
  if (units !== sizeOfPlace(top))
    refuse('code.units', units, `must be ${sizeOfPlace(top)}: the encoder ends in ${what}`);
  if (isMap(top) && dimensions !== top.channels)
    refuse(
      'code.dimensions',
      dimensions,
      `must be ${top.channels}, the channels that the encoder ends in (${showMap(top)})`,
    );
  if (units % dimensions !== 0) refuse('code.dimensions', dimensions, `must divide code.units (${units})`);
}

/** What an example is from the image through the code and back, for people: 784, or 28x28x1. */
export function layerSizes(spec: ModelSpec): string[] {
  const { encoder, decoder } = placedLayers(spec);
  const sized = (layers: PlacedLayer[]) => layers.filter(({ spec }) => !REARRANGING.includes(kindOfLayer(spec)));
  const first = encoder[0]?.from;
  const shown = (place: Place) => (isMap(place) ? showMap(place) : `${place.units}`);
  return [
    first && isMap(first) ? showMap(first) : `${spec.inputs}`,
    ...sized(encoder).map(({ to }) => shown(to)),
    ...(spec.code.kind === 'gaussian' ? [`${spec.code.units}`] : []),
    ...sized(decoder).map(({ to }) => shown(to)),
  ];
}

/** Layers that sizes do not tell of. */
const REARRANGING: readonly string[] = [
  'flatten',
  'reshape',
  'batchNorm',
  'layerNorm',
  'groupNorm',
  'dropout',
  'residual',
];
