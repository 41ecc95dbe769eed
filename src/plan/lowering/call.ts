// What lowering works with: a kernel bound to tensors, and questions to graph nodes. Shared by the one-kernel-an-operation
// table (single.ts) and the patterns that fuse (fuse.ts).
import { GraphError } from '../../errors.js';
import { matmulSizes, type Node, numel, type Operation, type OpName } from '../../graph/operations/ops.js';
import type { Kernel } from '../../kernels/kernel.js';
import { variantText } from '../../kernels/matmul/candidates.js';
import { convolutionProducts } from '../../kernels/matmul/convolution-view.js';
import type { Epilogue, EpilogueName } from '../../kernels/matmul/epilogues.js';
import { type MatmulShape, type MatmulVariant, matmulFor } from '../../kernels/matmul/matmul.js';
import type { ProductShape } from '../../kernels/matmul/matmul-variants.js';
import { type OptimizerForm, type StateBuffer, stateBuffers } from '../../kernels/optimizer.js';
import { mayBeHalf, storageParts } from '../../kernels/stored.js';
import { type FeatureMap, sizeOfMap } from '../../model/convolution.js';
import type { Binding, Dispatch, Tensor } from '../plan.js';
import { PRODUCTS } from '../precision.js';
import type { TensorTable } from '../tensors.js';

/** The operation of a node whose name is known. */
export type OperationOf<Name extends OpName> = Extract<Operation, { op: Name }>;

/** Which variant computes a matmul of this shape; each matmul of a plan is asked for by itself. */
export type ChooseMatmul = (shape: MatmulShape) => MatmulVariant;

/** What lowering a node may look at. */
export interface Context {
  tensors: TensorTable;
  choose: ChooseMatmul;
  /** The live nodes that take `node` as an input. */
  consumers(node: Node): Node[];
  /** Whether a fused kernel may swallow `node`: one consumer, and nobody outside asks for it. */
  internal(node: Node): boolean;
  /** Whether nobody but `nodes` themselves needs what they come to, apart from `outputs`. */
  closed(nodes: readonly Node[], outputs: readonly Node[]): boolean;
  /** Of which parameter the node is the gradient, if it is one's. */
  parameterOf(gradient: Node): Node | undefined;
  /** How parameters follow gradients that nobody else needs; absent if gradients must all be there first. */
  optimizer?: OptimizerForm;
}

/** A dispatch and the nodes that it computes. */
export interface Call {
  dispatch: Dispatch;
  nodes: Node[];
  /** Parameters that it updates. */
  updates?: Node[];
}

/** One operation by itself; several dispatches where one cannot bind all that it needs, none where nothing is to be done. */
export type Lowering = (node: Node, context: Context) => Dispatch | Dispatch[] | null;

/** Tries to compute `node`, and others with it, in one dispatch; or in several that follow each other. */
export type Pattern = (node: Node, context: Context) => Call | Call[] | null;

export function dispatchOf<S>(kernel: Kernel<S>, shape: S, tensors: Record<string, Tensor>, label: string): Dispatch {
  const bindings = bindingsOf(kernel, tensors, label);
  const constants = kernel.constants(shape);
  const typeOf = (binding: string) => tensors[binding]?.type ?? 'f32';
  const { sources, aliases, enables } = storageParts(kernel, typeOf);
  // The last source stays the last: it is how an epilogue ends (kernels/matmul/epilogues.ts).
  const [main, ...rest] = kernel.sources;
  return {
    label,
    kernel: kernel.name,
    sources: main ? [main, ...sources, ...rest] : [],
    enables: [...(kernel.enables ?? []), ...enables],
    header: kernel.header ?? {},
    aliases,
    constants,
    sizes: kernel.sizes?.(shape) ?? {},
    bindings,
    grid: kernel.grid(shape),
    workgroup: kernel.workgroup ?? constants.WORKGROUP ?? 1,
    flops: kernel.flops(shape),
    bytes: kernel.bytes?.(shape) ?? bindings.reduce((sum, binding) => sum + traffic(binding), 0),
  };
}

