// What lowering works with: a kernel bound to tensors, and questions to graph nodes. Shared by the one-kernel-an-operation
// table (single.ts) and the patterns that fuse (fuse.ts).
import { GraphError } from '../errors.js';
import { matmulSizes, type Node, type Operation, type OpName } from '../graph/ops.js';
import type { Kernel } from '../kernels/kernel.js';
import { type EpilogueName, type MatmulShape, type MatmulVariant, matmul } from '../kernels/matmul.js';
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
