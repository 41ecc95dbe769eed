// Normalisation together with the activation after it: forward, and back through both, where what was before the activation
// is computed again from x.
import { KEPT_FOR_GRADIENT } from '../../graph/activation.js';
import type { Node } from '../../graph/operations/ops.js';
import { type Context, input, isProduct, operationOf, type Pattern } from './call.js';
import { batchNormGradientDispatch, groupNormGradientDispatch, normDispatch, normSumsDispatches } from './norm.js';

const NORMS = ['batch_norm', 'group_norm'];
const SUMS = ['batch_norm_sums', 'group_norm_sums'];
const GRADIENTS = ['batch_norm_gradient', 'group_norm_gradient'];

const isOne = ({ operation }: Node, ops: readonly string[]): boolean => ops.includes(operation.op);

/** The norm whose activation `node` is the gradient of, if the norm's own gradients compute it in passing. */
function swallowed(node: Node, context: Context): Node | undefined {
  if (node.operation.op !== 'activation_gradient') return undefined;
  const [dy, kept] = [input(node, 0), input(node, 1)];
  const fromInput = KEPT_FOR_GRADIENT[node.operation.activation] === 'input';
  const norm = kept.operation.op === 'activation' && !fromInput ? input(kept, 0) : kept;
  if (!isOne(norm, NORMS)) return undefined;
  // A product does it in passing, too, and has what is kept at hand.
  if (!fromInput && isProduct(dy) && context.internal(dy)) return undefined;
  const users = context.consumers(node);
  const ours = users.every((user) => isOne(user, [...SUMS, ...GRADIENTS]) && user.inputs[0] === node);
  return ours && context.closed([node, ...users], users) ? norm : undefined;
}

/** norm -> activation. */
const normalized: Pattern = (root, context) => {
  if (root.operation.op !== 'activation') return null;
  const norm = input(root, 0);
  if (!isOne(norm, NORMS)) return null;
  const { activation } = operationOf(root, 'activation');
  const others = context.consumers(norm).filter((user) => user !== root);
  if (!others.every((user) => swallowed(user, context) === norm)) return null;
  if (!context.closed([norm, root, ...others], [root, ...others])) return null;
  return { dispatch: normDispatch(norm, root, activation, context), nodes: [norm, root] };
};

/** activation_gradient -> what is summed for weight and bias, or dx. */
const throughActivation: Pattern = (root, context) => {
  if (!isOne(root, [...SUMS, ...GRADIENTS])) return null;
  const through = input(root, 0);
  if (!swallowed(through, context)) return null;
  const { activation } = operationOf(through, 'activation_gradient');
  const dy = input(through, 0);
  const nodes = [through, root];
  if (isOne(root, SUMS))
    return normSumsDispatches(root, dy, activation, context).map((dispatch) => ({ dispatch, nodes }));
  const gradient = root.operation.op === 'batch_norm_gradient' ? batchNormGradientDispatch : groupNormGradientDispatch;
  return { dispatch: gradient(root, dy, activation, context), nodes };
};

export const NORM_PATTERNS: Pattern[] = [normalized, throughActivation];
