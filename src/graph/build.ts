// From a model's description to graphs: training (with gradients), evaluation, and the two halves used on their own.
// All of them share one list of parameters, in one order (layers.ts).
import { GraphError } from '../errors.js';
import { isMap, type Place, sizeOfPlace } from '../model/places.js';
import {
  decayOf,
  type GaussianSpec,
  type LossTerm,
  learnsVariance,
  logVarRangeOf,
  lossWeights,
  type ModelSpec,
  type QuantizedSpec,
  reconstructionTerm,
} from '../model/spec.js';
import { addGradients } from './grad.js';
import { Graph } from './graph.js';
import {
  type Layer,
  type Layers,
  LOG_SIGMA,
  layersOf,
  type NormLayer,
  type ParameterSpec,
  type PlainLayer,
  type ResidualLayer,
  type SumLayer,
} from './layers.js';
import { type CorruptionStream, type Node, type NoiseStream, numel, type Operation } from './ops.js';

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
  /** What a step does for the buffers that it brings up to date, and nobody asks the value of. */
  updates?: Node[];
}

/**
 * What is trained: the whole model, or one layer of the encoder with the decoder layer that mirrors it, which
 * reconstructs that layer's input from its output; the layers below stay as they are.
 */
export type Part = 'whole' | { layer: number };

/** How a graph takes its images and its noise. */
interface Sources {
  shuffle: boolean;
  noise: NoiseStream;
  corruption: CorruptionStream;
}

const TRAINING: Sources = { shuffle: true, noise: 'noise', corruption: 'corruption' };
const EVALUATION: Sources = { shuffle: false, noise: 'evaluation', corruption: 'evaluationCorruption' };

function productOf({ kind, convolution }: SumLayer): Operation {
  if (convolution) return { op: kind === 'conv' ? 'conv2d' : 'conv_transpose2d', convolution };
  return { op: 'matmul', transposeA: false, transposeB: true };
}

class Builder {
  readonly graph = new Graph();
  readonly parameters: Node[] = [];
  readonly updates: Node[] = [];
  private readonly layers: Layers;
  /** (mu, log_var) of a Gaussian code, once there are losses. */
  private heads: Node | undefined;
  /** Numbers those there are so far: each draws noise of its own. */
  private dropouts = 0;
  /** Rows that an example has, or its feature map: samples of the code, in the decoder of a model that draws several. */
  private samples = 1;

  /** @param training whether batches have statistics of their own, and numbers are dropped */
  constructor(
    private readonly spec: ModelSpec,
    private readonly training = false,
  ) {
    this.layers = layersOf(spec);
  }

  private parameter({ name, shape, init, parts, order, trained }: ParameterSpec): Node {
    const operation = { op: 'parameter', name, init, parts, ...(order && { order }) } as const;
    const node = this.graph.append(operation, [], name, shape);
    if (trained !== false) this.parameters.push(node);
    return node;
  }

  /** The layer's products and its bias, without the activation. */
  private sum(x: Node, layer: SumLayer): Node {
    const { append } = this.graph;
    const product = append(productOf(layer), [x, this.parameter(layer.weight)], layer.label);
    if (!layer.bias) return product;
    return append({ op: 'add_bias' }, [product, this.parameter(layer.bias)], layer.label);
  }

  private norm(x: Node, { label, spec, from, affine, running }: NormLayer): Node {
    const { append } = this.graph;
    const area = isMap(from) ? from.height * from.width : 1;
    const pair = this.parameter(affine);
    if (!running) {
      const groups = spec.groups ?? 1;
      const statistics = append({ op: 'group_statistics', area, groups }, [x], label);
      return append({ op: 'group_norm', area, groups }, [x, statistics, pair], label);
    }
    const kept = this.parameter(running);
    const places = { area: area * this.samples };
    const statistics = this.training ? append({ op: 'batch_statistics', ...places }, [x, kept], label) : kept;
    return append({ op: 'batch_norm' }, [x, statistics, pair], label);
  }

