// What the operations that normalise mean, in f64 (interpret.ts): torch.nn.BatchNorm1d and 2d, LayerNorm and
// GroupNorm.

import type { Normalization } from '../../../src/graph/operations/map-operations.js';
import type { Node } from '../../../src/graph/operations/ops.js';
import type { Call, Rule, Values } from './interpret-types.js';

const EPSILON = 1e-5;
const MOMENTUM = 0.1;

type Rules = { [Name in Normalization['op']]: Rule<Name> };

function given(values: Values | undefined): Values {
  if (!values) throw new Error('the interpreter lacks an input');
  return values;
}

const item = (values: ArrayLike<number>, index: number): number => {
  const value = values[index];
  if (value === undefined) throw new Error(`the interpreter lacks element ${index} of ${values.length}`);
  return value;
};

const columnsOf = (node: Node | undefined): number => item(node?.shape ?? [], 1);

function liveRows({ leaves }: Call, area: number): number {
  if (!leaves.step) throw new Error('the interpreter lacks a step');
  return leaves.step.rows * area;
}

const sum = (count: number, term: (index: number) => number): number => {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
};

const perColumn = (columns: number, value: (column: number) => number): number[] =>
  Array.from({ length: columns }, (_, column) => value(column));

/** x normalised, and the factor that did it, by statistics [2, columns]. */
function normals(x: Values, statistics: Values) {
  const columns = statistics.length / 2;
  const inverse = (column: number) => 1 / Math.sqrt(item(statistics, columns + column) + EPSILON);
  return { inverse, normal: (i: number) => (item(x, i) - item(statistics, i % columns)) * inverse(i % columns) };
}

/** Which group each number of x is in, and which numbers each group has. */
function groupsOf(x: Node | undefined, area: number, groups: number) {
  const [rows, columns] = [item(x?.shape ?? [], 0), columnsOf(x)];
  const group = (i: number) =>
    Math.floor(i / (area * columns)) * groups + Math.floor((i % columns) / (columns / groups));
  const members: number[][] = Array.from({ length: (rows / area) * groups }, () => []);
  for (let i = 0; i < rows * columns; i++) members[group(i)]?.push(i);
  return { group, members };
}

function groupNormals(x: Values, statistics: Values, node: Node | undefined, area: number, groups: number) {
  const { group, members } = groupsOf(node, area, groups);
  const inverse = (i: number) => 1 / Math.sqrt(item(statistics, members.length + group(i)) + EPSILON);
  const normal = (i: number) => (item(x, i) - item(statistics, group(i))) * inverse(i);
  return { group, members, inverse, normal };
}

