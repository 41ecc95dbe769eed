// No kernel reads or writes outside its bindings, with the shaders' own checks of bounds switched off: what makes it safe to
// run them so (src/node/adapters.ts). Each dispatch runs twice on the same values, every storage binding in the middle of a
// larger buffer, with other guards around it the second time. A stray write changes a guard; a stray read makes outputs differ.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Memory } from '../../src/gpu/memory.js';
import { bindsSizes, Pipelines } from '../../src/gpu/pipelines.js';
import { readBuffer } from '../../src/gpu/transfer.js';
import { decoderGraph, encoderGraph, evaluationGraph } from '../../src/graph/build.js';
import { parameterSpecs } from '../../src/graph/layers.js';
import { copyBandwidth, dependent, fma, lanesOf, readBandwidth, writeBandwidth } from '../../src/kernels/ceilings.js';
import { defaultVariant } from '../../src/kernels/matmul/candidates.js';
import { type MatmulVariant, matmulVariants } from '../../src/kernels/matmul/matmul.js';
import { fitsShape } from '../../src/kernels/matmul/matmul-variants.js';
import type { OptimizerForm } from '../../src/kernels/optimizer.js';
import { OPTIMIZERS } from '../../src/model/optimizer.js';
import { convVae, vae } from '../../src/model/presets.js';
import type { ModelSpec } from '../../src/model/spec.js';
import { openDevice } from '../../src/node/adapters.js';
import { weightCheckPlan } from '../../src/plan/check.js';
import { layoutOf } from '../../src/plan/layout.js';
import { dispatchOf } from '../../src/plan/lowering/call.js';
import type { Binding, Dispatch, Tensor } from '../../src/plan/plan.js';
import { countersOf, progressOf, settingsOf } from '../support/kernels/step.js';
import { uniforms } from '../support/limits/numbers.js';
import { CONVOLUTIONAL } from '../support/models/convolution-models.js';
import { FAMILY } from '../support/models/family.js';
import { CASES, planOfNetwork } from '../support/models/networks.js';
import { planOf, trainingPlan } from '../support/models/plans.js';

// The adapter on which nothing checks bounds: lavapipe's driver does, whatever the shader says.
const device = await openDevice({ adapter: 'swiftshader' });
const memory = new Memory(device);
const asData = new Pipelines(device, 'data');
const asConstants = new Pipelines(device, 'constants');

/** A model of numbers that those of the family, which are of bytes, are not. */
const COUNTS = vae({ pixels: 49, hidden: [33, 17], latent: 5, loss: 'poisson' });

/** Before and after each binding: as far as a row or a tile of these models goes astray. */
const GUARD = 16384;
/** Huge numbers as f32, far out as u32. */
const GUARDS = [0x7e967699, 0xfe123457];
/** The last batch of an epoch, with five images. */
const [EXAMPLES, LIVE] = [12, 5];

interface Guarded {
  binding: Binding;
  buffer: GPUBuffer;
  words: number;
}

/** Of a step in the midst of training; what is not the step's state is some number. */
function contentOf({ tensor }: Binding, batch: number): Uint32Array {
  const resource = tensor.place.kind === 'resource' ? tensor.place.resource : '';
  const start = EXAMPLES - LIVE;
  const state: Record<string, ArrayBufferLike> = {
    settings: settingsOf({ examples: EXAMPLES, batch }),
    progress: progressOf({ step: 3, rows: LIVE }),
    counters: countersOf({ step: 3, epoch: 1, start }).buffer,
    labels: new ArrayBuffer(Math.ceil(tensor.bytes / 4) * 4),
  };
  const given = state[resource];
  return new Uint32Array(given ?? uniforms(7, Math.ceil(tensor.bytes / 4)).buffer);
}

function guarded(binding: Binding, batch: number, guard: number): Guarded {
  const content = contentOf(binding, batch);
  const all = new Uint32Array(content.length + (2 * GUARD) / 4).fill(guard);
  all.set(content, GUARD / 4);
  const usage = binding.access === 'uniform' ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
  return { binding, buffer: bufferOf(binding.name, usage, all), words: content.length };
}

function bufferOf(label: string, usage: GPUBufferUsageFlags, words: Uint32Array<ArrayBuffer>): GPUBuffer {
  const all = usage | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = memory.create({ label, bytes: words.byteLength, usage: all, remedy: '' });
  device.gpu.queue.writeBuffer(buffer, 0, words);
  return buffer;
}

