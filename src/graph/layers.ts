// The layers of a model as graphs are built of them: their parameters, with names, shapes and first values, and where PyTorch has
// them in another order.
import { GraphError } from '../errors.js';
import { type Convolution, type FeatureMap, sizeOfMap } from '../model/convolution.js';
import { activationOf, type LayerSpec, type NormSpec } from '../model/layers.js';
import { channelsOf, isMap, type Place, type PlacedLayer, placedLayers } from '../model/places.js';
import {
  type Activation,
  type Initialization,
  learnsVariance,
  type ModelSpec,
  type QuantizedSpec,
} from '../model/spec.js';
import {
  type Initializer,
  numel,
  type ParameterOrder,
  type ParameterPart,
  type Shape,
  weightShape,
} from './operations/ops.js';

/** One tensor of the model: what its graph node needs. */
export interface ParameterSpec {
  name: string;
  shape: Shape;
  init: Initializer;
  /** A buffer that steps bring up to date by themselves (running statistics): saved and loaded, but no optimizer's. */
  trained?: false;
  /** How its rows are called outside: one part with the same name, or (mu, log_var) for the heads. */
  parts: ParameterPart[];
  /** Its shape outside, if it is another; of one part. */
  outside?: Shape;
  /** Where outside has its rows and columns in another order. */
  order?: ParameterOrder;
}

/** A layer of the graph; the parameters are in the order in which PyTorch's module lists them. */
export type Layer = SumLayer | NormLayer | PlainLayer | ResidualLayer;

/** A layer without parameters. */
export interface PlainLayer {
  kind: 'flatten' | 'reshape' | 'dropout' | 'pool';
  label: string;
  spec: LayerSpec;
  from: Place;
  to: Place;
}

/** What its layers make of x is added to it. */
export interface ResidualLayer {
  kind: 'residual';
  label: string;
  layers: Layer[];
  activation: Activation;
}

export interface NormLayer {
  kind: 'norm';
  label: string;
  spec: NormSpec;
  from: Place;
  /** [2 numbers]: the factors, then what is added. */
  affine: ParameterSpec;
  /** Of batchNorm, [2 channels]: running mean and variance. */
  running?: ParameterSpec;
  activation: Activation;
}

/** A layer that adds up products and a bias. */
export interface SumLayer {
  kind: 'linear' | 'conv' | 'convTranspose';
  label: string;
  weight: ParameterSpec;
  bias?: ParameterSpec;
  activation: Activation;
  /** Of the last two. */
  convolution?: Convolution;
}

export interface Layers {
  /** What the encoder sees of an image. */
  start: Place;
  /** A deterministic code is the last of them. */
  encoder: Layer[];
  /** What the code is made of. */
  top: Place;
  /** Of a Gaussian code. */
  heads: SumLayer | null;
  /** Of a quantised code. */
  codebook: Codebook | null;
  decoder: Layer[];
}

/** The vectors of a quantised code, and what their running means are made of. No optimizer's: steps bring them up to date. */
export interface Codebook {
  /** [codes, dimensions] */
  vectors: ParameterSpec;
  /** [codes]: the running count of what is nearest to each vector, in rows a step. */
  counts: ParameterSpec;
  /** [codes, dimensions]: the running sum of it. */
  sums: ParameterSpec;
}

type Bounds = (inputs: number, units: number) => { weight: number; bias: number };

/** Sources are with INITIALIZATIONS in model/spec.ts. */
const BOUNDS: Record<Initialization, Bounds> = {
  pytorch: (inputs) => ({ weight: 1 / Math.sqrt(inputs), bias: 1 / Math.sqrt(inputs) }),
  xavier: (inputs, units) => ({ weight: Math.sqrt(6 / (inputs + units)), bias: 0 }),
  he: (inputs) => ({ weight: Math.sqrt(6 / inputs), bias: 0 }),
};

