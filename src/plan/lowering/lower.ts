// From graph nodes to kernel calls: patterns that do several operations at once are tried first, then one kernel each.
import type { Node } from '../../graph/operations/ops.js';
import type { Call, Context, Pattern } from './call.js';
import { loweringOf } from './single.js';

/**
 * Calls that compute `nodes` (live ones, in graph order), last first matched: a pattern's root is the last of the nodes
 * that it swallows. The calls come in the order of their roots.
 */
export function lower(nodes: Node[], patterns: Pattern[], context: Context): Call[] {
  const done = new Set<Node>();
  const calls: Call[] = [];
  for (const node of nodes.toReversed()) {
    if (done.has(node)) continue;
    const matched = firstMatch(patterns, node, context);
    for (const call of matched ? [matched].flat() : single(node, context)) {
      for (const covered of call.nodes) done.add(covered);
      calls.push(call);
    }
  }
  return calls.reverse();
}

function firstMatch(patterns: Pattern[], node: Node, context: Context): Call | Call[] | null {
  for (const pattern of patterns) {
    const calls = pattern(node, context);
    if (calls) return [calls].flat();
  }
  return null;
}

function single(node: Node, context: Context): Call[] {
  const dispatches = loweringOf(node.operation.op)(node, context) ?? [];
  return [dispatches].flat().map((dispatch) => ({ dispatch, nodes: [node] }));
}