  private plain(x: Node, { label, spec, from }: PlainLayer): Node {
    const { append } = this.graph;
    if (spec.kind === 'dropout') {
      const { probability } = spec;
      return this.training ? append({ op: 'dropout', probability, layer: this.dropouts++ }, [x], label) : x;
    }
    if (!isMap(from)) throw new GraphError(`layer "${label}" needs a feature map`);
    const { height, width } = from;
    if (spec.kind === 'upsample') {
      const { factor, mode = 'nearest' } = spec;
      return append({ op: 'upsample', scale: { mode, factor, height, width } }, [x], label);
    }
    if (spec.kind !== 'maxPool' && spec.kind !== 'avgPool') throw new GraphError(`layer "${label}" is no pool`);
    const { kernel, stride = kernel, padding = 0 } = spec;
    const op = spec.kind === 'maxPool' ? 'max_pool2d' : 'avg_pool2d';
    return append({ op, window: { height, width, kernel, stride, padding } }, [x], label);
  }

  private activate(x: Node, { label, activation }: SumLayer | NormLayer | ResidualLayer): Node {
    return activation === 'identity' ? x : this.graph.append({ op: 'activation', activation }, [x], label);
  }

  /** @param labels [rows, classes], which join where a feature map is flattened */
  private layer(x: Node, layer: Layer, labels: Node | null = null): Node {
    switch (layer.kind) {
      case 'flatten': {
        const flat = this.rowEach(x, sizeOfPlace(layer.from), layer.label);
        return this.conditioned(flat, labels, layer.label);
      }
      case 'reshape':
        return this.placeEach(x, layer.to, layer.label);
      case 'norm':
        return this.activate(this.norm(x, layer), layer);
      case 'dropout':
      case 'pool':
        return this.plain(x, layer);
      case 'residual':
        return this.activate(this.graph.append({ op: 'add' }, [x, this.chain(x, layer.layers)], layer.label), layer);
      default:
        return this.activate(this.sum(x, layer), layer);
    }
  }

  private chain(x: Node, layers: readonly Layer[], labels: Node | null = null): Node {
    return layers.reduce((value, layer) => this.layer(value, layer, labels), x);
  }

  /** A feature map as [rows, numbers of an example]; what is so already stays as it is. */
  private rowEach(x: Node, numbers: number, label: string): Node {
    if (x.shape[1] === numbers) return x;
    return this.graph.append({ op: 'reshape', shape: [numel(x.shape) / numbers, numbers] }, [x], label);
  }

  /** The reverse: a row a place. */
  private placeEach(x: Node, map: Place, label: string): Node {
    const columns = isMap(map) ? map.channels : map.units;
    if (x.shape[1] === columns) return x;
    return this.graph.append({ op: 'reshape', shape: [numel(x.shape) / columns, columns] }, [x], label);
  }

  /**
   * Values that the host hands over -> heads [rows, 2 latent], the deterministic code [rows, latent], or a quantised one's numbers
   * of its vectors and then these, [rows, places + latent].
   */
  encoder(rows: number): Node {
    const top = this.encoded(rows);
    const { code } = this.spec;
    if (code.kind !== 'quantized') return top;
    const { nearest, taken } = this.quantize(top, code);
    const numbers = this.graph.append(
      { op: 'reshape', shape: [rows, code.units / code.dimensions] },
      [nearest],
      'codebook',
    );
    return this.graph.append({ op: 'concat' }, [numbers, this.rowEach(taken, code.units, 'codebook')], 'codes');
  }

  private encoded(rows: number): Node {
    const { inputs, classes = 0 } = this.spec;
    const { append } = this.graph;
    const x = append({ op: 'input', name: 'images' }, [], 'images', [rows, inputs + classes]);
    if (!this.seesMap || classes === 0) return this.codeOrHeads(x, null);
    const part = (from: number, columns: number, label: string) =>
      append({ op: 'slice_columns', from, columns }, [x], label);
    return this.codeOrHeads(part(0, inputs, 'pixels'), part(inputs, classes, 'labels'));
  }

  /** Values that the host hands over -> images [rows, inputs]. */
  decoder(rows: number): Node {
    const { code, classes = 0 } = this.spec;
    const z = this.graph.append({ op: 'input', name: 'codes' }, [], 'codes', [rows, code.units + classes]);
    return this.rowEach(this.chain(this.asDecoded(z), this.layers.decoder), this.spec.inputs, 'images');
  }

  /** A code [rows, units] as the decoder's first layer takes it. */
  private asDecoded(z: Node): Node {
    const { top } = this.layers;
    return isMap(top) ? this.placeEach(z, top, 'codebook') : z;
  }