/** PyTorch's nn.Linear, weight [units, inputs] and bias [units]; several of the same size if there are `parts`. */
function linear(
  { initialization = 'pytorch' }: ModelSpec,
  label: string,
  { from, units, activation, parts, arranged }: LinearShape,
): SumLayer {
  const inputs = from.units;
  const names = parts ?? [label];
  const bounds = BOUNDS[initialization](inputs, units / names.length);
  const uniform = (bound: number): Initializer => ({ kind: 'uniform', bound });
  const split = (suffix: string) => names.map((name) => ({ name: `${name}.${suffix}`, rows: units / names.length }));
  const order = orderOf(
    arranged && channelsFirst(arranged),
    from.flattened && channelsFirst(from.flattened, inputs - sizeOfMap(from.flattened)),
  );
  const rows = orderOf(arranged && channelsFirst(arranged));
  const weight = { name: `${label}.weight`, shape: [units, inputs], init: uniform(bounds.weight) };
  const bias = { name: `${label}.bias`, shape: [units], init: uniform(bounds.bias) };
  return {
    kind: 'linear',
    label,
    activation,
    weight: { ...weight, parts: split('weight'), ...(order && { order }) },
    bias: { ...bias, parts: split('bias'), ...(rows && { order: rows }) },
  };
}

interface LinearShape {
  from: Exclude<Place, FeatureMap>;
  units: number;
  activation: Activation;
  parts?: string[];
  /** The feature map that its units become. */
  arranged?: FeatureMap;
}

/** nn.Conv2d's and nn.ConvTranspose2d's: weight [y's channels, x's channels / groups, height, width], bias [channels]. */
function convolutional({ initialization = 'pytorch' }: ModelSpec, placed: PlacedLayer): SumLayer {
  const { name, spec, convolution } = placed;
  if (!convolution || (spec.kind !== 'conv' && spec.kind !== 'convTranspose'))
    throw new GraphError(`layer "${name}" is no convolution`);
  const { x, y, kernel, groups } = convolution;
  const shape = weightShape(convolution);
  const window = kernel[0] * kernel[1];
  const [fan, otherFan] = [numel(shape) / y.channels, (window * y.channels) / groups];
  // PyTorch's fan_in is always the weight's second axis and the kernel, in a transposed convolution of the output.
  const bounds = BOUNDS[initialization](fan, otherFan);
  const channels = spec.kind === 'conv' ? y.channels : x.channels;
  const uniform = (bound: number): Initializer => ({ kind: 'uniform', bound });
  const columns = channelsFirst({ height: kernel[0], width: kernel[1], channels: x.channels / groups });
  const order = orderOf(undefined, columns);
  const outside = [y.channels, x.channels / groups, ...kernel];
  const [weight, bias] = [`${name}.weight`, `${name}.bias`];
  return {
    kind: spec.kind,
    label: name,
    activation: activationOf(spec),
    weight: {
      name: weight,
      shape,
      init: uniform(bounds.weight),
      parts: [{ name: weight, rows: y.channels }],
      outside,
      ...(order && { order }),
    },
    ...(spec.bias !== false && {
      bias: { name: bias, shape: [channels], init: uniform(bounds.bias), parts: [{ name: bias, rows: channels }] },
    }),
    convolution,
  };
}

/** nn.BatchNorm, nn.LayerNorm and nn.GroupNorm; a pair a channel, or a number where a LayerNorm has one for each. */
function normalizing(spec: NormSpec, { name, from }: PlacedLayer): NormLayer {
  const whole = spec.kind === 'layerNorm' && isMap(from) ? from : undefined;
  const count = whole ? sizeOfMap(whole) : channelsOf(from);
  const order = orderOf(whole && channelsFirst(whole));
  const pairOf = (kind: string, parts: [string, string], values: [number, number]): ParameterSpec => ({
    name: `${name}.${kind}`,
    shape: [2 * count],
    init: { kind: 'constant', values },
    parts: parts.map((part) => ({ name: `${name}.${part}`, rows: count })),
  });
  const affine = pairOf('affine', ['weight', 'bias'], [1, 0]);
  return {
    kind: 'norm',
    label: name,
    spec,
    from,
    affine: {
      ...affine,
      ...(whole && { outside: [whole.channels, whole.height, whole.width] }),
      ...(order && { order }),
    },
    ...(spec.kind === 'batchNorm' && {
      running: { ...pairOf('running', ['running_mean', 'running_var'], [0, 1]), trained: false as const },
    }),
    activation: activationOf(spec),
  };
}

/**
 * First vectors near 0, as in the paper's own code; what nothing is nearest to in the first step is drawn anew there. Counts and
 * sums begin at 0, so that their quotient is never off towards it.
 */
