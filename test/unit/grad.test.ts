// Gradient rules (src/graph/ops.ts, grad.ts) against central finite differences, in f64 on the host: each rule alone, and
// every parameter of a whole model. Then what a graph refuses. Whether a kernel computes what its rule says is tested
// elsewhere (test/kernel/, test/train/).
//
// Step and tolerance. (f(w+h) - f(w-h)) / 2h is off by h^2/6 f''' and by rounding, about u n A / h: f is a sum of terms
// whose absolute values add up to A, each rounded some n times with u = 2^-53. At h = 2^-17 = u^(1/3) both are about
// 1e-11 A. Numbers here are of order one, so f''' is no larger than A, and n = 16 covers the chain of roundings
// (the largest error seen is an eighth of the limit). A difference quotient across a kink has no such bound, one across a jump
// of f'' (ELU's at 0) only h/4 of the jump: the tests check that none is crossed.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Images } from '../../src/data/dataset.js';
import { GraphError } from '../../src/errors.js';
import { type Part, trainingGraph } from '../../src/graph/build.js';
import { addGradients } from '../../src/graph/grad.js';
import { Graph } from '../../src/graph/graph.js';
import { LAYER_OPS } from '../../src/graph/layer-ops.js';
import {
  type Append,
  BASIC_OPS,
  type Node,
  numel,
  type Operation,
  type Shape,
  weightShape,
} from '../../src/graph/ops.js';
import type { Convolution, FeatureMap } from '../../src/model/convolution.js';
import { activationOf } from '../../src/model/layers.js';
import { stacked, vae } from '../../src/model/presets.js';
import { ACTIVATIONS, type Activation, LOG_VAR_RANGE, type ModelSpec } from '../../src/model/spec.js';
import { normalAt } from '../../src/random.js';
import { CONVOLUTIONAL } from '../support/convolution-models.js';
import { CONVOLUTIONS } from '../support/convolutions.js';
import { FAMILY, familyImages } from '../support/family.js';
import { interpret, type Leaves, type Values } from '../support/interpret.js';
import { type Options64, splitParts, stepLeaves } from '../support/train64.js';

const STEP = 2 ** -17;
const ROUNDINGS = 16;
const limitOf = (absSum: number) => STEP ** 2 * absSum + (ROUNDINGS * 2 ** -53 * absSum) / STEP;

interface Loss {
  value: number;
  /** Sum of its terms' absolute values. */
  absSum: number;
}

/** A differentiable function of named values, with its gradient to be checked. */
interface Subject {
  nodes: readonly Node[];
  leaves: Leaves;
  loss(values: Map<Node, Values>): Loss;
  /** By name of a parameter's part. */
  gradients: Map<string, Values>;
}

/** Activations whose slope, or the slope's slope (ELU), jumps at 0; both their sides keep the sign of x. */
const KINKED = new Set<Activation>(['relu', 'leaky-relu', 'elu']);

/** Which of their inputs are positive: the same at w+h and w-h, or a kink lies between. */
function signs(nodes: readonly Node[], values: Map<Node, Values>): string {
  return nodes
    .filter(({ operation }) => operation.op === 'activation' && KINKED.has(operation.activation))
    .map((node) =>
      values
        .get(node)
        ?.map((y) => Number(y > 0))
        .join(''),
    )
    .join(' ');
}

/** The elements whose gradient is not what finite differences give, as text; empty if all agree. */
function gradcheck({ nodes, leaves, loss, gradients }: Subject): string[] {
  const wrong: string[] = [];
  for (const [name, gradient] of gradients) {
    const base = leaves.parameters.get(name) ?? [];
    assert.is(gradient.length, base.length, `${name}: a gradient of the parameter's size`);
    gradient.forEach((got, i) => {
      const moved = (sign: number) => {
        const values = Float64Array.from(base);
        values[i] = (values[i] ?? 0) + sign * STEP;
        const all = interpret(nodes, { ...leaves, parameters: new Map([...leaves.parameters, [name, values]]) });
        return { ...loss(all), signs: signs(nodes, all) };
      };
      const [plus, minus] = [moved(1), moved(-1)];
      assert.is(plus.signs, minus.signs, `${name}[${i}]: no kink between w-h and w+h; choose another seed`);
      const want = (plus.value - minus.value) / (2 * STEP);
      const limit = limitOf(Math.max(plus.absSum, minus.absSum));
      // Written so that NaN is wrong.
      if (!(Math.abs(got - want) <= limit)) wrong.push(`${name}[${i}]: got ${got}, want ${want} +-${limit}`);
    });
  }
  return wrong;
}

