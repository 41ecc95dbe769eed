// Which operations run together in one dispatch. A pattern looks at a node from its end (the last operation that the
// kernel does) and takes what it can swallow; lower.ts tries them in this order, then those of layers.ts, before one kernel an
// operation.
import { type Node, numel, type OpName } from '../../graph/operations/ops.js';
import { sumParts } from '../../kernels/losses/loss.js';
import {
  latentGradientEpilogue,
  lossEpilogue,
  optimizerEpilogue,
  sampledHeadsEpilogue,
} from '../../kernels/matmul/epilogues.js';
import type { OptimizerForm } from '../../kernels/optimizer.js';
import type { Tensor } from '../plan.js';
import {
  type Call,
  type Context,
  dispatchOf,
  input,
  isProduct,
  isWeightGradient,
  latentSizes,
  operationOf,
  optimizerTensors,
  type Pattern,
  productCall,
  rowsAndColumns,
} from './call.js';

const is = (node: Node | undefined, op: OpName): node is Node => node?.operation.op === op;

/** What a reshape, or several, are of: the same numbers. Stops at one that others look at, too. */
const unshaped = (node: Node, context: Context): Node =>
  is(node, 'reshape') && context.internal(node) ? unshaped(input(node, 0), context) : node;

/** The reshapes from `node` down to `product`. */
const between = (node: Node, product: Node): Node[] =>
  node === product ? [] : [...between(input(node, 0), product), node];

/** matmul -> add_bias [-> activation]: one layer, forward. What went into the activation is kept if others want it too. */
const layer: Pattern = (root, context) => {
  const sum = is(root, 'activation') ? input(root, 0) : root;
  if (!is(sum, 'add_bias')) return null;
  const product = input(sum, 0);
  if (!isProduct(product) || !context.internal(product)) return null;
  const { tensors } = context;
  const keep = sum !== root && !context.internal(sum);
  const end = { bias: tensors.of(input(sum, 1)), y: tensors.of(root), ...(keep && { x: tensors.of(sum) }) };
  const activation = is(root, 'activation') ? operationOf(root, 'activation').activation : 'identity';
  const nodes = [...new Set([product, sum, root])];
  const epilogue = keep ? 'bias_activation_keep' : 'bias_activation';
  return { dispatch: productCall(product, epilogue, end, context, activation), nodes };
};

/** matmul -> activation_gradient: the gradient that goes on to the layer below. */
const inputGradient: Pattern = (root, context) => {
  if (!is(root, 'activation_gradient')) return null;
  const arriving = input(root, 0);
  const product = unshaped(arriving, context);
  if (!isProduct(product) || !context.internal(product)) return null;
  const end = { kept: context.tensors.of(input(root, 1)), dx: context.tensors.of(root) };
  const { activation } = operationOf(root, 'activation_gradient');
  return {
    dispatch: productCall(product, 'activation_gradient', end, context, activation),
    nodes: [product, ...between(arriving, product), root],
  };
};

/**
 * dW = dY^T X together with db = the sum of dY's rows: the kernel has every dY in hand anyway. It ends in the optimizer,
 * if gradients are for nothing else.
 */
const weightGradient: Pattern = (root, context) => {
  if (!isProduct(root) || !isWeightGradient(root)) return null;
  const dy = input(root, 0);
  const sum = context.consumers(dy).find((node) => is(node, 'sum_rows'));
  const { tensors, optimizer } = context;
  const [weight, bias] = [context.parameterOf(root), sum && context.parameterOf(sum)];
  // Without a bias, or where it is another product's that arrives: the weight alone.
  if (!sum) return weight && optimizer ? updated(root, optimizer, [weight], context) : null;
  if (optimizer && weight && bias && tensors.follows(bias, weight))
    return { ...updated(root, optimizer, [weight, bias], context), nodes: [sum, root] };
  const end = { dw: tensors.of(root), dbias: tensors.of(sum) };
  return { dispatch: productCall(root, 'weight_gradient', end, context), nodes: [sum, root] };
};

