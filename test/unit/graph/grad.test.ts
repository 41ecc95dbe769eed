// Gradient rules (src/graph/grad.ts, operations/ops.ts) against central finite differences, in f64 on the host, each rule alone. Put together
// in whole models: grad-models.test.ts. Whether a kernel computes what its rule says is tested elsewhere (test/kernel/, test/train/).
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addGradients } from '../../../src/graph/grad.js';
import { Graph } from '../../../src/graph/graph.js';
import { LAYER_OPS } from '../../../src/graph/operations/layer-ops.js';
import {
  type Append,
  BASIC_OPS,
  type Node,
  numel,
  type Operation,
  type Shape,
  weightShape,
} from '../../../src/graph/operations/ops.js';
import type { Convolution, FeatureMap } from '../../../src/model/convolution.js';
import { ACTIVATIONS, LOG_VAR_RANGE } from '../../../src/model/spec.js';
import { CONVOLUTIONS } from '../../support/kernels/convolutions.js';
import {
  checkSubject,
  type Loss,
  normalValues,
  parameterNode,
  SEED,
  type Subject,
  sum,
} from '../../support/oracle/gradcheck.js';
import { interpret, type Leaves, type Values } from '../../support/oracle/interpret.js';

const WIDE = LOG_VAR_RANGE;
/** About half of the standard normal numbers that the cases are made of lie outside. */
const NARROW = [-0.5, 0.75] as const;

interface OpCase {
  name: string;
  operation: Operation;
  /** Shapes of the inputs that have a gradient. */
  inputs: Shape[];
  /** Shapes of those that have none. */
  data?: Shape[];
  /** Of the operation's inputs among those and these; one after the other if absent. */
  order?: number[];
  /** Inputs are probabilities. */
  between0And1?: boolean;
  /** Rows of the output that are there; the loss has nothing to do with the others. */
  live?: number;
}

const matmul = (transposeA: boolean, transposeB: boolean): OpCase => ({
  name: `matmul${transposeA ? ', a transposed' : ''}${transposeB ? ', b transposed' : ''}`,
  operation: { op: 'matmul', transposeA, transposeB },
  inputs: [transposeA ? [4, 3] : [3, 4], transposeB ? [5, 4] : [4, 5]],
});

const WINDOW = { height: 3, width: 2, kernel: 2, stride: 1, padding: 1 };

