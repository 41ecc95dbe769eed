// The f64 meaning of one operation, for the tests of its kernel: a graph of that operation alone (interpret.ts).
import { Graph } from '../../../src/graph/graph.js';
import type { Operation, Shape } from '../../../src/graph/operations/ops.js';
import { provideAllLayers } from '../models/layers.js';
import { interpret, type Values } from './interpret.js';

provideAllLayers();

export interface Given {
  shape: Shape;
  values: ArrayLike<number>;
}

export interface StepOptions {
  /** Examples of the batch that are there. */
  rows?: number;
  seed?: number;
  step?: number;
}

/** What the operation makes of `inputs`. */
export function meaningOf(operation: Operation, inputs: Given[], options: StepOptions = {}): Values {
  const graph = new Graph();
  const nodes = inputs.map(({ shape }, i) => graph.append({ op: 'input', name: `${i}` }, [], `${i}`, shape));
  const node = graph.append(operation, nodes, 'test');
  const { rows = 1, seed = 0, step = 0 } = options;
  const images = { shape: [1, 1], values: new Uint8Array(1) };
  const values = interpret(graph.nodes, {
    parameters: new Map(),
    inputs: new Map(inputs.map(({ values: each }, i) => [`${i}`, each])),
    step: { seed, step, epoch: 0, start: 0, rows, images, weights: new Map() },
  }).get(node);
  if (!values) throw new Error(`${operation.op} has no value`);
  return values;
}
