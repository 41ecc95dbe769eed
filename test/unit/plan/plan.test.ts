// Plans as a whole (src/plan/): what one training step of the seed model comes to, and what must hold of the plan of any
// model, fused or not. That a plan computes the right numbers is tested in test/train/.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decoderGraph, encoderGraph, evaluationGraph, trainingGraph } from '../../../src/graph/build.js';
import { parameterSpecs } from '../../../src/graph/layers.js';
import type { Access } from '../../../src/kernels/kernel.js';
import type { MatmulVariant } from '../../../src/kernels/matmul/matmul.js';
import { type OptimizerForm, stateBuffers } from '../../../src/kernels/optimizer.js';
import { conditionalVae, stacked, vae } from '../../../src/model/presets.js';
import { ACTIVATIONS, type Activation, type ModelSpec } from '../../../src/model/spec.js';
import { weightCheckPlan } from '../../../src/plan/check.js';
import { footprint } from '../../../src/plan/footprint.js';
import { layoutOf } from '../../../src/plan/layout.js';
import { type Dispatch, type Plan, type Resource, type Tensor, uses } from '../../../src/plan/plan.js';
import { printPlan } from '../../../src/plan/print.js';
import { schedule } from '../../../src/plan/schedule.js';
import { type PlanVariant, planFaults, planOf, trainingPlan, uncoveredParameters } from '../../support/models/plans.js';

const SEED_MODEL = vae();
const BATCH = 128;
const FUSED = trainingPlan(SEED_MODEL, BATCH, { fuse: true });
const UNFUSED = trainingPlan(SEED_MODEL, BATCH, { fuse: false });

const kernels = (plan: Plan, name: RegExp) => plan.dispatches.filter(({ kernel }) => name.test(kernel));
const flops = (plan: Plan, name = /./) => kernels(plan, name).reduce((sum, dispatch) => sum + dispatch.flops, 0);

const KEPT = trainingPlan(SEED_MODEL, BATCH, { fuse: true, keepGradients: true });

test('gradients that are kept cost a dispatch a layer, the pass of the optimizer over them', () => {
  assert.is(KEPT.dispatches.length, FUSED.dispatches.length + 6);
  assert.equal(planFaults(KEPT), []);
  assert.equal(uncoveredParameters(KEPT, SEED_MODEL, { kept: true }), []);
  assert.ok(uses(KEPT, 'gradients') && !uses(FUSED, 'gradients'));
});

test('unfused, each operation has its own dispatch', () => {
  const { graph } = trainingGraph(SEED_MODEL, BATCH);
  const operations = graph.nodes.filter(({ operation }) => !['parameter', 'input'].includes(operation.op)).length;
  const dead = 1; // the images' gradient
  const adam = 12;
  const finish = 1;
  assert.is(UNFUSED.dispatches.length, operations - dead + adam + finish);
});

// Linear layers of the seed model: [inputs, units]; the two heads are one layer.
const LAYERS = [
  [784, 512],
  [512, 256],
  [256, 128],
  [64, 256],
  [256, 512],
  [512, 784],
] as const;
const PRODUCT = LAYERS.reduce((sum, [inputs, units]) => sum + 2 * BATCH * inputs * units, 0);
/** Forward, dW, and dX of all layers but the first: nobody asks for the gradient of the images. */
const MATMUL_FLOPS = 3 * PRODUCT - 2 * BATCH * 784 * 512;

test('the images get no gradient: what nobody asks for is not computed', () => {
  for (const plan of [FUSED, UNFUSED]) {
    const matmuls = kernels(plan, /^matmul/);
    assert.is(matmuls.length, 3 * LAYERS.length - 1);
    const products = matmuls.flatMap(({ bindings }) => bindings.filter(({ access }) => access === 'write'));
    const ofImages = products.filter(({ tensor }) => tensor.shape.join() === '128,784');
    assert.is(ofImages.length, 1, 'one product alone, of the last layer, has the size of the images');
  }
});

