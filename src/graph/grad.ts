// Reverse-mode differentiation: appends gradient nodes to a graph by the operations' rules (operations/table.ts).
import { GraphError } from '../errors.js';
import type { Graph } from './graph.js';
import type { Append, Node } from './operations/ops.js';
import { rowOf } from './operations/table.js';

/** A term of the loss: [rows], and the gradient of the loss with respect to it, [rows]. */
export interface Seed {
  node: Node;
  gradient: Node;
}

/**
 * Adds reverse-mode gradient nodes for the loss sum_t sum_r gradient_t[r] node_t[r].
 * @param seeds      the loss's terms with their weights a row
 * @param parameters leaves; the result keeps this order
 * @returns one node a parameter, same shape
 * @throws GraphError naming any parameter that does not reach the loss, or an operation that has no gradient
 * Source: Griewank & Walther 2008, "Evaluating Derivatives", ch. 3.
 */
export function addGradients(graph: Graph, seeds: Seed[], parameters: Node[]): Node[] {
  const last = graph.nodes.length - 1;
  const needed = reaches(graph.nodes, parameters);
  const gradients = new Map<Node, Node>();
  const accumulate = (node: Node, gradient: Node) => {
    const before = gradients.get(node);
    gradients.set(node, before ? graph.append({ op: 'add' }, [before, gradient], node.label) : gradient);
  };
  for (const { node, gradient } of seeds) accumulate(node, gradient);

  for (let id = last; id >= 0; id--) {
    const node = graph.nodes[id];
    const dy = node && gradients.get(node);
    if (!node || !dy || node.inputs.length === 0 || !needed.has(node)) continue;
    inputGradients(node, dy, graph.append, needed).forEach((gradient, index) => {
      const input = node.inputs[index];
      if (gradient && input) accumulate(input, gradient);
    });
  }
  return parameters.map((parameter) => {
    const gradient = gradients.get(parameter);
    if (!gradient) throw new GraphError(`parameter "${parameter.label}" does not reach the loss; remove it or use it`);
    return gradient;
  });
}

/** The nodes that any of `leaves` flows into, and the leaves. */
function reaches(nodes: readonly Node[], leaves: readonly Node[]): Set<Node> {
  const set = new Set<Node>(leaves);
  for (const node of nodes) if (node.inputs.some((input) => set.has(input))) set.add(node);
  return set;
}

/** Applies the node's rule; inputs that no parameter flows into get null (what was appended for them is dead, plan/ drops it). */
function inputGradients(node: Node, dy: Node, append: Append, needed: Set<Node>): (Node | null)[] {
  const row = rowOf(node.operation);
  if (!row.gradient) throw new GraphError(`${node.operation.op} "${node.label}" has no gradient rule`);
  return row.gradient(node, node.operation, dy, append).map((gradient, index) => {
    const input = node.inputs[index];
    return input && needed.has(input) ? gradient : null;
  });
}
