// 20,000 steps of a small model with snapshots on: neither the process nor the GPU's memory grows.
import v8 from 'node:v8';
import vm from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createModel } from '../../src/train/model.js';
import { encodeSnapshot, type Snapshot } from '../../src/train/snapshot.js';
import { createTrainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { FAMILY, FAMILY_DATA } from '../support/family.js';

const STEPS = 20_000;
const WARM_UP = 4000;
const SNAPSHOT_EVERY = 500;
/** Megabytes of resident memory in 10,000 steps. */
const MOST_SLOPE = 1;

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;

/** Least squares: how much y rises for each x. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (index: 0 | 1) => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [x0, y0] = [mean(0), mean(1)];
  const [above, below] = points.reduce(([a, b], [x, y]) => [a + (x - x0) * (y - y0), b + (x - x0) ** 2] as const, [
    0, 0,
  ] as const);
  return above / below;
}

test(`${STEPS} steps: memory is flat`, async () => {
  const spec = FAMILY.vae;
  if (!spec) throw new Error('no vae in the family');
  const model = await createModel(device, spec, { seed: 1 });
  const trainer = await createTrainer(model, FAMILY_DATA, { batch: 8, saveEvery: { steps: SNAPSHOT_EVERY } });
  const { memory } = model.machine;
  const resident: [number, number][] = [];
  const gpu = new Set<string>();
  let bytes = 0;
  let taking: Promise<void>[] = [];
  const onSnapshot = (snapshot: Promise<Snapshot>) => {
    const take = async () => {
      bytes += encodeSnapshot(await snapshot).length;
    };
    taking.push(take());
  };
  for (let epoch = 0; epoch * 5 < STEPS; epoch += 40) {
    for await (const { step } of trainer.train({ epochs: 40, snapshotEvery: SNAPSHOT_EVERY, onSnapshot }))
      if (step % 1000 === 0 && step > WARM_UP) {
        collect();
        resident.push([step, process.memoryUsage.rss() / 2 ** 20]);
      }
    await Promise.all(taking);
    taking = [];
    gpu.add(`${memory.count} buffers, ${memory.bytes} bytes`);
  }
  const rise = slope(resident) * 10_000;
  console.log(`${rise.toFixed(2)} MB in 10,000 steps; ${[...gpu].join('; ')}; ${bytes} bytes of snapshots`);
  assert.ok(bytes > 0);
  assert.is(resident.length, (STEPS - WARM_UP) / 1000);
  assert.is(gpu.size, 1, 'the same buffers at the end of every call');
  assert.ok(rise < MOST_SLOPE, `${resident.map(([step, mb]) => `${step}: ${mb.toFixed(1)}`).join(', ')} MB`);
  model.dispose();
});

usesDevice(test);
test.run();