test('floating point operations are 2 m n k a matmul, and what its epilogue adds', () => {
  assert.is(flops(UNFUSED, /^matmul/), MATMUL_FLOPS);
  // For each output of a layer one addition of its bias and one to its bias's gradient; for each hidden one the activation
  // and its slope.
  const outputs = LAYERS.reduce((sum, [, units]) => sum + BATCH * units, 0);
  const hiddenUnits = 512 + 256 + 256 + 512;
  // Of each pixel the loss and its gradient, of each dimension of the code what plan-costs.test.ts counts; Adam; the sums.
  const losses = BATCH * 784 * 12 + BATCH * 64 * (10 + 14);
  const adam = 13 * 1_116_560;
  assert.is(flops(KEPT, /^adam/), adam);
  assert.is(flops(UNFUSED, /^adam/), adam, 'gaps between parameters are not counted');
  // Two kinds of parts, one a workgroup, are added up at the end.
  const parts = kernels(FUSED, /sampled_heads|with_gradient/).reduce((sum, { grid }) => sum + grid[0] * grid[1], 0);
  assert.is(flops(FUSED, /^matmul/), MATMUL_FLOPS + 2 * outputs + 2 * BATCH * hiddenUnits + losses + adam + parts);
  assert.is(flops(FUSED) - parts, flops(UNFUSED) - 2 * BATCH, 'fusing spares memory traffic, not arithmetic');
});

test('bytes of a dispatch: each tensor once, of the dataset only what is picked', () => {
  const [first] = kernels(FUSED, /^matmul/);
  const x = 128 * 784;
  const [w, b, y] = [512 * 784, 512, 128 * 512];
  assert.is(first?.bytes, 4 * (x + w + b + y));
  // Of the resident dataset only the batch counts: a byte in, a float out.
  assert.is(kernels(FUSED, /^gather/)[0]?.bytes, x * 5);
});

test('a layer that is trained alone: nothing else is updated', () => {
  const spec = stacked();
  const model = trainingGraph(spec, BATCH, { layer: 1 });
  for (const fuse of [true, false]) {
    const { dispatches } = planOf(spec, model, BATCH, { fuse });
    const updated = dispatches.flatMap(({ bindings }) => bindings.filter(({ name }) => name === 'w'));
    // Fused, a layer's weight and bias together, by the name of the weight.
    const names = model.parameters.map(({ label }) => label).filter((name) => !fuse || name.endsWith('weight'));
    assert.equal(updated.map(({ tensor }) => tensor.name).sort(), names.sort());
  }
});

test('an update waits for everything that reads the old values, wherever it is listed', () => {
  const at = (resource: Resource): Tensor => ({
    name: resource,
    shape: [1],
    bytes: 4,
    place: { kind: 'resource', resource, offset: 0 },
  });
  const doing = (label: string, bindings: [Access, Resource][]): Dispatch => ({
    ...(FUSED.dispatches[0] as Dispatch),
    label,
    bindings: bindings.map(([access, resource]) => ({ name: resource, access, tensor: at(resource) })),
  });
  const listed = [
    doing('reader', [
      ['read', 'parameters'],
      ['read', 'input'],
    ]),
    doing('update', [['read_write', 'parameters']]),
    doing('writer', [['write', 'input']]),
  ];
  assert.equal(
    schedule(listed).map(({ label }) => label),
    ['writer', 'reader', 'update'],
  );
});

test('what the host asks for is written, though a layer could swallow it', () => {
  const model = decoderGraph(SEED_MODEL, BATCH);
  const product = model.graph.nodes.findLast(({ operation }) => operation.op === 'matmul');
  assert.ok(product && model.output);
  const asked = { ...model, output: product, losses: [{ term: 'l1' as const, weight: 1, node: model.output }] };
  const plan = planOf(SEED_MODEL, asked, BATCH, { fuse: true });
  const written = plan.dispatches.flatMap(({ bindings }) => bindings.filter(({ access }) => access === 'write'));
  assert.ok(written.some(({ tensor: { place } }) => place.kind === 'resource' && place.resource === 'output'));
});

test('no binding of a fused step spans more than a layer: what a device binds bounds a layer, not the model', () => {
  const largest = Math.max(...layoutOf(parameterSpecs(SEED_MODEL)).segments.map(({ bytes }) => bytes));
  for (const plan of [FUSED, planOf(SEED_MODEL, evaluationGraph(SEED_MODEL, BATCH), BATCH, { fuse: true })])
    for (const { label, bindings } of plan.dispatches)
      for (const { name, tensor } of bindings)
        if (tensor.place.kind === 'resource' && tensor.place.resource !== 'images')
          assert.ok(tensor.bytes <= largest, `${label}: ${name} has ${tensor.bytes} bytes`);
});

