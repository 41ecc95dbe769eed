// Small graphs of operations that no model needs to have: parameters, what is built on them, and what f64 makes of it. Nothing here
// needs a device; kernels/graph-runner.ts runs them on one. Each has five examples or more, the last of which is not there.

import { addGradients } from '../../../src/graph/grad.js';
import { Graph } from '../../../src/graph/graph.js';
import type { ParameterSpec } from '../../../src/graph/layers.js';
import type { MapOperation } from '../../../src/graph/operations/map-operations.js';
import type { Append, Node, Shape } from '../../../src/graph/operations/ops.js';
import type { Activation } from '../../../src/model/spec.js';
import { layoutOf } from '../../../src/plan/layout.js';
import { makePlan } from '../../../src/plan/make.js';
import type { Plan } from '../../../src/plan/plan.js';
import { SEED } from '../kernels/step.js';
import { uniforms } from '../limits/numbers.js';
import { interpret, type Values } from '../oracle/interpret.js';
import { runningUpdates } from '../oracle/interpret-norm.js';
import { provideAllLayers } from './layers.js';

provideAllLayers();

/** A tensor of a network. */
export interface Held {
  shape: Shape;
  values: ArrayLike<number>;
  /** A buffer that the step itself brings up to date. */
  trained?: false;
}

export interface Network {
  /** By names of the form LAYER.TENSOR. */
  parameters: Record<string, Held>;
  /** From the parameters' nodes to the output. */
  build(append: Append, nodes: Record<string, Node>): Node;
  /** d loss / d output */
  seed: ArrayLike<number>;
  /** Examples of the batch that are there. */
  rows: number;
  /** Steps done before; 0 if absent. */
  step?: number;
}

export interface Ran {
  output: ArrayLike<number>;
  /** Of the trained parameters. */
  gradients: Map<string, { values: ArrayLike<number> }>;
  /** The others, after the step. */
  buffers: Map<string, { values: ArrayLike<number> }>;
}

export function graphOf({ parameters, build }: Network) {
  const graph = new Graph();
  const specs = Object.entries(parameters).map(([name, { shape, trained }]): ParameterSpec => {
    const parts = [{ name, rows: shape[0] ?? 1 }];
    return { name, shape, init: { kind: 'uniform', bound: 0 }, parts, ...(trained === false && { trained }) };
  });
  const nodes = Object.fromEntries(
    specs.map(({ name, shape, init, parts }) => [
      name,
      graph.append({ op: 'parameter', name, init, parts }, [], name, shape),
    ]),
  );
  const output = build(graph.append, nodes);
  const trained = specs.flatMap(({ name, trained }) => (trained === false ? [] : [nodes[name] as Node]));
  const seed = graph.append({ op: 'input', name: 'seed' }, [], 'seed', output.shape);
  const gradients = addGradients(graph, [{ node: output, gradient: seed }], trained);
  return { graph, specs, output, trained, gradients };
}

export function planOfNetwork(network: Network, fuse: boolean): Plan {
  const { graph, specs, output, trained, gradients } = graphOf(network);
  const model = { graph, parameters: trained, losses: [], gradients, output };
  const sizes = { layout: layoutOf(specs), rows: network.rows, imageBytes: 4, metricsCapacity: 1 };
  return makePlan('test', model, { ...sizes, choose: () => ({ name: 'tiled' }), fuse, keepGradients: true });
}

/** In f64. */
export function interpretNetwork(network: Network): Ran {
  const { graph, output, trained, gradients } = graphOf(network);
  const { rows, step = 0 } = network;
  const images = { shape: [1, 1], values: new Uint8Array(1) };
  const values = interpret(graph.nodes, {
    parameters: new Map(Object.entries(network.parameters).map(([name, { values: each }]) => [name, each])),
    inputs: new Map([['seed', network.seed]]),
    step: { seed: SEED, step, epoch: 0, start: 0, rows, images, weights: new Map() },
  });
  const valuesOf = (node: Node | undefined): Values => (node && values.get(node)) ?? new Float64Array();
  return {
    output: valuesOf(output),
    gradients: new Map(trained.map(({ label }, i) => [label, { values: valuesOf(gradients[i]) }])),
    buffers: new Map(
      [...runningUpdates(graph.nodes, values, rows)].map(([{ label }, after]) => [label, { values: after }]),
    ),
  };
}

const held = (seed: number, shape: number[], low = -1, high = 1) => ({
  shape,
  values: uniforms(
    seed,
    shape.reduce((a, b) => a * b, 1),
    low,
    high,
  ),
});

export interface MapCase {
  name: string;
  network: Network;
  /** Kernels of the fused plan, without those of FIRST and the optimizer's. */
  fused: string[];
}

const activated = (append: Append, x: Node, activation: Activation) =>
  activation === 'identity' ? x : append({ op: 'activation', activation }, [x], 'norm');

/** Before everything else: dx is then scratch memory, as in a model, and not a parameter's gradient. */
const FIRST = 'softplus';

