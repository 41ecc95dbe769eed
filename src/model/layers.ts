// The layers that encoders and decoders are lists of: what each is told, and what it makes of the shape that arrives.
import { ArgumentError } from '../errors.js';
import { ACTIVATIONS, type Activation } from './activations.js';
import {
  type Convolution,
  convolutionOf,
  type FeatureMap,
  type Pair,
  showMap,
  sizeOfMap,
  transposedConvolutionOf,
  type Window,
} from './convolution.js';
import { refuse, requireKnownKeys, requireOneOf, requirePositiveInteger } from './values.js';

/** A fully connected layer, torch.nn.Linear: y = activation(x W^T + b), W [units, inputs], b [units]. */
export interface DenseSpec {
  kind?: 'linear';
  units: number;
  activation: Activation;
}

/** torch.nn.Conv2d and an activation: weight [channels, x's channels / groups, height, width of the kernel]. */
export interface ConvSpec extends Window {
  kind: 'conv';
  /** That it gives. */
  channels: number;
  /** Of x's channels and of its own; 1 if absent, `x's channels` is depthwise. */
  groups?: number;
  /** identity if absent. */
  activation?: Activation;
}

/** torch.nn.ConvTranspose2d and an activation: weight [x's channels, channels / groups, height, width of the kernel]. */
export interface ConvTransposeSpec extends Window {
  kind: 'convTranspose';
  /** That it gives. */
  channels: number;
  groups?: number;
  /** Rows and columns more, at the end: of the sizes that a stride makes the same of, the larger one. 0 if absent. */
  outputPadding?: number | Pair;
  /** identity if absent. */
  activation?: Activation;
}

/** torch.nn.Flatten: a feature map to a vector, in PyTorch's order, channels outermost. A linear layer or the code follows. */
export interface FlattenSpec {
  kind: 'flatten';
}

/** torch.nn.Unflatten: what a linear layer gives as a feature map, in PyTorch's order, channels outermost. */
export interface ReshapeSpec extends FeatureMap {
  kind: 'reshape';
}

export type LayerSpec = DenseSpec | ConvSpec | ConvTransposeSpec | FlattenSpec | ReshapeSpec;

/** `linear` if absent. */
export const LAYER_KINDS = ['linear', 'conv', 'convTranspose', 'flatten', 'reshape'] as const;
export type LayerKind = (typeof LAYER_KINDS)[number];

export const kindOfLayer = ({ kind }: LayerSpec): LayerKind => kind ?? 'linear';

/** What one example is between two layers. */
export type Place = { units: number; flattened?: FeatureMap } | FeatureMap;

export const isMap = (place: Place): place is FeatureMap => 'height' in place;

/** Numbers of one example. */
export const sizeOfPlace = (place: Place): number => (isMap(place) ? sizeOfMap(place) : place.units);

const showPlace = (place: Place): string =>
  isMap(place) ? `a feature map of ${showMap(place)}` : `a vector of ${place.units}`;

/** A layer in its place. */
export interface PlacedLayer {
  spec: LayerSpec;
  /** Of its module in PyTorch: "encoder.0". */
  name: string;
  from: Place;
  to: Place;
  /** Of conv and convTranspose. */
  convolution?: Convolution;
}

export const activationOf = (spec: LayerSpec): Activation =>
  ('activation' in spec ? spec.activation : undefined) ?? 'identity';

/**
 * The layers with their shapes and names. A list of linear layers counts two modules a layer, as if each had an activation;
 * others count the activations that there are.
 * @param part    "encoder" or "decoder"
 * @param classes of a conditional model: numbers that join where a feature map is flattened
 * @throws ArgumentError with the path of the layer that does not fit
 */