test('weights that are not finite are counted in all parameters', () => {
  const layout = layoutOf(parameterSpecs(SEED_MODEL));
  const checked = weightCheckPlan(layout).dispatches.map(({ sizes, bindings: [values] }) => {
    assert.is(values?.tensor.bytes, 4 * (sizes.count ?? 0));
    return { place: values?.tensor.place, bytes: values?.tensor.bytes };
  });
  const want = layout.segments.map(({ offset, bytes }, segment) => ({
    place: { kind: 'resource', resource: 'parameters', offset, segment },
    bytes,
  }));
  assert.equal(checked, want);
});

test('a layer writes what goes into its activation only where a gradient will ask for it', () => {
  const forward = (activation: Activation, graphOf: typeof trainingGraph) => {
    const spec: ModelSpec = { ...SEED_MODEL, encoder: [{ units: 512, activation }] };
    const plan = planOf(spec, graphOf(spec, BATCH), BATCH, { fuse: true });
    const layer = kernels(plan, /bias_activation/).find(({ label }) => label === 'encoder.0');
    const writes = layer?.bindings.filter(({ access }) => access === 'write').map(({ name }) => name);
    return [layer?.kernel.replace('matmul_tiled+', ''), ...(writes ?? [])];
  };
  for (const activation of ['gelu', 'silu'] as const)
    assert.equal(forward(activation, trainingGraph), ['bias_activation_keep', 'x', 'y'], activation);
  for (const activation of ['relu', 'sigmoid', 'leaky-relu', 'elu', 'softplus', 'tanh'] as const)
    assert.equal(forward(activation, trainingGraph), ['bias_activation', 'y'], activation);
  assert.equal(forward('gelu', evaluationGraph), ['bias_activation', 'y'], 'no gradient, nothing kept');
});

test('evaluation takes the images in their order, with noise of its own', () => {
  const { nodes } = evaluationGraph(SEED_MODEL, BATCH).graph;
  const random = nodes.flatMap(({ operation }): unknown[] =>
    operation.op === 'batch' ? [operation.shuffle] : operation.op === 'reparameterize' ? [operation.stream] : [],
  );
  assert.equal(random, [false, 'evaluation']);
});

// --- what holds of every plan ----------------------------------------------------------------------------------------

const MATMULS: MatmulVariant[] = [{ name: 'tiled' }, { name: 'registers', lanes: 8 }, { name: 'subgroups', lanes: 4 }];

function graphsOf(spec: ModelSpec, rows: number): Record<string, Plan> {
  const variants = [true, false].flatMap((fuse): PlanVariant[] => [
    ...MATMULS.map((matmulVariant) => ({ fuse, matmulVariant })),
    { fuse, precision: 'f16' },
  ]);
  return Object.fromEntries(
    variants.flatMap((variant) => {
      const name = `${variant.fuse ? 'fused' : 'unfused'} ${variant.precision ?? variant.matmulVariant?.name}`;
      return [
        [`${name} training`, trainingPlan(spec, rows, variant)],
        [`${name} evaluation`, planOf(spec, evaluationGraph(spec, rows), rows, variant)],
        [`${name} encoder`, planOf(spec, encoderGraph(spec, rows), rows, variant)],
        [`${name} decoder`, planOf(spec, decoderGraph(spec, rows), rows, variant)],
      ];
    }),
  );
}

/** Whatever the plan is for, each tensor is written before it is read, nothing is overwritten that is still needed, ... */
function checkPlans(spec: ModelSpec, rows: number) {
  for (const [name, plan] of Object.entries(graphsOf(spec, rows))) {
    assert.equal(planFaults(plan), [], `${name} of ${JSON.stringify(spec)}`);
    if (name.endsWith('training'))
      assert.equal(uncoveredParameters(plan, spec), [], `${name}: every parameter is trained`);
    else
      assert.not(
        plan.dispatches.some(({ bindings }) => bindings.some(({ name }) => name === 'w')),
        `${name} changes no parameter`,
      );
  }
}

test('the seed model: data flow and memory of every plan', () => checkPlans(SEED_MODEL, BATCH));

