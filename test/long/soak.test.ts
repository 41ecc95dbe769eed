// 20,000 steps of a small model with snapshots on, after as many as it takes to warm up: neither the process nor the GPU's memory grows.
import fs from 'node:fs';
import v8 from 'node:v8';
import vm from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createModel } from '../../src/train/model.js';
import { encodeSnapshot, type Snapshot } from '../../src/train/snapshot/snapshot.js';
import { createTrainer } from '../../src/train/trainer.js';
import { device, usesDevice } from '../support/device.js';
import { FAMILY, FAMILY_DATA } from '../support/models/family.js';

/** The allocators fill up what they have taken: the process's memory is at its height after 12,000 to 15,000 steps. */
const WARM_UP = 20_000;
const STEPS = WARM_UP + 20_000;
const SNAPSHOT_EVERY = 500;
/** A reading of memory wavers by a tenth of a megabyte or two: a sample is the mean of some. */
const SAMPLE_EVERY = 1000;
const READINGS = 10;
/** Megabytes in 10,000 steps: what JavaScript holds is counted to the byte, the process's memory wavers by a megabyte. */
const MOST_HELD = 1;
const MOST_RISE = 2;

const MB = 2 ** 20;
v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;

/** What JavaScript holds on to, its buffers too. */
function held(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MB;
}

/**
 * Memory of the process alone, in MB: without V8's heap, which grows and shrinks by megabytes as it likes, and without pages of
 * files (of the driver, say), which the kernel drops and loads as it likes. Elsewhere than on Linux, all that is resident.
 */
function ownMemory(): number {
  const status = fs.existsSync('/proc/self/status') ? fs.readFileSync('/proc/self/status', 'utf8') : '';
  const kilobytes = /^RssAnon:\s+(\d+) kB/m.exec(status)?.[1];
  const resident = kilobytes ? Number(kilobytes) * 1024 : process.memoryUsage.rss();
  return (resident - v8.getHeapStatistics().total_physical_size) / MB;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** From one sample to the next: the median of the slopes between any two of them, which a few strays do not move (Theil and Sen). */
function slope(samples: readonly number[]): number {
  const slopes = samples.flatMap((late, j) => samples.slice(0, j).map((early, i) => (late - early) / (j - i)));
  slopes.sort((a, b) => a - b);
  const [below, above] = [slopes[(slopes.length - 1) >> 1], slopes[slopes.length >> 1]];
  return ((below ?? Number.NaN) + (above ?? Number.NaN)) / 2;
}

/** A leak adds in either half, while the allocators below take memory in a few pieces of megabytes: the flatter half counts. */
function steadyRise(samples: readonly number[]): number {
  const half = samples.length >> 1;
  return Math.min(slope(samples.slice(0, half)), slope(samples.slice(half)));
}

test(`${STEPS - WARM_UP} steps: memory is flat`, async () => {
  const spec = FAMILY.vae;
  if (!spec) throw new Error('no vae in the family');
  const model = await createModel(device, spec, { seed: 1 });
  const trainer = await createTrainer(model, FAMILY_DATA, { batch: 8, saveEvery: { steps: SNAPSHOT_EVERY } });
  const { memory } = model.machine;
  const own: number[] = [];
  const readings: number[] = [];
  const gpu = new Set<string>();
  let bytes = 0;
  let before = 0;
  let taking: Promise<void>[] = [];
  const onSnapshot = (snapshot: Promise<Snapshot>) => {
    const take = async () => {
      bytes += encodeSnapshot(await snapshot).length;
    };
    taking.push(take());
  };
  for (let epoch = 0; epoch * 5 < STEPS; epoch += 40) {
    for await (const { step } of trainer.train({ epochs: 40, snapshotEvery: SNAPSHOT_EVERY, onSnapshot })) {
      if (step === WARM_UP) before = held();
      if (step <= WARM_UP || step % (SAMPLE_EVERY / READINGS) !== 0) continue;
      readings.push(ownMemory());
      if (readings.length === READINGS) own.push(mean(readings.splice(0)));
    }
    await Promise.all(taking);
    taking = [];
    gpu.add(`${memory.count} buffers, ${memory.bytes} bytes`);
  }
  const samples = own.map((mb) => mb.toFixed(1)).join(', ');
  const native = (steadyRise(own) * 10_000) / SAMPLE_EVERY;
  const javascript = ((held() - before) * 10_000) / (STEPS - WARM_UP);
  console.log(
    `in 10,000 steps: process ${native.toFixed(2)} MB, JavaScript ${javascript.toFixed(2)} MB; ${[...gpu].join('; ')}; ` +
      `${bytes} bytes of snapshots; MB: ${samples}`,
  );
  assert.ok(bytes > 0);
  assert.is(own.length, (STEPS - WARM_UP) / SAMPLE_EVERY);
  assert.is(gpu.size, 1, 'the same buffers at the end of every call');
  assert.ok(native < MOST_RISE, `memory outside V8: ${samples} MB`);
  assert.ok(javascript < MOST_HELD, `JavaScript holds ${javascript.toFixed(2)} MB more after 10,000 steps`);
  model.dispose();
});

usesDevice(test);
test.run();
