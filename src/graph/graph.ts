// A graph: nodes in the order in which they were appended, which is an order in which they can be computed.
import { GraphError } from '../errors.js';
import type { Node, Operation, Shape } from './operations/ops.js';
import { rowOf } from './operations/table.js';

export class Graph {
  readonly nodes: Node[] = [];

  /**
   * Appends an operation.
   * @param shape only for leaves (parameter, input, batch, batch_labels, row_weight), whose shape follows from nothing
   * @throws GraphError if the inputs' shapes do not fit
   */
  append = (operation: Operation, inputs: readonly Node[], label: string, shape?: Shape): Node => {
    for (const input of inputs)
      if (this.nodes[input.id] !== input)
        throw new GraphError(`${operation.op} "${label}": input "${input.label}" belongs to another graph`);
    const node: Node = {
      id: this.nodes.length,
      operation,
      inputs,
      label,
      shape: shape ?? shapeOf(operation, inputs, label),
    };
    this.nodes.push(node);
    return node;
  };

  /** Nodes of one operation, in order. */
  all(op: Operation['op']): Node[] {
    return this.nodes.filter((node) => node.operation.op === op);
  }
}

function shapeOf(operation: Operation, inputs: readonly Node[], label: string): Shape {
  return rowOf(operation).shape(
    inputs.map((input) => input.shape),
    operation,
    label,
  );
}