export function placeLayers(layers: readonly LayerSpec[], part: string, start: Place, classes = 0): PlacedLayer[] {
  const onlyLinear = layers.every((layer) => kindOfLayer(layer) === 'linear');
  let place = start;
  let modules = 0;
  return layers.map((spec, index) => {
    const path = `${part}[${index}]`;
    const placed = {
      spec,
      name: `${part}.${modules}`,
      from: place,
      ...placedAs(spec, place, path, layers[index - 1], classes),
    };
    modules += onlyLinear || activationOf(spec) !== 'identity' ? 2 : 1;
    place = placed.to;
    return placed;
  });
}

function placedAs(
  spec: LayerSpec,
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
    default:
      if (isMap(from))
        return refuse(path, 'linear', `needs a vector, gets ${showPlace(from)}; put { kind: 'flatten' } before it`);
      return { to: { units: spec.units } };
  }
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

// --- checks of what may come from a JSON file -------------------------------------------------------------------------

const WINDOW_KEYS = ['kernel', 'stride', 'padding', 'dilation'];
const KEYS: Record<LayerKind, string[]> = {
  linear: ['kind', 'units', 'activation'],
  conv: ['kind', 'channels', 'groups', 'activation', ...WINDOW_KEYS],
  convTranspose: ['kind', 'channels', 'groups', 'activation', 'outputPadding', ...WINDOW_KEYS],
  flatten: ['kind'],
  reshape: ['kind', 'height', 'width', 'channels'],
};

/** @throws ArgumentError with the path of what is wrong; whether layers go together is for `placeLayers` */
export function validateLayers(layers: unknown, path: string): asserts layers is LayerSpec[] {
  if (!Array.isArray(layers)) refuse(path, layers, 'must be a list of layers, such as { units, activation }');
  (layers as unknown[]).forEach((layer, index) => {
    validateLayer(layer, `${path}[${index}]`);
  });
}

/** @throws ArgumentError with the path of what is wrong */
export function validateLayer(value: unknown, path: string): asserts value is LayerSpec {
  const { kind = 'linear' } = (value ?? {}) as { kind?: LayerKind };
  requireOneOf(kind, LAYER_KINDS, `${path}.kind`);
  switch (kind) {
    case 'linear':
      validateDense(value, path, KEYS.linear);
      return;
    case 'conv':
    case 'convTranspose':
      validateConv(value as Partial<ConvTransposeSpec>, path);
      break;
    case 'reshape':
      validateMap(value, path);
  }
  requireKnownKeys(value as object, KEYS[kind], path);
}

/** @throws ArgumentError with the path of what is wrong */
export function validateDense(value: unknown, path: string, known: readonly string[]): void {
  const layer = value as Partial<DenseSpec> | null;
  requirePositiveInteger(layer?.units, `${path}.units`);
  requireOneOf(layer?.activation, ACTIVATIONS, `${path}.activation`);
  requireKnownKeys(layer as object, known, path);
}

/** @throws ArgumentError with the path of what is wrong */
export function validateMap(value: unknown, path: string): asserts value is FeatureMap {
  const map = value as Partial<FeatureMap> | null;
  for (const key of ['height', 'width', 'channels'] as const) requirePositiveInteger(map?.[key], `${path}.${key}`);
}

function validateConv(layer: Partial<ConvTransposeSpec>, path: string): void {
  requirePositiveInteger(layer.channels, `${path}.channels`);
  requirePair(layer.kernel, `${path}.kernel`, 1);
  for (const [key, least] of [
    ['stride', 1],
    ['padding', 0],
    ['dilation', 1],
    ['outputPadding', 0],
  ] as const)
    if (layer[key] !== undefined) requirePair(layer[key], `${path}.${key}`, least);
  if (layer.groups !== undefined) requirePositiveInteger(layer.groups, `${path}.groups`);
  if (layer.activation !== undefined) requireOneOf(layer.activation, ACTIVATIONS, `${path}.activation`);
}

function requirePair(value: unknown, path: string, least: 0 | 1): void {
  const both = Array.isArray(value) ? value : [value, value];
  const good = both.length === 2 && both.every((side) => Number.isInteger(side) && side >= least);
  if (!good) refuse(path, value, `must be an integer from ${least} on, or [height, width] of two`);
}
