// Deno, whose WebGPU is wgpu with the WGSL compiler naga, as Firefox's is: the page's own files train there as in Node; the
// tests of every kernel (all matmul variants but the one for subgroups, which wgpu offers no page, and all epilogues), of
// fused and unfused plans of every member of the family, and of PyTorch's trajectories pass there.
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as library from '../../src/node.js';
import {
  assertSameLosses,
  assertTorchLosses,
  reference,
  root,
  trainReference,
} from '../support/models/reference-training.js';
import { deno, onLavapipe, outputOf, resultOf } from './engines.js';

interface Trained {
  losses: number[][];
  adapter: library.AdapterSummary;
}

const PROGRAM = `
  import * as lib from ${JSON.stringify(path.join(root, 'dist/latentgpu.js'))};
  const trainReference = ${trainReference.toString()};
  const device = await lib.openDevice();
  const file = Deno.readFileSync(${JSON.stringify(path.join(root, 'test/train/reference.safetensors'))});
  const losses = await trainReference(lib, device, file);
  device.check();
  device.dispose();
  console.log('RESULT ' + JSON.stringify({ losses, adapter: device.adapter }));
`;

test('training in Deno gives the losses of PyTorch and of Node', async () => {
  const file = path.join(root, 'dist/test/engines/deno-training.js');
  fs.writeFileSync(file, PROGRAM);
  const { losses, adapter } = await resultOf<Trained>(deno(), ['run', '-A', '--no-lock', file], onLavapipe());
  assert.is(adapter.kind, 'lavapipe');
  assert.match(adapter.name, /^llvmpipe/);
  assertTorchLosses(losses);
  const device = await library.openDevice({ adapter: 'lavapipe' });
  const inNode = await trainReference(library, device, new Uint8Array(reference));
  device.dispose();
  assertSameLosses(losses, inNode, "Node's");
});

const built = (tier: string) =>
  fs
    .readdirSync(path.join(root, 'dist/test', tier), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => `dist/test/${tier}/${name}`);

const TRAINING = ['plan-equivalence', 'map-plans', 'pytorch', 'family-pytorch'].map(
  (name) => `dist/test/train/${name}.test.js`,
);

for (const file of [...built('kernel'), ...TRAINING])
  test(`${file} passes in Deno`, async () => {
    const { status, out } = await outputOf(deno(), ['run', '-A', '--no-lock', file], onLavapipe());
    const [total, passed] = ['Total', 'Passed'].map((name) =>
      Number(new RegExp(`^ *${name}: +(\\d+)$`, 'm').exec(out)?.[1]),
    );
    assert.ok(status === 0 && Number(total) > 0 && total === passed, `status ${status}\n${out}`);
    console.log(`${passed} tests`);
  });

test.run();
