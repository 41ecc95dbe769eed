// From descriptor to pipeline: grids and their limits, the errors that name what is wrong, and where a shader's compile
// error is shown.
import fs from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ArgumentError, GraphError, type LatentGpuError, ShaderError } from '../../src/errors.js';
import { bindsSizes, moduleText, originOf, Pipelines } from '../../src/gpu/pipelines.js';
import { add } from '../../src/kernels/elementwise.js';
import { checkGrid, type Kernel, linearGrid } from '../../src/kernels/kernel.js';
import { klNormal } from '../../src/kernels/losses/latent.js';
import { matmul } from '../../src/kernels/matmul/matmul.js';
import { optimizer } from '../../src/kernels/optimizer.js';
import type { ShaderSource } from '../../src/kernels/shader.js';
import { dispatchOf } from '../../src/plan/lowering/call.js';
import type { Dispatch, Tensor } from '../../src/plan/plan.js';
import { device, usesDevice } from '../support/device.js';
import { runKernel } from '../support/kernels/kernel-runner.js';

const tensor = (name: string): Tensor => ({ name, shape: [4], bytes: 16, place: { kind: 'scratch', slot: 0 } });

/** A dispatch with a tensor for every binding. */
function dispatch<S>(kernel: Kernel<S>, shape: S): Dispatch {
  const tensors = Object.fromEntries(Object.keys(kernel.bindings).map((name) => [name, tensor(name)]));
  return dispatchOf(kernel, shape, tensors, 'encoder.0');
}

const PLAIN = { momentum: false, nesterov: false, weightDecay: false, clip: false };
const adam = optimizer({ ...PLAIN, kind: 'adam' });

const MATMUL_SHAPE = { m: 4, n: 4, k: 4, transposeA: false, transposeB: true, activation: 'relu' } as const;

function messageOf(action: () => unknown, kind: new (text: string) => LatentGpuError): string {
  try {
    action();
  } catch (error) {
    assert.instance(error, kind);
    return (error as Error).message;
  }
  return assert.unreachable('nothing was thrown') as never;
}

async function rejection(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => assert.unreachable('nothing was thrown'),
    (reason: unknown) => reason,
  );
  assert.instance(error, ShaderError);
  return (error as Error).message;
}

test('linear grids go along x first, then y', () => {
  assert.equal(linearGrid(1), [1, 1, 1]);
  assert.equal(linearGrid(64), [1, 1, 1]);
  assert.equal(linearGrid(65), [2, 1, 1]);
  assert.equal(linearGrid(65535 * 64), [65535, 1, 1]);
  assert.equal(linearGrid(65535 * 64 + 1), [65535, 2, 1]);
  assert.equal(linearGrid(65535 * 256 + 1, 256), [65535, 2, 1]);
  assert.equal(linearGrid(65535 * 65535 * 64), [65535, 65535, 1]);
});

test('a grid that WebGPU does not dispatch is refused by name and number', () => {
  const remedy = 'an axis has at most 65535. Use a smaller batch or layer';
  assert.is(
    messageOf(() => linearGrid(65535 * 65535 * 64 + 1), ArgumentError),
    `${65535 * 65535 * 64 + 1} elements need a grid of 65535x65536x1 workgroups; ${remedy}`,
  );
  assert.is(
    messageOf(() => checkGrid([70_000, 1, 1], '70000 rows'), ArgumentError),
    `70000 rows need a grid of 70000x1x1 workgroups; ${remedy}`,
  );
  assert.match(
    messageOf(() => matmul({ name: 'tiled' }, 'plain').grid({ ...MATMUL_SHAPE, m: 32 * 65535 + 1 }), ArgumentError),
    'a matmul to [2097121, 4] need a grid of 1x65536x1 workgroups',
  );
  assert.match(
    messageOf(() => klNormal.grid({ rows: 65_536, latent: 2, logVarRange: [-30, 20] }), ArgumentError),
    '65536 rows need a grid of 65536x1x1',
  );
});

test('a dispatch has its tensors in binding order, whatever order they came in', () => {
  const { bindings, bytes } = dispatchOf(
    adam,
    { count: 4 },
    Object.fromEntries(['v', 'm', 'w', 'progress', 'gradient', 'settings'].map((name) => [name, tensor(name)])),
    'adam',
  );
  assert.equal(
    bindings.map(({ name, tensor, access }) => [name, tensor.name, access]),
    [
      ['gradient', 'gradient', 'read'],
      ['settings', 'settings', 'uniform'],
      ['progress', 'progress', 'uniform'],
      ['w', 'w', 'read_write'],
      ['m', 'm', 'read_write'],
      ['v', 'v', 'read_write'],
    ],
  );
  assert.is(bytes, 3 * 16 + 3 * 2 * 16); // what is updated in place is read and written
});

test('a dispatch without one of its tensors is refused by name', () => {
  assert.is(
    messageOf(() => dispatchOf(add, { count: 4 }, { a: tensor('a'), y: tensor('y') }, 'encoder.0'), GraphError),
    'kernel add for "encoder.0" lacks its tensor "b"',
  );
});

const HEADER_LINE =
  /^(const \w+: u32 = \d+u;|enable .*;|alias Stored\w+ = (f32|vec4f);|struct Sizes .*|const sizes = .*;|.* var<uniform> sizes: Sizes;)$/;