/** @returns what each binding then holds, guards included */
async function run(
  dispatch: Dispatch,
  batch: number,
  guard: number,
  pipelines: Pipelines,
): Promise<Map<string, Uint32Array>> {
  const pipeline = await pipelines.get(dispatch);
  const bound = dispatch.bindings.map((binding) => guarded(binding, batch, guard));
  const entries: GPUBindGroupEntry[] = bound.map(({ buffer, words }, index) => ({
    binding: index,
    resource: { buffer, offset: GUARD, size: words * 4 },
  }));
  const sizes = bindsSizes(dispatch.sizes, pipelines.form)
    ? bufferOf('sizes', GPUBufferUsage.UNIFORM, Uint32Array.from(Object.values(dispatch.sizes)))
    : undefined;
  if (sizes) entries.push({ binding: bound.length, resource: { buffer: sizes } });
  const group = device.gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const encoder = device.gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(...dispatch.grid);
  pass.end();
  device.gpu.queue.submit([encoder.finish()]);
  const found = new Map<string, Uint32Array>();
  for (const { binding, buffer } of bound) {
    found.set(binding.name, new Uint32Array(await readBuffer(device, memory, buffer, buffer.size)));
    memory.destroy(buffer);
  }
  if (sizes) memory.destroy(sizes);
  device.check();
  return found;
}

/** What a dispatch did outside its bindings: empty if nothing. */
async function strays({ dispatch, batch }: Case, pipelines: Pipelines): Promise<string[]> {
  const [first = 0, second = 0] = GUARDS;
  const [once, again] = [await run(dispatch, batch, first, pipelines), await run(dispatch, batch, second, pipelines)];
  return dispatch.bindings.flatMap(({ name }) => {
    const [a, b] = [once.get(name) ?? new Uint32Array(), again.get(name) ?? new Uint32Array()];
    const last = a.length - GUARD / 4;
    const wrong = a.findIndex((word, at) =>
      at >= GUARD / 4 && at < last ? word !== b[at] : word !== first || b[at] !== second,
    );
    return wrong < 0 ? [] : [`${dispatch.kernel} "${dispatch.label}": ${name}[${wrong - GUARD / 4}]`];
  });
}

interface Case {
  dispatch: Dispatch;
  batch: number;
}

/** Those of some plans, each kernel and its sizes once. */
class Cases {
  readonly all = new Map<string, Case>();

  add(dispatches: Dispatch[], batch: number): void {
    for (const dispatch of dispatches) {
      const { kernel, header, constants, sizes } = dispatch;
      this.all.set(JSON.stringify([kernel, header, constants, sizes]), { dispatch, batch });
    }
  }

  async check(pipelines: Pipelines): Promise<void> {
    const found: string[] = [];
    for (const one of this.all.values()) found.push(...(await strays(one, pipelines)));
    assert.equal(found, []);
  }
}

const SMALL = { pixels: 49, hidden: [33, 17], latent: 5 };
/** Sizes whole in quads: operands are then read four numbers a load. */
const WHOLE = { pixels: 52, hidden: [36, 20], latent: 8 };
const [SMALL_BATCH, WHOLE_BATCH] = [7, 8];

const SUBGROUPS = device.features.has('subgroups');
const shapeOf = (m: number) => ({ m, n: m, k: m, transposeA: false, transposeB: true, activation: 'relu' }) as const;
/** The adapter's own, as a matmul of m x m over m is given it. */
const usual = (m: number): MatmulVariant => defaultVariant(device.adapter, { subgroups: SUBGROUPS }, shapeOf(m));

function vaeCases(): Cases {
  const cases = new Cases();
  for (const [spec, batch, m] of [[SMALL, SMALL_BATCH, 3] as const, [WHOLE, WHOLE_BATCH, 4] as const])
    cases.add(trainingPlan(vae(spec), batch, { fuse: true, matmulVariant: usual(m) }).dispatches, batch);
  return cases;
}

test('no kernel of a VAE leaves its bindings, its sizes constants', async () => {
  const cases = vaeCases();
  await cases.check(asConstants);
  assert.ok(cases.all.size > 30, `${cases.all.size} dispatches`);
});

test('no kernel of a VAE leaves its bindings, by any variant of the matmul', async () => {
  const cases = new Cases();
  for (const matmulVariant of [
    ...matmulVariants(device.adapter, SUBGROUPS),
    { name: 'tiled', tileM: 64, tileK: 8, threadM: 8, split: 2 } as const,
  ])
    cases.add(trainingPlan(vae(SMALL), SMALL_BATCH, { fuse: true, matmulVariant }).dispatches, SMALL_BATCH);
  for (const base of [usual(4), { name: 'tiled', split: 2 } as const]) {
    const matmulVariant: MatmulVariant =
      'vec4' in base || base.name === 'tiled' || base.name === 'subgroups' ? { ...base, vec4: true } : base;
    assert.ok(fitsShape(matmulVariant, shapeOf(4)));
    cases.add(trainingPlan(vae(WHOLE), WHOLE_BATCH, { fuse: true, matmulVariant }).dispatches, WHOLE_BATCH);
  }
  await cases.check(asData);
});

const FORMS: OptimizerForm[] = OPTIMIZERS.flatMap((kind) =>
  [false, true].map((clip) => ({ kind, momentum: kind === 'sgd', nesterov: false, weightDecay: clip, clip })),
);

