// What a graph refuses (src/graph/): operands that do not fit, and gradients that there are none of.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GraphError } from '../../../src/errors.js';
import { addGradients } from '../../../src/graph/grad.js';
import { Graph } from '../../../src/graph/graph.js';
import type { Operation, Shape } from '../../../src/graph/operations/ops.js';
import { LOG_VAR_RANGE } from '../../../src/model/spec.js';
import { parameterNode } from '../../support/oracle/gradcheck.js';

const throwsGraphError = (work: () => unknown, text: RegExp) =>
  assert.throws(work, (error: unknown) => {
    assert.instance(error, GraphError);
    assert.match((error as Error).message, text);
    return true;
  });

const WINDOW = { height: 3, width: 2, kernel: 2, stride: 1, padding: 1 };

const REFUSED: { name: string; operation: Operation; inputs: Shape[]; text: RegExp }[] = [
  {
    name: 'inner axes that differ',
    operation: { op: 'matmul', transposeA: false, transposeB: true },
    inputs: [
      [128, 784],
      [400, 512],
    ],
    text: /^matmul "layer": a \[128, 784\] and b \[400, 512\] transposed: a's inner axis \(784\) must equal b's \(512\)$/,
  },
  {
    name: 'inner axes that differ, a transposed',
    operation: { op: 'matmul', transposeA: true, transposeB: false },
    inputs: [
      [3, 4],
      [4, 3],
    ],
    text: /a \[3, 4\] transposed and b \[4, 3\]: a's inner axis \(3\) must equal b's \(4\)/,
  },
  {
    name: 'a matmul of a vector',
    operation: { op: 'matmul', transposeA: false, transposeB: false },
    inputs: [[3], [3, 4]],
    text: /^matmul "layer": a is \[3\], must be a matrix \[rows, columns\]$/,
  },
  {
    name: 'a bias of another length',
    operation: { op: 'add_bias' },
    inputs: [[3, 4], [3]],
    text: /^add_bias "layer": bias \[3\] must be \[4\], one a column of x$/,
  },
  {
    name: 'a sum of unequal shapes',
    operation: { op: 'add' },
    inputs: [
      [3, 4],
      [4, 3],
    ],
    text: /^add "layer": \[3, 4\] and \[4, 3\] must have one shape$/,
  },
  {
    name: 'heads of odd width',
    operation: { op: 'reparameterize', stream: 'noise', logVarRange: LOG_VAR_RANGE },
    inputs: [[3, 5]],
    text: /^"layer": heads \[3, 5\] must hold mu and log_var, 2 latent columns$/,
  },
  {
    name: 'targets of another shape than the logits',
    operation: { op: 'bce_with_logits' },
    inputs: [
      [3, 4],
      [3, 5],
    ],
    text: /^bce_with_logits "layer": \[3, 4\] and \[3, 5\] must have one shape$/,
  },
  {
    name: 'a feature map whose rows are not whole examples',
    operation: { op: 'batch_statistics', area: 4 },
    inputs: [[10, 3], [6]],
    text: /^batch_statistics "layer": x has 10 rows, must have a multiple of area \(4\), which is a positive integer$/,
  },
  {
    name: 'statistics of a single value',
    operation: { op: 'batch_statistics', area: 1 },
    inputs: [[1, 3], [6]],
    text: /^batch_statistics "layer": x has 1 value a column, must have 2 at least. Use a larger batch$/,
  },
  {
    name: 'running statistics of another width',
    operation: { op: 'batch_statistics', area: 1 },
    inputs: [[4, 3], [3]],
    text: /^batch_statistics "layer": running is \[3\], must be \[6\], two a column of x$/,
  },
  {
    name: 'a norm with statistics of another width',
    operation: { op: 'batch_norm' },
    inputs: [[4, 3], [8], [6]],
    text: /^batch_norm "layer": statistics is \[8\], must be \[6\], two a column of x$/,
  },
  {
    name: 'a norm with an affine of another width',
    operation: { op: 'batch_norm' },
    inputs: [[4, 3], [6], [3]],
    text: /^batch_norm "layer": affine is \[3\], must be \[6\], two a column of x$/,
  },
  ...[1, -0.1, Number.NaN].map((probability) => ({
    name: `dropout of ${probability}`,
    operation: { op: 'dropout', probability, layer: 0 } as const,
    inputs: [[4, 3]],
    text: /^dropout "layer": probability is (1|-0.1|NaN), must be 0 or more and below 1$/,
  })),
  {
    name: 'a map whose rows are not those of its pictures',
    operation: { op: 'max_pool2d', window: WINDOW },
    inputs: [[13, 3]],
    text: /^max_pool2d "layer": x has 13 rows, must have a multiple of its height and width \(3 x 2\)$/,
  },
  {
    name: 'padding beyond half of the kernel',
    operation: { op: 'avg_pool2d', window: { ...WINDOW, padding: 2 } },
    inputs: [[12, 3]],
    text: /^avg_pool2d "layer": padding is 2, must be an integer from 0 to half of the kernel \(1\)$/,
  },
  {
    name: 'a stride of 0',
    operation: { op: 'avg_pool2d', window: { ...WINDOW, stride: 0 } },
    inputs: [[12, 3]],
    text: /^avg_pool2d "layer": kernel 2 and stride 0 must be positive integers$/,
  },
  {
    name: 'a kernel larger than the map',
    operation: { op: 'max_pool2d', window: { ...WINDOW, kernel: 4, padding: 0 } },
    inputs: [[12, 3]],
    text: /^max_pool2d "layer": a kernel of 4 must fit into 3 x 2, padded by 0 on each side$/,
  },
  {
    name: 'half a factor',
    operation: { op: 'upsample', scale: { mode: 'nearest', height: 3, width: 2, factor: 0.5 } },
    inputs: [[12, 3]],
    text: /^upsample "layer": factor is 0.5, must be a positive integer$/,
  },
  {
    name: 'the gradient of a pooled map of another shape',
    operation: { op: 'max_pool2d_gradient', window: WINDOW },
    inputs: [
      [24, 3],
      [12, 2],
    ],
    text: /^max_pool2d_gradient "layer": x is \[12, 2\], must be \[12, 3\] as dy's windows are$/,
  },
  {
    name: 'groups that do not share out the columns',
    operation: { op: 'group_statistics', area: 1, groups: 2 },
    inputs: [[4, 3]],
    text: /^group_statistics "layer": x has 3 columns, must have a multiple of groups \(2\), which is a positive integer$/,
  },
  {
    name: 'statistics of other groups',
    operation: { op: 'group_norm', area: 2, groups: 2 },
    inputs: [[4, 4], [4], [8]],
    text: /^group_norm "layer": statistics is \[4\], must be \[8\], two a group$/,
  },
  {
    name: 'an affine that is neither of the columns nor of the numbers',
    operation: { op: 'group_norm', area: 2, groups: 1 },
    inputs: [[4, 4], [4], [12]],
    text: /^group_norm "layer": affine is \[12\], must be \[8\], two a column of x, or \[16\], two a number of an example$/,
  },
  {
    name: 'a codebook of vectors of another length',
    operation: { op: 'nearest_code' },
    inputs: [
      [6, 4],
      [8, 3],
    ],
    text: /^nearest_code "layer": z has 4 columns and codebook 3, must have as many$/,
  },
  {
    name: 'the nearest of other rows',
    operation: { op: 'take_code' },
    inputs: [[6, 4], [8, 4], [5]],
    text: /^take_code "layer": nearest is \[5\], must be \[6\]$/,
  },
  {
    name: 'counts of rows that are no whole examples',
    operation: { op: 'code_counts', area: 4, codes: 8 },
    inputs: [[6]],
    text: /^code_counts "layer": nearest has 6 rows, must have a multiple of area \(4\), which is a positive integer$/,
  },
  {
    name: 'running sums of another codebook',
    operation: { op: 'update_codebook', area: 1, decay: 0.9 },
    inputs: [[6, 4], [6], [8], [8, 4], [8], [8, 3]],
    text: /^update_codebook "layer": running sums is \[8, 3\], must be \[8, 4\]$/,
  },
  {
    name: 'a leaf without a shape',
    operation: { op: 'input', name: 'x' },
    inputs: [],
    text: /^input "layer" needs an explicit shape$/,
  },
];

