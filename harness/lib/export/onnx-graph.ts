// A model's encoder, decoder and both as ONNX graphs, as plain data: nodes, weights, inputs and outputs. How they become a
// file is onnx-file.ts's business. Operators are of opset 17; pixels are 0..1 outside, whatever range the model works in.
import {
  type Activation,
  ArgumentError,
  activationOf,
  EXP_MOST,
  type FeatureMap,
  isMap,
  logVarRangeOf,
  type ModelSpec,
  type NamedTensors,
  type PlacedLayer,
  placedLayers,
} from 'latentgpu/node';

/** ONNX tells whole numbers from others. */
export type OnnxAttribute =
  | { name: string; type: 'float' | 'int'; value: number }
  | { name: string; type: 'ints'; value: readonly number[] }
  | { name: string; type: 'string'; value: string };

export interface OnnxNode {
  op: string;
  name: string;
  inputs: string[];
  output: string;
  attributes: OnnxAttribute[];
}

/** [n, width] of a batch of n, or [n] without a width. */
export interface OnnxValue {
  name: string;
  type: 'float' | 'int64';
  width?: number;
  doc: string;
}

export interface OnnxConstant {
  name: string;
  type: 'float' | 'int64';
  shape: readonly number[];
  values: Float32Array;
}

export interface OnnxGraph {
  name: string;
  doc: string;
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  nodes: OnnxNode[];
  constants: OnnxConstant[];
}

/** 2 sqrt(2 / pi), and that times 0.044715: GELU's tanh form is x sigmoid(x (linear + cubic x^2)). */
const GELU_LINEAR = 1.5957691216057308;
const GELU_CUBIC = 0.044715 * GELU_LINEAR;

type Emit = (op: string, inputs: string[], attributes?: OnnxAttribute[]) => string;

const ACTIVATIONS: Record<Activation, (x: string, emit: Emit, constant: (value: number) => string) => string> = {
  identity: (x) => x,
  relu: (x, emit) => emit('Relu', [x]),
  sigmoid: (x, emit) => emit('Sigmoid', [x]),
  'leaky-relu': (x, emit) => emit('LeakyRelu', [x], [{ name: 'alpha', value: 0.01, type: 'float' }]),
  elu: (x, emit) => emit('Elu', [x], [{ name: 'alpha', value: 1, type: 'float' }]),
  gelu: (x, emit, constant) => {
    const square = emit('Mul', [x, x]);
    const slope = emit('Add', [emit('Mul', [square, constant(GELU_CUBIC)]), constant(GELU_LINEAR)]);
    return emit('Mul', [x, emit('Sigmoid', [emit('Mul', [x, slope])])]);
  },
  silu: (x, emit) => emit('Mul', [x, emit('Sigmoid', [x])]),
  softplus: (x, emit) => emit('Softplus', [x]),
  tanh: (x, emit) => emit('Tanh', [x]),
  exp: (x, emit, constant) => emit('Exp', [emit('Min', [x, constant(EXP_MOST)])]),
};

/** Appends what a model does to one graph. Values are known by their names. */
class Builder {
  readonly nodes: OnnxNode[] = [];
  readonly constants = new Map<string, OnnxConstant>();

  constructor(
    private readonly spec: ModelSpec,
    private readonly weights: NamedTensors,
  ) {}

  /** @param label of the layer; nodes and values are called after it */
  emit(label: string, op: string, inputs: string[], attributes: OnnxAttribute[] = []): string {
    const same = this.nodes.filter(({ name }) => name.startsWith(`${label}/${op}`)).length;
    const name = `${label}/${op}${same > 0 ? `.${same}` : ''}`;
    this.nodes.push({ op, name, inputs, output: name, attributes });
    return name;
  }

  constant(value: number): string {
    return this.add({ name: `constant ${value}`, type: 'float', shape: [], values: Float32Array.of(value) });
  }

  /** x W^T + b */
  linear(x: string, layer: string): string {
    const [weight, bias] = [this.weight(`${layer}.weight`), this.weight(`${layer}.bias`)];
    return this.emit(layer, 'Gemm', [x, weight, bias], [{ name: 'transB', value: 1, type: 'int' }]);
  }