function familyCases(): Cases {
  const cases = new Cases();
  const add = (spec: ModelSpec, batch: number, matmulVariant: MatmulVariant) => {
    for (const fuse of [true, false]) {
      const variant = { fuse, matmulVariant };
      cases.add(trainingPlan(spec, batch, variant).dispatches, batch);
      for (const graph of [evaluationGraph, encoderGraph, decoderGraph])
        cases.add(planOf(spec, graph(spec, batch), batch, variant).dispatches, batch);
    }
  };
  for (const spec of [...Object.values(FAMILY), COUNTS]) add(spec, SMALL_BATCH, usual(3));
  for (const optimizer of FORMS)
    for (const fuse of [true, false])
      cases.add(
        trainingPlan(vae(SMALL), SMALL_BATCH, { fuse, matmulVariant: usual(3), optimizer }).dispatches,
        SMALL_BATCH,
      );
  for (const { network } of CASES)
    for (const fuse of [true, false]) cases.add(planOfNetwork(network, fuse).dispatches, SMALL_BATCH);
  cases.add(weightCheckPlan(layoutOf(parameterSpecs(vae(SMALL)))).dispatches, SMALL_BATCH);
  return cases;
}

/** Feature maps in quads. */
const WHOLE_MAPS = convVae({ image: { height: 3, width: 4, channels: 4 }, channels: [8], latent: 4 });

test('no kernel of convolutions leaves its bindings, fused or not, by any variant of the matmul', async () => {
  const cases = new Cases();
  const { 'conv-vae': small, 'grouped and dilated': grouped } = CONVOLUTIONAL;
  assert.ok(small && grouped);
  for (const spec of [small, grouped, WHOLE_MAPS]) {
    const batch = spec === WHOLE_MAPS ? WHOLE_BATCH : SMALL_BATCH;
    cases.add(trainingPlan(spec, batch, { fuse: false, matmulVariant: usual(3) }).dispatches, batch);
    const bases = [...matmulVariants(device.adapter, SUBGROUPS), { name: 'rows', lanes: 4, columns: 4 } as const];
    for (const base of spec === WHOLE_MAPS ? bases : [usual(3)]) {
      const matmulVariant: MatmulVariant =
        spec === WHOLE_MAPS && base.name !== 'registers' && base.name !== 'matrix' ? { ...base, vec4: true } : base;
      cases.add(trainingPlan(spec, batch, { fuse: true, matmulVariant }).dispatches, batch);
    }
  }
  await cases.check(asData);
});

test('no kernel of the family leaves its bindings, fused or not, with any optimizer', async () => {
  const cases = familyCases();
  await cases.check(asData);
  const kernels = new Set([...cases.all.values()].flatMap(({ dispatch }) => dispatch.sources.map(({ file }) => file)));
  assert.ok(cases.all.size > 200 && kernels.size > 40, `${cases.all.size} dispatches of ${kernels.size} shaders`);
});

test('no kernel that measures a limit of the hardware leaves its bindings', async () => {
  const [groups, quads] = [2, 700];
  const tensor = (name: string, count: number): Tensor => ({
    name,
    shape: [count],
    bytes: 4 * count,
    place: { kind: 'resource', resource: 'input', offset: 0 },
  });
  const out = tensor('out', lanesOf(groups));
  const [source, target_buffer] = [tensor('source', 4 * quads), tensor('target_buffer', 4 * quads)];
  const cases = new Cases();
  cases.add([dispatchOf(fma, { groups, iterations: 3 }, { factor: tensor('factor', 4), out }, 'test')], 1);
  cases.add([dispatchOf(dependent, {}, { out }, 'test')], 1);
  for (const kernel of [readBandwidth, writeBandwidth, copyBandwidth])
    cases.add([dispatchOf(kernel, { groups, quads }, { source, target_buffer, out }, 'test')], 1);
  await cases.check(asData);
});

/** A kernel with a slip in its text. */
function planted(search: string, replace: string): Case {
  const found = [...vaeCases().all.values()].find(({ dispatch }) => dispatch.kernel.includes('+bias_activation'));
  if (!found) throw new Error('no forward matmul');
  const sources = found.dispatch.sources.map((source) => ({
    ...source,
    file: `${source.file} ${replace}`,
    code: source.code.replace(search, replace),
  }));
  return { ...found, dispatch: { ...found.dispatch, sources } };
}

test('a stray write is seen', async () => {
  const stray = planted('y[number_at(row, column)] =', 'y[number_at(row, column) + sizes.m * sizes.n - 1] =');
  assert.ok((await strays(stray, asData)).length > 0);
});

test('a stray read is seen', async () => {
  const stray = planted('value + bias[column]', 'value + bias[column + sizes.n]');
  assert.ok((await strays(stray, asData)).length > 0);
});

test.after(() => {
  memory.dispose();
  device.dispose();
});
test.run();
