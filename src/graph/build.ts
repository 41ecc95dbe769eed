// From a model's description to graphs: training (with gradients), evaluation, and the two halves used on their own.
// All of them share one list of parameters, in one order.
import type { DenseSpec, Initialization, ModelSpec } from '../model/spec.js';
import { addGradients } from './grad.js';
import { Graph } from './graph.js';
import type { Initializer, LossTerm, Node, NoiseStream, ParameterPart, Shape } from './ops.js';

/** One tensor of the model: what its graph node needs. */
export interface ParameterSpec {
  name: string;
  shape: Shape;
  init: Initializer;
  /** How its rows are called outside: one part with the same name, or (mu, log_var) for the heads. */
  parts: ParameterPart[];
}

export interface LossNode {
  term: LossTerm;
  /** [rows], nats an image. */
  node: Node;
}

export interface ModelGraph {
  graph: Graph;
  /** In the order of `parameterSpecs`; only those that the graph uses. */
  parameters: Node[];
  losses: LossNode[];
  /** One a parameter, in the same order; only for training. */
  gradients: Node[];
  /** What the host may ask for. */
  output: Node | null;
}

interface Linear {
  label: string;
  weight: ParameterSpec;
  bias: ParameterSpec;
  activation: DenseSpec['activation'];
}

interface Layers {
  encoder: Linear[];
  heads: Linear;
  decoder: Linear[];
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
  inputs: number,
  units: number,
  activation: DenseSpec['activation'],
  parts?: string[],
): Linear {
  const names = parts ?? [label];
  const bounds = BOUNDS[initialization](inputs, units / names.length);
  const uniform = (bound: number): Initializer => ({ kind: 'uniform', bound });
  const split = (suffix: string) => names.map((name) => ({ name: `${name}.${suffix}`, rows: units / names.length }));
  return {
    label,
    activation,
    weight: { name: `${label}.weight`, shape: [units, inputs], init: uniform(bounds.weight), parts: split('weight') },
    bias: { name: `${label}.bias`, shape: [units], init: uniform(bounds.bias), parts: split('bias') },
  };
}

function layersOf(spec: ModelSpec): Layers {
  // PyTorch numbers the modules of a Sequential, and every Linear but the last is followed by its activation.
  const chain = (name: string, inputs: number, dense: DenseSpec[]): Linear[] =>
    dense.map(({ units, activation }, index) =>
      linear(spec, `${name}.${2 * index}`, dense[index - 1]?.units ?? inputs, units, activation),
    );
  const code = spec.code.units;
  return {
    encoder: chain('encoder', spec.inputs, spec.encoder),
    heads: linear(spec, 'heads', spec.encoder.at(-1)?.units ?? spec.inputs, 2 * code, 'identity', ['mu', 'log_var']),
    decoder: chain('decoder', code, spec.decoder),
  };
}

/** Every parameter of the model, in the order in which PyTorch's module would list them. */
export function parameterSpecs(spec: ModelSpec): ParameterSpec[] {
  const { encoder, heads, decoder } = layersOf(spec);
  return [...encoder, heads, ...decoder].flatMap(({ weight, bias }) => [weight, bias]);
}

class Builder {
  readonly graph = new Graph();
  readonly parameters: Node[] = [];

  parameter({ name, shape, init, parts }: ParameterSpec): Node {
    const node = this.graph.append({ op: 'parameter', name, init, parts }, [], name, shape);
    this.parameters.push(node);
    return node;
  }

  layer(x: Node, { label, weight, bias, activation }: Linear): Node {
    const { append } = this.graph;
    const product = append({ op: 'matmul', transposeA: false, transposeB: true }, [x, this.parameter(weight)], label);
    const sum = append({ op: 'add_bias' }, [product, this.parameter(bias)], label);
    return activation === 'identity' ? sum : append({ op: 'activation', activation }, [sum], label);
  }

  chain(x: Node, layers: Linear[]): Node {
    return layers.reduce((value, layer) => this.layer(value, layer), x);
  }

  /** The whole model on `rows` images of the dataset, to its loss terms. */
  losses(spec: ModelSpec, rows: number, shuffle: boolean, stream: NoiseStream): LossNode[] {
    const { append } = this.graph;
    const layers = layersOf(spec);
    const x = append({ op: 'batch', shuffle }, [], 'batch', [rows, spec.inputs]);
    const heads = this.layer(this.chain(x, layers.encoder), layers.heads);
    const kl = append({ op: 'kl_normal' }, [heads], 'kl');
    const z = append({ op: 'reparameterize', stream }, [heads], 'z');
    const logits = this.chain(z, layers.decoder);
    const bce = append({ op: 'bce_with_logits' }, [logits, x], 'bce');
    return [
      { term: 'reconstruction', node: bce },
      { term: 'kl', node: kl },
    ];
  }
}

/** One training step on `batch` images: losses, and the gradient of their weighted sum over rows for every parameter. */
export function trainingGraph(spec: ModelSpec, batch: number): ModelGraph {
  const builder = new Builder();
  const losses = builder.losses(spec, batch, true, 'noise');
  const { graph, parameters } = builder;
  const seeds = losses.map(({ term, node }) => ({
    node,
    gradient: graph.append({ op: 'row_weight', term }, [], term, node.shape),
  }));
  return { graph, parameters, losses, gradients: addGradients(graph, seeds, parameters), output: null };
}

/** The losses of `batch` images at a time, in the dataset's order, with one fixed noise sample an image. */
export function evaluationGraph(spec: ModelSpec, batch: number): ModelGraph {
  const builder = new Builder();
  const losses = builder.losses(spec, batch, false, 'evaluation');
  return { graph: builder.graph, parameters: builder.parameters, losses, gradients: [], output: null };
}

/** input "images" [rows, inputs] in 0..1 -> (mu, log_var) [rows, 2 latent] */
export function encoderGraph(spec: ModelSpec, rows: number): ModelGraph {
  const builder = new Builder();
  const { encoder, heads } = layersOf(spec);
  const x = builder.graph.append({ op: 'input', name: 'images' }, [], 'images', [rows, spec.inputs]);
  const output = builder.layer(builder.chain(x, encoder), heads);
  return { graph: builder.graph, parameters: builder.parameters, losses: [], gradients: [], output };
}

/** input "codes" [rows, latent] -> pixel probabilities [rows, inputs] */
export function decoderGraph(spec: ModelSpec, rows: number): ModelGraph {
  const builder = new Builder();
  const codes = builder.graph.append({ op: 'input', name: 'codes' }, [], 'codes', [rows, spec.code.units]);
  const layers = layersOf(spec).decoder.map((layer, index, all) =>
    index === all.length - 1 ? { ...layer, activation: 'sigmoid' as const } : layer,
  );
  const output = builder.chain(codes, layers);
  return { graph: builder.graph, parameters: builder.parameters, losses: [], gradients: [], output };
}