test('any model and batch: data flow and memory of every plan', () => {
  const size = fc.integer({ min: 1, max: 90 });
  const dense = fc.record({ units: size, activation: fc.constantFrom(...ACTIVATIONS) });
  const spec = fc
    .record({
      inputs: size,
      encoder: fc.array(dense, { maxLength: 3 }),
      code: size,
      decoder: fc.array(dense, { maxLength: 3 }),
    })
    .map(
      ({ inputs, encoder, code, decoder }): ModelSpec => ({
        inputs,
        encoder,
        code: { kind: 'gaussian', units: code },
        decoder: [...decoder, { units: inputs, activation: 'sigmoid' }],
        loss: { reconstruction: 'bce', klWeight: 1 },
      }),
    );
  fc.assert(fc.property(spec, size, checkPlans), { seed: 1, numRuns: 40 });
});

test('the check itself: a plan whose dispatches are in another order has faults', () => {
  for (const plan of [FUSED, UNFUSED])
    plan.dispatches.slice(1).forEach((dispatch, i) => {
      // Every dispatch depends on an earlier one, so none may be the first (but those that only read the step's counters).
      const moved = [dispatch, ...plan.dispatches.filter((other) => other !== dispatch)];
      if (dispatch.kernel === 'row_weight') return;
      assert.ok(
        planFaults({ ...plan, dispatches: moved }).length > 0,
        `dispatch ${i + 1} (${dispatch.kernel}) moved to the front`,
      );
    });
});

test('the check itself: two tensors alive at the same time in one slot are a fault', () => {
  const plan = trainingPlan(SEED_MODEL, BATCH, { fuse: true });
  for (const { bindings } of plan.dispatches)
    for (const { tensor } of bindings) if (tensor.place.kind === 'scratch') tensor.place = { kind: 'scratch', slot: 0 };
  assert.ok(planFaults({ ...plan, scratch: [2 ** 30] }).length > 10);
});

test('scratch memory of the seed model is no more than what is alive at once needs', () => {
  // All activations of the forward pass are needed by the backward pass; little else is.
  const forward = 4 * BATCH * (784 + 512 + 256 + 128 + 64 + 256 + 512 + 784);
  const bytes = FUSED.scratch.reduce((sum, slot) => sum + slot, 0);
  assert.ok(bytes < 1.5 * forward, `${bytes} bytes of scratch, activations are ${forward}`);
});

// --- optimizers --------------------------------------------------------------------------------------------------------

const NO_PARTS = { momentum: false, nesterov: false, weightDecay: false, clip: false };
const FORMS: OptimizerForm[] = [
  { ...NO_PARTS, kind: 'adamw', weightDecay: true, clip: true },
  { ...NO_PARTS, kind: 'sgd' },
  { ...NO_PARTS, kind: 'sgd', momentum: true, nesterov: true, clip: true },
  { ...NO_PARTS, kind: 'rmsprop', weightDecay: true },
  { ...NO_PARTS, kind: 'rmsprop', momentum: true },
];

for (const optimizer of FORMS)
  for (const fuse of [true, false])
    test(`data flow and memory with ${JSON.stringify(optimizer)}, ${fuse ? 'fused' : 'unfused'}`, () => {
      const plan = trainingPlan(SEED_MODEL, BATCH, { fuse, optimizer });
      assert.equal(planFaults(plan), []);
      const kept = !fuse || optimizer.clip;
      assert.equal(uncoveredParameters(plan, SEED_MODEL, { form: optimizer, kept }), []);
      const used = new Set(
        plan.dispatches.flatMap(({ bindings }) =>
          bindings.map(({ tensor }) => (tensor.place.kind === 'resource' ? tensor.place.resource : '')),
        ),
      );
      const state = stateBuffers(optimizer);
      for (const buffer of ['moment1', 'moment2'] as const) assert.is(used.has(buffer), state.includes(buffer), buffer);
      assert.is(kernels(plan, /finish_step/).length, 1);
    });