  /** @param labelled what joins where a feature map is flattened */
  private chain(x: string, layers: readonly PlacedLayer[], labelled = (flat: string) => flat): string {
    return layers.reduce((value, placed) => {
      const { name, spec } = placed;
      const emit: Emit = (op, inputs, attributes) => this.emit(name, op, inputs, attributes);
      if (spec.kind === 'flatten') return labelled(emit('Flatten', [value]));
      if (spec.kind === 'reshape') return this.reshaped(name, value, [spec.channels, spec.height, spec.width]);
      return ACTIVATIONS[activationOf(spec)](this.before(value, placed), emit, (number) => this.constant(number));
    }, x);
  }

  /** A layer without its activation. */
  private before(x: string, placed: PlacedLayer): string {
    const { name, inner, convolution } = placed;
    if (inner) return this.emit(name, 'Add', [x, this.chain(x, inner)]);
    if (convolution) return this.convolution(x, placed);
    return this.plain(x, placed) ?? this.linear(x, name);
  }

  /** Layers that multiply by no matrix, as they are in use: running statistics, nothing dropped. */
  private plain(x: string, placed: PlacedLayer): string | undefined {
    const { name, spec, from } = placed;
    const epsilon: OnnxAttribute = { name: 'epsilon', type: 'float', value: 1e-5 };
    const own = (part: string) => this.weight(`${name}.${part}`);
    switch (spec.kind) {
      case 'dropout':
        return x;
      case 'batchNorm': {
        const inputs = ['weight', 'bias', 'running_mean', 'running_var'].map(own);
        return this.emit(name, 'BatchNormalization', [x, ...inputs], [epsilon]);
      }
      case 'layerNorm':
        return this.emit(
          name,
          'LayerNormalization',
          [x, own('weight'), own('bias')],
          [{ name: 'axis', type: 'int', value: 1 }, epsilon],
        );
      case 'groupNorm':
        return this.groupNorm(x, placed, spec.groups ?? 1);
      case 'maxPool':
      case 'avgPool': {
        const { kernel, stride = kernel, padding = 0 } = spec;
        const pair = (name: string, value: number): OnnxAttribute => ({ name, type: 'ints', value: [value, value] });
        return this.emit(
          name,
          spec.kind === 'maxPool' ? 'MaxPool' : 'AveragePool',
          [x],
          [
            pair('kernel_shape', kernel),
            pair('strides', stride),
            { name: 'pads', type: 'ints', value: [padding, padding, padding, padding] },
            ...(spec.kind === 'avgPool' ? [{ name: 'count_include_pad', type: 'int' as const, value: 1 }] : []),
          ],
        );
      }
      case 'upsample': {
        if (!isMap(from)) throw new Error(`${name} needs a feature map`);
        const { factor, mode = 'nearest' } = spec;
        const scales = this.vector(`scales ${factor}`, [1, 1, factor, factor]);
        // PyTorch's: the nearest one below; between neighbours, their centres apart.
        const how: [string, string][] =
          mode === 'nearest'
            ? [
                ['mode', 'nearest'],
                ['coordinate_transformation_mode', 'asymmetric'],
                ['nearest_mode', 'floor'],
              ]
            : [
                ['mode', 'linear'],
                ['coordinate_transformation_mode', 'half_pixel'],
              ];
        const attributes = how.map(([key, value]): OnnxAttribute => ({ name: key, type: 'string', value }));
        return this.emit(name, 'Resize', [x, '', scales], attributes);
      }
      default:
        return undefined;
    }
  }

  /** Opset 17 has no GroupNormalization: each group as a channel of its own, then a factor and a summand a channel. */
  private groupNorm(x: string, { name, from }: PlacedLayer, groups: number): string {
    const map = isMap(from) ? [from.channels, from.height, from.width] : [from.units];
    const numbers = map.reduce((product, size) => product * size, 1);
    const ones = this.vector(`ones ${groups}`, Array(groups).fill(1));
    const zeros = this.vector(`zeros ${groups}`, Array(groups).fill(0));
    const grouped = this.reshaped(name, x, [groups, numbers / groups]);
    const even = this.emit(
      name,
      'InstanceNormalization',
      [grouped, ones, zeros],
      [{ name: 'epsilon', type: 'float', value: 1e-5 }],
    );
    const back = this.reshaped(name, even, map);
    // [channels] beside [n, channels, height, width]
    const beside = (part: string) => {
      const values = this.weight(`${name}.${part}`);
      return isMap(from) ? this.shaped(name, values, [from.channels, 1, 1]) : values;
    };
    return this.emit(name, 'Add', [this.emit(name, 'Mul', [back, beside('weight')]), beside('bias')]);
  }