function codebookOf({ codes, dimensions }: QuantizedSpec): Codebook {
  const kept = (name: string, shape: Shape, bound: number): ParameterSpec => ({
    name: `codebook.${name}`,
    shape,
    init: { kind: 'uniform', bound },
    trained: false,
    parts: [{ name: `codebook.${name}`, rows: codes }],
  });
  return {
    vectors: kept('weight', [codes, dimensions], 1 / codes),
    counts: kept('counts', [codes], 0),
    sums: kept('sums', [codes, dimensions], 0),
  };
}

/**
 * Of a list with the channels outermost, as PyTorch has it, where each number is in one with the channels innermost.
 * @param more numbers that follow, as they are
 */
function channelsFirst({ height, width, channels }: FeatureMap, more = 0): number[] | undefined {
  const area = height * width;
  if (area === 1 || channels === 1) return undefined;
  const inner = Array.from({ length: area * channels }, (_, at) => (at % area) * channels + Math.floor(at / area));
  return [...inner, ...Array.from({ length: more }, (_, at) => area * channels + at)];
}

const orderOf = (rows?: readonly number[], columns?: readonly number[]): ParameterOrder | undefined =>
  rows || columns ? { ...(rows && { rows }), ...(columns && { columns }) } : undefined;

export function layersOf(spec: ModelSpec): Layers {
  const { code } = spec;
  const { start, encoder, top, decoder } = placedLayers(spec);
  const heads = (from: LinearShape['from']): LinearShape => ({
    from,
    units: 2 * code.units,
    activation: 'identity',
    parts: ['mu', 'log_var'],
  });
  return {
    start,
    encoder: chainOf(spec, encoder),
    top,
    heads: code.kind === 'gaussian' && !isMap(top) ? linear(spec, 'heads', heads(top)) : null,
    codebook: code.kind === 'quantized' ? codebookOf(code) : null,
    decoder: chainOf(spec, decoder),
  };
}

const chainOf = (model: ModelSpec, placed: readonly PlacedLayer[]): Layer[] =>
  placed.map((layer, index) => layerOf(model, layer, placed[index + 1]));

function layerOf(model: ModelSpec, placed: PlacedLayer, next: PlacedLayer | undefined): Layer {
  const { spec, name, from, to, inner = [] } = placed;
  switch (spec.kind) {
    case 'conv':
    case 'convTranspose':
      return convolutional(model, placed);
    case 'batchNorm':
    case 'layerNorm':
    case 'groupNorm':
      return normalizing(spec, placed);
    case 'flatten':
    case 'reshape':
    case 'dropout':
      return { kind: spec.kind, label: name, spec, from, to };
    case 'maxPool':
    case 'avgPool':
    case 'upsample':
      return { kind: 'pool', label: name, spec, from, to };
    case 'residual':
      return { kind: 'residual', label: name, layers: chainOf(model, inner), activation: activationOf(spec) };
    default: {
      if (isMap(from)) throw new GraphError(`layer "${name}" needs a vector`);
      const arranged = next?.spec.kind === 'reshape' && isMap(next.to) ? { arranged: next.to } : {};
      return linear(model, name, { from, units: spec.units, activation: spec.activation, ...arranged });
    }
  }
}

function parametersOf(layer: Layer): ParameterSpec[] {
  if (layer.kind === 'residual') return layer.layers.flatMap(parametersOf);
  if (layer.kind === 'norm') return [layer.affine, ...(layer.running ? [layer.running] : [])];
  return 'weight' in layer ? [layer.weight, ...(layer.bias ? [layer.bias] : [])] : [];
}

/** A learned variance; its name is that of the paper's own code. It begins at sigma 1. */
export const LOG_SIGMA: ParameterSpec = {
  name: 'log_sigma',
  shape: [1],
  init: { kind: 'uniform', bound: 0 },
  parts: [{ name: 'log_sigma', rows: 1 }],
};

/** Every parameter of the model, in the order in which PyTorch's module would list them. */
export function parameterSpecs(spec: ModelSpec): ParameterSpec[] {
  const { encoder, heads, codebook, decoder } = layersOf(spec);
  const below = [...encoder, ...(heads ? [heads] : [])].flatMap(parametersOf);
  const kept = codebook ? [codebook.vectors, codebook.counts, codebook.sums] : [];
  const layers = [...below, ...kept, ...decoder.flatMap(parametersOf)];
  return learnsVariance(spec) ? [LOG_SIGMA, ...layers] : layers;
}

/** How many layers `{ layer }` of a Part can name: those from the images to the code. */
export const encoderDepth = (spec: ModelSpec): number => spec.encoder.length + 1;
