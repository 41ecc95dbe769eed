// What normalises, lowered: one kernel an operation, two where there are many rows (layers.ts); with an activation in it where
// a pattern has swallowed one (fuse-norm.ts).
import { type Node, numel } from '../../graph/operations/ops.js';
import { rowParts } from '../../kernels/column-blocks.js';
import { sumRows } from '../../kernels/elementwise.js';
import {
  batchMoments,
  batchNormGradient,
  batchStatistics,
  combineMoments,
  groupNormGradient,
  groupStatistics,
  type NormalizedShape,
  normalize,
  normalizeSums,
} from '../../kernels/layers/normalize.js';
import type { Activation } from '../../model/spec.js';
import type { Dispatch } from '../plan.js';
import { type Context, dispatchOf, input, operationOf, rowsAndColumns } from './call.js';

export function batchStatisticsDispatches(node: Node, { tensors }: Context): Dispatch[] {
  const [x, running] = [input(node, 0), tensors.of(input(node, 1))];
  const shape = { ...rowsAndColumns(x), area: operationOf(node, 'batch_statistics').area };
  const { parts: count, part } = rowParts(shape.rows);
  const { progress } = tensors.stepState();
  const end = { progress, statistics: tensors.of(node), running };
  if (count === 1) return [dispatchOf(batchStatistics, shape, { x: tensors.of(x), ...end }, node.label)];
  const parts = tensors.scratch(`${node.label} in parts`, [count, 2, shape.columns]);
  return [
    dispatchOf(batchMoments, { ...shape, part }, { x: tensors.of(x), progress, parts }, node.label),
    dispatchOf(combineMoments, { ...shape, part }, { parts, ...end }, node.label),
  ];
}

/** @param y the node that is written: the norm itself, or the activation after it */
export function normDispatch(node: Node, y: Node, activation: Activation, { tensors }: Context): Dispatch {
  const [x, statistics, affine] = [input(node, 0), input(node, 1), input(node, 2)];
  const bound = {
    x: tensors.of(x),
    statistics: tensors.of(statistics),
    affine: tensors.of(affine),
    y: tensors.of(y),
  };
  return dispatchOf(normalize, { ...normShape(node, x, affine), activation }, bound, node.label);
}

/** @param dy the gradient with respect to the activation's output */
export function normSumsDispatches(node: Node, dy: Node, activation: Activation, { tensors }: Context): Dispatch[] {
  const [x, statistics, affine] = [input(node, 1), input(node, 2), input(node, 3)];
  const shape = { ...normShape(node, x, affine), activation };
  const { parts, part } = rowParts(shape.rows);
  const sums = tensors.of(node);
  const partial = parts === 1 ? sums : tensors.scratch(`${node.label} in parts`, [parts, numel(node.shape)]);
  const { progress } = tensors.stepState();
  const bound = {
    dy: tensors.of(dy),
    x: tensors.of(x),
    statistics: tensors.of(statistics),
    affine: tensors.of(affine),
    progress,
    sums: partial,
  };
  const first = dispatchOf(normalizeSums, { ...shape, part }, bound, node.label);
  if (parts === 1) return [first];
  return [
    first,
    dispatchOf(sumRows, { rows: parts, columns: numel(node.shape) }, { x: partial, sum: sums }, node.label),
  ];
}

/** @param dy as above */
export function batchNormGradientDispatch(
  node: Node,
  dy: Node,
  activation: Activation,
  { tensors }: Context,
): Dispatch {
  const [x, statistics, affine, sums] = [input(node, 1), input(node, 2), input(node, 3), input(node, 4)];
  const { progress } = tensors.stepState();
  const bound = {
    dy: tensors.of(dy),
    x: tensors.of(x),
    statistics: tensors.of(statistics),
    affine: tensors.of(affine),
    sums: tensors.of(sums),
    progress,
    dx: tensors.of(node),
  };
  return dispatchOf(batchNormGradient, { ...normShape(node, x, affine), activation }, bound, node.label);
}

export function groupStatisticsDispatch(node: Node, { tensors }: Context): Dispatch {
  const x = input(node, 0);
  const { area, groups } = operationOf(node, 'group_statistics');
  const shape = { ...rowsAndColumns(x), area, groups };
  return dispatchOf(groupStatistics, shape, { x: tensors.of(x), statistics: tensors.of(node) }, node.label);
}

/** @param dy as above */
export function groupNormGradientDispatch(
  node: Node,
  dy: Node,
  activation: Activation,
  { tensors }: Context,
): Dispatch {
  const [x, statistics, affine] = [input(node, 1), input(node, 2), input(node, 3)];
  const { groups } = operationOf(node, 'group_norm_gradient');
  const bound = {
    dy: tensors.of(dy),
    x: tensors.of(x),
    statistics: tensors.of(statistics),
    affine: tensors.of(affine),
    dx: tensors.of(node),
  };
  return dispatchOf(groupNormGradient, { ...normShape(node, x, affine), groups, activation }, bound, node.label);
}

/** What is normalised together. With a factor for each number of an example, an example is a row. */
function normShape({ operation }: Node, x: Node, affine: Node): Omit<NormalizedShape, 'activation'> {
  const area = 'area' in operation ? operation.area : 1;
  const groups = 'groups' in operation ? operation.groups : 'batch';
  const { rows, columns } = rowsAndColumns(x);
  if (groups === 'batch' || numel(affine.shape) === 2 * columns) return { rows, columns, area, groups };
  return { rows: rows / area, columns: columns * area, area: 1, groups };
}