  private convolution(x: string, { name, spec, convolution }: PlacedLayer): string {
    if (!convolution) throw new Error(`${name} is no convolution`);
    const { kernel, stride, padding, dilation, groups } = convolution;
    const ints = (name: string, value: readonly number[]): OnnxAttribute => ({ name, type: 'ints', value });
    const attributes: OnnxAttribute[] = [
      ints('kernel_shape', kernel),
      ints('strides', stride),
      ints('pads', [...padding, ...padding]),
      ints('dilations', dilation),
      { name: 'group', type: 'int', value: groups },
    ];
    const bias = 'bias' in spec && spec.bias === false ? [] : [this.weight(`${name}.bias`)];
    const inputs = [x, this.weight(`${name}.weight`), ...bias];
    if (spec.kind === 'conv') return this.emit(name, 'Conv', inputs, attributes);
    const extra = 'outputPadding' in spec ? (spec.outputPadding ?? 0) : 0;
    const both = typeof extra === 'number' ? [extra, extra] : extra;
    return this.emit(name, 'ConvTranspose', inputs, [...attributes, ints('output_padding', both)]);
  }

  /** Rows of numbers with the channels innermost as the feature maps of ONNX, channels outermost. */
  private asMap(x: string, { height, width, channels }: FeatureMap): string {
    const map = this.reshaped('image', x, [height, width, channels]);
    return this.emit('image', 'Transpose', [map], [{ name: 'perm', type: 'ints', value: [0, 3, 1, 2] }]);
  }

  private asRow(x: string, numbers: number): string {
    const map = this.emit('output', 'Transpose', [x], [{ name: 'perm', type: 'ints', value: [0, 2, 3, 1] }]);
    return this.reshaped('output', map, [numbers]);
  }

  private reshaped(label: string, x: string, sizes: readonly number[]): string {
    return this.shaped(label, x, [-1, ...sizes]);
  }

  private shaped(label: string, x: string, shape: readonly number[]): string {
    const constant = this.add({
      name: `shape ${shape.join('x')}`,
      type: 'int64',
      shape: [shape.length],
      values: Float32Array.from(shape),
    });
    return this.emit(label, 'Reshape', [x, constant]);
  }

  /** The labels of a conditional model, as one-hot, behind `x`. */
  conditioned(x: string, part: string): string {
    const { classes } = this.spec;
    if (classes === undefined) return x;
    const depth = this.add({ name: 'classes', type: 'int64', shape: [], values: Float32Array.of(classes) });
    const offOn = this.add({ name: 'off, on', type: 'float', shape: [2], values: Float32Array.of(0, 1) });
    const oneHot = this.emit(part, 'OneHot', ['labels', depth, offOn]);
    return this.emit(part, 'Concat', [x, oneHot], [{ name: 'axis', value: 1, type: 'int' }]);
  }

  /** The top of the encoder, or the deterministic code. */
  encode(pixels: string): string {
    const { range } = this.spec;
    const { encoder } = placedLayers(this.spec);
    const own = this.scaled(pixels);
    const seen =
      range === '-1..1'
        ? this.emit('range', 'Sub', [this.emit('range', 'Mul', [own, this.constant(2)]), this.constant(1)])
        : own;
    const first = encoder[0]?.from;
    const conditioned = (x: string) => this.conditioned(x, 'encoder');
    if (first && isMap(first)) return this.chain(this.asMap(seen, first), encoder, conditioned);
    return this.chain(conditioned(seen), encoder);
  }

  decode(code: string): string {
    const { range, inputs } = this.spec;
    const { decoder } = placedLayers(this.spec);
    const last = decoder.at(-1)?.to;
    const decoded = this.chain(this.conditioned(code, 'decoder'), decoder);
    const shades = last && isMap(last) ? this.asRow(decoded, inputs) : decoded;
    if (range !== '-1..1') return this.unscaled(shades);
    const own = this.emit('range', 'Mul', [this.emit('range', 'Add', [shades, this.constant(1)]), this.constant(0.5)]);
    return this.unscaled(own);
  }

  /** The data's numbers as the model takes them; what never changed in training is 0. */
  private scaled(x: string): string {
    const { scaling } = this.spec;
    if (!scaling) return x;
    const inverse = scaling.scale.map((by) => (by === 0 ? 0 : 1 / by));
    const less = this.emit('scaling', 'Sub', [x, this.vector('scaling offset', scaling.offset)]);
    return this.emit('scaling', 'Mul', [less, this.vector('scaling inverse', inverse)]);
  }

