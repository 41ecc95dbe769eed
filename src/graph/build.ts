// From a model's description to graphs: training (with gradients), evaluation, and the two halves used on their own.
// All of them share one list of parameters, in one order.
import { GraphError } from '../errors.js';
import {
  type DenseSpec,
  type GaussianSpec,
  type Initialization,
  type LossTerm,
  learnsVariance,
  logVarRangeOf,
  lossWeights,
  type ModelSpec,
  reconstructionTerm,
} from '../model/spec.js';
import { addGradients } from './grad.js';
import { Graph } from './graph.js';
import type { CorruptionStream, Initializer, Node, NoiseStream, ParameterPart, Shape } from './ops.js';

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
  /** In the loss that is minimised. */
  weight: number;
  /** [rows], a number an image. */
  node: Node;
}

export interface ModelGraph {
  graph: Graph;
  /** What is trained, in the order of `parameterSpecs`; in a graph without gradients what it uses. */
  parameters: Node[];
  losses: LossNode[];
  /** One a parameter, in the same order; only for training. */
  gradients: Node[];
  /** What the host may ask for. */
  output: Node | null;
}

/**
 * What is trained: the whole model, or one layer of the encoder with the decoder layer that mirrors it, which
 * reconstructs that layer's input from its output; the layers below stay as they are.
 */
export type Part = 'whole' | { layer: number };

interface Linear {
  label: string;
  weight: ParameterSpec;
  bias: ParameterSpec;
  activation: DenseSpec['activation'];
}

interface Layers {
  /** A deterministic code is the last of them. */
  encoder: Linear[];
  /** Of a Gaussian code. */
  heads: Linear | null;
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
  const { inputs, classes = 0, encoder, code, decoder } = spec;
  // PyTorch numbers the modules of a Sequential, and every Linear but the last is followed by its activation.
  const chain = (name: string, width: number, dense: DenseSpec[]): Linear[] =>
    dense.map(({ units, activation }, index) =>
      linear(spec, `${name}.${2 * index}`, dense[index - 1]?.units ?? width, units, activation),
    );
  const lower = chain('encoder', inputs + classes, code.kind === 'deterministic' ? [...encoder, code] : encoder);
  const top = encoder.at(-1)?.units ?? inputs + classes;
  return {
    encoder: lower,
    heads: code.kind === 'gaussian' ? linear(spec, 'heads', top, 2 * code.units, 'identity', ['mu', 'log_var']) : null,
    decoder: chain('decoder', code.units + classes, decoder),
  };
}

/** A learned variance; its name is that of the paper's own code. It begins at sigma 1. */
const LOG_SIGMA: ParameterSpec = {
  name: 'log_sigma',
  shape: [1],
  init: { kind: 'uniform', bound: 0 },
  parts: [{ name: 'log_sigma', rows: 1 }],
};

/** Every parameter of the model, in the order in which PyTorch's module would list them. */
export function parameterSpecs(spec: ModelSpec): ParameterSpec[] {
  const { encoder, heads, decoder } = layersOf(spec);
  const layers = [...encoder, ...(heads ? [heads] : []), ...decoder].flatMap(({ weight, bias }) => [weight, bias]);
  return learnsVariance(spec) ? [LOG_SIGMA, ...layers] : layers;
}

/** How many layers `{ layer }` of a Part can name: those from the images to the code. */
export const encoderDepth = (spec: ModelSpec): number => spec.encoder.length + 1;

/** How a graph takes its images and its noise. */
interface Sources {
  shuffle: boolean;
  noise: NoiseStream;
  corruption: CorruptionStream;
}

const TRAINING: Sources = { shuffle: true, noise: 'noise', corruption: 'corruption' };
const EVALUATION: Sources = { shuffle: false, noise: 'evaluation', corruption: 'evaluationCorruption' };

class Builder {
  readonly graph = new Graph();
  readonly parameters: Node[] = [];
  private readonly layers: Layers;
  /** (mu, log_var) of a Gaussian code, once there are losses. */
  private heads: Node | undefined;

  constructor(private readonly spec: ModelSpec) {
    this.layers = layersOf(spec);
  }

  parameter({ name, shape, init, parts }: ParameterSpec): Node {
    const node = this.graph.append({ op: 'parameter', name, init, parts }, [], name, shape);
    this.parameters.push(node);
    return node;
  }

  /** x W^T + b */
  sum(x: Node, { label, weight, bias }: Linear): Node {
    const { append } = this.graph;
    const product = append({ op: 'matmul', transposeA: false, transposeB: true }, [x, this.parameter(weight)], label);
    return append({ op: 'add_bias' }, [product, this.parameter(bias)], label);
  }

  activate(x: Node, { label, activation }: Linear): Node {
    return activation === 'identity' ? x : this.graph.append({ op: 'activation', activation }, [x], label);
  }