const RULES: OpCase[] = [
  matmul(false, false),
  matmul(false, true),
  matmul(true, false),
  matmul(true, true),
  ...(['dilated', 'in two groups', 'output padding'] as const).flatMap((name): OpCase[] => {
    const convolution = CONVOLUTIONS[name] as Convolution;
    const map = ({ height, width, channels }: FeatureMap): Shape => [2 * height * width, channels];
    const weight = weightShape(convolution);
    const [x, y] = [map(convolution.x), map(convolution.y)];
    return [
      { name: `conv2d, ${name}`, operation: { op: 'conv2d', convolution }, inputs: [x, weight] },
      { name: `conv_transpose2d, ${name}`, operation: { op: 'conv_transpose2d', convolution }, inputs: [y, weight] },
    ];
  }),
  { name: 'reshape', operation: { op: 'reshape', shape: [6, 2] }, inputs: [[3, 4]] },
  { name: 'add_bias', operation: { op: 'add_bias' }, inputs: [[3, 4], [4]] },
  {
    name: 'add',
    operation: { op: 'add' },
    inputs: [
      [3, 4],
      [3, 4],
    ],
  },
  ...ACTIVATIONS.map(
    (activation): OpCase => ({ name: activation, operation: { op: 'activation', activation }, inputs: [[3, 4]] }),
  ),
  { name: 'reparameterize', operation: { op: 'reparameterize', stream: 'noise', logVarRange: WIDE }, inputs: [[3, 8]] },
  {
    name: 'reparameterize, evaluation',
    operation: { op: 'reparameterize', stream: 'evaluation', logVarRange: WIDE },
    inputs: [[3, 8]],
  },
  {
    name: 'reparameterize, log_var out of bounds',
    operation: { op: 'reparameterize', stream: 'noise', logVarRange: NARROW },
    inputs: [[3, 8]],
  },
  { name: 'kl_normal', operation: { op: 'kl_normal', logVarRange: WIDE }, inputs: [[3, 8]] },
  { name: 'kl_normal, free bits', operation: { op: 'kl_normal', logVarRange: WIDE, freeBits: 0.4 }, inputs: [[3, 8]] },
  { name: 'log_ratio', operation: { op: 'log_ratio', stream: 'noise', logVarRange: WIDE }, inputs: [[3, 8]] },
  {
    name: 'log_ratio, log_var out of bounds',
    operation: { op: 'log_ratio', stream: 'evaluation', logVarRange: NARROW },
    inputs: [[3, 8]],
  },
  { name: 'repeat_rows', operation: { op: 'repeat_rows', times: 3 }, inputs: [[2, 4]] },
  ...([1, -1] as const).map(
    (sign): OpCase => ({
      name: `sample_mean, sign ${sign}`,
      operation: { op: 'sample_mean', samples: 3, sign },
      inputs: [[6]],
      data: [[6]],
      order: [1, 0],
    }),
  ),
  { name: 'distance', operation: { op: 'distance', wanted: 0.3 }, inputs: [[7]] },
  { name: 'kl_normal, log_var out of bounds', operation: { op: 'kl_normal', logVarRange: NARROW }, inputs: [[3, 8]] },
  { name: 'bce_with_logits', operation: { op: 'bce_with_logits' }, inputs: [[3, 5]], data: [[3, 5]] },
  { name: 'squared_error', operation: { op: 'squared_error' }, inputs: [[3, 5]], data: [[3, 5]] },
  { name: 'gaussian_nll', operation: { op: 'gaussian_nll' }, inputs: [[3, 5], [1]], data: [[3, 5]], order: [0, 2, 1] },
  { name: 'poisson_nll', operation: { op: 'poisson_nll' }, inputs: [[3, 5]], data: [[3, 5]] },
  {
    name: 'concat',
    operation: { op: 'concat' },
    inputs: [
      [3, 4],
      [3, 2],
    ],
  },
  { name: 'l1', operation: { op: 'l1' }, inputs: [[3, 5]] },
  { name: 'batch_mean', operation: { op: 'batch_mean' }, inputs: [[4, 5]] },
  { name: 'batch_norm', operation: { op: 'batch_norm' }, inputs: [[8, 3], [6]], live: 6 },
  { name: 'group_norm', operation: { op: 'group_norm', area: 2, groups: 2 }, inputs: [[8, 4], [8]], live: 6 },
  { name: 'layer_norm', operation: { op: 'group_norm', area: 2, groups: 1 }, inputs: [[8, 3], [12]], live: 6 },
  { name: 'dropout', operation: { op: 'dropout', probability: 0.4, layer: 2 }, inputs: [[5, 7]] },
  { name: 'max_pool2d', operation: { op: 'max_pool2d', window: WINDOW }, inputs: [[12, 3]] },
  { name: 'avg_pool2d', operation: { op: 'avg_pool2d', window: WINDOW }, inputs: [[12, 3]] },
  ...(['nearest', 'bilinear'] as const).map(
    (mode): OpCase => ({
      name: `upsample, ${mode}`,
      operation: { op: 'upsample', scale: { mode, height: 3, width: 2, factor: 2 } },
      inputs: [[12, 2]],
    }),
  ),
  { name: 'bernoulli_kl', operation: { op: 'bernoulli_kl', target: 0.1, rows: 3 }, inputs: [[5]], between0And1: true },
];

/** Of several operations whose rule is one: the first gives what the others take beside x. */
const chainOf = (operation: Operation, append: Append, nodes: Node[], label: string): Node => {
  if (operation.op === 'group_norm') {
    const [x, affine] = nodes as [Node, Node];
    return append(operation, [x, append({ ...operation, op: 'group_statistics' }, [x], label), affine], label);
  }
  if (operation.op !== 'batch_norm') return append(operation, nodes, label);
  const [x, affine] = nodes as [Node, Node];
  const running = append({ op: 'input', name: 'running' }, [], 'running', affine.shape);
  const statistics = append({ op: 'batch_statistics', area: 2 }, [x, running], label);
  return append(operation, [x, statistics, affine], label);
};

