// Every operation's shape rule and gradient rule: those of ops.ts and, once they are loaded, those of layer-ops.ts.
import { OnDemand } from '../on-demand.js';
import {
  type Append,
  BASIC_OPS,
  type LayerOpName,
  type Node,
  type Operation,
  type OpTable,
  type Shape,
} from './ops.js';

export const layerOps = new OnDemand<Pick<OpTable, LayerOpName>>();

/** A row as it is for any operation. */
interface AnyRow {
  shape(inputs: Shape[], operation: Operation, label: string): Shape;
  gradient?(node: Node, operation: Operation, dy: Node, append: Append): (Node | null)[];
}

/**
 * The rules of an operation.
 * @throws GraphError if they are not loaded
 */
export function rowOf({ op }: Operation): AnyRow {
  const row = op in BASIC_OPS ? BASIC_OPS[op as keyof typeof BASIC_OPS] : layerOps.get()[op as LayerOpName];
  // The tables pair each operation with its own row; TypeScript cannot see that the two `op`s are the same.
  return row as AnyRow;
}
