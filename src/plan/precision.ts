// Which tensors of a training step are f16 where it is asked for: what matmuls read. Accumulation, losses, parameters and what
// the optimizer keeps are f32.  Source: Micikevicius et al. 2018, "Mixed precision training".
import type { Node, OpName } from '../graph/operations/ops.js';

/** What is computed as a matmul. */
export const PRODUCTS: readonly OpName[] = ['matmul', 'conv2d', 'conv_transpose2d', 'conv2d_weight'];

/** Operations whose kernels, fused or not, can write f16. */
const WRITERS: readonly OpName[] = [
  'add_bias',
  'add',
  'activation',
  'activation_gradient',
  'reparameterize',
  'sum_repeats',
  'bce_with_logits_gradient',
  'squared_error_gradient',
  'batch_norm',
  'batch_norm_gradient',
  'group_norm',
  'group_norm_gradient',
  'dropout',
  'max_pool2d',
  'max_pool2d_gradient',
  'avg_pool2d',
  'avg_pool2d_gradient',
  'upsample',
  'upsample_gradient',
  'gaussian_nll_gradient',
  'poisson_nll_gradient',
];

/** And those that can read it. */
const READERS: readonly OpName[] = [...PRODUCTS, 'activation_gradient', 'sum_rows'];

/** Nodes of `live` that lie in memory as f16: what a matmul reads, if all who touch it can. */
export function halfNodes(live: readonly Node[], asked: readonly Node[]): Set<Node> {
  const readers = (node: Node): OpName[] =>
    live
      .filter(({ inputs }) => inputs.includes(node))
      .flatMap((reader) => (reader.operation.op === 'reshape' ? readers(reader) : [reader.operation.op]));
  return new Set(
    live.filter((node) => {
      if (asked.includes(node) || !WRITERS.includes(node.operation.op)) return false;
      const by = readers(node);
      return by.some((op) => PRODUCTS.includes(op)) && by.every((op) => READERS.includes(op));
    }),
  );
}
