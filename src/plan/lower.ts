// From graph nodes to kernel calls. Each operation has one kernel that does just it (below); plan/fuse.ts has the
// patterns that do several at once and are tried first, unless fusing is off.
import { GraphError } from '../errors.js';
import { matmulSizes, type Node, numel, type Operation, type OpName } from '../graph/ops.js';
import { concat, sliceColumns } from '../kernels/columns.js';
import { corrupt } from '../kernels/corrupt.js';
import { activation, activationGradient, add, addBias, sumRows } from '../kernels/elementwise.js';
import { gather, gatherLabels } from '../kernels/gather.js';
import type { Kernel } from '../kernels/kernel.js';
import { klNormal, klNormalGradient, reparameterize, reparameterizeGradient } from '../kernels/latent.js';
import {
  bceWithLogits,
  bceWithLogitsGradient,
  rowWeight,
  squaredError,
  squaredErrorGradient,
} from '../kernels/loss.js';
import { type EpilogueName, type MatmulShape, type MatmulVariant, matmul } from '../kernels/matmul.js';
import { batchMean, batchMeanGradient, bernoulliKl, bernoulliKlGradient, l1, l1Gradient } from '../kernels/sparsity.js';
import type { Binding, Dispatch, Tensor } from './plan.js';
import type { TensorTable } from './tensors.js';

/** The operation of a node whose name is known. */
export type OperationOf<Name extends OpName> = Extract<Operation, { op: Name }>;

/** What lowering a node may look at. */
export interface Context {
  tensors: TensorTable;
  matmulVariant: MatmulVariant;
  /** The live nodes that take `node` as an input. */
  consumers(node: Node): Node[];
  /** Whether a fused kernel may swallow `node`: one consumer, and nobody outside asks for it. */
  internal(node: Node): boolean;
}

/** A dispatch and the nodes that it computes. */
export interface Call {
  dispatch: Dispatch;
  nodes: Node[];
}

/** Tries to compute `node`, and others with it, in one dispatch. */
export type Pattern = (node: Node, context: Context) => Call | null;

export function dispatchOf<S>(kernel: Kernel<S>, shape: S, tensors: Record<string, Tensor>, label: string): Dispatch {
  const bindings = Object.entries(kernel.bindings).map(([name, access]) => {
    const tensor = tensors[name];
    if (!tensor) throw new GraphError(`kernel ${kernel.name} for "${label}" lacks its tensor "${name}"`);
    return { name, access, tensor };
  });
  const constants = kernel.constants(shape);
  return {
    label,
    kernel: kernel.name,
    sources: kernel.sources,
    enables: kernel.enables ?? [],
    header: kernel.header ?? {},
    constants,
    bindings,
    grid: kernel.grid(shape),
    workgroup: kernel.workgroup ?? constants.WORKGROUP ?? 1,
    flops: kernel.flops(shape),
    bytes: kernel.bytes?.(shape) ?? bindings.reduce((sum, binding) => sum + traffic(binding), 0),
  };
}

/** Read once, written once. */
const traffic = ({ access, tensor }: Binding): number => tensor.bytes * (access === 'read_write' ? 2 : 1);

export function input(node: Node, index: number): Node {
  const found = node.inputs[index];
  if (!found) throw new GraphError(`${node.operation.op} "${node.label}" has no input ${index}`);
  return found;
}

/** Sizes of a node [rows, columns]. */
export function rowsAndColumns(node: Node): { rows: number; columns: number } {
  const [rows, columns] = node.shape;
  if (rows === undefined || columns === undefined)
    throw new GraphError(`${node.operation.op} "${node.label}" must be a matrix`);
  return { rows, columns };
}

/** heads [rows, 2 latent] */
export function latentSizes(heads: Node): { rows: number; latent: number } {
  const { rows, columns } = rowsAndColumns(heads);
  return { rows, latent: columns / 2 };
}

/** A matmul with an epilogue; `end` holds the tensors that the epilogue binds. */
export function matmulCall(
  node: Node,
  epilogue: EpilogueName,
  end: Record<string, Tensor>,
  context: Context,
  activation: MatmulShape['activation'] = 'identity',
): Dispatch {
  const { transposeA, transposeB } = operationOf(node, 'matmul');
  const [a, b] = [input(node, 0), input(node, 1)];
  const sizes = matmulSizes(a.shape, b.shape, transposeA, transposeB, node.label);
  const shape = { ...sizes, transposeA, transposeB, activation };
  const { tensors } = context;
  return dispatchOf(
    matmul(context.matmulVariant, epilogue),
    shape,
    { a: tensors.of(a), b: tensors.of(b), ...end },
    node.label,
  );
}

export function operationOf<Name extends OpName>(node: Node, name: Name): OperationOf<Name> {
  if (node.operation.op !== name) throw new GraphError(`"${node.label}" is ${node.operation.op}, must be ${name}`);
  return node.operation as OperationOf<Name>;
}

