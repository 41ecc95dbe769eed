// The layers that encoders and decoders are lists of: what each is told. What it makes of the shape that arrives: places.ts.
import type { Activation } from './activations.js';
import type { FeatureMap, Pair, Window } from './convolution.js';

/** A fully connected layer, torch.nn.Linear: y = activation(x W^T + b), W [units, inputs], b [units]. */
export interface DenseSpec {
  /** A fully connected layer; so is one without a kind. */
  kind?: 'linear';
  /** Numbers that it gives. */
  units: number;
  /** What follows the sum. */
  activation: Activation;
}

/** torch.nn.Conv2d and an activation: weight [channels, x's channels / groups, height, width of the kernel]. */
export interface ConvSpec extends Window {
  /** A convolution. */
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
  /** A transposed convolution. */
  kind: 'convTranspose';
  /** That it gives. */
  channels: number;
  /** Of x's channels and of its own; 1 if absent. */
  groups?: number;
  /** Whether a number a channel is added; true if absent. */
  bias?: boolean;
  /** Rows and columns more, at the end: of the sizes that a stride makes the same of, the larger one. 0 if absent. */
  outputPadding?: number | Pair;
  /** identity if absent. */
  activation?: Activation;
}

/** torch.nn.Flatten: a feature map to a vector, in PyTorch's order, channels outermost. A linear layer or the code follows. */
export interface FlattenSpec {
  /** From a feature map to a vector. */
  kind: 'flatten';
}

/** torch.nn.Unflatten: what a linear layer gives as a feature map, in PyTorch's order, channels outermost. */
export interface ReshapeSpec extends FeatureMap {
  /** From a vector to a feature map. */
  kind: 'reshape';
}

/**
 * batchNorm: torch.nn.BatchNorm1d or BatchNorm2d, over the batch and all places; in evaluation by running statistics.
 * layerNorm: torch.nn.LayerNorm over all of an example.  groupNorm: torch.nn.GroupNorm. All with PyTorch's defaults: eps 1e-5,
 * momentum 0.1, a factor and a summand that are trained. Then an activation.
 */
export interface NormSpec {
  /** Which of the three. */
  kind: 'batchNorm' | 'layerNorm' | 'groupNorm';
  /** Of groupNorm: how many; must divide the channels. */
  groups?: number;
  /** identity if absent. */
  activation?: Activation;
}

/** torch.nn.Dropout: in training each number is 0 with this probability, the others divided by 1 - probability. */
export interface DropoutSpec {
  /** Dropout. */
  kind: 'dropout';
  /** From 0 to below 1. */
  probability: number;
}

/** torch.nn.MaxPool2d and AvgPool2d, windows square. */
export interface PoolSpec {
  /** Greatest or mean of each window. */
  kind: 'maxPool' | 'avgPool';
  /** Height and width of the window, in places. */
  kernel: number;
  /** The kernel's if absent. */
  stride?: number;
  /** At most half of the kernel; 0 if absent. */
  padding?: number;
}

/** torch.nn.Upsample; bilinear with align_corners=False. */
export interface UpsampleSpec {
  /** Upsampling. */
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
  /** Layers and what goes around them. */
  kind: 'residual';
  /** f, in order. */
  layers: LayerSpec[];
  /** identity if absent. */
  activation?: Activation;
}

/** One layer of an encoder or a decoder; `kind` tells which. */
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

/** A layer's activation; identity where it names none. */
export const activationOf = (spec: LayerSpec): Activation =>
  ('activation' in spec ? spec.activation : undefined) ?? 'identity';

/** What keeps the shape of what it gets. */
const KEEPING: readonly string[] = ['batchNorm', 'layerNorm', 'groupNorm', 'dropout'];

/** The layers inside a residual, however deep. */
const unwrapped = (layer: LayerSpec): LayerSpec[] =>
  layer.kind === 'residual' ? layer.layers.flatMap(unwrapped) : [layer];

/** Whether a list takes an image's places, not all of its numbers: the first layer that looks at the shape says it. */
export function takesMap(layers: readonly LayerSpec[]): boolean {
  const first = layers.flatMap(unwrapped).find((layer) => !KEEPING.includes(kindOfLayer(layer)));
  return first !== undefined && kindOfLayer(first) !== 'linear';
}
