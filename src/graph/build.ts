// From a model's description to graphs: training (with gradients), evaluation, scores, and the two halves used on their own.
// All of them share one list of parameters, in one order (layers.ts).
import type { ModelSpec } from '../model/spec.js';
import { addGradients } from './grad.js';
import type { Graph } from './graph.js';
import { type LossNode, ModelBuilder, type Part, type Sources } from './model-builder.js';
import type { Node } from './operations/ops.js';

export type { LossNode, Part } from './model-builder.js';

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

const TRAINING: Sources = { shuffle: true, noise: 'noise', corruption: 'corruption' };
const EVALUATION: Sources = { shuffle: false, noise: 'evaluation', corruption: 'evaluationCorruption' };

/** One training step on `batch` images: losses, and the gradient of their weighted sum over rows for every trained parameter. */
export function trainingGraph(spec: ModelSpec, batch: number, part: Part = 'whole'): ModelGraph {
  const builder = new ModelBuilder(spec, true);
  const losses = builder.terms(batch, part, TRAINING);
  const { graph, parameters, updates } = builder;
  // The samples' weights are those of the least loss, so their divergence adds nothing to its gradient (operations/importance.ts).
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
  const builder = new ModelBuilder(spec);
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
  const builder = new ModelBuilder({ ...whole, loss });
  const losses = builder.terms(batch, 'whole', EVALUATION).filter(({ term }) => term !== 'perplexity');
  const output = ratio ? builder.logRatio(EVALUATION.noise) : null;
  return { graph: builder.graph, parameters: builder.parameters, losses, gradients: [], output };
}

/** input "images" [rows, inputs + classes] in the model's range -> (mu, log_var) [rows, 2 latent], or the code [rows, latent] */
export function encoderGraph(spec: ModelSpec, rows: number): ModelGraph {
  const builder = new ModelBuilder(spec);
  const output = builder.encoder(rows);
  return { graph: builder.graph, parameters: builder.parameters, losses: [], gradients: [], output };
}

/** input "codes" [rows, latent + classes] -> images [rows, inputs] in the model's range */
export function decoderGraph(spec: ModelSpec, rows: number): ModelGraph {
  const builder = new ModelBuilder(spec);
  const output = builder.decoder(rows);
  return { graph: builder.graph, parameters: builder.parameters, losses: [], gradients: [], output };
}