  layer(x: Node, linear: Linear): Node {
    return this.activate(this.sum(x, linear), linear);
  }

  chain(x: Node, layers: Linear[]): Node {
    return layers.reduce((value, layer) => this.layer(value, layer), x);
  }

  /** Values that the host hands over -> heads [rows, 2 latent], or the deterministic code [rows, latent]. */
  encoder(rows: number): Node {
    const { inputs, classes = 0 } = this.spec;
    const x = this.graph.append({ op: 'input', name: 'images' }, [], 'images', [rows, inputs + classes]);
    return this.codeOrHeads(x);
  }

  /** Values that the host hands over -> images [rows, inputs]. */
  decoder(rows: number): Node {
    const { code, classes = 0 } = this.spec;
    const z = this.graph.append({ op: 'input', name: 'codes' }, [], 'codes', [rows, code.units + classes]);
    return this.chain(z, this.layers.decoder);
  }

  private codeOrHeads(x: Node): Node {
    const top = this.chain(x, this.layers.encoder);
    return this.layers.heads ? this.layer(top, this.layers.heads) : top;
  }

  /** The images of the dataset, and what the encoder sees of them. */
  private images(rows: number, { shuffle, corruption: stream }: Sources): { clean: Node; seen: Node } {
    const { inputs, range = '0..1', corruption } = this.spec;
    const { append } = this.graph;
    const clean = append({ op: 'batch', shuffle, range }, [], 'batch', [rows, inputs]);
    const seen = corruption ? append({ op: 'corrupt', corruption, range, stream }, [clean], 'corruption') : clean;
    return { clean, seen };
  }

  /** Appends the labels of a conditional model to `x`. */
  private conditioned(x: Node, labels: Node | null, label: string): Node {
    return labels ? this.graph.append({ op: 'concat' }, [x, labels], label) : x;
  }

  /** The whole model on `rows` images of the dataset, to its loss terms. */
  losses(rows: number, sources: Sources): LossNode[] {
    const { classes, code, loss } = this.spec;
    const { append } = this.graph;
    const logSigma = learnsVariance(this.spec) ? this.parameter(LOG_SIGMA) : undefined;
    const { clean, seen } = this.images(rows, sources);
    const labels = classes
      ? append({ op: 'batch_labels', shuffle: sources.shuffle }, [], 'labels', [rows, classes])
      : null;
    const top = this.codeOrHeads(this.conditioned(seen, labels, 'encoder input'));
    const terms = new Map<LossTerm, Node>();
    const gaussian = code.kind === 'gaussian' ? this.gaussian(top, code, sources.noise) : undefined;
    if (gaussian) terms.set('kl', gaussian.kl);
    const z = gaussian?.z ?? top;
    if (loss.l1 !== undefined) terms.set('l1', append({ op: 'l1' }, [z], 'l1'));
    if (loss.sparsity !== undefined) terms.set('sparsity', this.sparsity(z, loss.sparsity.target, rows));
    const lower = this.layers.decoder.slice(0, -1);
    const output = this.sum(this.chain(this.conditioned(z, labels, 'decoder input'), lower), this.outputLayer());
    terms.set(reconstructionTerm(this.spec), this.reconstruction(output, clean, logSigma));
    return [...lossWeights(this.spec)].map(([term, weight]) => {
      const node = terms.get(term);
      if (!node) throw new GraphError(`loss term "${term}" has a weight but no operation`);
      return { term, weight, node };
    });
  }

  private gaussian(heads: Node, code: GaussianSpec, stream: NoiseStream): { kl: Node; z: Node } {
    const logVarRange = logVarRangeOf(code);
    const { freeBits, capacity } = this.spec.loss;
    this.heads = heads;
    const free = freeBits === undefined ? {} : { freeBits };
    const kl = this.graph.append({ op: 'kl_normal', logVarRange, ...free }, [heads], 'kl');
    return {
      kl: capacity === undefined ? kl : this.graph.append({ op: 'distance', wanted: capacity }, [kl], 'capacity'),
      z: this.graph.append({ op: 'reparameterize', stream, logVarRange }, [heads], 'z'),
    };
  }

  /** What a sample weighs beside its likelihood, [rows]; nothing for a deterministic code. */
  logRatio(stream: NoiseStream): Node | null {
    const { heads } = this;
    const { code } = this.spec;
    if (!heads || code.kind !== 'gaussian') return null;
    return this.graph.append({ op: 'log_ratio', stream, logVarRange: logVarRangeOf(code) }, [heads], 'log ratio');
  }

  private outputLayer(): Linear {
    const last = this.layers.decoder.at(-1);
    if (!last) throw new GraphError('the decoder has no layer');
    return last;
  }