type Lowering = (node: Node, context: Context) => Dispatch | null;

/** One kernel an operation; leaves that hold memory (parameters, inputs) need none. */
const SINGLE: Record<OpName, Lowering> = {
  parameter: () => null,
  input: () => null,
  batch: (node, { tensors }) => {
    const { rows, columns } = rowsAndColumns(node);
    const { shuffle, range } = operationOf(node, 'batch');
    const shape = { rows, pixels: columns, shuffle, range };
    return dispatchOf(
      gather,
      shape,
      { ...tensors.stepState(), images: tensors.images(), x: tensors.of(node) },
      node.label,
    );
  },
  row_weight: (node, { tensors }) =>
    dispatchOf(
      rowWeight,
      { rows: numel(node.shape), term: operationOf(node, 'row_weight').term },
      { ...tensors.stepState(), weight: tensors.of(node) },
      node.label,
    ),
  matmul: (node, context) => matmulCall(node, 'plain', { c: context.tensors.of(node) }, context),
  add_bias: (node, { tensors }) =>
    dispatchOf(
      addBias,
      rowsAndColumns(node),
      { x: tensors.of(input(node, 0)), bias: tensors.of(input(node, 1)), y: tensors.of(node) },
      node.label,
    ),
  add: (node, { tensors }) =>
    dispatchOf(
      add,
      { count: numel(node.shape) },
      { a: tensors.of(input(node, 0)), b: tensors.of(input(node, 1)), y: tensors.of(node) },
      node.label,
    ),
  activation: (node, { tensors }) =>
    dispatchOf(
      activation,
      { count: numel(node.shape), activation: operationOf(node, 'activation').activation },
      { x: tensors.of(input(node, 0)), y: tensors.of(node) },
      node.label,
    ),
  activation_gradient: (node, { tensors }) =>
    dispatchOf(
      activationGradient,
      { count: numel(node.shape), activation: operationOf(node, 'activation_gradient').activation },
      { dy: tensors.of(input(node, 0)), kept: tensors.of(input(node, 1)), dx: tensors.of(node) },
      node.label,
    ),
  sum_rows: (node, { tensors }) =>
    dispatchOf(
      sumRows,
      rowsAndColumns(input(node, 0)),
      { x: tensors.of(input(node, 0)), sum: tensors.of(node) },
      node.label,
    ),
  reparameterize: (node, { tensors }) => {
    const heads = input(node, 0);
    const shape = { ...latentSizes(heads), stream: operationOf(node, 'reparameterize').stream };
    return dispatchOf(
      reparameterize,
      shape,
      { ...tensors.stepState(), heads: tensors.of(heads), z: tensors.of(node) },
      node.label,
    );
  },
  reparameterize_gradient: (node, { tensors }) => {
    const [dz, heads] = [input(node, 0), input(node, 1)];
    const shape = { ...latentSizes(heads), stream: operationOf(node, 'reparameterize_gradient').stream };
    const bound = { ...tensors.stepState(), dz: tensors.of(dz), heads: tensors.of(heads), dheads: tensors.of(node) };
    return dispatchOf(reparameterizeGradient, shape, bound, node.label);
  },
  kl_normal: (node, { tensors }) => {
    const heads = input(node, 0);
    return dispatchOf(klNormal, latentSizes(heads), { heads: tensors.of(heads), kl: tensors.of(node) }, node.label);
  },
  kl_normal_gradient: (node, { tensors }) => {
    const [weight, heads] = [input(node, 0), input(node, 1)];
    const bound = { weight: tensors.of(weight), heads: tensors.of(heads), dheads: tensors.of(node) };
    return dispatchOf(klNormalGradient, latentSizes(heads), bound, node.label);
  },
  bce_with_logits: (node, { tensors }) => {
    const [logits, targets] = [input(node, 0), input(node, 1)];
    const { rows, columns: pixels } = rowsAndColumns(logits);
    const bound = { logits: tensors.of(logits), targets: tensors.of(targets), bce: tensors.of(node) };
    return dispatchOf(bceWithLogits, { rows, pixels }, bound, node.label);
  },
  bce_with_logits_gradient: (node, { tensors }) => {
    const [weight, logits, targets] = [input(node, 0), input(node, 1), input(node, 2)];
    const { rows, columns: pixels } = rowsAndColumns(logits);
    const bound = {
      weight: tensors.of(weight),
      logits: tensors.of(logits),
      targets: tensors.of(targets),
      dlogits: tensors.of(node),
    };
    return dispatchOf(bceWithLogitsGradient, { rows, pixels }, bound, node.label);
  },
  squared_error: (node, { tensors }) => {
    const [y, targets] = [input(node, 0), input(node, 1)];
    const { rows, columns: pixels } = rowsAndColumns(y);
    const bound = { y: tensors.of(y), targets: tensors.of(targets), loss: tensors.of(node) };
    return dispatchOf(squaredError, { rows, pixels }, bound, node.label);
  },
  squared_error_gradient: (node, { tensors }) => {
    const [weight, y, targets] = [input(node, 0), input(node, 1), input(node, 2)];
    const { rows, columns: pixels } = rowsAndColumns(y);
    const bound = { weight: tensors.of(weight), y: tensors.of(y), targets: tensors.of(targets), dy: tensors.of(node) };
    return dispatchOf(squaredErrorGradient, { rows, pixels }, bound, node.label);
  },

  batch_labels: (node, { tensors }) => {
    const { rows, columns: classes } = rowsAndColumns(node);
    const shape = { rows, classes, shuffle: operationOf(node, 'batch_labels').shuffle };
    const bound = { ...tensors.stepState(), labels: tensors.labels(), one_hot: tensors.of(node) };
    return dispatchOf(gatherLabels, shape, bound, node.label);
  },
  corrupt: (node, { tensors }) => {
    const { corruption, range, stream } = operationOf(node, 'corrupt');
    const shape = { count: numel(node.shape), corruption, range, stream };
    const bound = { ...tensors.stepState(), x: tensors.of(input(node, 0)), y: tensors.of(node) };
    return dispatchOf(corrupt, shape, bound, node.label);
  },
  concat: (node, { tensors }) => {
    const [a, b] = [input(node, 0), input(node, 1)];
    const { rows, columns: aColumns } = rowsAndColumns(a);
    const shape = { rows, aColumns, bColumns: rowsAndColumns(b).columns };
    return dispatchOf(concat, shape, { a: tensors.of(a), b: tensors.of(b), y: tensors.of(node) }, node.label);
  },
  slice_columns: (node, { tensors }) => {
    const { from, columns } = operationOf(node, 'slice_columns');
    const { rows, columns: xColumns } = rowsAndColumns(input(node, 0));
    const bound = { x: tensors.of(input(node, 0)), y: tensors.of(node) };
    return dispatchOf(sliceColumns, { rows, from, columns, xColumns }, bound, node.label);
  },

  l1: (node, { tensors }) => {
    const z = input(node, 0);
    return dispatchOf(l1, rowsAndColumns(z), { z: tensors.of(z), loss: tensors.of(node) }, node.label);
  },
  l1_gradient: (node, { tensors }) => {
    const [weight, z] = [input(node, 0), input(node, 1)];
    const bound = { weight: tensors.of(weight), z: tensors.of(z), dz: tensors.of(node) };
    return dispatchOf(l1Gradient, rowsAndColumns(z), bound, node.label);
  },
  batch_mean: (node, { tensors }) => {
    const x = input(node, 0);
    const { progress } = tensors.stepState();
    return dispatchOf(batchMean, rowsAndColumns(x), { x: tensors.of(x), progress, mean: tensors.of(node) }, node.label);
  },
  batch_mean_gradient: (node, { tensors }) => {
    const { progress } = tensors.stepState();
    const bound = { dmean: tensors.of(input(node, 0)), progress, dx: tensors.of(node) };
    return dispatchOf(batchMeanGradient, rowsAndColumns(node), bound, node.label);
  },
  bernoulli_kl: (node, { tensors }) => {
    const rho = input(node, 0);
    const { rows, target } = operationOf(node, 'bernoulli_kl');
    const bound = { rho: tensors.of(rho), loss: tensors.of(node) };
    return dispatchOf(bernoulliKl, { rows, columns: numel(rho.shape), target }, bound, node.label);
  },
  bernoulli_kl_gradient: (node, { tensors }) => {
    const [weight, rho] = [input(node, 0), input(node, 1)];
    const { target } = operationOf(node, 'bernoulli_kl_gradient');
    const shape = { rows: numel(weight.shape), columns: numel(rho.shape), target };
    const bound = { weight: tensors.of(weight), rho: tensors.of(rho), drho: tensors.of(node) };
    return dispatchOf(bernoulliKlGradient, shape, bound, node.label);
  },
};

/**
 * Calls that compute `nodes` (live ones, in graph order), last first matched: a pattern's root is the last of the nodes
 * that it swallows. The calls come in the order of their roots.
 */
export function lower(nodes: Node[], patterns: Pattern[], context: Context): Call[] {
  const done = new Set<Node>();
  const calls: Call[] = [];
  for (const node of nodes.toReversed()) {
    if (done.has(node)) continue;
    const call = firstMatch(patterns, node, context) ?? single(node, context);
    if (!call) continue;
    for (const covered of call.nodes) done.add(covered);
    calls.push(call);
  }
  return calls.reverse();
}

function firstMatch(patterns: Pattern[], node: Node, context: Context): Call | null {
  for (const pattern of patterns) {
    const call = pattern(node, context);
    if (call) return call;
  }
  return null;
}

function single(node: Node, context: Context): Call | null {
  const dispatch = SINGLE[node.operation.op](node, context);
  return dispatch && { dispatch, nodes: [node] };
}