export const NORMALIZATION_RULES: Rules = {
  batch_statistics: (call, { area }) => {
    const columns = columnsOf(call.node.inputs[0]);
    const live = liveRows(call, area);
    const x = given(call.x[0]);
    const at = (row: number, column: number) => item(x, row * columns + column);
    const means = perColumn(columns, (column) => sum(live, (row) => at(row, column)) / live);
    const variances = perColumn(
      columns,
      (column) => sum(live, (row) => (at(row, column) - item(means, column)) ** 2) / live,
    );
    return Float64Array.from([...means, ...variances]);
  },
  batch_norm: ({ x: inputs }) => {
    const [x, statistics, affine] = [given(inputs[0]), given(inputs[1]), given(inputs[2])];
    const columns = affine.length / 2;
    const { normal } = normals(x, statistics);
    return x.map((_, i) => item(affine, i % columns) * normal(i) + item(affine, columns + (i % columns)));
  },
  batch_norm_sums: (call, { area }) => {
    const [dy, x, statistics] = [given(call.x[0]), given(call.x[1]), given(call.x[2])];
    const columns = statistics.length / 2;
    const live = liveRows(call, area);
    const { normal } = normals(x, statistics);
    const of = (term: (i: number) => number) =>
      perColumn(columns, (column) => sum(live, (row) => term(row * columns + column)));
    return Float64Array.from([...of((i) => item(dy, i) * normal(i)), ...of((i) => item(dy, i))]);
  },
  batch_norm_gradient: (call, { area }) => {
    const [dy, x, statistics, affine] = [given(call.x[0]), given(call.x[1]), given(call.x[2]), given(call.x[3])];
    const sums = given(call.x[4]);
    const columns = statistics.length / 2;
    const live = liveRows(call, area);
    const { normal, inverse } = normals(x, statistics);
    return dy.map((d, i) => {
      const column = i % columns;
      if (i >= live * columns) return 0;
      const mean = (item(sums, columns + column) + normal(i) * item(sums, column)) / live;
      return item(affine, column) * inverse(column) * (d - mean);
    });
  },
  group_statistics: ({ node, x: inputs }, { area, groups }) => {
    const x = given(inputs[0]);
    const { members } = groupsOf(node.inputs[0], area, groups);
    const means = members.map((own) => sum(own.length, (i) => item(x, item(own, i))) / own.length);
    const variances = members.map(
      (own, group) => sum(own.length, (i) => (item(x, item(own, i)) - item(means, group)) ** 2) / own.length,
    );
    return Float64Array.from([...means, ...variances]);
  },
  group_norm: ({ node, x: inputs }, { area, groups }) => {
    const [x, statistics, affine] = [given(inputs[0]), given(inputs[1]), given(inputs[2])];
    const { normal } = groupNormals(x, statistics, node.inputs[0], area, groups);
    const pairs = affine.length / 2;
    return x.map((_, i) => item(affine, i % pairs) * normal(i) + item(affine, pairs + (i % pairs)));
  },
  group_norm_sums: (call, { area, groups }) => {
    const [dy, x, statistics] = [given(call.x[0]), given(call.x[1]), given(call.x[2])];
    const { normal } = groupNormals(x, statistics, call.node.inputs[1], area, groups);
    const sums = new Float64Array(item(call.node.shape, 0));
    const pairs = sums.length / 2;
    // Of a factor a channel, every pair is one of a row; of one a number, one of an example.
    for (let i = 0; i < liveRows(call, area) * columnsOf(call.node.inputs[1]); i++) {
      sums[i % pairs] = item(sums, i % pairs) + item(dy, i) * normal(i);
      sums[pairs + (i % pairs)] = item(sums, pairs + (i % pairs)) + item(dy, i);
    }
    return sums;
  },
  group_norm_gradient: ({ node, x: inputs }, { area, groups }) => {
    const [dy, x, statistics, affine] = [given(inputs[0]), given(inputs[1]), given(inputs[2]), given(inputs[3])];
    const { normal, inverse, group, members } = groupNormals(x, statistics, node, area, groups);
    const pairs = affine.length / 2;
    const scaled = dy.map((d, i) => d * item(affine, i % pairs));
    const means = members.map((own) => ({
      plain: sum(own.length, (i) => item(scaled, item(own, i))) / own.length,
      normal: sum(own.length, (i) => item(scaled, item(own, i)) * normal(item(own, i))) / own.length,
    }));
    return scaled.map((d, i) => {
      const { plain = 0, normal: weighed = 0 } = means[group(i)] ?? {};
      return inverse(i) * (d - plain - normal(i) * weighed);
    });
  },
};

/** What a step of `examples` examples makes of the running statistics, by their parameters. */
export function runningUpdates(
  nodes: readonly Node[],
  values: ReadonlyMap<Node, Values>,
  examples: number,
): Map<Node, Values> {
  return new Map(
    nodes.flatMap((node): [Node, Values][] => {
      const [, running] = node.inputs;
      if (node.operation.op !== 'batch_statistics' || !running) return [];
      const after = runningAfter(given(values.get(running)), given(values.get(node)), examples * node.operation.area);
      return [[running, after]];
    }),
  );
}

/** What a step makes of running statistics [2, columns], from those of a batch of `count` rows; a single row changes nothing. */
export function runningAfter(running: ArrayLike<number>, statistics: ArrayLike<number>, count: number): Values {
  const columns = running.length / 2;
  const unbiased = count / (count - 1);
  return Float64Array.from(running, (before, i) => {
    if (count < 2) return before;
    return (1 - MOMENTUM) * before + MOMENTUM * item(statistics, i) * (i < columns ? 1 : unbiased);
  });
}
