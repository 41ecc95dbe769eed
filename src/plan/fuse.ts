// Which operations run together in one dispatch. A pattern looks at a node from its end (the last operation that the
// kernel does) and takes what it can swallow; plan/lower.ts tries them in this order before one kernel an operation.
import type { Node, OpName } from '../graph/ops.js';
import { latent, latentGradient } from '../kernels/latent.js';
import { bce, mse } from '../kernels/loss.js';
import { dispatchOf, input, latentSizes, matmulCall, operationOf, type Pattern, rowsAndColumns } from './call.js';

const is = (node: Node | undefined, op: OpName): node is Node => node?.operation.op === op;

/** matmul -> add_bias [-> activation]: one layer, forward. What went into the activation is kept if others want it too. */
const layer: Pattern = (root, context) => {
  const sum = is(root, 'activation') ? input(root, 0) : root;
  if (!is(sum, 'add_bias')) return null;
  const product = input(sum, 0);
  if (!is(product, 'matmul') || !context.internal(product)) return null;
  const { tensors } = context;
  const keep = sum !== root && !context.internal(sum);
  const end = { bias: tensors.of(input(sum, 1)), y: tensors.of(root), ...(keep && { x: tensors.of(sum) }) };
  const activation = is(root, 'activation') ? operationOf(root, 'activation').activation : 'identity';
  const nodes = [...new Set([product, sum, root])];
  const epilogue = keep ? 'bias_activation_keep' : 'bias_activation';
  return { dispatch: matmulCall(product, epilogue, end, context, activation), nodes };
};

/** matmul -> activation_gradient: the gradient that goes on to the layer below. */
const inputGradient: Pattern = (root, context) => {
  if (!is(root, 'activation_gradient')) return null;
  const product = input(root, 0);
  if (!is(product, 'matmul') || !context.internal(product)) return null;
  const end = { kept: context.tensors.of(input(root, 1)), dx: context.tensors.of(root) };
  const { activation } = operationOf(root, 'activation_gradient');
  return { dispatch: matmulCall(product, 'activation_gradient', end, context, activation), nodes: [product, root] };
};

/** dW = dY^T X together with db = the sum of dY's rows: the kernel has every dY in hand anyway. */
const weightGradient: Pattern = (root, context) => {
  if (!is(root, 'matmul') || !operationOf(root, 'matmul').transposeA) return null;
  const dy = input(root, 0);
  const bias = context.consumers(dy).find((node) => is(node, 'sum_rows'));
  if (!bias) return null;
  const end = { dw: context.tensors.of(root), dbias: context.tensors.of(bias) };
  return { dispatch: matmulCall(root, 'weight_gradient', end, context), nodes: [bias, root] };
};

/** reparameterize + kl_normal of the same heads, with the same bounds of log_var. */
const latentForward: Pattern = (root, context) => {
  if (!is(root, 'reparameterize')) return null;
  const heads = input(root, 0);
  const kl = context.consumers(heads).find((node) => is(node, 'kl_normal'));
  const { stream, logVarRange } = operationOf(root, 'reparameterize');
  if (!kl || operationOf(kl, 'kl_normal').logVarRange !== logVarRange) return null;
  const { tensors } = context;
  const shape = { ...latentSizes(heads), stream, logVarRange };
  const bound = { ...tensors.stepState(), heads: tensors.of(heads), z: tensors.of(root), kl: tensors.of(kl) };
  return { dispatch: dispatchOf(latent, shape, bound, root.label), nodes: [kl, root] };
};

/** reparameterize_gradient + weighted kl_normal_gradient, added. */
const latentBackward: Pattern = (root, context) => {
  if (!is(root, 'add')) return null;
  const through = root.inputs.find((node) => is(node, 'reparameterize_gradient'));
  const kl = root.inputs.find((node) => is(node, 'kl_normal_gradient'));
  if (!through || !kl || !context.internal(through) || !context.internal(kl)) return null;
  const weight = input(kl, 0);
  const heads = input(kl, 1);
  if (!is(weight, 'row_weight') || !context.internal(weight) || heads !== input(through, 1)) return null;
  const { stream, logVarRange } = operationOf(through, 'reparameterize_gradient');
  if (operationOf(kl, 'kl_normal_gradient').logVarRange !== logVarRange) return null;
  const { tensors } = context;
  const shape = { ...latentSizes(heads), stream, logVarRange };
  const bound = {
    ...tensors.stepState(),
    dz: tensors.of(input(through, 0)),
    heads: tensors.of(heads),
    dheads: tensors.of(root),
  };
  return { dispatch: dispatchOf(latentGradient, shape, bound, root.label), nodes: [weight, through, kl, root] };
};

/** bce_with_logits + its weighted gradient: one pass over the logits. */
const bceBoth: Pattern = (root, context) => {
  if (!is(root, 'bce_with_logits_gradient')) return null;
  const [weight, logits, targets] = [input(root, 0), input(root, 1), input(root, 2)];
  const loss = context.consumers(logits).find((node) => is(node, 'bce_with_logits') && node.inputs[1] === targets);
  if (!loss || !is(weight, 'row_weight') || !context.internal(weight)) return null;
  const { tensors } = context;
  const { rows, columns: pixels } = rowsAndColumns(logits);
  const bound = {
    ...tensors.stepState(),
    logits: tensors.of(logits),
    targets: tensors.of(targets),
    bce: tensors.of(loss),
    dlogits: tensors.of(root),
  };
  return { dispatch: dispatchOf(bce, { rows, pixels }, bound, root.label), nodes: [loss, weight, root] };
};

/** squared_error + its weighted gradient, through the output's activation if it has one: one pass over the output. */
const mseBoth: Pattern = (root, context) => {
  const through = is(root, 'activation_gradient');
  const gradient = through ? input(root, 0) : root;
  if (!is(gradient, 'squared_error_gradient') || (through && !context.internal(gradient))) return null;
  const [weight, y, targets] = [input(gradient, 0), input(gradient, 1), input(gradient, 2)];
  if (through && input(root, 1) !== y) return null;
  const loss = context.consumers(y).find((node) => is(node, 'squared_error') && node.inputs[1] === targets);
  if (!loss || !is(weight, 'row_weight') || !context.internal(weight)) return null;
  const { tensors } = context;
  const { rows, columns: pixels } = rowsAndColumns(y);
  const bound = {
    ...tensors.stepState(),
    y: tensors.of(y),
    targets: tensors.of(targets),
    loss: tensors.of(loss),
    dx: tensors.of(root),
  };
  const activation = through ? operationOf(root, 'activation_gradient').activation : 'identity';
  const nodes = [...new Set([loss, weight, gradient, root])];
  return { dispatch: dispatchOf(mse, { rows, pixels, activation }, bound, root.label), nodes };
};

export const FUSED: Pattern[] = [layer, inputGradient, weightGradient, latentForward, latentBackward, bceBoth, mseBoth];