/** loss = sum of seed * output, for a fixed random seed: any error of the rule shows in some element. */
function ruleSubject({ name, operation, inputs, data = [], order, between0And1 = false, live }: OpCase): Subject {
  const graph = new Graph();
  const nodes = inputs.map((shape, i) => parameterNode(graph, `x${i}`, shape));
  const fixed = data.map((shape, i) => graph.append({ op: 'input', name: `data${i}` }, [], `data${i}`, shape));
  const both = [...nodes, ...fixed];
  const output = chainOf(operation, graph.append, order?.map((at) => both[at] as Node) ?? both, name);
  const seed = graph.append({ op: 'input', name: 'seed' }, [], 'seed', output.shape);
  const gradients = addGradients(graph, [{ node: output, gradient: seed }], nodes);

  const rowLength = numel(output.shape.slice(1));
  const weights = normalValues(numel(output.shape), 90).map((value, i) =>
    live === undefined || i < live * rowLength ? value : 0,
  );
  const images = { shape: [1, 1], values: new Uint8Array(1) };
  const leaves: Leaves = {
    parameters: new Map(
      inputs.map((shape, i) => [
        `x${i}`,
        normalValues(numel(shape), 91 + i).map((x) => (between0And1 ? 0.1 + 0.8 * (x ** 2 % 1) : x)),
      ]),
    ),
    // Targets between 0 and 1.
    inputs: new Map([
      ['seed', weights],
      ['running', new Float64Array(6)],
      ...data.map((shape, i): [string, Values] => [`data${i}`, normalValues(numel(shape), 95).map((x) => x ** 2 % 1)]),
    ]),
    step: { seed: SEED, step: 3, epoch: 0, start: 0, rows: 3, images, weights: new Map() },
  };
  const values = interpret(graph.nodes, leaves);
  const loss = (all: Map<Node, Values>): Loss => {
    const terms = (all.get(output) ?? new Float64Array()).map((value, i) => value * (weights[i] ?? Number.NaN));
    // Of a divergence of probabilities >= 0.1, f''' / 6 is at most 2 / (6 * 0.1^3) a term: more than the terms themselves.
    const steep = between0And1 ? sum(weights.map(Math.abs)) / (3 * 0.1 ** 3) : 0;
    return { value: sum(terms), absSum: sum(terms.map(Math.abs)) + steep };
  };
  const named = new Map(gradients.map((node, i) => [`x${i}`, values.get(node) ?? new Float64Array()]));
  // The forward half only: what the differences need.
  return { nodes: graph.nodes.slice(0, output.id + 1), leaves, loss, gradients: named };
}

for (const rule of RULES) test(`${rule.name}: the gradient rule`, () => checkSubject(ruleSubject(rule)));

/** Nothing flows back through which vector is nearest: it jumps. */
const JUMPING = ['nearest_code', 'code_counts', 'perplexity'];
/** Its gradient is that of another function (straightened, in grad-models.test.ts). */
const ESTIMATED = ['take_code'];

test('every operation that has a gradient rule is in the table above', () => {
  const withRule = Object.entries({ ...BASIC_OPS, ...LAYER_OPS }).flatMap(([name, row]) =>
    'gradient' in row && row.gradient ? [name] : [],
  );
  const checked = [...new Set(RULES.map(({ operation }) => operation.op)), ...JUMPING, ...ESTIMATED];
  assert.equal(checked.sort(), withRule.sort());
});

// Each has its slope at 0 from PyTorch's backward formulas.
for (const { activation, want } of [
  { activation: 'relu', want: [0, 0, 1, 1] },
  { activation: 'leaky-relu', want: [0.01, 0.01, 1, 1] },
  { activation: 'elu', want: [Math.exp(-1), 1, 1, 1] },
] as const)
  test(`${activation}: the gradient at 0 and on both sides, as in PyTorch`, () => {
    const graph = new Graph();
    const input = parameterNode(graph, 'x', [1, 4]);
    const output = graph.append({ op: 'activation', activation }, [input], activation);
    const seed = graph.append({ op: 'input', name: 'seed' }, [], 'seed', [1, 4]);
    const [gradient] = addGradients(graph, [{ node: output, gradient: seed }], [input]);
    const values = interpret(graph.nodes, {
      parameters: new Map([['x', [-1, 0, 1e-300, 2]]]),
      inputs: new Map([['seed', [5, 5, 5, 5]]]),
    });
    const got = [...((gradient && values.get(gradient)) ?? [])];
    want.forEach((slope, i) => {
      assert.ok(Math.abs((got[i] ?? Number.NaN) - 5 * slope) <= 2 ** -50, `x ${i}: got ${got[i]}, want ${5 * slope}`);
    });
  });

test('a value that is used twice gets the sum of both gradients', () => {
  const graph = new Graph();
  const w = parameterNode(graph, 'w', [2, 2]);
  const product = graph.append({ op: 'matmul', transposeA: false, transposeB: true }, [w, w], 'w w^T');
  const output = graph.append({ op: 'add' }, [product, w], 'sum');
  const seed = graph.append({ op: 'input', name: 'seed' }, [], 'seed', [2, 2]);
  const [gradient] = addGradients(graph, [{ node: output, gradient: seed }], [w]);
  const values = interpret(graph.nodes, {
    parameters: new Map([['w', [1, 2, 3, 4]]]),
    inputs: new Map([['seed', [1, 0, 0, 0]]]),
  });
  // d (w w^T + w)[0, 0] = d (w00^2 + w01^2 + w00)
  assert.equal([...((gradient && values.get(gradient)) ?? [])], [2 * 1 + 1, 2 * 2, 0, 0]);
});

test.run();