test('every line of a module is told back to the file and line that a person edits', () => {
  for (const made of [
    dispatch(matmul({ name: 'tiled' }, 'bias_activation'), MATMUL_SHAPE),
    dispatch(adam, { count: 4 }),
    dispatch(optimizer({ ...PLAIN, kind: 'sgd', momentum: true, clip: true }), { count: 4 }),
  ])
    for (const form of ['constants', 'data'] as const) {
      const lines = moduleText(made, form).split('\n');
      const files = new Set<string>();
      for (const [index, text] of lines.entries()) {
        const { file, line } = originOf(made, index + 1);
        if (file.startsWith('shaders/')) {
          files.add(file);
          assert.is(text, fs.readFileSync(file, 'utf8').split('\n')[line - 1], `${file}:${line}`);
        } else assert.match(text, HEADER_LINE, file);
      }
      for (const { files: all } of made.sources) for (const file of all) assert.ok(files.has(`shaders/${file}`), file);
    }
});

/** A shader of an include of two lines and a body of three, with a line of each replaced. */
function planted(changes: { include?: string; body?: string } = {}): ShaderSource {
  const include = ['// lib/numbers/half.wgsl', changes.include ?? 'fn half(x: f32) -> f32 { return x / 2.0; }'];
  const body = [
    '@group(0) @binding(0) var<storage, read_write> y: array<f32>;',
    '@compute @workgroup_size(WIDTH) fn main() {',
    changes.body ?? '  y[0] = half(f32(COUNT));',
    '}',
    'override COUNT: u32;',
  ];
  return {
    file: 'planted.wgsl',
    code: [...include, ...body].join('\n'),
    files: ['planted.wgsl', 'lib/numbers/half.wgsl'],
    origin: [
      ...include.map((_, i): [number, number] => [1, i + 1]),
      ...body.map((_, i): [number, number] => [0, i + 2]),
    ],
  };
}

const kernelOf = (source: ShaderSource, width = 1): Kernel<{ count: number }> => ({
  name: 'planted',
  sources: [source],
  bindings: { y: 'write' },
  header: { WIDTH: width },
  constants: ({ count }) => ({ COUNT: count }),
  grid: () => [1, 1, 1],
  flops: () => 0,
});

test('a compile error names the file and line in shaders/, shows the line and points at the place', async () => {
  const wrong = dispatch(kernelOf(planted({ body: '  y[0] = half(COUNT);' })), { count: 1 });
  const [head, line, caret] = (await rejection(new Pipelines(device).get(wrong))).split('\n').slice(-3);
  const at = /^shaders\/planted\.wgsl:4:(\d+) (.+)$/.exec(head ?? '');
  assert.ok(at, head);
  assert.is(line, '    4 |   y[0] = half(COUNT);');
  assert.is(caret, `      | ${' '.repeat(Number(at?.[1]) - 1)}^`);
  device.check(); // the error was the shader's; the device is as good as before
});

test('a compile error in an include names the include', async () => {
  const wrong = dispatch(kernelOf(planted({ include: 'fn half(x: f32) -> f32 { return x / 2u; }' })), { count: 1 });
  assert.match(await rejection(new Pipelines(device).get(wrong)), /shaders\/lib\/numbers\/half\.wgsl:2:\d+ /);
});

test('constants that the device refuses are named with the kernel', async () => {
  const limit = device.limits.maxComputeInvocationsPerWorkgroup;
  const wide = dispatch(kernelOf(planted(), 2 * limit), { count: 7 });
  const message = await rejection(new Pipelines(device).get(wide));
  assert.match(message, 'kernel planted ("encoder.0", {"COUNT":7}) does not become a pipeline on');
  device.check();
});

test('a pipeline is compiled once for the same constants, and again for others', async () => {
  const pipelines = new Pipelines(device);
  const [first, same, other] = await Promise.all(
    [1, 1, 2].map((count) => pipelines.get(dispatch(kernelOf(planted()), { count }))),
  );
  assert.is(first, same);
  assert.is.not(first, other);
});

test('sizes as constants: a pipeline for each; as data: one for all, with a binding more', async () => {
  for (const [form, same] of [
    ['constants', false],
    ['data', true],
  ] as const) {
    const pipelines = new Pipelines(device, form);
    const [one, two] = [dispatch(add, { count: 4 }), dispatch(add, { count: 8 })];
    assert.is((await pipelines.get(one)) === (await pipelines.get(two)), same, form);
    assert.is(bindsSizes(one.sizes, pipelines.form), same, form);
    // Both are as many numbers as were asked for.
    for (const count of [4, 8]) {
      const ones = new Float32Array(8).fill(1);
      const results = await runKernel(add, { count }, { a: ones, b: ones, y: 8 }, pipelines);
      assert.is(results.f32('y').filter((value) => value === 2).length, count, `${form}, ${count}`);
    }
  }
});

test('what failed to compile is not remembered', async () => {
  const pipelines = new Pipelines(device);
  const wrong = planted({ body: '  nonsense' });
  await rejection(pipelines.get(dispatch(kernelOf(wrong), { count: 1 })));
  Object.assign(wrong, planted()); // the file was mended
  assert.ok(await pipelines.get(dispatch(kernelOf(wrong), { count: 1 })));
});

usesDevice(test);
test.run();
