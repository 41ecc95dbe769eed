// Training on the host in f64: the graph by test/support/oracle/interpret.ts, the optimizer by optimizer64.ts. The oracle for what a GPU
// does in many steps; PyTorch's own numbers (test/train/reference.safetensors) are the oracle for this one.
import type { Images } from '../../../src/data/dataset.js';
import { checkExamples, countOf, type Examples } from '../../../src/data/examples.js';
import { evaluationGraph, type LossNode, type Part, trainingGraph } from '../../../src/graph/build.js';
import type { Node } from '../../../src/graph/operations/ops.js';
import type { ModelSpec } from '../../../src/model/spec.js';
import { type Losses, LossMean } from '../../../src/train/step/metrics.js';
import { evaluationBatch } from '../../../src/train/step/step-state.js';
import { outsideOrder } from '../../../src/train/weights/tensors.js';
import { interpret, type Leaves, type StepLeaves, type Values } from './interpret.js';
import { runningUpdates } from './interpret-norm.js';
import { codebookUpdates } from './interpret-quantize.js';
import { Optimizer64, type OptimizerOptions64 } from './optimizer64.js';

export interface Options64 extends OptimizerOptions64 {
  images: Images | Examples;
  batch: number;
  seed: number;
  /** As the trainer's: 'mean' if absent. */
  reduction?: 'mean' | 'sum';
  klWarmup?: number;
  /** The whole model by default. */
  part?: Part;
}

/** What one step came to. */
export interface Step64 {
  /** Nats an image. */
  losses: Losses;
  /** By the names of the parameters' parts, before clipping. */
  gradients: Map<string, Values>;
}

/** Leaves of step `step` of an unbroken run. */
export function stepLeaves(losses: readonly LossNode[], options: Options64, step: number): StepLeaves {
  const { batch, seed, reduction = 'mean', klWarmup = 0 } = options;
  const images = checkExamples(options.images, 'images');
  const perEpoch = Math.ceil(countOf(images) / batch);
  const start = (step % perEpoch) * batch;
  const rows = Math.min(batch, countOf(images) - start);
  const warm = step < klWarmup ? step / klWarmup : 1;
  const weights = new Map(losses.map(({ term, weight }) => [term, term === 'kl' ? warm * weight : weight]));
  const rowScale = reduction === 'mean' ? 1 / rows : 1;
  return { seed, step, epoch: Math.floor(step / perEpoch), start, rows, images, weights, rowScale };
}

/** A flat parameter, or its gradient, under the names of its parts, as PyTorch has them. */
export function splitParts(parameter: Node, values: Values): Map<string, Values> {
  if (parameter.operation.op !== 'parameter') throw new Error(`"${parameter.label}" is no parameter`);
  const columns = values.length / (parameter.shape[0] ?? 1);
  let from = 0;
  const { parts, order } = parameter.operation;
  return new Map(
    parts.map(({ name, rows }) => {
      const part = values.slice(from, from + rows * columns);
      from += rows * columns;
      return [name, outsideOrder(part, rows, order)];
    }),
  );
}

export class Train64 {
  readonly parameters: Map<string, Values>;
  /** Steps done. */
  step = 0;
  private readonly optimizer: Optimizer64;

  constructor(
    readonly spec: ModelSpec,
    parameters: ReadonlyMap<string, { values: ArrayLike<number> }>,
    readonly options: Options64,
  ) {
    this.parameters = new Map([...parameters].map(([name, { values }]) => [name, Float64Array.from(values)]));
    this.optimizer = new Optimizer64(options);
  }

  /** One training step: losses before the update, as the GPU tells them. */
  train(): Step64 {
    const { graph, losses, parameters, gradients } = trainingGraph(this.spec, this.options.batch, this.options.part);
    const step = stepLeaves(losses, this.options, this.step);
    const values = interpret(graph.nodes, { parameters: this.parameters, step });
    const named = new Map(
      gradients.flatMap((node, i) => [...splitParts(parameters[i] as Node, values.get(node) as Values)]),
    );
    this.step++;
    this.optimizer.step(this.parameters, named);
    const updates = [...runningUpdates(graph.nodes, values, step.rows), ...codebookUpdates(graph.nodes, values, step)];
    for (const [parameter, after] of updates)
      for (const [name, part] of splitParts(parameter, after)) this.parameters.set(name, part);
    return { losses: meanOf(losses, values, step.rows, new LossMean(losses)), gradients: named };
  }

  /** Mean losses over `images`, nats an image: the noise of STREAM.evaluation, in the order of the images. */
  evaluate(images: Images | Examples): Losses {
    const count = countOf(checkExamples(images, 'images'));
    const options = { ...this.options, images, batch: Math.min(evaluationBatch(this.spec), count) };
    const { graph, losses } = evaluationGraph(this.spec, options.batch, options.part);
    const mean = new LossMean(losses);
    for (let number = 0; number * options.batch < count; number++) {
      const step = stepLeaves(losses, options, number);
      const leaves: Leaves = { parameters: this.parameters, step };
      meanOf(losses, interpret(graph.nodes, leaves), step.rows, mean);
    }
    return mean.value;
  }
}

/** Adds the first `rows` rows of every term to `mean`. */
function meanOf(losses: readonly LossNode[], values: Map<Node, Values>, rows: number, mean: LossMean): Losses {
  const sums = losses.map(({ term, node }) => {
    const each = values.get(node);
    if (!each) throw new Error(`the graph has no ${term} loss`);
    return each.subarray(0, rows).reduce((sum, value) => sum + value, 0);
  });
  mean.add(sums, rows);
  return mean.value;
}