/** x -> batch_norm -> activation [-> matmul]; the batch is short. */
function batchNorm(activation: Activation, examples: number, area: number, columns: number, units = 0): Network {
  const rows = examples * area;
  return {
    parameters: {
      'x.value': held(1, [rows, columns], 1, 3),
      'norm.affine': held(2, [2 * columns], 0.5, 1.5),
      'norm.running': { ...held(3, [2 * columns], 0, 1), trained: false },
      ...(units && { 'next.weight': held(5, [units, columns]) }),
    },
    build: (append, nodes) => {
      const [value, affine, running] = [nodes['x.value'], nodes['norm.affine'], nodes['norm.running']] as Node[];
      const x = activated(append, value as Node, FIRST);
      const statistics = append({ op: 'batch_statistics', area }, [x, running] as Node[], 'norm');
      const norm = append({ op: 'batch_norm' }, [x, statistics, affine] as Node[], 'norm');
      const y = activated(append, norm, activation);
      const weight = nodes['next.weight'];
      return weight ? append({ op: 'matmul', transposeA: false, transposeB: true }, [y, weight], 'next') : y;
    },
    // What the loss has to do with examples that are not there is nothing.
    seed: uniforms(4, rows * (units || columns)).map((value, i) =>
      i < (examples - 1) * area * (units || columns) ? value : 0,
    ),
    rows: examples - 1,
  };
}

/** x -> group_norm -> activation; the batch is short. @param pairs of the affine */
function groupNorm(activation: Activation, area: number, columns: number, groups: number, pairs: number): Network {
  const rows = 6 * area;
  return {
    parameters: {
      'x.value': held(1, [rows, columns], 1, 3),
      'norm.affine': held(2, [2 * pairs], 0.5, 1.5),
    },
    build: (append, nodes) => {
      const [value, affine] = [nodes['x.value'], nodes['norm.affine']] as [Node, Node];
      const x = activated(append, value, FIRST);
      const statistics = append({ op: 'group_statistics', area, groups }, [x], 'norm');
      return activated(append, append({ op: 'group_norm', area, groups }, [x, statistics, affine], 'norm'), activation);
    },
    seed: uniforms(4, rows * columns).map((value, i) => (i < 5 * area * columns ? value : 0)),
    rows: 5,
  };
}
const GROUP_KERNELS = ['group_statistics', 'normalize', 'normalize_sums', 'group_norm_gradient'];

/** x -> dropout -> tanh -> dropout of another layer; the batch is short. */
const dropped: Network = {
  parameters: { 'x.value': held(1, [7, 9]) },
  build: (append, nodes) => {
    const drop = (x: Node, layer: number) => append({ op: 'dropout', probability: 0.3, layer }, [x], `drop.${layer}`);
    return drop(activated(append, drop(activated(append, nodes['x.value'] as Node, FIRST), 0), 'tanh'), 1);
  },
  seed: uniforms(4, 63).map((value, i) => (i < 54 ? value : 0)),
  rows: 6,
  step: 5,
};

/** x -> one of the operations that make maps smaller or larger -> relu; the batch is short. */
function pooled(operation: MapOperation, height: number, width: number): Network {
  const [examples, channels] = [6, 3];
  const x = held(1, [examples * height * width, channels]);
  return {
    parameters: { 'x.value': x },
    build: (append, nodes) => {
      const y = append(operation, [activated(append, nodes['x.value'] as Node, FIRST)], 'pool');
      return activated(append, y, 'relu');
    },
    seed: uniforms(4, x.values.length * (operation.op === 'upsample' ? 4 : 1 / 4)),
    rows: examples - 1,
  };
}
const WINDOW = { height: 6, width: 4, kernel: 2, stride: 2, padding: 0 };
const SCALE = { mode: 'bilinear', height: 3, width: 5, factor: 2 } as const;

export const CASES: MapCase[] = [
  {
    name: 'batch_norm',
    network: batchNorm('identity', 17, 1, 5),
    fused: ['batch_statistics', 'normalize', 'normalize_sums', 'batch_norm_gradient'],
  },
  {
    name: 'batch_norm, relu',
    network: batchNorm('relu', 9, 6, 17),
    fused: ['batch_statistics', 'normalize', 'normalize_sums', 'batch_norm_gradient'],
  },
  {
    name: 'batch_norm, gelu, in parts',
    network: batchNorm('gelu', 5, 300, 3),
    fused: ['batch_moments', 'combine_moments', 'normalize', 'normalize_sums', 'sum_rows', 'batch_norm_gradient'],
  },
  {
    name: 'batch_norm, silu, matmul',
    network: batchNorm('silu', 17, 1, 12, 7),
    fused: ['batch_statistics', 'normalize', 'matmul', 'matmul', 'matmul', 'normalize_sums', 'batch_norm_gradient'],
  },
  {
    // The matmul's epilogue goes back through the activation.
    name: 'batch_norm, tanh, matmul',
    network: batchNorm('tanh', 17, 1, 12, 7),
    fused: ['batch_statistics', 'normalize', 'matmul', 'matmul', 'matmul', 'normalize_sums', 'batch_norm_gradient'],
  },
  { name: 'group_norm', network: groupNorm('identity', 6, 8, 2, 8), fused: GROUP_KERNELS },
  { name: 'group_norm, relu', network: groupNorm('relu', 6, 8, 2, 8), fused: GROUP_KERNELS },
  { name: 'group_norm, gelu, a factor a number', network: groupNorm('gelu', 6, 4, 1, 24), fused: GROUP_KERNELS },
  {
    name: 'group_norm, tanh, in parts',
    network: groupNorm('tanh', 250, 4, 4, 4),
    fused: [...GROUP_KERNELS, 'sum_rows'],
  },
  { name: 'dropout', network: dropped, fused: [...Array(4).fill('dropout'), 'activation', 'activation_gradient'] },
  ...(['max_pool2d', 'avg_pool2d'] as const).map((op) => ({
    name: op,
    network: pooled({ op, window: WINDOW }, 6, 4),
    fused: [op, 'activation', 'activation_gradient', `${op}_gradient`],
  })),
  {
    name: 'upsample',
    network: pooled({ op: 'upsample', scale: SCALE }, 3, 5),
    fused: ['upsample', 'activation', 'activation_gradient', 'upsample_gradient'],
  },
];