  /** @param top what the encoder ends in */
  private quantize(top: Node, { codes, dimensions }: QuantizedSpec) {
    const { codebook } = this.layers;
    if (!codebook) throw new GraphError('a code that is not quantized has no codebook');
    const { append } = this.graph;
    const z = this.placeEach(top, { units: dimensions }, 'codebook');
    const vectors = this.parameter(codebook.vectors);
    const nearest = append({ op: 'nearest_code' }, [z, vectors], 'codebook');
    const taken = append({ op: 'take_code' }, [z, vectors, nearest], 'codebook');
    return { z, vectors, nearest, taken, codes };
  }

  /** The code of `rows` examples as the decoder takes it, and its terms of the loss; in training the codebook learns of them. */
  private quantized(top: Node, code: QuantizedSpec, rows: number) {
    const { append } = this.graph;
    const { codebook } = this.layers;
    const { z, vectors, nearest, taken, codes } = this.quantize(top, code);
    const area = code.units / code.dimensions;
    const counts = append({ op: 'code_counts', area, codes }, [nearest], 'codebook');
    if (this.training && codebook) {
      const [running, sums] = [this.parameter(codebook.counts), this.parameter(codebook.sums)];
      const inputs = [z, nearest, counts, vectors, running, sums];
      this.updates.push(append({ op: 'update_codebook', area, decay: decayOf(code) }, inputs, 'codebook'));
    }
    const [given, wanted] = [z, taken].map((node) => this.rowEach(node, code.units, 'commitment')) as [Node, Node];
    return {
      z: this.asDecoded(this.rowEach(taken, code.units, 'code')),
      commitment: append({ op: 'squared_error' }, [given, wanted], 'commitment'),
      perplexity: append({ op: 'perplexity', rows }, [counts], 'perplexity'),
    };
  }

  /** Whether the encoder begins with places of an image, not with all of its numbers. */
  private get seesMap(): boolean {
    return isMap(this.layers.start);
  }

  /** @param x [rows, inputs], and labels joined to it or by themselves, as the encoder takes them */
  private codeOrHeads(x: Node, labels: Node | null): Node {
    const { image } = this.spec;
    const { encoder, heads } = this.layers;
    const seen = this.seesMap && image ? this.placeEach(x, image, 'image') : x;
    const top = this.chain(seen, encoder, labels);
    return heads ? this.layer(top, heads) : top;
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
    const top = this.seesMap
      ? this.codeOrHeads(seen, labels)
      : this.codeOrHeads(this.conditioned(seen, labels, 'encoder input'), null);
    const terms = new Map<LossTerm, Node>();
    if (code.kind === 'gaussian' && loss.samples !== undefined)
      return this.weighted(this.importance(top, code, loss.samples, { clean, labels, logSigma }, sources.noise));
    const gaussian = code.kind === 'gaussian' ? this.gaussian(top, code, sources.noise) : undefined;
    if (gaussian) terms.set('kl', gaussian.kl);
    const quantized = code.kind === 'quantized' ? this.quantized(top, code, rows) : undefined;
    if (quantized) terms.set('commitment', quantized.commitment).set('perplexity', quantized.perplexity);
    const z = gaussian?.z ?? quantized?.z ?? top;
    if (loss.l1 !== undefined) terms.set('l1', append({ op: 'l1' }, [z], 'l1'));
    if (loss.sparsity !== undefined) terms.set('sparsity', this.sparsity(z, loss.sparsity.target, rows));
    terms.set(reconstructionTerm(this.spec), this.decoded(z, labels, clean, logSigma));
    return this.weighted(terms);
  }

  private weighted(terms: ReadonlyMap<LossTerm, Node>): LossNode[] {
    return [...lossWeights(this.spec)].map(([term, weight]) => {
      const node = terms.get(term);
      if (!node) throw new GraphError(`loss term "${term}" has a weight but no operation`);
      return { term, weight, node };
    });
  }

  /** How far what the decoder makes of z is from the target, [rows]. */
  private decoded(z: Node, labels: Node | null, target: Node, logSigma?: Node): Node {
    const lower = this.layers.decoder.slice(0, -1);
    const output = this.sum(this.chain(this.conditioned(z, labels, 'decoder input'), lower), this.outputLayer());
    return this.reconstruction(output, target, logSigma);
  }