/** The check itself, and the control: each gradient alone, scaled by 1.01, must be refused. */
function checkSubject(subject: Subject) {
  assert.equal(gradcheck(subject), []);
  for (const [name, gradient] of subject.gradients) {
    const scaled = new Map([[name, gradient.map((g) => 1.01 * g)]]);
    assert.ok(gradcheck({ ...subject, gradients: scaled }).length > 0, `${name}: a gradient scaled by 1.01 is refused`);
  }
}

// --- each rule alone -----------------------------------------------------------------------------------------------

const SEED = 7;
const normalValues = (count: number, stream: number) =>
  Float64Array.from({ length: count }, (_, i) => normalAt(SEED, stream, 0, i));

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

const parameterNode = (graph: Graph, name: string, shape: Shape): Node =>
  graph.append(
    { op: 'parameter', name, parts: [{ name, rows: shape[0] ?? 1 }], init: { kind: 'uniform', bound: 1 } },
    [],
    name,
    shape,
  );

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

const sum = (values: Values) => values.reduce((total, value) => total + value, 0);

for (const rule of RULES) test(`${rule.name}: the gradient rule`, () => checkSubject(ruleSubject(rule)));

/** Nothing flows back through which vector is nearest: it jumps. */
const JUMPING = ['nearest_code', 'code_counts', 'perplexity'];
/** Its gradient is that of another function (straightened, below). */
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

// --- the whole model -----------------------------------------------------------------------------------------------

const IMAGES = {
  count: 7,
  height: 3,
  width: 3,
  labels: Uint8Array.from([0, 2, 1, 1, 0, 2, 2]),
  pixels: Uint8Array.from({ length: 63 }, (_, i) => Math.floor(((normalAt(SEED, 99, 0, i) / 3) ** 2 % 1) * 256)),
};
/** 7 images of 7x7, for feature maps. */
const MAPS = familyImages(7, 3);

/** Step 5 of training on 7 images, 4 at a time: the third epoch's last batch has 3, and its row 3 is empty. */
function modelSubject(spec: ModelSpec, part: Part = 'whole', images: Images = IMAGES): Subject {
  const options: Options64 = { images, batch: 4, lr: 1e-3, seed: SEED, reduction: 'sum' };
  const { graph, parameters, gradients, losses } = trainingGraph(spec, options.batch, part);
  const step = stepLeaves(losses, options, 5);
  assert.equal([step.epoch, step.start, step.rows], [2, 4, 3]);
  const weights = graph.all('parameter').flatMap((node, n) => {
    const [, columns = node.shape[0] ?? 1] = node.shape;
    return [
      ...splitParts(
        node,
        normalValues(numel(node.shape), 100 + n).map((x) => x / Math.sqrt(columns)),
      ),
    ];
  });
  const leaves: Leaves = { parameters: new Map(weights), step };
  const values = interpret(graph.nodes, leaves);
  const loss = (all: Map<Node, Values>): Loss => {
    const terms = losses.flatMap(({ weight, node }) =>
      [...(all.get(node) ?? [])].slice(0, step.rows).map((value) => weight * value),
    );
    const all64 = Float64Array.from(terms);
    return { value: sum(all64), absSum: sum(all64.map(Math.abs)) };
  };
  const named = parameters.flatMap((node, i) => {
    const gradient = gradients[i];
    return [...splitParts(node, (gradient && values.get(gradient)) ?? new Float64Array())];
  });
  const end = Math.max(...losses.map(({ node }) => node.id));
  return { nodes: graph.nodes.slice(0, end + 1), leaves, loss, gradients: new Map(named) };
}

for (const hidden of [[7, 5], [6], []])
  test(`every parameter of a VAE 9-${hidden.join('-')}-3, short batch`, () => {
    const subject = modelSubject(vae({ pixels: 9, hidden, latent: 3, klWeight: 0.7 }));
    assert.is(subject.gradients.size, 2 * (2 * hidden.length + 3));
    checkSubject(subject);
  });

