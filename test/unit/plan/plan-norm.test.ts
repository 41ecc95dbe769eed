// Plans of a model with batch normalisation: the running statistics are brought up to date once a step and by nobody else, no
// optimizer touches them, evaluation reads them, and what must hold of any plan holds.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ModelGraph } from '../../../src/graph/build.js';
import { addGradients } from '../../../src/graph/grad.js';
import { Graph } from '../../../src/graph/graph.js';
import type { ParameterSpec } from '../../../src/graph/layers.js';
import type { Node, Shape } from '../../../src/graph/operations/ops.js';
import { stripGrid, stripRows } from '../../../src/kernels/column-blocks.js';
import { MAX_GROUPS } from '../../../src/kernels/kernel.js';
import type { OptimizerForm } from '../../../src/kernels/optimizer.js';
import type { NumberType } from '../../../src/kernels/stored.js';
import { layoutOf } from '../../../src/plan/layout.js';
import { makePlan } from '../../../src/plan/make.js';
import type { Binding, Plan } from '../../../src/plan/plan.js';
import { planFaults } from '../../support/models/plans.js';

const [ROWS, PIXELS, UNITS] = [32, 20, 12];

const parameter = (name: string, shape: Shape, parts = [name], trained = true): ParameterSpec => ({
  name,
  shape,
  init: { kind: 'uniform', bound: 0 },
  parts: parts.map((each) => ({ name: each, rows: (shape[0] ?? 0) / parts.length })),
  ...(!trained && { trained }),
});
const PARAMETERS = [
  parameter('encoder.0.weight', [UNITS, PIXELS]),
  parameter('encoder.0.bias', [UNITS]),
  parameter('encoder.1.affine', [2 * UNITS], ['encoder.1.weight', 'encoder.1.bias']),
  parameter('encoder.1.running', [2 * UNITS], ['encoder.1.running_mean', 'encoder.1.running_var'], false),
  parameter('decoder.0.weight', [PIXELS, UNITS]),
  parameter('decoder.0.bias', [PIXELS]),
];
const RUNNING = layoutOf(PARAMETERS).entries.find(({ parameter: { trained } }) => trained === false);

/** images -> dense -> batch_norm -> relu -> dense -> squared error */
function modelOf(training: boolean): ModelGraph {
  const graph = new Graph();
  const { append } = graph;
  const nodes = new Map(
    PARAMETERS.map(({ name, shape, init, parts }) => [
      name,
      append({ op: 'parameter', name, init, parts }, [], name, shape),
    ]),
  );
  const get = (name: string) => nodes.get(name) as Node;
  const dense = (x: Node, label: string) => {
    const product = append({ op: 'matmul', transposeA: false, transposeB: true }, [x, get(`${label}.weight`)], label);
    return append({ op: 'add_bias' }, [product, get(`${label}.bias`)], label);
  };
  const images = append({ op: 'batch', shuffle: training, range: '0..1' }, [], 'batch', [ROWS, PIXELS]);
  const x = dense(images, 'encoder.0');
  const [affine, running] = [get('encoder.1.affine'), get('encoder.1.running')];
  const statistics = training ? append({ op: 'batch_statistics', area: 1 }, [x, running], 'encoder.1') : running;
  const norm = append({ op: 'batch_norm' }, [x, statistics, affine], 'encoder.1');
  const code = append({ op: 'activation', activation: 'relu' }, [norm], 'encoder.1');
  const loss = append({ op: 'squared_error' }, [dense(code, 'decoder.0'), images], 'mse');
  const losses = [{ term: 'mse' as const, weight: 1, node: loss }];
  const parameters = PARAMETERS.flatMap(({ name, trained }) => (trained === false ? [] : [get(name)]));
  if (!training) return { graph, parameters, losses, gradients: [], output: null };
  const gradient = append({ op: 'row_weight', term: 'mse' }, [], 'mse', loss.shape);
  return {
    graph,
    parameters,
    losses,
    gradients: addGradients(graph, [{ node: loss, gradient }], parameters),
    output: null,
  };
}

