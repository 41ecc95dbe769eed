// No kernel of a VAE's fused plan reads or writes outside its bindings, with the shaders' own checks of bounds switched off:
// what makes it safe to run them so. Each dispatch runs twice on the same values, every storage binding in the middle of a
// larger buffer, with other guards around it the second time. A stray write changes a guard; a stray read makes outputs differ.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Memory } from '../../src/gpu/memory.js';
import { Pipelines } from '../../src/gpu/pipelines.js';
import { readBuffer } from '../../src/gpu/transfer.js';
import { defaultVariant } from '../../src/kernels/candidates.js';
import { vae } from '../../src/model/presets.js';
import { openDevice } from '../../src/node/adapters.js';
import type { Binding, Dispatch } from '../../src/plan/plan.js';
import { uniforms } from '../support/numbers.js';
import { trainingPlan } from '../support/plans.js';

const device = await openDevice({
  adapter: process.env.LATENTGPU_ADAPTER || 'swiftshader',
  flags: ['enable-dawn-features=disable_robustness'],
});
const memory = new Memory(device);
// Of sizes that are constants: nothing is bound but what is guarded.
const pipelines = new Pipelines(device, 'constants');

/** Before and after each binding: as far as a row or a tile of these models goes astray. */
const GUARD = 16384;
/** Huge numbers as f32, far out as u32. */
const GUARDS = [0x7e967699, 0xfe123457];

interface Guarded {
  binding: Binding;
  buffer: GPUBuffer;
  words: number;
}

/** Zero is a good index, count or step; what is no index is some number. */
function contentOf({ tensor, name }: Binding): Uint32Array {
  const resource = tensor.place.kind === 'resource' ? tensor.place.resource : '';
  const words = Math.ceil(tensor.bytes / 4);
  if (['settings', 'progress', 'labels'].includes(resource) || name === 'labels') return new Uint32Array(words);
  return new Uint32Array(uniforms(7, words).buffer);
}

function guarded(binding: Binding, guard: number): Guarded {
  const content = contentOf(binding);
  const all = new Uint32Array(content.length + (2 * GUARD) / 4).fill(guard);
  all.set(content, GUARD / 4);
  const usage = binding.access === 'uniform' ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
  const buffer = memory.create({
    label: binding.name,
    bytes: all.byteLength,
    usage: usage | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    remedy: '',
  });
  device.gpu.queue.writeBuffer(buffer, 0, all);
  return { binding, buffer, words: content.length };
}

/** @returns what each binding then holds, guards included */
async function run(dispatch: Dispatch, guard: number): Promise<Map<string, Uint32Array>> {
  const pipeline = await pipelines.get(dispatch);
  const bound = dispatch.bindings.map((binding) => guarded(binding, guard));
  const entries = bound.map(({ buffer, words }, index) => ({
    binding: index,
    resource: { buffer, offset: GUARD, size: words * 4 },
  }));
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
  device.check();
  return found;
}

/** What a dispatch did outside its bindings: empty if nothing. */
async function strays(dispatch: Dispatch): Promise<string[]> {
  const [first = 0, second = 0] = GUARDS;
  const [once, again] = [await run(dispatch, first), await run(dispatch, second)];
  return dispatch.bindings.flatMap(({ name }) => {
    const [a, b] = [once.get(name) ?? new Uint32Array(), again.get(name) ?? new Uint32Array()];
    const last = a.length - GUARD / 4;
    const wrong = a.findIndex((word, at) =>
      at >= GUARD / 4 && at < last ? word !== b[at] : word !== first || b[at] !== second,
    );
    return wrong < 0 ? [] : [`${dispatch.kernel} "${dispatch.label}": ${name}[${wrong - GUARD / 4}]`];
  });
}

const SUBGROUPS = { subgroups: device.features.has('subgroups') };

/** Those of a plan that were not seen yet: a kernel, its sizes. */
function distinct(): Dispatch[] {
  const known = new Map<string, Dispatch>();
  const shape = (m: number) => ({ m, n: 4, k: 4, transposeA: false, transposeB: true, activation: 'relu' }) as const;
  const specs = [[SMALL, 7, 3] as const, [WHOLE, 8, 4] as const];
  for (const [spec, batch, m] of specs) {
    const matmulVariant = defaultVariant(device.adapter, SUBGROUPS, shape(m));
    const chosen = 'vec4' in matmulVariant ? { ...matmulVariant, vec4: m === 4 } : matmulVariant;
    for (const dispatch of trainingPlan(vae(spec), batch, { fuse: true, matmulVariant: chosen }).dispatches)
      known.set(JSON.stringify([dispatch.kernel, dispatch.header, dispatch.constants, dispatch.sizes]), dispatch);
  }
  return [...known.values()];
}

const SMALL = { pixels: 49, hidden: [33, 17], latent: 5 };
/** Sizes whole in quads: operands are then read four numbers a load. */
const WHOLE = { pixels: 52, hidden: [36, 20], latent: 8 };

test('no kernel of a VAE leaves its bindings', async () => {
  const found: string[] = [];
  const all = distinct();
  for (const dispatch of all) found.push(...(await strays(dispatch)));
  assert.equal(found, []);
  assert.ok(all.length > 30, `${all.length} dispatches`);
});

/** A kernel with a slip in its text. */
function planted(search: string, replace: string): Dispatch {
  const dispatch = distinct().find(({ kernel }) => kernel.endsWith('+plain'));
  if (!dispatch) throw new Error('no plain matmul');
  const sources = dispatch.sources.map((source) => ({
    ...source,
    file: `${source.file} ${replace}`,
    code: source.code.replace(search, replace),
  }));
  return { ...dispatch, sources };
}

test('a stray write is seen', async () => {
  assert.ok(
    (
      await strays(
        planted('c[row * sizes.n + column] = value', 'c[row * sizes.n + column + sizes.m * sizes.n - 1] = value'),
      )
    ).length > 0,
  );
});

test('a stray read is seen', async () => {
  assert.ok((await strays(planted('= value;', '= value + a[row + sizes.m * sizes.k + column];'))).length > 0);
});

test.after(() => {
  memory.dispose();
  device.dispose();
});
test.run();
