// Bun loads the same Dawn as Node does: the same adapter gives the same bits, the bundled SwiftShader and the system's lavapipe.
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as library from '../../src/node.js';
import { assertTorchLosses, reference, root, trainReference } from '../support/models/reference-training.js';
import { bun, resultOf } from './engines.js';

interface Trained {
  losses: number[][];
  adapter: library.AdapterSummary;
}

const PROGRAM = `
  import fs from 'node:fs';
  import * as lib from ${JSON.stringify(path.join(root, 'dist/node.js'))};
  const trainReference = ${trainReference.toString()};
  const device = await lib.openDevice({ adapter: process.argv[2] });
  const file = new Uint8Array(fs.readFileSync(${JSON.stringify(path.join(root, 'test/train/reference.safetensors'))}));
  const losses = await trainReference(lib, device, file);
  device.check();
  device.dispose();
  console.log('RESULT ' + JSON.stringify({ losses, adapter: device.adapter }));
`;

for (const adapter of ['swiftshader', 'lavapipe'] as const)
  test(`training in Bun on ${adapter} gives the bits of Node`, async () => {
    const file = path.join(root, 'dist/test/engines/bun-training.js');
    fs.writeFileSync(file, PROGRAM);
    const inBun = await resultOf<Trained>(bun(), [file, adapter], {});
    const device = await library.openDevice({ adapter });
    const inNode = await trainReference(library, device, new Uint8Array(reference));
    const { adapter: summary } = device;
    device.dispose();
    assert.equal(inBun.adapter, summary);
    assert.is(JSON.stringify(inBun.losses), JSON.stringify(inNode));
    assertTorchLosses(inBun.losses);
  });

test.run();