  /** The terms of the importance-weighted bound of `samples` samples, [rows] each (importance.ts). */
  private importance(
    heads: Node,
    code: GaussianSpec,
    samples: number,
    { clean, labels, logSigma }: { clean: Node; labels: Node | null; logSigma: Node | undefined },
    stream: NoiseStream,
  ): Map<LossTerm, Node> {
    const { append } = this.graph;
    const logVarRange = logVarRangeOf(code);
    const term = reconstructionTerm(this.spec);
    const repeated = (x: Node, label: string) =>
      samples === 1 ? x : append({ op: 'repeat_rows', times: samples }, [x], label);
    const each = repeated(heads, 'samples');
    const z = append({ op: 'reparameterize', stream, logVarRange }, [each], 'z');
    const ratio = append({ op: 'log_ratio', stream, logVarRange }, [each], 'log ratio');
    this.samples = samples;
    const joined = labels && repeated(labels, 'labels');
    const distance = this.decoded(z, joined, repeated(clean, 'targets'), logSigma);
    const weights = append({ op: 'importance_weights', samples, term }, [distance, ratio], 'importance');
    const mean = (x: Node, sign: 1 | -1, label: string) =>
      append({ op: 'sample_mean', samples, sign }, [weights, x], label);
    return new Map([
      [term, mean(distance, 1, term)],
      ['kl', mean(ratio, -1, 'kl')],
      ['importance', append({ op: 'weight_divergence', samples }, [weights], 'importance')],
    ]);
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

  private outputLayer(): SumLayer {
    const last = this.layers.decoder.at(-1);
    if (!last || !('weight' in last)) throw new GraphError('the decoder must end in a layer that has weights');
    return last;
  }

  /** @param sum the last layer before its activation, [rows, pixels] or [places, channels] */
  private reconstruction(sum: Node, target: Node, logSigma?: Node): Node {
    const { append } = this.graph;
    const { reconstruction } = this.spec.loss;
    const compared = (x: Node) => this.rowEach(x, target.shape[1] ?? 0, 'output');
    if (reconstruction === 'bce') return append({ op: 'bce_with_logits' }, [compared(sum), target], 'bce');
    if (reconstruction === 'poisson') return append({ op: 'poisson_nll' }, [compared(sum), target], 'poisson');
    const y = compared(this.activate(sum, this.outputLayer()));
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
    if (
      !up ||
      !down ||
      !('weight' in up) ||
      !('weight' in down) ||
      this.layers.heads ||
      this.spec.classes ||
      up.weight.shape[1] !== down.weight.shape[0]
    )
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
  const builder = new Builder(spec, true);
  const losses = builder.terms(batch, part, TRAINING);
  const { graph, parameters, updates } = builder;
  // The samples' weights are those of the least loss, so their divergence adds nothing to its gradient (importance.ts).
  const seeds = losses
    .filter(({ term }) => term !== 'importance')
    .map(({ term, node }) => ({
      node,
      gradient: graph.append({ op: 'row_weight', term }, [], term, node.shape),
    }));
  return { graph, parameters, losses, gradients: addGradients(graph, seeds, parameters), output: null, updates };
}

/** The losses of `batch` images at a time, in the dataset's order; an image's noise is the same every time. */
export function evaluationGraph(spec: ModelSpec, batch: number, part: Part = 'whole'): ModelGraph {
  const builder = new Builder(spec);
  const losses = builder.terms(batch, part, EVALUATION);
  return { graph: builder.graph, parameters: builder.parameters, losses, gradients: [], output: null };
}

/**
 * The losses of each of `batch` rows by itself, as they are: not damaged, all of the KL term, and without the sparsity term and
 * the perplexity, which are of a batch. Of a model that is trained with several samples those of the VAE that it is.
 * output: with `ratio`, that of a Gaussian code's samples.
 */
export function scoringGraph(spec: ModelSpec, batch: number, ratio: boolean): ModelGraph {
  const { corruption: _, ...whole } = spec;
  const { sparsity: _sparsity, freeBits: _freeBits, capacity: _capacity, samples: _samples, ...loss } = spec.loss;
  const builder = new Builder({ ...whole, loss });
  const losses = builder.terms(batch, 'whole', EVALUATION).filter(({ term }) => term !== 'perplexity');
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