/** A weight's gradient that ends in the update of the weight and, if it follows, of the bias. */
function updated(root: Node, optimizer: OptimizerForm, parameters: [Node, Node?], context: Context): Call {
  const [weight, bias] = parameters;
  const { tensors } = context;
  const end = {
    ...tensors.stepState(),
    ...optimizerTensors(optimizer, (buffer) => tensors.span(buffer, weight, bias ?? weight)),
  };
  const epilogue = optimizerEpilogue(optimizer, bias && tensors.distance(weight, bias));
  const updates = bias ? [weight, bias] : [weight];
  return { dispatch: productCall(root, epilogue, end, context), nodes: [root], updates };
}

/** matmul -> add_bias -> reparameterize and kl_normal, with the same bounds of log_var. */
const sampledHeads: Pattern = (root, context) => {
  if (!is(root, 'reparameterize')) return null;
  const heads = input(root, 0);
  const kl = context.consumers(heads).find((node) => is(node, 'kl_normal'));
  const { stream, logVarRange } = operationOf(root, 'reparameterize');
  if (!kl || !context.tensors.isLoss(kl) || !is(heads, 'add_bias')) return null;
  const { logVarRange: same, freeBits } = operationOf(kl, 'kl_normal');
  if (same !== logVarRange) return null;
  const product = input(heads, 0);
  if (!isProduct(product) || !context.internal(product)) return null;
  const { tensors } = context;
  const { latent } = latentSizes(heads);
  const end = (workgroups: number) => ({
    ...tensors.stepState(),
    bias: tensors.of(input(heads, 1)),
    heads: tensors.of(heads),
    z: tensors.of(root),
    losses: tensors.lossParts(kl, workgroups),
  });
  const epilogue = sampledHeadsEpilogue({ latent, stream, logVarRange, ...(freeBits !== undefined && { freeBits }) });
  return { dispatch: productCall(product, epilogue, end, context), nodes: [product, heads, kl, root] };
};

/** matmul [-> slice_columns] -> reparameterize_gradient, and the weighted kl_normal_gradient, added. */
const latentGradient: Pattern = (root, context) => {
  if (!is(root, 'add')) return null;
  const through = root.inputs.find((node) => is(node, 'reparameterize_gradient'));
  const kl = root.inputs.find((node) => is(node, 'kl_normal_gradient'));
  if (!through || !kl || !context.internal(through) || !context.internal(kl)) return null;
  const [weight, heads, dz] = [input(kl, 0), input(kl, 1), input(through, 0)];
  if (!is(weight, 'row_weight') || !context.internal(weight) || heads !== input(through, 1)) return null;
  const { stream, logVarRange } = operationOf(through, 'reparameterize_gradient');
  const { logVarRange: same, freeBits } = operationOf(kl, 'kl_normal_gradient');
  if (same !== logVarRange) return null;
  const product = is(dz, 'slice_columns') && operationOf(dz, 'slice_columns').from === 0 ? input(dz, 0) : dz;
  if (!isProduct(product) || !context.internal(dz) || !context.internal(product)) return null;
  const { tensors } = context;
  const { latent } = latentSizes(heads);
  const end = { ...tensors.stepState(), heads: tensors.of(heads), dheads: tensors.of(root) };
  const code = { latent, stream, logVarRange, ...(freeBits !== undefined && { freeBits }) };
  const epilogue = latentGradientEpilogue(code, rowsAndColumns(product).columns);
  const nodes = [...new Set([product, dz, weight, through, kl, root])];
  return { dispatch: productCall(product, epilogue, end, context), nodes };
};

/** What a loss is computed by, and its gradient. */
const LOSSES = {
  bce: { loss: 'bce_with_logits', gradient: 'bce_with_logits_gradient' },
  squared_error: { loss: 'squared_error', gradient: 'squared_error_gradient' },
  gaussian_nll: { loss: 'gaussian_nll', gradient: 'gaussian_nll_gradient' },
  poisson_nll: { loss: 'poisson_nll', gradient: 'poisson_nll_gradient' },
} as const;

/**
 * A product -> add_bias [-> activation] [-> reshape] -> a reconstruction loss and, where it is asked for, its weighted gradient
 * [-> activation_gradient]; of a learned deviation its gradient, too, in parts that a second dispatch adds up.
 */