export function bindingsOf<S>(kernel: Kernel<S>, tensors: Record<string, Tensor>, label: string): Binding[] {
  return Object.entries(kernel.bindings).map(([name, access]) => {
    const tensor = tensors[name];
    if (!tensor) throw new GraphError(`kernel ${kernel.name} for "${label}" lacks its tensor "${name}"`);
    if (tensor.type === 'f16' && !mayBeHalf(kernel, name))
      throw new GraphError(
        `kernel ${kernel.name} for "${label}" takes "${name}" as f32; tensor "${tensor.name}" is f16`,
      );
    return { name, access, tensor };
  });
}

/** Read once, written once. */
export const traffic = ({ access, tensor }: Binding): number => tensor.bytes * (access === 'read_write' ? 2 : 1);

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

/** How many examples a feature map is of. */
export const examplesOf = ({ shape }: Node, map: FeatureMap): number => numel(shape) / sizeOfMap(map);

export const isProduct = (node: Node | undefined): node is Node =>
  node !== undefined && PRODUCTS.includes(node.operation.op);

/** Whether a product is a weight's gradient, A being what arrives at the layer's sum: its rows' sums are the bias's. */
export function isWeightGradient(node: Node): boolean {
  const { operation } = node;
  return operation.op === 'conv2d_weight' || (operation.op === 'matmul' && operation.transposeA);
}

function productShape(node: Node): Omit<ProductShape, 'types'> {
  const { operation } = node;
  const [a, b] = [input(node, 0), input(node, 1)];
  switch (operation.op) {
    case 'conv2d':
      return convolutionProducts.get().product('y', operation.convolution, examplesOf(a, operation.convolution.x));
    case 'conv_transpose2d':
      return convolutionProducts.get().product('x', operation.convolution, examplesOf(a, operation.convolution.y));
    case 'conv2d_weight':
      return convolutionProducts.get().product('weight', operation.convolution, examplesOf(a, operation.convolution.y));
    default: {
      const { transposeA, transposeB } = operationOf(node, 'matmul');
      return { ...matmulSizes(a.shape, b.shape, transposeA, transposeB, node.label), transposeA, transposeB };
    }
  }
}

/** A product with an epilogue; `end` holds the tensors that it binds, which may depend on the grid. */
export function productCall(
  node: Node,
  epilogue: EpilogueName | Epilogue,
  end: Record<string, Tensor> | ((workgroups: number) => Record<string, Tensor>),
  context: Context,
  activation: MatmulShape['activation'] = 'identity',
): Dispatch {
  const [a, b] = [input(node, 0), input(node, 1)];
  const { tensors } = context;
  const operands = { a: tensors.operand(a), b: tensors.operand(b) };
  const types = [operands.a.type ?? 'f32', operands.b.type ?? 'f32'] as const;
  const shape = { ...productShape(node), types, activation };
  const variant = context.choose(shape);
  const kernel = matmulFor(shape, variant, epilogue);
  const [x, y, z] = kernel.grid(shape);
  const bound = typeof end === 'function' ? end(x * y * z) : end;
  const dispatch = dispatchOf(kernel, shape, { ...operands, ...bound }, node.label);
  return { ...dispatch, variant: variantText(variant) };
}

/** The parameter and what the optimizer keeps, by the names of its kernels; `tensorIn` finds them in their buffers. */
export function optimizerTensors(
  form: OptimizerForm,
  tensorIn: (buffer: 'parameters' | StateBuffer) => Tensor,
): Record<string, Tensor> {
  const state = stateBuffers(form).map((buffer) => [buffer === 'moment1' ? 'm' : 'v', tensorIn(buffer)]);
  return { w: tensorIn('parameters'), ...Object.fromEntries(state) };
}

export function operationOf<Name extends OpName>(node: Node, name: Name): OperationOf<Name> {
  if (node.operation.op !== name) throw new GraphError(`"${node.label}" is ${node.operation.op}, must be ${name}`);
  return node.operation as OperationOf<Name>;
}
