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
import {
  refuse,
  requireCount,
  requireKnownKeys,
  requireNumber,
  requireOneOf,
  requirePositiveInteger,
} from './values.js';

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
  /** Whether a number a channel is added; true if absent. Before a normalisation it does nothing. */
  bias?: boolean;
  /** identity if absent. */
  activation?: Activation;
}

/** torch.nn.ConvTranspose2d and an activation: weight [x's channels, channels / groups, height, width of the kernel]. */
export interface ConvTransposeSpec extends Window {
  kind: 'convTranspose';
  /** That it gives. */
  channels: number;
  groups?: number;
  bias?: boolean;
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

/**
 * batchNorm: torch.nn.BatchNorm1d or BatchNorm2d, over the batch and all places; in evaluation by running statistics.
 * layerNorm: torch.nn.LayerNorm over all of an example.  groupNorm: torch.nn.GroupNorm. All with PyTorch's defaults: eps 1e-5,
 * momentum 0.1, a factor and a summand that are trained. Then an activation.
 */
export interface NormSpec {
  kind: 'batchNorm' | 'layerNorm' | 'groupNorm';
  /** Of groupNorm: how many; must divide the channels. */
  groups?: number;
  /** identity if absent. */
  activation?: Activation;
}

/** torch.nn.Dropout: in training each number is 0 with this probability, the others divided by 1 - probability. */
export interface DropoutSpec {
  kind: 'dropout';
  /** From 0 to below 1. */
  probability: number;
}

/** torch.nn.MaxPool2d and AvgPool2d, windows square. */
export interface PoolSpec {
  kind: 'maxPool' | 'avgPool';
  kernel: number;
  /** The kernel's if absent. */
  stride?: number;
  /** At most half of the kernel; 0 if absent. */
  padding?: number;
}

/** torch.nn.Upsample; bilinear with align_corners=False. */
export interface UpsampleSpec {
  kind: 'upsample';
  /** Times as high and as wide. */
  factor: number;
  /** nearest if absent. */
  mode?: 'nearest' | 'bilinear';
}

/**
 * x + f(x), f being the layers in turn, and then an activation; what they give must have the shape of x. In a state dict they are
 * `layers`, a Sequential: "encoder.2.layers.0.weight".  Source: He et al. 2016, "Deep Residual Learning".
 */
export interface ResidualSpec {
  kind: 'residual';
  layers: LayerSpec[];
  /** identity if absent. */
  activation?: Activation;
}

export type LayerSpec =
  | DenseSpec
  | ConvSpec
  | ConvTransposeSpec
  | FlattenSpec
  | ReshapeSpec
  | NormSpec
  | DropoutSpec
  | PoolSpec
  | UpsampleSpec
  | ResidualSpec;

/** `linear` if absent. */
export const LAYER_KINDS = [
  'linear',
  'conv',
  'convTranspose',
  'flatten',
  'reshape',
  'batchNorm',
  'layerNorm',
  'groupNorm',
  'dropout',
  'maxPool',
  'avgPool',
  'upsample',
  'residual',
] as const;
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
  /** Of residual: its layers in their places. */
  inner?: PlacedLayer[];
}

export const activationOf = (spec: LayerSpec): Activation =>
  ('activation' in spec ? spec.activation : undefined) ?? 'identity';

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

/** What keeps the shape of what it gets. */
const KEEPING: readonly string[] = ['batchNorm', 'layerNorm', 'groupNorm', 'dropout'];

/** Whether a list takes an image's places, not all of its numbers: the first layer that looks at the shape says it. */
export function takesMap(layers: readonly LayerSpec[]): boolean {
  const whole = layers.flatMap((layer) => (layer.kind === 'residual' ? layer.layers : [layer]));
  const first = whole.find((layer) => !KEEPING.includes(kindOfLayer(layer)));
  return first !== undefined && kindOfLayer(first) !== 'linear';
}

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

// --- checks of what may come from a JSON file -------------------------------------------------------------------------

const WINDOW_KEYS = ['kernel', 'stride', 'padding', 'dilation'];
const KEYS: Record<LayerKind, string[]> = {
  linear: ['kind', 'units', 'activation'],
  conv: ['kind', 'channels', 'groups', 'bias', 'activation', ...WINDOW_KEYS],
  convTranspose: ['kind', 'channels', 'groups', 'bias', 'activation', 'outputPadding', ...WINDOW_KEYS],
  flatten: ['kind'],
  reshape: ['kind', 'height', 'width', 'channels'],
  batchNorm: ['kind', 'activation'],
  layerNorm: ['kind', 'activation'],
  groupNorm: ['kind', 'groups', 'activation'],
  dropout: ['kind', 'probability'],
  maxPool: ['kind', 'kernel', 'stride', 'padding'],
  avgPool: ['kind', 'kernel', 'stride', 'padding'],
  upsample: ['kind', 'factor', 'mode'],
  residual: ['kind', 'layers', 'activation'],
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
      break;
    case 'batchNorm':
    case 'layerNorm':
    case 'groupNorm':
      validateNorm(value as Partial<NormSpec>, path);
      break;
    case 'dropout': {
      const { probability } = value as Partial<DropoutSpec>;
      requireNumber(probability, `${path}.probability`, 'a number from 0 to below 1', (p) => p >= 0 && p < 1);
      break;
    }
    case 'maxPool':
    case 'avgPool':
      validatePool(value as Partial<PoolSpec>, path);
      break;
    case 'upsample': {
      const { factor, mode } = value as Partial<UpsampleSpec>;
      requirePositiveInteger(factor, `${path}.factor`);
      if (mode !== undefined) requireOneOf(mode, ['nearest', 'bilinear'], `${path}.mode`);
      break;
    }
    case 'residual': {
      const { layers, activation } = value as Partial<ResidualSpec>;
      validateLayers(layers, `${path}.layers`);
      if (layers.length === 0) refuse(`${path}.layers`, layers, 'must have a layer at least');
      if (activation !== undefined) requireOneOf(activation, ACTIVATIONS, `${path}.activation`);
    }
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
  if (layer.bias !== undefined && typeof layer.bias !== 'boolean')
    refuse(`${path}.bias`, layer.bias, 'must be true or false');
  if (layer.activation !== undefined) requireOneOf(layer.activation, ACTIVATIONS, `${path}.activation`);
}

function validateNorm({ kind, groups, activation }: Partial<NormSpec>, path: string): void {
  if (kind === 'groupNorm') requirePositiveInteger(groups, `${path}.groups`);
  if (activation !== undefined) requireOneOf(activation, ACTIVATIONS, `${path}.activation`);
}

function validatePool({ kernel, stride, padding }: Partial<PoolSpec>, path: string): void {
  requirePositiveInteger(kernel, `${path}.kernel`);
  if (stride !== undefined) requirePositiveInteger(stride, `${path}.stride`);
  if (padding !== undefined) requireCount(padding, `${path}.padding`, 0);
}

function requirePair(value: unknown, path: string, least: 0 | 1): void {
  const both = Array.isArray(value) ? value : [value, value];
  const good = both.length === 2 && both.every((side) => Number.isInteger(side) && side >= least);
  if (!good) refuse(path, value, `must be an integer from ${least} on, or [height, width] of two`);
}