const outputLoss: Pattern = (root, context) => {
  for (const kind of ['bce', 'squared_error', 'gaussian_nll', 'poisson_nll'] as const) {
    const call = lossOf(kind, root, context);
    if (call) return call;
  }
  return null;
};

function lossOf(kind: keyof typeof LOSSES, root: Node, context: Context): Call[] | null {
  const names = LOSSES[kind];
  const through = is(root, 'activation_gradient');
  const arriving = through ? input(root, 0) : root;
  const last = through && is(arriving, 'reshape') ? input(arriving, 0) : arriving;
  const gradient = is(last, names.gradient) ? last : undefined;
  if (!gradient && !is(root, names.loss)) return null;
  const [output, targets] = gradient ? [input(gradient, 1), input(gradient, 2)] : [input(root, 0), input(root, 1)];
  const loss = context.consumers(output).find((node) => is(node, names.loss) && node.inputs[1] === targets);
  // Of a feature map the loss sees a row an example.
  const map = is(output, 'reshape') ? input(output, 0) : output;
  const sum = is(map, 'activation') ? input(map, 0) : map;
  if (
    !loss ||
    !context.tensors.isLoss(loss) ||
    !is(sum, 'add_bias') ||
    (gradient && !is(input(gradient, 0), 'row_weight'))
  )
    return null;
  const product = input(sum, 0);
  const logSigma = kind === 'gaussian_nll' ? input(loss, 2) : undefined;
  const sigmaGradient = gradient && context.consumers(output).find((node) => is(node, 'log_sigma_gradient'));
  const own = gradient ? [input(gradient, 0), ...(sigmaGradient ? [sigmaGradient] : []), gradient, arriving] : [];
  const nodes = [...new Set([product, sum, map, output, loss, ...own, root])];
  const outputs = [loss, root, ...(sigmaGradient ? [sigmaGradient] : [])];
  // The layer's activation, and through its own gradient back, or none at all.
  const activation = map === sum ? 'identity' : operationOf(map, 'activation').activation;
  const undone = through ? operationOf(root, 'activation_gradient').activation : 'identity';
  if (!isProduct(product) || (gradient && undone !== activation) || !context.closed(nodes, outputs)) return null;
  const { tensors } = context;
  let sigmaParts: Tensor | undefined;
  const partsOf = (workgroups: number) => (sigmaParts = tensors.scratch('log_sigma parts', [workgroups]));
  const end = (workgroups: number) => ({
    ...tensors.stepState(),
    bias: tensors.of(input(sum, 1)),
    targets: tensors.of(targets),
    losses: tensors.lossParts(loss, workgroups),
    ...(gradient && { dx: tensors.of(root) }),
    ...(logSigma && { log_sigma: tensors.of(logSigma) }),
    ...(sigmaGradient && { sigma_parts: partsOf(workgroups) }),
  });
  const keepsInput = through && map !== sum && input(root, 1) === sum;
  const area = numel(product.shape) / numel(loss.shape) / rowsAndColumns(product).columns;
  const epilogue = lossEpilogue({ kind, gradient: gradient !== undefined, keepsInput, area });
  const call = { dispatch: productCall(product, epilogue, end, context, activation), nodes };
  if (!sigmaGradient || !sigmaParts) return [call];
  const bound = { parts: sigmaParts, sum: tensors.of(sigmaGradient) };
  const adding = dispatchOf(sumParts, { count: numel(sigmaParts.shape) }, bound, sigmaGradient.label);
  return [call, { dispatch: adding, nodes: [sigmaGradient] }];
}

/** A convolution by itself: a matmul all the same. */
const convolution: Pattern = (root, context) =>
  isProduct(root) && !is(root, 'matmul')
    ? { dispatch: productCall(root, 'plain', { c: context.tensors.of(root) }, context), nodes: [root] }
    : null;

/** Those that leave each row's losses in memory. */
export const FORWARD: Pattern[] = [layer, convolution];

export const FUSED: Pattern[] = [
  outputLoss,
  layer,
  inputGradient,
  weightGradient,
  sampledHeads,
  latentGradient,
  convolution,
];
