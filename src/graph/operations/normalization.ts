// The operations that normalise: a batch's columns, an example's groups of columns. Rows of the operations' table
// (table.ts).
import { GraphError } from '../../errors.js';
import type { Normalization } from './map-operations.js';
import type { Node, Operation, OpRow } from './ops.js';
import { at, matrix, type Shape, sameShape, showShape } from './shapes.js';

type Rows = { [Name in Normalization['op']]: OpRow<Extract<Operation, { op: Name }>> };

/** Twice as many numbers as x has columns. */
function checkPairs(shape: Shape, columns: number, what: string): void {
  if (shape.length !== 1 || shape[0] !== 2 * columns)
    throw new GraphError(`${what} is ${showShape(shape)}, must be [${2 * columns}], two a column of x`);
}

/** @returns rows and columns of x, of `area` rows an example */
function examplesOf(x: Shape | undefined, area: number, what: string): [number, number] {
  const [rows, columns] = matrix(x, what);
  if (!Number.isInteger(area) || area < 1 || rows % area)
    throw new GraphError(
      `${what} has ${rows} rows, must have a multiple of area (${area}), which is a positive integer`,
    );
  return [rows, columns];
}

/** The statistics of the batch that the node normalises: gradients go through them. */
function statisticsOf({ inputs, label }: Node): { x: Node; statistics: Node; area: number } {
  const [x, statistics] = [at(inputs, 0), at(inputs, 1)];
  const { operation } = statistics;
  if (operation.op !== 'batch_statistics' || statistics.inputs[0] !== x)
    throw new GraphError(
      `batch_norm "${label}": its statistics are ${operation.op} "${statistics.label}", must be batch_statistics of its x to have a gradient`,
    );
  return { x, statistics, area: operation.area };
}

interface Groups {
  area: number;
  groups: number;
}

/** @returns how many groups the examples of x have together */
function groupsOf(x: Shape | undefined, { area, groups }: Groups, what: string): number {
  const [rows, columns] = examplesOf(x, area, what);
  if (!Number.isInteger(groups) || groups < 1 || columns % groups)
    throw new GraphError(
      `${what} has ${columns} columns, must have a multiple of groups (${groups}), which is a positive integer`,
    );
  return (rows / area) * groups;
}

/** (x, statistics, affine) */
function checkGroups(inputs: Shape[], { area, groups }: Groups, what: string): void {
  const count = groupsOf(inputs[0], { area, groups }, `${what}: x`);
  const [statistics, affine] = [at(inputs, 1), at(inputs, 2)];
  if (statistics.length !== 1 || statistics[0] !== 2 * count)
    throw new GraphError(`${what}: statistics is ${showShape(statistics)}, must be [${2 * count}], two a group`);
  const columns = at(at(inputs, 0), 1);
  const each = groups === 1 && area > 1 ? `, or [${2 * area * columns}], two a number of an example` : '';
  if (affine.length !== 1 || !(affine[0] === 2 * columns || (groups === 1 && affine[0] === 2 * area * columns)))
    throw new GraphError(`${what}: affine is ${showShape(affine)}, must be [${2 * columns}], two a column of x${each}`);
}

export const NORMALIZATIONS: Rows = {
  batch_statistics: {
    shape: (inputs, { area }, label) => {
      const [rows, columns] = examplesOf(inputs[0], area, `batch_statistics "${label}": x`);
      if (rows < 2)
        throw new GraphError(
          `batch_statistics "${label}": x has 1 value a column, must have 2 at least. Use a larger batch`,
        );
      checkPairs(at(inputs, 1), columns, `batch_statistics "${label}": running`);
      return [2 * columns];
    },
  },
  batch_norm: {
    shape: (inputs, _, label) => {
      const [rows, columns] = matrix(inputs[0], `batch_norm "${label}": x`);
      checkPairs(at(inputs, 1), columns, `batch_norm "${label}": statistics`);
      checkPairs(at(inputs, 2), columns, `batch_norm "${label}": affine`);
      return [rows, columns];
    },
    gradient: (node, _, dy, append) => {
      const { x, statistics, area } = statisticsOf(node);
      const affine = at(node.inputs, 2);
      const sums = append({ op: 'batch_norm_sums', area }, [dy, x, statistics, affine], node.label);
      const dx = append({ op: 'batch_norm_gradient', area }, [dy, x, statistics, affine, sums], node.label);
      return [dx, null, sums];
    },
  },
  batch_norm_sums: {
    shape: (inputs, { area }, label) => {
      const what = `batch_norm_sums "${label}"`;
      const [, columns] = examplesOf(sameShape(inputs[0], inputs[1], `${what}: dy and x`), area, `${what}: x`);
      checkPairs(at(inputs, 2), columns, `${what}: statistics`);
      checkPairs(at(inputs, 3), columns, `${what}: affine`);
      return [2 * columns];
    },
  },
  batch_norm_gradient: {
    shape: (inputs, { area }, label) => {
      const what = `batch_norm_gradient "${label}"`;
      const [rows, columns] = examplesOf(sameShape(inputs[0], inputs[1], `${what}: dy and x`), area, `${what}: x`);
      ['statistics', 'affine', 'sums'].forEach((name, i) => {
        checkPairs(at(inputs, 2 + i), columns, `${what}: ${name}`);
      });
      return [rows, columns];
    },
  },

  group_statistics: {
    shape: (inputs, groups, label) => [2 * groupsOf(inputs[0], groups, `group_statistics "${label}": x`)],
  },
  group_norm: {
    shape: (inputs, groups, label) => {
      checkGroups(inputs, groups, `group_norm "${label}"`);
      return at(inputs, 0);
    },
    gradient: (node, { area, groups }, dy, append) => {
      const inputs = [dy, ...node.inputs];
      return [
        append({ op: 'group_norm_gradient', area, groups }, inputs, node.label),
        null,
        append({ op: 'group_norm_sums', area, groups }, inputs, node.label),
      ];
    },
  },
  group_norm_sums: {
    shape: (inputs, groups, label) => {
      const what = `group_norm_sums "${label}"`;
      sameShape(inputs[0], inputs[1], `${what}: dy and x`);
      checkGroups(inputs.slice(1), groups, what);
      return at(inputs, 3);
    },
  },
  group_norm_gradient: {
    shape: (inputs, groups, label) => {
      const what = `group_norm_gradient "${label}"`;
      sameShape(inputs[0], inputs[1], `${what}: dy and x`);
      checkGroups(inputs.slice(1), groups, what);
      return at(inputs, 1);
    },
  },
};