for (const { name, operation, inputs, text } of REFUSED)
  test(`refused: ${name}`, () => {
    const graph = new Graph();
    const nodes = inputs.map((shape, i) => graph.append({ op: 'input', name: `${i}` }, [], `${i}`, shape));
    throwsGraphError(() => graph.append(operation, nodes, 'layer'), text);
  });

test('refused: a parameter that does not reach the loss', () => {
  const graph = new Graph();
  const used = parameterNode(graph, 'used', [2, 2]);
  const unused = parameterNode(graph, 'unused', [2, 2]);
  graph.append({ op: 'add' }, [unused, unused], 'dead end');
  const seed = graph.append({ op: 'input', name: 'seed' }, [], 'seed', [2, 2]);
  throwsGraphError(
    () => addGradients(graph, [{ node: used, gradient: seed }], [used, unused]),
    /^parameter "unused" does not reach the loss; remove it or use it$/,
  );
});

test('refused: a node of another graph', () => {
  const [graph, other] = [new Graph(), new Graph()];
  const here = parameterNode(graph, 'here', [2, 2]);
  const there = parameterNode(other, 'there', [2, 2]);
  throwsGraphError(
    () => graph.append({ op: 'add' }, [here, there], 'sum'),
    /^add "sum": input "there" belongs to another graph$/,
  );
});

test('refused: an operation without a gradient rule between a parameter and the loss', () => {
  const graph = new Graph();
  const w = parameterNode(graph, 'w', [2, 2]);
  const total = graph.append({ op: 'sum_rows' }, [w], 'total');
  const seed = graph.append({ op: 'input', name: 'seed' }, [], 'seed', [2]);
  throwsGraphError(
    () => addGradients(graph, [{ node: total, gradient: seed }], [w]),
    /^sum_rows "total" has no gradient rule$/,
  );
});

test('refused: the gradient of a batch norm by running statistics', () => {
  const graph = new Graph();
  const [x, running, affine] = [
    parameterNode(graph, 'x', [4, 3]),
    parameterNode(graph, 'running', [6]),
    parameterNode(graph, 'affine', [6]),
  ];
  const norm = graph.append({ op: 'batch_norm' }, [x, running, affine], 'norm');
  const seed = graph.append({ op: 'input', name: 'seed' }, [], 'seed', [4, 3]);
  throwsGraphError(
    () => addGradients(graph, [{ node: norm, gradient: seed }], [x]),
    /^batch_norm "norm": its statistics are parameter "running", must be batch_statistics of its x to have a gradient$/,
  );
});

test.run();
