// A model's description appended to a graph: the halves that are used on their own, and its loss terms. The layers:
// layer-builder.ts.
import { GraphError } from '../errors.js';
import { isMap } from '../model/places.js';
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
import { LayerBuilder } from './layer-builder.js';
import { type Layers, LOG_SIGMA, layersOf, type SumLayer } from './layers.js';
import type { CorruptionStream, Node, NoiseStream } from './operations/ops.js';

export interface LossNode {
  term: LossTerm;
  /** In the loss that is minimised. */
  weight: number;
  /** [rows], a number an image. */
  node: Node;
}

/**
 * What is trained: the whole model, or one layer of the encoder with the decoder layer that mirrors it, which
 * reconstructs that layer's input from its output; the layers below stay as they are.
 */
export type Part = 'whole' | { layer: number };

/** How a graph takes its images and its noise. */
export interface Sources {
  shuffle: boolean;
  noise: NoiseStream;
  corruption: CorruptionStream;
}

export class ModelBuilder extends LayerBuilder {
  /** Operations for the buffers that a step brings up to date. */
  readonly updates: Node[] = [];
  private readonly layers: Layers;
  /** (mu, log_var) of a Gaussian code, once there are losses. */
  private heads: Node | undefined;

  /** @param training whether batches have statistics of their own, numbers are dropped, and the codebook learns */
  constructor(
    private readonly spec: ModelSpec,
    training = false,
  ) {
    super(training);
    this.layers = layersOf(spec);
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

  /** The terms of the importance-weighted bound of `samples` samples, [rows] each (operations/importance.ts). */
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