for (const [name, spec] of Object.entries(FAMILY))
  test(`every parameter of a small ${name}, short batch`, () => {
    const [first = 7, second] = spec.encoder.map((_, i) => 7 - 2 * i);
    const hidden = spec.encoder.map((layer, i) => ({
      units: i === 0 ? first : (second ?? 5),
      activation: activationOf(layer),
    }));
    const decoder = spec.decoder.map((layer, i) => ({
      units: i === spec.decoder.length - 1 ? 9 : (hidden.at(-1 - i)?.units ?? 5),
      activation: activationOf(layer),
    }));
    checkSubject(modelSubject({ ...spec, inputs: 9, encoder: hidden, code: { ...spec.code, units: 3 }, decoder }));
  });

// Each operation's rule is checked above; here that they are put together. The others take minutes.
for (const [name, spec] of Object.entries(CONVOLUTIONAL).filter(([name]) => ['conv-vae', 'batch norm'].includes(name)))
  test(`every parameter of a small ${name}, short batch`, () => checkSubject(modelSubject(spec, 'whole', MAPS)));

/**
 * What the straight-through estimator is the gradient of: the decoder sees z and a distance that is held, and what z is compared
 * with is held.
 */
function straightened(subject: Subject): Subject {
  const { nodes, leaves, loss } = subject;
  const before = interpret(nodes, leaves);
  const taken = nodes.find(({ operation }) => operation.op === 'take_code');
  const [z] = taken?.inputs ?? [];
  if (!taken || !z) throw new Error('nothing is quantised');
  const vectors = before.get(taken) ?? new Float64Array();
  const apart = vectors.map((value, i) => value - (before.get(z)?.[i] ?? Number.NaN));
  const held = (name: string): Node => ({ ...taken, operation: { op: 'input', name }, inputs: [] });
  const [vectorsHeld, apartHeld] = [held('vectors'), held('apart')];
  const seen: Node = { ...taken, operation: { op: 'add' }, inputs: [z, apartHeld] };
  const own = new Map<Node, Node>();
  const straight = nodes.flatMap((node) => {
    if (node === taken) return [vectorsHeld, apartHeld, Object.assign(seen, { inputs: [own.get(z), apartHeld] })];
    const inputs = node.inputs.map((input) =>
      input === taken ? (node.label === 'commitment' ? vectorsHeld : seen) : (own.get(input) as Node),
    );
    const made = { ...node, inputs };
    own.set(node, made);
    return [made];
  });
  return {
    ...subject,
    nodes: straight,
    leaves: { ...leaves, inputs: new Map([...(leaves.inputs ?? []), ['vectors', vectors], ['apart', apart]]) },
    loss: (all) => loss(new Map([...own].map(([node, made]) => [node, all.get(made) ?? new Float64Array()]))),
  };
}

for (const name of ['vq-vae', 'vq-vae without feature maps'])
  test(`every parameter of a small ${name}, short batch: the straight-through estimator and the commitment`, () => {
    const subject = modelSubject(CONVOLUTIONAL[name] as ModelSpec, 'whole', MAPS);
    assert.not.ok([...subject.gradients.keys()].some((parameter) => parameter.startsWith('codebook')));
    checkSubject(straightened(subject));
  });

for (const layer of [0, 1, 2])
  test(`layer ${layer} of a stacked autoencoder: its own parameters and its mirror's, short batch`, () => {
    const spec = stacked({ pixels: 9, hidden: [7, 5], latent: 3 });
    const subject = modelSubject(spec, { layer });
    const mirror = 2 * (2 - layer);
    assert.equal(
      [...subject.gradients.keys()],
      [`encoder.${2 * layer}`, `decoder.${mirror}`].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
    );
    checkSubject(subject);
  });

/** Every activation but those of the VAE above, each between two layers. */
const DEEP: ModelSpec = {
  inputs: 9,
  encoder: (['leaky-relu', 'gelu', 'tanh', 'elu'] as const).map((activation) => ({ units: 4, activation })),
  code: { kind: 'gaussian', units: 3 },
  decoder: [
    ...(['silu', 'softplus', 'sigmoid'] as const).map((activation) => ({ units: 5, activation })),
    { units: 9, activation: 'sigmoid' },
  ],
  loss: { reconstruction: 'bce', klWeight: 0.7 },
};

test('every parameter of a model with all other activations', () => checkSubject(modelSubject(DEEP)));

// --- what a graph refuses ------------------------------------------------------------------------------------------

const throwsGraphError = (work: () => unknown, text: RegExp) =>
  assert.throws(work, (error: unknown) => {
    assert.instance(error, GraphError);
    assert.match((error as Error).message, text);
    return true;
  });

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
    operation: { op: 'reparameterize', stream: 'noise', logVarRange: WIDE },
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