  /** @param sum the last layer before its activation, [rows, pixels] */
  private reconstruction(sum: Node, target: Node, logSigma?: Node): Node {
    const { append } = this.graph;
    const { reconstruction } = this.spec.loss;
    if (reconstruction === 'bce') return append({ op: 'bce_with_logits' }, [sum, target], 'bce');
    if (reconstruction === 'poisson') return append({ op: 'poisson_nll' }, [sum, target], 'poisson');
    const y = this.activate(sum, this.outputLayer());
    return logSigma
      ? append({ op: 'gaussian_nll' }, [y, target, logSigma], 'gaussian')
      : append({ op: 'squared_error' }, [y, target], 'mse');
  }

  private sparsity(z: Node, target: number, rows: number): Node {
    const mean = this.graph.append({ op: 'batch_mean' }, [z], 'sparsity');
    return this.graph.append({ op: 'bernoulli_kl', target, rows }, [mean], 'sparsity');
  }

  /**
   * One layer and its mirror, on what the layers below make of the images. Only their parameters count as trained: no learned
   * variance, so that the squared error stands for its likelihood.
   */
  layerLosses(rows: number, layer: number, sources: Sources): LossNode[] {
    const { encoder, decoder } = this.layers;
    const [up, down] = [encoder[layer], decoder[decoder.length - 1 - layer]];
    if (!up || !down || this.layers.heads || this.spec.classes || up.weight.shape[1] !== down.weight.shape[0])
      throw new GraphError(`layer ${layer} cannot be trained alone: no decoder layer mirrors it`);
    const { clean, seen } = this.images(rows, sources);
    const below = encoder.slice(0, layer);
    const target = this.chain(clean, below);
    const input = seen === clean ? target : this.chain(seen, below);
    this.parameters.length = 0;
    const sum = this.sum(this.layer(input, up), down);
    if (layer === 0 && !learnsVariance(this.spec))
      return [{ term: this.spec.loss.reconstruction, weight: 1, node: this.reconstruction(sum, target) }];
    const node = this.graph.append({ op: 'squared_error' }, [this.activate(sum, down), target], 'mse');
    return [{ term: 'mse', weight: 1, node }];
  }

  terms(rows: number, part: Part, sources: Sources): LossNode[] {
    return part === 'whole' ? this.losses(rows, sources) : this.layerLosses(rows, part.layer, sources);
  }
}

/** One training step on `batch` images: losses, and the gradient of their weighted sum over rows for every trained parameter. */
export function trainingGraph(spec: ModelSpec, batch: number, part: Part = 'whole'): ModelGraph {
  const builder = new Builder(spec);
  const losses = builder.terms(batch, part, TRAINING);
  const { graph, parameters } = builder;
  const seeds = losses.map(({ term, node }) => ({
    node,
    gradient: graph.append({ op: 'row_weight', term }, [], term, node.shape),
  }));
  return { graph, parameters, losses, gradients: addGradients(graph, seeds, parameters), output: null };
}

/** The losses of `batch` images at a time, in the dataset's order, with one fixed noise sample an image. */
export function evaluationGraph(spec: ModelSpec, batch: number, part: Part = 'whole'): ModelGraph {
  const builder = new Builder(spec);
  const losses = builder.terms(batch, part, EVALUATION);
  return { graph: builder.graph, parameters: builder.parameters, losses, gradients: [], output: null };
}

/**
 * The losses of each of `batch` rows by itself, as they are: not damaged, all of the KL term, and without the sparsity term,
 * which is of a batch.
 * output: with `ratio`, that of a Gaussian code's samples.
 */
export function scoringGraph(spec: ModelSpec, batch: number, ratio: boolean): ModelGraph {
  const { corruption: _, ...whole } = spec;
  const { sparsity: _sparsity, freeBits: _freeBits, capacity: _capacity, ...loss } = spec.loss;
  const builder = new Builder({ ...whole, loss });
  const losses = builder.terms(batch, 'whole', EVALUATION);
  const output = ratio ? builder.logRatio(EVALUATION.noise) : null;
  return { graph: builder.graph, parameters: builder.parameters, losses, gradients: [], output };
}

/** input "images" [rows, inputs + classes] in the model's range -> (mu, log_var) [rows, 2 latent], or the code [rows, latent] */
export function encoderGraph(spec: ModelSpec, rows: number): ModelGraph {
  const builder = new Builder(spec);
  const output = builder.encoder(rows);
  return { graph: builder.graph, parameters: builder.parameters, losses: [], gradients: [], output };
}

/** input "codes" [rows, latent + classes] -> images [rows, inputs] in the model's range */
export function decoderGraph(spec: ModelSpec, rows: number): ModelGraph {
  const builder = new Builder(spec);
  const output = builder.decoder(rows);
  return { graph: builder.graph, parameters: builder.parameters, losses: [], gradients: [], output };
}
