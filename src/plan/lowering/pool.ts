// What makes feature maps smaller and larger, lowered (layers.ts).
import type { PoolWindow, Upsampling } from '../../graph/operations/map-operations.js';
import type { Node } from '../../graph/operations/ops.js';
import { pooledSize } from '../../graph/operations/pooling.js';
import type { Kernel } from '../../kernels/kernel.js';
import type { PoolShape, UpsampleShape } from '../../kernels/layers/pooling.js';
import type { Dispatch, Tensor } from '../plan.js';
import { type Context, dispatchOf, input, rowsAndColumns } from './call.js';

/** The kernel's tensors: the node's inputs in order, and what it comes to. */
function boundOf<S>(kernel: Kernel<S>, node: Node, { tensors }: Context): Record<string, Tensor> {
  const names = Object.keys(kernel.bindings);
  return Object.fromEntries(names.map((name, i) => [name, tensors.of(i < node.inputs.length ? input(node, i) : node)]));
}

/** @param map the larger of the node and its input: what is pooled, or the gradient of it */
export function poolDispatch(
  kernel: Kernel<PoolShape>,
  node: Node,
  map: Node,
  window: PoolWindow,
  context: Context,
): Dispatch {
  const { rows, columns: channels } = rowsAndColumns(map);
  const examples = rows / (window.height * window.width);
  const shape = { examples, channels, window, out: pooledSize(window, node.label) };
  return dispatchOf(kernel, shape, boundOf(kernel, node, context), node.label);
}

/** @param map the smaller of the node and its input */
export function upsampleDispatch(
  kernel: Kernel<UpsampleShape>,
  node: Node,
  map: Node,
  scale: Upsampling,
  context: Context,
): Dispatch {
  const { rows, columns: channels } = rowsAndColumns(map);
  const examples = rows / (scale.height * scale.width);
  return dispatchOf(kernel, { examples, channels, scale }, boundOf(kernel, node, context), node.label);
}