interface Variant {
  fuse: boolean;
  optimizer?: OptimizerForm;
  precision?: NumberType;
  keepGradients?: boolean;
}

const planOf = (training: boolean, variant: Variant): Plan =>
  makePlan('test', modelOf(training), {
    layout: layoutOf(PARAMETERS),
    rows: ROWS,
    imageBytes: 1000,
    metricsCapacity: 16,
    choose: () => ({ name: 'tiled' }),
    ...variant,
  });

/** Whether a binding has a byte of the running statistics. */
function hasRunning({ tensor: { place, bytes } }: Binding, resources: string[]): boolean {
  if (!RUNNING || place.kind !== 'resource' || !resources.includes(place.resource)) return false;
  return place.offset < RUNNING.offset + RUNNING.bytes && RUNNING.offset < place.offset + bytes;
}

const CLIPPED: OptimizerForm = { kind: 'adamw', momentum: false, nesterov: false, weightDecay: true, clip: true };
const VARIANTS: [string, Variant][] = [false, true].flatMap((fuse): [string, Variant][] => [
  [`fuse ${fuse}`, { fuse }],
  [`fuse ${fuse}, weight decay and clipping`, { fuse, optimizer: CLIPPED }],
  [`fuse ${fuse}, f16`, { fuse, precision: 'f16' }],
  [`fuse ${fuse}, gradients kept`, { fuse, keepGradients: true }],
]);

for (const [name, variant] of VARIANTS) {
  test(`${name}: a training step updates the running statistics once, and the optimizer leaves them alone`, () => {
    const plan = planOf(true, variant);
    assert.equal(planFaults(plan), []);
    const touching = plan.dispatches.flatMap(({ kernel, bindings }) =>
      bindings
        .filter((each) => hasRunning(each, ['parameters', 'moment1', 'moment2']))
        .map(({ access }) => [kernel, access]),
    );
    assert.equal(touching, [['batch_statistics', 'read_write']]);
  });

  test(`${name}: an evaluation reads the running statistics and has none of its own`, () => {
    const plan = planOf(false, { ...variant, precision: 'f32' });
    assert.equal(planFaults(plan), []);
    const touching = plan.dispatches.flatMap(({ kernel, bindings }) =>
      bindings.filter((each) => hasRunning(each, ['parameters'])).map(({ access }) => [kernel, access]),
    );
    assert.equal(touching, [['normalize', 'read']]);
  });
}

test('fused, the norm is four dispatches: statistics, norm with its activation, sums, dx', () => {
  const of = (fuse: boolean) =>
    planOf(true, { fuse })
      .dispatches.filter(({ label, kernel }) => label === 'encoder.1' && !kernel.startsWith('adam'))
      .map(({ kernel }) => kernel);
  assert.equal(of(true), ['batch_statistics', 'normalize', 'normalize_sums', 'batch_norm_gradient']);
  assert.is(of(false).length, 6);
});

test('f16: what a matmul reads of a norm is f16', () => {
  const [normalize] = planOf(true, { fuse: true, precision: 'f16' }).dispatches.filter((d) => d.kernel === 'normalize');
  assert.is(normalize?.bindings.find(({ name }) => name === 'y')?.tensor.type, 'f16');
  assert.equal(normalize?.enables, ['f16']);
});

test('strips of rows: whole turns of a workgroup, and no more strips than a dispatch has workgroups', () => {
  for (const [rows, columns] of [
    [1, 1],
    [25_088, 32],
    [3_211_264, 17],
    [50_000_000, 64],
  ] as const) {
    const grid = stripGrid(rows, columns);
    const part = stripRows(rows, columns);
    assert.ok(grid[1] <= MAX_GROUPS && grid[1] * part >= rows && (grid[1] - 1) * part < rows, `${rows}x${columns}`);
  }
});

test.run();