  private unscaled(x: string): string {
    const { scaling } = this.spec;
    if (!scaling) return x;
    const wide = this.emit('scaling', 'Mul', [x, this.vector('scaling scale', scaling.scale)]);
    return this.emit('scaling', 'Add', [wide, this.vector('scaling offset', scaling.offset)]);
  }

  private vector(name: string, values: readonly number[]): string {
    return this.add({ name, type: 'float', shape: [values.length], values: Float32Array.from(values) });
  }

  /** Gives a value the name of a graph's output. */
  output(value: string, name: string): void {
    this.nodes.push({ op: 'Identity', name: `output ${name}`, inputs: [value], output: name, attributes: [] });
  }

  private weight(name: string): string {
    const tensor = this.weights.get(name);
    if (!tensor) throw new Error(`the model has no ${name}`); // validated before
    return this.add({ name, type: 'float', ...tensor });
  }

  private add(constant: OnnxConstant): string {
    this.constants.set(constant.name, constant);
    return constant.name;
  }
}

/**
 * `encoder`, `decoder` and `autoencoder` (which decodes the mean code).
 * @param weights all of the model's parameters, by PyTorch's names
 */
export function onnxGraphs(spec: ModelSpec, weights: NamedTensors): OnnxGraph[] {
  const { inputs, classes, code, scaling, loss } = spec;
  if (code.kind === 'quantized')
    throw new ArgumentError(
      'a model with a quantized code has no ONNX files yet: use --html, or load model.safetensors into PyTorch, as docs/models.md says',
    );
  const counts = loss.reconstruction === 'poisson';
  const numbers = counts ? 'counts' : scaling ? "numbers in the data's units" : 'pixels of 0..1, row by row';
  const gaussian = code.kind === 'gaussian';
  const labels: OnnxValue[] =
    classes === undefined ? [] : [{ name: 'labels', type: 'int64', doc: `each image's class, 0 to ${classes - 1}` }];
  const images: OnnxValue = { name: 'images', type: 'float', width: inputs, doc: numbers };
  const codes: OnnxValue = { name: 'codes', type: 'float', width: code.units, doc: 'codes' };
  const pixels: OnnxValue = {
    name: 'pixels',
    type: 'float',
    width: inputs,
    doc: `decoded ${counts ? 'rates of counts' : numbers}`,
  };
  const head = (name: string, doc: string): OnnxValue => ({ name, type: 'float', width: code.units, doc });
  const graph = (
    name: string,
    doc: string,
    from: OnnxValue[],
    outputs: OnnxValue[],
    build: (builder: Builder) => Record<string, string>,
  ): OnnxGraph => {
    const builder = new Builder(spec, weights);
    for (const [output, value] of Object.entries(build(builder))) builder.output(value, output);
    const { nodes, constants } = builder;
    return { name, doc, inputs: from, outputs, nodes, constants: [...constants.values()] };
  };
  const encoder = (builder: Builder): Record<string, string> => {
    const top = builder.encode('images');
    if (!gaussian) return { code: top };
    const [low, high] = logVarRangeOf(code).map((bound) => builder.constant(bound));
    const logVar = builder.emit('log_var', 'Clip', [builder.linear(top, 'log_var'), low ?? '', high ?? '']);
    return { mu: builder.linear(top, 'mu'), log_var: logVar };
  };
  const heads = gaussian
    ? [head('mu', 'mean of q(z|x)'), head('log_var', 'log variance of q(z|x), within its bounds')]
    : [head('code', 'code')];
  return [
    graph('encoder', 'images to codes', [images, ...labels], heads, encoder),
    graph('decoder', 'codes to images', [codes, ...labels], [pixels], (builder) => ({
      pixels: builder.decode('codes'),
    })),
    graph(
      'autoencoder',
      'images to what the decoder makes of their (mean) codes',
      [images, ...labels],
      [pixels],
      (b) => {
        const top = b.encode('images');
        return { pixels: b.decode(gaussian ? b.linear(top, 'mu') : top) };
      },
    ),
  ];
}

/** images [batch, 784] -> mu, log_var [batch, 64] */
export function describeGraph({ inputs, outputs }: OnnxGraph): string {
  const shown = ({ name, width }: OnnxValue) => `${name} [batch${width === undefined ? '' : `, ${width}`}]`;
  return `${inputs.map(shown).join(' and ')} -> ${outputs.map(shown).join(' and ')}`;
}