test('clipping is two dispatches more, between the last gradient and the first update; without it there is none', () => {
  const clip = { ...NO_PARTS, kind: 'adam' as const, clip: true };
  for (const fuse of [true, false]) {
    const unclipped = { ...clip, clip: false };
    const plain = trainingPlan(SEED_MODEL, BATCH, { fuse, optimizer: unclipped, keepGradients: true });
    const clipped = trainingPlan(SEED_MODEL, BATCH, { fuse, optimizer: clip });
    assert.is(clipped.dispatches.length, plain.dispatches.length + 2);
    assert.is(kernels(plain, /clip|square/).length, 0);
    const order = clipped.dispatches.map(({ kernel }) => kernel);
    const [sums, scale, update] = ['square_sums', 'clip_scale', 'adam+clip'].map((name) => order.indexOf(name));
    const writes = clipped.dispatches.map(({ bindings }) =>
      bindings.some(
        ({ access, tensor: { place } }) =>
          access === 'write' && place.kind === 'resource' && place.resource === 'gradients',
      ),
    );
    assert.ok(writes.lastIndexOf(true) < (sums ?? -1));
    assert.is(scale, (sums ?? 0) + 1);
    assert.ok((update ?? -1) > (scale ?? 0));
  }
});

// --- the table -------------------------------------------------------------------------------------------------------

test('printPlan: a header, a row a dispatch in order, and totals', () => {
  const [title, header, ...rest] = printPlan(FUSED).split('\n');
  const rows = rest.slice(0, FUSED.dispatches.length);
  const [total, dependent, memory, ...end] = rest.slice(FUSED.dispatches.length);
  assert.is(title, 'test plan');
  assert.match(header ?? '', /^ *# +layer +kernel +reads -> writes +grid +MFLOP +KiB$/);
  rows.forEach((row, i) => {
    const { label, kernel, grid } = FUSED.dispatches[i] ?? { label: '', kernel: '', grid: [] };
    assert.ok(row.trimStart().startsWith(`${i + 1}  ${label} `), row);
    assert.ok(row.includes(` ${kernel} `) && row.includes(` ${grid.join('x')} `), row);
  });
  const megaflops = flops(FUSED) / 1e6;
  assert.match(total ?? '', new RegExp(`^ +18 dispatches +${megaflops.toFixed(2)} +\\d+$`));
  assert.is(dependent, 'dependent dispatches: 13 of 18 must wait for one before them');
  assert.match(
    memory ?? '',
    /^memory: [\d.]+ MiB: parameters 4\.26 MiB, optimizer 8\.52 MiB, activations 1\.98 MiB, data /,
  );
  assert.equal(end, []);
});

test('the memory of a plan by what it is for: what the layout and the scratch slots say', () => {
  const { bytes } = layoutOf(parameterSpecs(SEED_MODEL));
  const activations = (plan: Plan) => plan.scratch.reduce((sum, slot) => sum + slot, 0);
  const { other, ...found } = footprint(FUSED);
  const want = {
    parameters: bytes,
    gradients: 0,
    optimizer: 2 * bytes,
    halves: 0,
    activations: activations(FUSED),
    data: 1000,
  };
  assert.equal(found, want);
  assert.ok(other > 0 && other < 50_000, `${other} bytes`);
  assert.is(footprint(KEPT).gradients, bytes);
  assert.is(footprint(trainingPlan(SEED_MODEL, BATCH, { fuse: true, precision: 'f16' })).halves, bytes / 2);
  const conditional = trainingPlan(conditionalVae({ pixels: 49, hidden: [8], latent: 2, classes: 3 }), 4, {
    fuse: true,
  });
  assert.is(footprint(conditional).data, 1000 + 100, 'images and labels');
  assert.is(footprint(planOf(SEED_MODEL, decoderGraph(SEED_MODEL, 3), 3, { fuse: true })).optimizer, 0);
});

test('printPlan: shapes read and written; the counters that every step has are left out', () => {
  const rows = printPlan(FUSED).split('\n');
  const layer = rows.find((row) => /encoder\.0 .*bias_activation/.test(row)) ?? '';
  assert.match(layer, / a\[128, 784\] b\[512, 784\] bias\[512\] -> y\[128, 512\] /);
  assert.match(layer, / 102\.8\d +\d+$/);
  assert.not.match(rows.join('\n'), /settings|progress/);
  const widths = new Set(rows.slice(1, -2).map((row) => row.replace(/ +$/, '').length));
  assert.is(widths.size, 1, 'columns are aligned');
});

test.run();
